import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Script, scriptedModel } from '../../test/support/scripted-model.ts';
import { RemoteError } from '../base/errors.ts';
import { type EndpointModelOptions, endpointModel } from './endpoint-model.ts';
import type { EndReason, GenerateOptions } from './language-model.ts';
import { openModel } from './open-model.ts';

async function asked(
  scripts: readonly Script[],
  options: Partial<EndpointModelOptions> = {},
  generating: GenerateOptions = {},
) {
  await using endpoint = await scriptedModel(...scripts);
  const model = endpointModel({ url: endpoint.url, model: 'tiny', backoffMs: 1, ...options });
  let end: EndReason | undefined;
  let text = '';
  for await (const piece of model.generate('Why?', {
    ...generating,
    onEnd: (reason) => {
      end = reason;
    },
  })) {
    text += piece;
  }
  return { text, end, requests: endpoint.requests, headers: endpoint.headers, id: model.id };
}

describe('a model at an endpoint', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('answers in pieces, and says that it was done', async () => {
    const { text, end, requests, id } = await asked([{ say: 'Because of the tide.' }], {}, { maxTokens: 40 });
    expect({ text, end }).toEqual({ text: 'Because of the tide.', end: 'stop' });
    expect(requests[0]).toMatchObject({
      model: 'tiny',
      stream: true,
      max_tokens: 40,
      temperature: 0,
      messages: [{ role: 'user', content: 'Why?' }],
    });
    expect(id).toMatch(/^openai:tiny@127\.0\.0\.1:\d+$/);
  });

  it('is understood where it does not stream, and with other line breaks', async () => {
    expect(await asked([{ json: 'All at once.' }])).toMatchObject({ text: 'All at once.', end: 'stop' });
    const raw = 'data:{"choices":[{"delta":{"content":"Hi"}}]}\r\n\r\n: ping\r\n\r\ndata: [DONE]\r\n\r\n';
    expect(await asked([{ raw }])).toMatchObject({ text: 'Hi', end: 'stop' });
  });

  it('is tried again before it begins', async () => {
    const { text, requests } = await asked([{ status: 503 }, { status: 429 }, { say: 'Now.' }]);
    expect([text, requests.length]).toEqual(['Now.', 3]);
  });

  it('is heard as far as it came when the connection breaks', async () => {
    expect(await asked([{ breakAfter: 'The tide is' }])).toMatchObject({ text: 'The tide is', end: 'broken' });
  });

  it('is stopped when it is too slow between pieces', async () => {
    const slow: Script = { say: 'First.', pauseMs: 2000, after: ' Second.' };
    expect(await asked([slow], { pauseMs: 60 })).toMatchObject({ text: 'First.', end: 'late' });
  });

  it('is stopped when it goes on for ever', async () => {
    const { text, end } = await asked([{ forever: 'and on ' }], {}, { maxTokens: 20 });
    expect(end).toBe('endless');
    expect(text.length).toBeLessThanOrEqual(20 * 12);
  });

  it.each([
    [
      'is silent',
      [{ silent: true }],
      { firstMs: 50, retries: 1 },
      /did not begin to answer within 50 ms, in 2 attempts/,
    ],
    ['sends nonsense', [{ raw: 'data: <html>\n\n' }], {}, /no JSON/],
    ['sends another shape', [{ raw: '{"vectors":[]}', type: 'application/json' }], {}, /no list `choices`/],
    [
      'says what is wrong',
      [{ status: 400, body: '{"error":{"message":"too long"}}' }],
      {},
      /answered 400 \(too long\)/,
    ],
    ['wants a key', [{ status: 401 }], {}, /Put the key into the environment variable SAGITTA_KEY_127_0_0_1/],
    ['ends before it began', [{ raw: '' }], { retries: 0 }, /ended its answer before it began/],
  ] as const)('fails when it %s', async (_, scripts, options, message) => {
    await expect(asked(scripts, options)).rejects.toThrow(message);
    await expect(asked(scripts, options)).rejects.toBeInstanceOf(RemoteError);
  });

  it('fails when nobody is there', async () => {
    const model = endpointModel({ url: 'http://127.0.0.1:9/v1', model: 'tiny', retries: 0 });
    await expect(model.generate('Why?')[Symbol.asyncIterator]().next()).rejects.toThrow(/cannot be reached/);
  });

  it('sends the key of its host, and tells it to nobody', async () => {
    vi.stubEnv('SAGITTA_KEY_127_0_0_1', 'sk-secret');
    const { headers } = await asked([{ say: 'Yes.' }]);
    expect(headers[0]!.authorization).toBe('Bearer sk-secret');
    const wrong = asked([{ status: 400, body: '{"error":"bad key sk-secret"}' }]);
    await expect(wrong).rejects.toThrow(/bad key \[redacted\]/);
  });

  it('stops when it is given up', async () => {
    const giving = new AbortController();
    const answer = asked([{ silent: true }], {}, { signal: giving.signal });
    setTimeout(() => giving.abort(new Error('gone')), 30);
    await expect(answer).rejects.toThrow('gone');
  });

  it('refuses an address with a secret, and settings that are none', () => {
    expect(() => endpointModel({ url: 'https://a.b/v1?api_key=x', model: 'm' })).toThrow(/holds a secret/);
    expect(() => endpointModel({ url: 'ftp://a.b', model: 'm' })).toThrow(/http:\/\/localhost:11434\/v1/);
    expect(() => endpointModel({ url: 'http://a.b', model: 'm', pauseMs: 0 })).toThrow(/pauseMs 0/);
    expect(() => openModel('opnai:m')).toThrow(/Did you mean "openai:m"/);
    expect(() => openModel('openai:')).toThrow(/Write openai:MODEL/);
  });
});

describe('kept answers', () => {
  it('are told again without asking, and only whole ones are kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sagitta-kept-'));
    vi.stubEnv('SAGITTA_CACHE', folder);
    try {
      await using endpoint = await scriptedModel({ breakAfter: 'Half' }, { say: 'A whole answer.' });
      const model = openModel('openai:tiny', { url: endpoint.url });
      const ask = async (prompt: string): Promise<string> => {
        let text = '';
        for await (const piece of model.generate(prompt)) text += piece;
        return text;
      };
      expect(await ask('Why?')).toBe('Half');
      expect(await ask('Why?')).toBe('A whole answer.');
      expect(await ask('Why?')).toBe('A whole answer.');
      expect(endpoint.requests.length).toBe(2);
      await ask('How?');
      expect(endpoint.requests.length).toBe(3);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
