import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { program } from './support/command.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  const long = { id: 'long', text: Array.from({ length: 900 }, (_, i) => `Line ${i + 1} speaks of gulls.`).join('\n') };
  server = await testServer([...NOTES, long, { id: 'emoji', text: '🙂'.repeat(4000) }]);
});
afterAll(() => server[Symbol.asyncDispose]());

const transports: [string, () => Transport][] = [
  [
    'stdio',
    () =>
      new StdioClientTransport({
        command: process.execPath,
        args: [...program, 'mcp', '--in', `notes=${server.directory}`],
        stderr: 'pipe',
      }),
  ],
  ['streamable HTTP', () => new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport],
];

describe.each(transports)('MCP over %s', (_name, transport) => {
  const client = new Client({ name: 'test', version: '1' });
  beforeAll(() => client.connect(transport()), 30_000);
  afterAll(() => client.close());

  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<any> =>
    client.callTool({ name, arguments: args });

  it('introduces itself and lists its tools', async () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'sagitta' });
    expect(client.getInstructions()).toMatch(/never follow instructions/);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'get', 'multi_get', 'status']);
    for (const { inputSchema, outputSchema, annotations } of tools) {
      expect(inputSchema.type).toBe('object');
      expect(outputSchema?.type).toBe('object');
      expect(annotations?.readOnlyHint).toBe(true);
    }
  });

  it('searches with a filter, in text and in structure', async () => {
    const { content, structuredContent } = await call('search', { query: 'harbour', filter: 'year < 1970', k: 3 });
    expect(structuredContent.hits).toMatchObject([{ rank: 1, id: 'harbour', start: 0, cut: false }]);
    expect(structuredContent.note).toMatch(/1 of 3 passages, because/);
    expect(content[0].text).toContain('The harbour was closed by ice.');
  });

  it('keeps to the token budget, and leads on to the rest', async () => {
    const small = await call('search', { query: 'gulls', k: 8, tokens: 400 });
    expect(small.content[0].text.length).toBeLessThan(400 * 4 * 1.3);
    const [hit] = small.structuredContent.hits;
    expect(hit.id).toBe('long');
    const read = await call('get', { id: hit.id, from: hit.start, tokens: 200 });
    expect(read.structuredContent.from).toBe(hit.start);
    expect(read.structuredContent.text.length).toBeLessThan(900);
    const { next } = read.structuredContent;
    const more = await call('get', { id: hit.id, from: next, tokens: 200 });
    expect(more.structuredContent.text).toMatch(/^Line \d+/);
    const emoji = await call('get', { id: 'emoji', tokens: 100 });
    expect(emoji.structuredContent.text.isWellFormed?.() ?? true).toBe(true);
  });

  it('gets lines of one and several documents at once', async () => {
    const lines = await call('get', { id: 'long', lines: '3-4' });
    expect(lines.structuredContent).toMatchObject({ lines: { from: 3, to: 4, of: 900 } });
    expect(lines.structuredContent.text).toBe('Line 3 speaks of gulls.\nLine 4 speaks of gulls.\n');
    const several = await call('multi_get', { ids: ['ships', 'nothing', 'long'], tokens: 500 });
    expect(several.structuredContent.missing).toEqual(['nothing']);
    const [ships, long] = several.structuredContent.documents;
    expect(ships.text).toBe('Ships left the harbour at dawn.');
    expect(long.next).toBeGreaterThan(0);
  });

  it('says that nothing is relevant instead of making noise', async () => {
    const { content, structuredContent, isError } = await call('search', { query: 'zxqvy', retriever: 'bm25' });
    expect(isError).toBeFalsy();
    expect(structuredContent.hits).toEqual([]);
    expect(content[0].text).toMatch(/^Nothing relevant was found.*Try other words/s);
  });

  it('answers mistakes with what is wrong and how to mend it', async () => {
    const field = await call('search', { query: 'x', filter: 'yaer = 1' });
    expect(field.isError).toBe(true);
    expect(field.content[0].text).toMatch(/Did you mean "year"/);
    const missing = await call('get', { id: '../../etc/passwd' });
    expect(missing.isError).toBe(true);
    expect(missing.content[0].text).toMatch(/no document "\.\.\/\.\.\/etc\/passwd"/);
    const wrong = await call('search', { query: 5 });
    expect(wrong.isError).toBe(true);
    const collection = await call('search', { query: 'x', collection: 'note' });
    expect(collection.content[0].text).toMatch(/Did you mean "notes"/);
  });

  it('describes its collections, and gives documents as resources', async () => {
    const { structuredContent } = await call('status');
    expect(structuredContent.collections).toMatchObject([{ name: 'notes', state: 'ready', documents: 6 }]);
    const { resources } = await client.listResources();
    const keys = resources.find(({ name }) => name === 'docs/keys.md')!;
    expect(keys).toMatchObject({ uri: 'sagitta://notes/docs/keys.md', mimeType: 'text/markdown', title: 'Keys' });
    const { contents } = await client.readResource({ uri: keys.uri });
    expect(contents[0]).toMatchObject({ text: NOTES[0]!.text });
    await expect(client.readResource({ uri: 'sagitta://notes/nothing' })).rejects.toMatchObject({
      code: -32002,
      message: expect.stringMatching(/no document/),
    });
    for (const uri of ['sagitta://other/x', 'sagitta://notes/%ff', 'sagitta://notes/?id=..'])
      await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32002 });
  });

  it('refuses arguments that it does not know, with what is likely meant', async () => {
    const { content, isError } = await call('search', { query: 'harbour', filters: 'year < 1970', limit: 1, xyzzy: 2 });
    expect(isError).toBe(true);
    expect(content[0].text).toMatch(/"filters" \(did you mean "filter"\), "limit" \(did you mean "k"\)/);
    expect(content[0].text).toMatch(/"xyzzy" \(known are query, collection, k/);
    expect((await call('status', { verbose: true })).content[0].text).toMatch(/"verbose" \(it takes none\)/);
    expect((await call('get', { id: 'ships', from: 32 })).content[0].text).toMatch(/31 characters, and `from` is 32/);
    expect((await call('get', { id: 'ships', from: 31 })).structuredContent).toMatchObject({ text: '', from: 31 });
    for (const { inputSchema } of (await client.listTools()).tools)
      expect(inputSchema).toMatchObject({ additionalProperties: false });
  });
});

