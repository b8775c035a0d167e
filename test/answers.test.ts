import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextTool } from '../src/ai/index.ts';
import { createClient } from '../src/client/index.ts';
import { openModel } from '../src/generate/index.ts';
import { serve } from '../src/server/index.ts';
import { mostTokens } from '../src/text/index.ts';
import { program } from './support/command.ts';
import { type ScriptedModel, scriptedModel } from './support/scripted-model.ts';
import { type TestServer, testServer } from './support/server.ts';

const DOCUMENTS = [
  {
    id: 'winter.md',
    title: 'Winter of 1963',
    text: 'The harbour was closed by ice from January until the middle of May. Forty ships waited outside for weeks.',
  },
  {
    id: 'lamps.md',
    title: 'Lamps',
    text: 'A red lamp on the mole means that no ship may enter. It is lit by the master.',
  },
  { id: 'birds.md', title: 'Birds', text: 'Cormorants breed on the island. Gulls follow the boats.' },
];
const QUESTION = 'Until when was the harbour closed by ice?';
const WRITTEN = 'It was closed until the middle of May [1]. A dragon lived there [1].';

/** Events of a stream, by name. */
async function events(response: Response): Promise<[string, never][]> {
  const text = await response.text();
  return [...text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, event, data]) => [
    event!,
    JSON.parse(data!) as never,
  ]);
}

