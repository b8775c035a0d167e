import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError, RemoteError } from '../../base/errors.ts';
import { openEncoder } from '../registry.ts';
import { apiKeyVariable } from './endpoint.ts';
import { type HttpEncoderOptions, httpEncoder } from './http.ts';
import { parseRetryAfter } from './retry.ts';

interface Call {
  readonly input: string[];
  readonly model: string;
  readonly headers: IncomingMessage['headers'];
}
type Answer = (call: Call, response: ServerResponse, number: number) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  delete process.env['SAGITTA_TEST_KEY'];
});

/** A server that answers as told, and remembers what it was asked. */
async function serve(answer: Answer): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { input, model } = JSON.parse(Buffer.concat(chunks).toString());
    calls.push({ input, model, headers: request.headers });
    answer(calls.at(-1)!, response, calls.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings`, calls };
}

/** A vector that tells its text by direction: (length of the text, 1). */
const vectorOf = (text: string) => [text.length, 1];
const body = (call: Call) => ({ data: call.input.map((text, index) => ({ index, embedding: vectorOf(text) })) });
const good: Answer = (call, response) => response.end(JSON.stringify(body(call)));
const send = (status: number, text: string, headers: Record<string, string> = {}): Answer => {
  return (_, response) => response.writeHead(status, headers).end(text);
};
const options = (url: string, more: Partial<HttpEncoderOptions> = {}): HttpEncoderOptions => ({
  url,
  model: 'm',
  dim: 2,
  backoffMs: 1,
  random: () => 0.5,
  ...more,
});
const expected = (text: string) => vectorOf(text).map((value) => value / Math.hypot(text.length, 1));
async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable(),
    (error) => error as Error,
  );
}

describe('the HTTP encoder', () => {
  it('gives unit vectors in the order of the texts, from several requests', async () => {
    const { url, calls } = await serve(good);
    const encoder = await httpEncoder(options(url, { batchSize: 3, batchCharacters: 20 }));
    const texts = ['a', 'bb', 'ccc', 'dddd', 'e'.repeat(18), 'ff', 'g'.repeat(50), 'h'];
    const done: number[] = [];
    const vectors = await encoder.encode(texts, { onProgress: (count) => done.push(count) });
    texts.forEach((text, i) => {
      expect([...vectors.row(i)].map((v) => v.toFixed(5))).toEqual(expected(text).map((v) => v.toFixed(5)));
    });
    const sent = calls.map(({ input }) => input).sort((a, b) => texts.indexOf(a[0]!) - texts.indexOf(b[0]!));
    expect(sent.map((input) => input.length)).toEqual([3, 1, 2, 1, 1]);
    expect(done.at(-1)).toBe(8);
    expect((await encoder.encode([])).count).toBe(0);
  });

  it('asks for the dimension when it was not told, and names it in the id, which opens the same encoder', async () => {
    const { url, calls } = await serve(good);
    const spec = `http:${url}#some/model:1?query=find%3A%20`;
    const encoder = await openEncoder(spec);
    expect(encoder.dim).toBe(2);
    expect(encoder.id).toBe(`http:${url}#some/model:1?dim=2&query=find%3A%20`);
    expect(calls.length).toBe(1);
    const again = await openEncoder(encoder.id);
    expect(again.id).toBe(encoder.id);
    expect(calls.length).toBe(1);
    await again.encode(['key'], { role: 'query' });
    await again.encode(['key']);
    expect(calls.map(({ input }) => input[0])).toEqual(['dimension', 'find: key', 'key']);
    expect(calls[1]!.model).toBe('some/model:1');
  });

  it('accepts base64, any order of the vectors, and vectors without numbers', async () => {
    const base64 = (text: string) => Buffer.from(Float32Array.from(vectorOf(text)).buffer).toString('base64');
    const { url } = await serve((call, response, number) => {
      const items = call.input.map((text, index) => ({ index, embedding: base64(text) }));
      response.end(
        JSON.stringify({ data: number === 1 ? items.reverse() : items.map(({ embedding }) => ({ embedding })) }),
      );
    });
    const encoder = await httpEncoder(options(url));
    for (let i = 0; i < 2; i++) {
      const vectors = await encoder.encode(['a', 'bbbb']);
      expect(vectors.row(1)[0]).toBeCloseTo(expected('bbbb')[0]!, 5);
    }
  });

  it('sends an empty text as a space', async () => {
    const { url, calls } = await serve(good);
    const vectors = await (await httpEncoder(options(url))).encode(['', 'a']);
    expect(calls[0]!.input).toEqual([' ', 'a']);
    expect(Math.hypot(...vectors.row(0))).toBeCloseTo(1, 5);
  });

  it('tries again after failures that may pass', async () => {
    const passing: Answer[] = [
      send(500, 'oops'),
      send(429, '', { 'retry-after': '0' }),
      send(503, '<html>'),
      (_, response) => response.destroy(),
      good,
    ];
    const { url, calls } = await serve((call, response, number) => passing[number - 1]!(call, response, number));
    const vectors = await (await httpEncoder(options(url))).encode(['abc']);
    expect(vectors.row(0)[0]).toBeCloseTo(expected('abc')[0]!, 5);
    expect(calls.length).toBe(5);
  });

  it('waits as long as Retry-After asks', async () => {
    const { url, calls } = await serve((call, response, number) =>
      (number === 1 ? send(429, '', { 'retry-after': '1' }) : good)(call, response, number),
    );
    const start = performance.now();
    await (await httpEncoder(options(url))).encode(['abc']);
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    expect(calls.length).toBe(2);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT', Date.UTC(2015, 9, 21, 7, 27))).toBe(60_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT', Date.UTC(2016, 0))).toBe(0);
    expect(parseRetryAfter('soon', 0)).toBeUndefined();
    expect(parseRetryAfter(null, 0)).toBeUndefined();
  });

  it('gives up after the retries, or at once when asked to wait for long, and says why', async () => {
    const failing = await serve(send(503, '{"error": {"message": "model is\\n loading"}}'));
    const error = await failure((await httpEncoder(options(failing.url, { retries: 2 }))).encode(['a']));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.message).toMatch(/answered 503 \(model is loading\), in 3 attempts\. Check that/);
    expect(failing.calls.length).toBe(3);

    const busy = await serve(send(429, 'quota', { 'retry-after': '86400' }));
    await expect((await httpEncoder(options(busy.url))).encode(['a'])).rejects.toThrow(/answered 429 \(quota\)/);
    expect(busy.calls.length).toBe(1);

    const nobody = await httpEncoder(options('http://127.0.0.1:9/v1/embeddings', { retries: 1 }));
    await expect(nobody.encode(['a'])).rejects.toThrow(/cannot be reached \(.+\), in 2 attempts/);
  });

  it('counts a request without an answer in time as failed', async () => {
    const { url, calls } = await serve((call, response, number) => {
      if (number > 1) good(call, response, number);
    });
    await (await httpEncoder(options(url, { timeoutMs: 100 }))).encode(['a']);
    expect(calls.length).toBe(2);
    const stalled = await serve((_, response) => response.write('{"data"'));
    const encoder = await httpEncoder(options(stalled.url, { timeoutMs: 50, retries: 1 }));
    await expect(encoder.encode(['a'])).rejects.toThrow(/did not answer within 50 ms, in 2 attempts/);
  });

  it('does not repeat requests that are wrong in themselves', async () => {
    for (const [status, remedy] of [
      [400, /Mend the request/],
      [401, /Put the key into the environment variable SAGITTA_TEST_KEY/],
      [404, /has the model m\./],
      [307, /redirects/],
    ] as const) {
      const { url, calls } = await serve(send(status, '{"error":"no"}', { location: 'http://127.0.0.1:9/' }));
      const encoder = await httpEncoder(options(url, { apiKeyEnv: 'SAGITTA_TEST_KEY' }));
      const error = await failure(encoder.encode(['a']));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error.message).toMatch(remedy);
      expect(error.message).toContain(`answered ${status} (no)`);
      expect(calls.length).toBe(1);
    }
  });

  it('refuses answers that are not one finite vector of the dimension per text', async () => {
    const items = (...list: unknown[]) => JSON.stringify({ data: list });
    const one = { index: 0, embedding: [1, 2] };
    const cases: [string, RegExp][] = [
      ['not json', /is not JSON/],
      ['null', /no list/],
      ['{"data": {}}', /no list/],
      [items(), /0 vectors for 2 texts/],
      [items(one), /1 vectors for 2 texts/],
      [items(one, one, one), /3 vectors for 2/],
      [items(one, one), /text 0 has two vectors/],
      [items(one, { index: 7, embedding: [1, 2] }), /belongs to text 7 of 2/],
      [items(one, { index: -1, embedding: [1, 2] }), /belongs to text -1/],
      [items(one, null), /neither a list of numbers nor base64/],
      [items(one, { index: 1, embedding: [1, 'x'] }), /neither/],
      [items(one, { index: 1, embedding: [1, null] }), /neither/],
      [items(one, { index: 1, embedding: 'AAA' }), /neither/],
      [items(one, { index: 1, embedding: [1, 2, 3] }), /3 components where 2/],
      [items(one, { index: 1, embedding: [] }), /0 components where 2/],
      [items(one, { index: 1, embedding: [0, 0] }), /zero or not finite/],
      ['{"data": [{"embedding": [1, 2]}, {"embedding": [1e39, 1]}]}', /zero or not finite/],
    ];
    for (const [text, message] of cases) {
      const { url, calls } = await serve(send(200, text));
      const error = await failure((await httpEncoder(options(url))).encode(['a', 'b']));
      expect(error, text).toBeInstanceOf(RemoteError);
      expect(error.message).toMatch(message);
      expect(calls.length).toBe(1);
    }
  });

  it('reads the key when it sends it, and shows it nowhere', async () => {
    const { url, calls } = await serve((call, response, number) => {
      if (number <= 2) good(call, response, number);
      else response.writeHead(401).end(`bad key ${call.headers.authorization} with ${call.headers['x-extra']}`);
    });
    const encoder = await httpEncoder(
      options(url, { apiKeyEnv: 'SAGITTA_TEST_KEY', headers: { 'x-extra': 'second-secret' } }),
    );
    await encoder.encode(['a']);
    expect(calls[0]!.headers.authorization).toBeUndefined();
    process.env['SAGITTA_TEST_KEY'] = 'first-secret';
    await encoder.encode(['a']);
    expect(calls[1]!.headers.authorization).toBe('Bearer first-secret');
    const error = await failure(encoder.encode(['a']));
    expect(error.message).toContain('bad key Bearer [redacted] with [redacted]');
    expect(error.message).toContain('Check the key in the environment variable SAGITTA_TEST_KEY.');
    expect(`${encoder.id} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/first-secret|second-secret/);
  });

  it('keeps the keys of different hosts apart', async () => {
    expect(apiKeyVariable('https://api.openai.com/v1/embeddings')).toBe('SAGITTA_KEY_API_OPENAI_COM');
    expect(apiKeyVariable('https://api-openai.com:8443/x')).toBe('SAGITTA_KEY_API__OPENAI_COM');
    const { url, calls } = await serve(good);
    process.env['SAGITTA_KEY_127_0_0_1'] = 'local';
    try {
      await (await httpEncoder(options(url))).encode(['a']);
    } finally {
      delete process.env['SAGITTA_KEY_127_0_0_1'];
    }
    expect(calls[0]!.headers.authorization).toBe('Bearer local');
  });

  it('stops at once when aborted: in a request, in a wait, and before', async () => {
    const reason = new Error('enough');
    const silent = await serve(() => {});
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 50);
    const encoder = await httpEncoder(options(silent.url));
    await expect(encoder.encode(['a'], { signal: abort.signal })).rejects.toBe(reason);
    const calls = silent.calls.length;
    await expect(encoder.encode(['a'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(silent.calls.length).toBe(calls);

    const busy = await serve(send(429, '', { 'retry-after': '60' }));
    const second = new AbortController();
    setTimeout(() => second.abort(reason), 50);
    const waiting = (await httpEncoder(options(busy.url))).encode(['a'], { signal: second.signal });
    await expect(waiting).rejects.toBe(reason);
  });

  it('ends the other requests when one fails for good', async () => {
    const { url, calls } = await serve((call, response) => {
      if (call.input[0] === 'x') send(400, 'no')(call, response, 0);
    });
    const encoder = await httpEncoder(options(url, { batchSize: 1, concurrency: 3 }));
    await expect(encoder.encode(['a', 'x', 'b', 'c', 'd'])).rejects.toThrow(/answered 400/);
    expect(calls.length).toBeLessThanOrEqual(3);
  });

  it('has no more requests under way than it may', async () => {
    let open = 0;
    let most = 0;
    const { url } = await serve((call, response, number) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        good(call, response, number);
      }, 10);
    });
    const encoder = await httpEncoder(options(url, { batchSize: 1, concurrency: 2 }));
    await encoder.encode('abcdefgh'.split(''));
    expect(most).toBe(2);
  });

  it('refuses impossible settings and addresses that hold secrets', async () => {
    const url = 'http://127.0.0.1:9/v1/embeddings';
    for (const wrong of [
      { batchSize: 0 },
      { batchCharacters: -1 },
      { concurrency: 1.5 },
      { timeoutMs: 0 },
      { retries: -1 },
      { dim: 0 },
      { model: '' },
      { url: 'ftp://host/' },
      { url: 'nonsense' },
      { url: 'https://user:hunter2@host/v1/embeddings' },
      { url: 'https://host/v1/embeddings?api_key=hunter2' },
    ]) {
      const error = await failure(httpEncoder(options(url, wrong)));
      expect(error, JSON.stringify(wrong)).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).not.toContain('hunter2');
    }
  });
});