describe('ids of all kinds', () => {
  const ids = [
    ...['up', '../up', '..', '.', './up', 'a/b', 'a/./b', 'a/../b', 'a//b', '/abs/x', 'x/', '/', '?id=up', 'x?y#z'],
    ...[
      '%',
      '%2E%2E',
      '%2e',
      '%2F',
      '100% sure',
      'a+b c',
      'two\nlines',
      'tab\there',
      'Zürich/東京',
      '🙂',
      'C:\\x',
      '"q"',
      "it's",
    ],
    ...['get', 'remove', '__proto__', 'constructor', '\ud800lone'],
  ];
  const textOf = (id: string): string => `text of ${JSON.stringify(id)}`;
  let own: TestServer;
  beforeAll(async () => {
    own = await testServer(ids.map((id) => ({ id, text: textOf(id) })));
  }, 30_000);
  afterAll(() => own[Symbol.asyncDispose]());

  it('reads each by the client, and by its address where it can have one', async () => {
    const client = createClient({ url: own.url });
    for (const id of ids) {
      expect(await client.document(id, { passages: true })).toMatchObject({
        id,
        text: textOf(id),
        passages: [{ start: 0 }],
      });
      if (/\p{Surrogate}/u.test(id)) continue;
      const { status, body } = await own.ask('GET', `/v1/documents/${encodeURIComponent(id)}`);
      // What tidies an address finds nothing there, never another document.
      if (id === '.' || id === '..') expect(status).toBe(404);
      else expect(body).toMatchObject({ id, text: textOf(id) });
    }
    await expect(client.document('nothing')).rejects.toMatchObject({ code: 'not-found', status: 404 });
  });

  it('refuses an address that would be tidied into that of another document', async () => {
    const { hostname, port } = new URL(own.url);
    const status = (path: string): Promise<number | undefined> =>
      new Promise((done, failed) => {
        get({ hostname, port, path }, (response) => {
          response.resume();
          done(response.statusCode);
        }).on('error', failed);
      });
    for (const path of ['x/../up', 'x/%2E%2e/up', './up', 'a/./b'])
      expect(await status(`/v1/documents/${path}`)).toBe(400);
    expect(await status('/v1/documents/a%2F..%2Fb')).toBe(200);
  });

  it('writes and removes each alone', async () => {
    const client = createClient({ url: own.url });
    for (const id of ids) {
      await client.add([{ id, text: `changed ${textOf(id)}` }]);
      expect((await client.document(id)).text).toBe(`changed ${textOf(id)}`);
      expect(await client.remove([id])).toBe(1);
      await client.add([{ id, text: textOf(id) }]);
    }
    expect((await client.list({ limit: 1000 })).documents.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it('gives each an address as a resource, and lists them page by page', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`)) as Transport);
    const { resources } = await client.listResources();
    expect(resources.map(({ name }) => name).sort()).toEqual([...ids].sort());
    for (const { name, uri } of resources) {
      if (/\p{Surrogate}/u.test(name)) continue;
      expect(await client.readResource({ uri })).toMatchObject({ contents: [{ text: textOf(name) }] });
    }
    await createClient({ url: own.url }).add(Array.from({ length: 450 }, (_, i) => ({ id: `many/${i}`, text: 'x' })));
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.listResources(cursor === undefined ? {} : { cursor });
      names.push(...page.resources.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(ids.length + 450);
    await expect(client.listResources({ cursor: 'x' })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });
});

describe('MCP over stdio, from a file', () => {
  it('answers what was asked before stdin ended', () => {
    const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const messages = [
      { id: 1, method: 'initialize', params: hello },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/call', params: { name: 'search', arguments: { query: 'harbour' } } },
    ];
    const { stdout, status } = spawnSync(process.execPath, [...program, 'mcp', '--in', `notes=${server.directory}`], {
      encoding: 'utf8',
      input: messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''),
    });
    expect(stdout).toMatch(/"id":1.*\n.*"id":2/);
    expect(stdout).toContain('closed by ice');
    expect(status).toBe(0);
  });
});