describe('answers of a server', () => {
  let model: ScriptedModel;
  let server: TestServer;
  let plain: TestServer;

  beforeAll(async () => {
    model = await scriptedModel({ say: WRITTEN });
    const llm = openModel('openai:tiny', { url: model.url, keep: false });
    server = await testServer(DOCUMENTS, { model: llm }, 'none');
    plain = await testServer(DOCUMENTS, {}, 'none');
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await plain[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  it('are sentences of the documents with their places', async () => {
    const { status, body } = await server.ask('POST', '/v1/ask', { question: QUESTION });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      question: QUESTION,
      answered: true,
      citations: [{ id: 'winter.md', start: 0, number: 1 }],
    });
    expect(body.answer).toContain('until the middle of May');
    const none = await server.ask('POST', '/v1/ask', { question: 'Who won the football cup?' });
    expect(none.body).toMatchObject({ answered: false, answer: '', citations: [] });
  });

  it('are contexts within a budget', async () => {
    const { body } = await server.ask('POST', '/v1/context', { question: QUESTION, tokens: 60, format: 'xml' });
    expect(body.text).toMatch(/^<passage number="1" id="winter\.md" title="Winter of 1963">/);
    expect(body.tokens).toBe(mostTokens(body.text));
    expect(body.tokens).toBeLessThanOrEqual(60);
    const context = await createClient({ url: server.url }).context(QUESTION, { tokens: 50 });
    expect(context.tokens).toBeLessThanOrEqual(50);
  });

  it('are put in words by the model, held to what it cites', async () => {
    const { body } = await server.ask('POST', '/v1/ask', { question: QUESTION, model: true });
    expect(body).toMatchObject({
      answered: true,
      model: expect.stringContaining('openai:tiny'),
      citations: [{ id: 'winter.md' }],
    });
    expect(body.answer).toBe('It was closed until the middle of May. [1] A dragon lived there. [1] [unsupported]');
    expect(body.notes).toEqual(['1 of 2 sentences are not supported by the passages that they cite.']);
    const [system] = model.requests.at(-1)!.messages;
    expect(system!.content).toMatch(/numbered passages/);
  });

  it('are looked for where the model says, through every door', async () => {
    await using leading = await scriptedModel({ say: 'red lamp on the mole' }, { say: 'ENOUGH' });
    const llm = openModel('openai:tiny', { url: leading.url, keep: false });
    await using led = await testServer(DOCUMENTS, { model: llm }, 'none');
    const asked = await led.ask('POST', '/v1/ask', { question: QUESTION, hops: 3, next: 'gap' });
    expect(asked.body.hops).toMatchObject([
      { hop: 1, query: QUESTION },
      { hop: 2, query: `${QUESTION} red lamp on the mole` },
      { hop: 3, note: 'nothing more is to be looked for' },
    ]);
    expect(leading.requests[0]!.messages.at(-1)!.content).toMatch(/<passage number="1">[\s\S]*Question: /);
    const context = await led.ask('POST', '/v1/context', { question: QUESTION, hops: 2, next: 'draft' });
    expect(context.body.hops.at(-1).query).toBe(`${QUESTION} ENOUGH`);
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${led.url}/mcp`)) as Transport);
    const before = leading.requests.length;
    await client.callTool({ name: 'context', arguments: { question: QUESTION, hops: 2, next: 'gap' } });
    expect(leading.requests.length).toBe(before + 1);
    await client.close();
    const alone = await led.ask('POST', '/v1/ask', { question: QUESTION, next: 'gap' });
    expect([alone.status, alone.body.detail]).toEqual([400, expect.stringMatching(/there are none/)]);
    const without = await plain.ask('POST', '/v1/ask', { question: QUESTION, hops: 2, next: 'gap' });
    expect([without.status, without.body.detail]).toEqual([400, expect.stringMatching(/no language model/)]);
  });

  it('note a model that fails while it leads', async () => {
    await using failing = await scriptedModel({ status: 400, body: '{"error":{"message":"no"}}' });
    const llm = openModel('openai:tiny', { url: failing.url, keep: false });
    await using led = await testServer(DOCUMENTS, { model: llm }, 'none');
    const { status, body } = await led.ask('POST', '/v1/ask', { question: QUESTION, hops: 2, next: 'gap' });
    expect(status).toBe(200);
    expect(body.answered).toBe(true);
    expect(body.hops.at(-1).note).toMatch(/400|no/);
  });

  it('come as events', async () => {
    const ask = (url: string, body: object) =>
      fetch(`${server.url}${url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: QUESTION, stream: true, ...body }),
      });
    const written = await ask('/v1/ask', { model: true });
    expect(written.headers.get('content-type')).toBe('text/event-stream');
    const all = await events(written);
    expect(all.map(([event]) => event)).toEqual(['context', 'sentence', 'sentence', 'done']);
    expect(all[2]![1]).toEqual({ text: 'A dragon lived there.', cites: [1], supported: false });
    expect((await events(await ask('/v1/ask', {}))).map(([event]) => event)).toEqual(['context', 'sentence', 'done']);
    const context = await events(await ask('/v1/context', {}));
    expect(context.map(([event]) => event)).toEqual(['passage', 'done']);
    const failed = await events(await ask('/v1/context', { filter: 'nonsense ~ 3' }));
    expect(failed).toMatchObject([['failed', { code: 'invalid-argument' }]]);
  });

  it('refuse a model that is not there, and options that are none', async () => {
    const { status, body } = await plain.ask('POST', '/v1/ask', { question: QUESTION, model: true });
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/no language model/)]);
    expect((await plain.ask('POST', '/v1/ask', { question: QUESTION, budget: 3 })).status).toBe(400);
    expect((await plain.ask('POST', '/v1/context', { question: '' })).status).toBe(400);
  });

  it('are a tool of agents', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport);
    // biome-ignore lint/suspicious/noExplicitAny: tests look into it
    const call = (args: object): Promise<any> => client.callTool({ name: 'context', arguments: { ...args } });
    const { content } = await call({ question: QUESTION, tokens: 120 });
    expect(content[0].text).toMatch(
      /^\[1\] winter\.md \| Winter of 1963 \| start 0\n.*middle of May.*\n\nAnswered by these passages with \d+ %\.$/s,
    );
    expect(mostTokens(content[0].text)).toBeLessThanOrEqual(120);
    const nothing = await call({ question: 'Who won the football cup?' });
    expect(nothing.content[0].text).toMatch(/Nothing (relevant )?was found.*Try other words/);
    await client.close();
    const tool = contextTool(createClient({ url: server.url }), { tokens: 60 });
    const said = await tool.execute!({ question: QUESTION }, { toolCallId: '1', messages: [] } as never);
    expect(said).toMatch(/middle of May/);
  });
});

describe('answers on the command line', () => {
  let folder: string;
  const sagitta = async (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const child = spawn(process.execPath, [...program, ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', SAGITTA_CACHE: join(folder, 'cache') },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part) => {
      stdout += part;
    });
    child.stderr.on('data', (part) => {
      stderr += part;
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sagitta-ask-'));
    await mkdir(join(folder, 'notes'));
    for (const { id, title, text } of DOCUMENTS) await writeFile(join(folder, 'notes', id), `# ${title}\n\n${text}\n`);
    expect((await sagitta('index', 'notes', '--encoder', 'none')).code).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('name their sources, or say that there is none', async () => {
    const { stdout, stderr } = await sagitta('ask', 'Until', 'when', 'was the harbour closed by ice?');
    expect(stdout).toMatch(/^The harbour was closed by ice .* May\. \[1\]\n/);
    expect(stdout).toMatch(/\[1\] notes\/winter\.md › Winter of 1963 \(\d+-\d+\)/);
    expect(stderr).toMatch(/context of \d+ tokens from \d passages?/);
    const json = JSON.parse((await sagitta('ask', 'Who won the football cup?', '--json')).stdout);
    expect(json).toMatchObject({ answered: false, answer: '', citations: [], context: { tokens: 0, passages: [] } });
  });

  it('learns what of passages to keep, keeps that, and names a compressor that is none', async () => {
    const months = ['May', 'June', 'July', 'August'];
    const ports = ['Husum', 'Emden', 'Brake', 'Leer', 'Varel', 'Norden', 'Esens', 'Jever', 'Cuxhaven'];
    await mkdir(join(folder, 'ports'));
    const [queries, qrels]: string[][] = [[], []];
    for (const [i, port] of ports.flatMap((name) => months.map((month) => `${name} ${month}`)).entries()) {
      const [name, month] = port.split(' ') as [string, string];
      const text = `Ships of ${name} waited in the roads. In the year ${1700 + i} the harbour of ${name} was closed until ${month}. Nobody likes ice.`;
      await writeFile(join(folder, 'ports', `${i}.txt`), text);
      queries!.push(
        JSON.stringify({
          id: `q${i}`,
          text: `Until when was the harbour of ${name} closed in ${1700 + i}?`,
          metadata: { answers: [month] },
        }),
      );
      qrels!.push(`q${i}\tports/${i}.txt\t1`);
    }
    await writeFile(join(folder, 'q.jsonl'), queries!.join('\n'));
    await writeFile(join(folder, 'q.tsv'), qrels!.join('\n'));
    expect((await sagitta('index', 'ports', '--encoder', 'none', '--in', 'of-ports')).code).toBe(0);
    const learning = ['learn-compressor', '--queries', 'q.jsonl', '--qrels', 'q.tsv', '--in', 'of-ports'];
    const learned = await sagitta(...learning, '--out', 'made/sentences.bin', '--json');
    expect(JSON.parse(learned.stdout)).toMatchObject({ questions: 36, helped: 36, encoder: 'none' });
    const asked = [
      'context',
      'Until when was the harbour of Leer closed in 1713?',
      '--in',
      'of-ports',
      '--tokens',
      '40',
    ];
    const { stdout, code } = await sagitta(...asked, '--compressor', 'learned:made/sentences.bin');
    expect([code, stdout]).toEqual([0, expect.stringContaining('closed until June')]);
    for (const [named, says] of [
      ['gone.bin', /There is no file gone.bin. Name a file that `sagitta learn-compressor` made/],
      ['made', /made is a folder. Name a file/],
      ['q.tsv', /it is not a trained compressor/],
    ] as const) {
      const wrong = await sagitta(...asked, '--compressor', `learned:${named}`);
      expect(wrong.stderr).toMatch(says);
      expect(wrong.stderr).not.toMatch(/unexpected/);
    }
    expect((await sagitta(...asked, '--compressor', 'sentencez')).stderr).toMatch(/must be .*learned:FILE/);
    // Without a file the collection keeps it, and everything that asks the collection has it.
    const none = await sagitta(...asked, '--compressor', 'learned');
    expect([none.code, none.stderr]).toEqual([3, expect.stringMatching(/no compressor of its own.*learn-compressor/)]);
    expect((await sagitta(...learning)).stdout).toMatch(/--compressor learned`/);
    const own = await sagitta(...asked, '--compressor', 'learned');
    expect([own.code, own.stdout]).toEqual([0, stdout]);
    const directory = join(folder, 'of-ports');
    const serving = await serve({ collections: [{ name: 'ports', directory }], port: 0, threads: 1, web: null });
    const client = createClient({ url: serving.url });
    const { text } = await client.context(asked[1]!, { tokens: 40, compressor: 'learned' });
    await serving.stop();
    expect(text.trim()).toBe(stdout.trim());
    const [file] = readdirSync(directory).filter((name) => name.startsWith('compressor-'));
    const bytes = readFileSync(join(directory, file!));
    bytes[bytes.length - 3]! ^= 1;
    await writeFile(join(directory, file!), bytes);
    const damaged = await sagitta('verify', '--in', 'of-ports');
    expect([damaged.code, damaged.stdout + damaged.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining(file!),
    ]);
    expect(damaged.code).not.toBe(0);
    expect((await sagitta(...asked, '--compressor', 'learned')).code).not.toBe(0);
  }, 60_000);

  it('keep a budget', async () => {
    const { stdout, stderr } = await sagitta('context', QUESTION, '--tokens', '45');
    expect(mostTokens(stdout.trim())).toBeLessThanOrEqual(45);
    expect(stdout).toMatch(/^\[1\] Winter of 1963\n/);
    expect(stderr).toMatch(/context of \d+ tokens/);
  });

  it('are written by a model, or by nobody where it is gone', async () => {
    await using model = await scriptedModel({ say: WRITTEN });
    const written = await sagitta('ask', QUESTION, '--model', 'openai:tiny', '--model-url', model.url);
    expect(written.stdout).toMatch(
      /^It was closed until the middle of May\. \[1\]\nA dragon lived there\. \[1\] \[unsupported\]\n/,
    );
    expect(written.stderr).toMatch(/1 of 2 sentences are not supported/);
    const gone = await sagitta('ask', QUESTION, '--model', 'openai:tiny', '--model-url', 'http://127.0.0.1:9/v1');
    expect(gone.stdout).toMatch(/^The harbour was closed by ice/);
    expect(gone.stderr).toMatch(/The model was not heard.*cannot be reached/);
  });

  it('on the command line lets a model lead the hops, where there are some and a model', async () => {
    await using leading = await scriptedModel({ say: 'ENOUGH' }, { say: WRITTEN });
    const by = ['--model', 'openai:tiny', '--model-url', leading.url, '--no-keep'];
    const { stdout, stderr } = await sagitta('ask', QUESTION, '--hops', '3', '--next', 'gap', '--json', ...by);
    const { hops } = JSON.parse(stdout || JSON.stringify(stderr));
    expect(hops.at(-1).note).toBe('nothing more is to be looked for');
    expect(leading.requests).toHaveLength(2);
    expect(leading.requests[0]!.messages.at(-1)!.content).toMatch(/<passage number="1">[\s\S]*Question: /);
    expect((await sagitta('ask', QUESTION, '--next', 'gap', ...by)).stderr).toMatch(/there are none\. Allow 2 hops/);
    const alone = await sagitta('ask', QUESTION, '--hops', '2', '--next', 'draft');
    expect(alone.stderr).toMatch(/is "draft", which asks a language model, and there is none\. Name a model/);
  });

  it('are measured on questions whose answers are known', async () => {
    const test = join(folder, 'test');
    await mkdir(test);
    const lines = (rows: object[]): string => `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
    await writeFile(join(test, 'corpus.jsonl'), lines(DOCUMENTS.map(({ id, ...rest }) => ({ _id: id, ...rest }))));
    await writeFile(
      join(test, 'queries.jsonl'),
      lines([
        { _id: 'q1', text: QUESTION, metadata: { answers: ['the middle of May', 'May'] } },
        { _id: 'q2', text: 'What does a red lamp mean?', metadata: { answer: 'no ship may enter' } },
      ]),
    );
    await writeFile(join(test, 'qrels.tsv'), 'query-id\tcorpus-id\tscore\nq1\twinter.md\t1\nq2\tlamps.md\t1\n');
    const { stdout } = await sagitta('eval', test, '--answers', '--encoder', 'none', '--json');
    const measured = JSON.parse(stdout);
    expect(measured.complete).toMatchObject({ value: 1, questions: 2 });
    expect(measured.held.value).toBe(1);
    expect(measured.f1.value).toBeGreaterThan(0.2);
    expect(measured.answerability).toMatchObject({ value: 1, against: 'removed', questions: 4 });
  });
});
