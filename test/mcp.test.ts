import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient } from '../src/client/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { program } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  const long = { id: 'long', text: Array.from({ length: 900 }, (_, i) => `Line ${i + 1} speaks of gulls.`).join('\n') };
  server = await testServer([...NOTES, long, { id: 'emoji', text: '🙂'.repeat(4000) }]);
  await using collection = await openCollection(server.directory);
  await collection.describe('', 'Notes of a harbour office');
  await collection.describe('docs', 'How the office works');
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
    expect(client.getInstructions()).toMatch(/notes: Notes of a harbour office/);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'context', 'get', 'multi_get', 'list', 'status']);
    for (const { inputSchema, outputSchema, annotations } of tools) {
      expect(inputSchema.type).toBe('object');
      // Clients that see a schema may show a model the structure in place of the text, or both.
      expect(outputSchema).toBeUndefined();
      expect(annotations?.readOnlyHint).toBe(true);
    }
  });

  it('searches with a filter, in text alone', async () => {
    const { content, structuredContent } = await call('search', { query: 'harbour', filter: 'year < 1970', k: 3 });
    expect(structuredContent).toBeUndefined();
    expect(content[0].text).toMatch(
      /^\[1\] harbour \| (relevance [\d.]+ \| )?start 0\nThe harbour was closed by ice\./,
    );
    expect(content[0].text).toMatch(/1 of 3 passages, because/);
  });

  it('goes on by a cursor, sorts, and says what folders are about', async () => {
    const search = { query: 'key harbour gulls year night', k: 2 };
    const first = (await call('search', search)).content[0].text;
    const cursor = /\[more: cursor = (.+)\]/.exec(first)![1];
    const second = (await call('search', { ...search, cursor })).content[0].text;
    expect(second).toMatch(/^\[3\]/);
    expect((await call('search', { ...search, query: 'other', cursor })).content[0].text).toMatch(/another search/);
    expect((await call('search', { query: 'signing key', k: 1 })).content[0].text).toMatch(
      /docs\/: How the office works/,
    );
    const sorted = (await call('search', { query: 'harbour', sort: 'year desc', retriever: 'bm25' })).content[0].text;
    expect(sorted).toMatch(/^\[1\] ships/);
  });

  it('understands a question by what was said before it', async () => {
    const search = { query: 'how often is it done?', relevant: false, retriever: 'bm25' };
    const alone = (await call('search', search)).content[0].text;
    expect(alone).not.toMatch(/^\[1\] keys/);
    const { content, isError } = await call('search', { ...search, turns: ['hello', 'Tell me of the signing keys.'] });
    expect(isError).not.toBe(true);
    expect(content[0].text).toMatch(/^\[1\] docs\/keys/);
    const own = await call('search', {
      ...search,
      turns: ['signing keys'],
      pipeline: 'bm25 > rewrite(turns, n=1)',
      retriever: undefined,
    });
    expect(own.content[0].text).toMatch(/^\[1\] docs\/keys/);
  });

  it('leads on to the rest, with the lines that it shows', async () => {
    const read = (await call('get', { id: 'long', tokens: 200 })).content[0].text;
    const [, first, last] = /^long \| lines (\d+)-(\d+) of 900\n\nLine 1 /.exec(read)!;
    expect(first).toBe('1');
    const shown = read.split('\n').filter((line: string) => line.startsWith('Line '));
    expect(shown).toHaveLength(Number(last));
    const from = Number(/go on with from = (\d+)/.exec(read)![1]);
    const more = (await call('get', { id: 'long', from, tokens: 200 })).content[0].text;
    expect(more).toContain(`lines ${Number(last) + 1}-`);
    expect(more).toContain(`\n\nLine ${Number(last) + 1} speaks`);
    const emoji = (await call('get', { id: 'emoji', tokens: 100 })).content[0].text;
    expect(emoji.isWellFormed?.() ?? true).toBe(true);
  });

  it('gets lines of one and several documents at once', async () => {
    const lines = (await call('get', { id: 'long', lines: '3-4' })).content[0].text;
    expect(lines).toBe('long | lines 3-4 of 900\n\nLine 3 speaks of gulls.\nLine 4 speaks of gulls.\n');
    expect((await call('get', { id: 'docs/keys.md' })).content[0].text).toMatch(
      /^docs\/keys\.md \| Keys \| .*\n\{"year":2021/,
    );
    const several = (await call('multi_get', { ids: ['ships', 'nothing', 'long'], tokens: 500 })).content[0].text;
    expect(several).toMatch(/Ships left the harbour at dawn\..*---.*Not found: nothing$/s);
    expect(several).toMatch(/go on with from = /);
  });

  it('tells params that are none in a sentence, as the mistake of who sent them', async () => {
    const ask = (method: string, params: object) => client.request({ method, params } as never, z.looseObject({}));
    await expect(ask('tools/call', {})).rejects.toMatchObject({ code: -32602, message: /params\.name: expected/ });
    await expect(ask('tools/call', { name: 'search', arguments: 'x' })).rejects.toMatchObject({ code: -32602 });
    await expect(ask('tools/list', { cursor: 5 })).rejects.toMatchObject({ code: -32602 });
    const told = async (name: string, args: Record<string, unknown>): Promise<string> => {
      const { isError, content } = await call(name, args);
      expect(isError).toBe(true);
      return content[0].text;
    };
    expect(await told('search', { query: 'x', k: '3' })).toBe(
      '`k`: expected number, received string. Mend the arguments and call again.',
    );
    expect(await told('get', {})).toBe('`id`: it is missing (expected string). Mend the arguments and call again.');
    expect(await told('context', { query: 'x' })).toMatch(
      /^(?=.*`question`: it is missing)(?=.*nknown argument "query").*Mend the arguments and call again\.$/s,
    );
    expect(await told('serach', {})).toBe('There is no tool "serach". Did you mean "search".');
    expect(await told('toString', {})).toMatch(/^There is no tool "toString"\. Known are search, context/);
    expect(await told('add', { documents: [{ id: 'x', text: 'x' }] })).toMatch(/not allowed here\. .*--write/);
    const { isError, content } = await call('list', { cursor: 'WzAsMF0' });
    expect(isError).toBe(true);
    expect(content[0].text).toMatch(/cursor is none of this list/);
  });

  it('browses folders, documents and fields', async () => {
    const all = (await call('list', { fields: true })).content[0].text;
    expect(all).toMatch(/^all: 6 documents\. Notes of a harbour office\nfields:\n/);
    expect(all).toMatch(/\ntags: guide \(2\), security \(1\), ships \(1\)\n/);
    expect(all).toMatch(/\nfolders:\ndocs\/ 2 documents: How the office works\n/);
    const page = (await call('list', { tokens: 110, depth: 1 })).content[0].text;
    const cursor = /\[more: cursor = (.+)\]/.exec(page)![1];
    expect((await call('list', { cursor })).content[0].text).toMatch(/more documents:/);
    const docs = (await call('list', { folder: 'docs', filter: 'year = 2021' })).content[0].text;
    expect(docs).toBe('docs/: 1 document. How the office works\ndocuments here:\ndocs/keys.md | Keys | markdown | en');
    expect((await call('list', { folder: 'nowhere' })).content[0].text).toMatch(/no document/);
  });

  it('says that nothing is relevant instead of making noise', async () => {
    const { content, isError } = await call('search', { query: 'zxqvy', retriever: 'bm25' });
    expect(isError).toBeFalsy();
    expect(content[0].text).toMatch(/^Nothing relevant was found.*Try other words/s);
  });

  it('answers mistakes with what is wrong and how to mend it', async () => {
    const both = await call('search', { query: 'ice', pipeline: 'words', retriever: 'dense' });
    expect([both.isError, both.content[0].text]).toEqual([true, expect.stringMatching(/also a `retriever`.*Give one/)]);
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
    expect((await call('status')).content[0].text).toMatch(/^notes: Notes of a harbour office 6 documents, /);
    const { resources } = await client.listResources();
    const keys = resources.find(({ name }) => name === 'docs/keys.md')!;
    expect(keys).toMatchObject({
      uri: 'sagitta://notes/docs/keys.md',
      mimeType: 'text/markdown',
      title: 'Keys',
      description: 'markdown in notes, language en; year 2021, tags security guide, draft false',
    });
    const { contents } = await client.readResource({ uri: keys.uri });
    expect(contents[0]).toMatchObject({ text: NOTES[0]!.text });
    await expect(client.readResource({ uri: 'sagitta://notes/nothing' })).rejects.toMatchObject({
      code: -32002,
      message: expect.stringMatching(/no document/),
    });
    const none = [
      'sagitta://other/x',
      'sagitta://notes/%ff',
      'sagitta://notes/?id=..',
      'sagitta://',
      'sagitta://notes',
    ];
    for (const uri of [...none, '', 'x', 'file:///etc/passwd', 'sagitta://[', `sagitta://${'a'.repeat(50_000)}`])
      await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32002 });
  });

  it('refuses arguments that it does not know, with what is likely meant', async () => {
    const { content, isError } = await call('search', { query: 'harbour', filters: 'year < 1970', limit: 1, xyzzy: 2 });
    expect(isError).toBe(true);
    expect(content[0].text).toMatch(/"filters" \(did you mean "filter"\), "limit" \(did you mean "k"\)/);
    expect(content[0].text).toMatch(/"xyzzy" \(known are query, collection, k/);
    expect((await call('status', { verbose: true })).content[0].text).toMatch(/"verbose" \(it takes none\)/);
    expect((await call('get', { id: 'ships', from: 32 })).content[0].text).toMatch(/31 characters, and `from` is 32/);
    expect((await call('get', { id: 'ships', from: 31 })).content[0].text).toBe(
      'ships | lines 1-1 of 1\n{"year":1971,"tags":["ships"]}\n\n',
    );
    for (const { inputSchema } of (await client.listTools()).tools)
      expect(inputSchema).toMatchObject({ additionalProperties: false });
  });
});

describe('budgets', () => {
  const SCRIPTS = [
    'The keepers of the lighthouse wrote down every ship that passed, and where it came from.',
    'Смотрители маяка записывали название каждого парусника.',
    '灯塔看守人在日记里记下每一艘驶过的帆船的名字。',
    'كان حراس المنارة يدونون اسم كل سفينة شراعية.',
    'Walinzi wa mnara waliandika majina ya majahazi yote.',
    'const ships = log.filter(({ year }) => year >= 1963).map((ship) => ship.name);',
    'ผู้เฝ้าประภาคารจดชื่อเรือใบทุกลำ',
    '등대지기들은 모든 범선의 이름을 적어 두었다. 🎉🇩🇪',
  ];
  let own: TestServer;
  const client = new Client({ name: 'test', version: '1' });
  beforeAll(async () => {
    own = await testServer([
      ...SCRIPTS.map((text, i) => ({
        id: `folder ${i}/${'deep/'.repeat(i)}script-${i}`,
        title: text.slice(0, 30),
        text: `lamp ${text}\n`.repeat(60),
        metadata: { year: 1900 + i, tags: ['lamp', `tag-${i}`], note: text.slice(0, 20) },
      })),
      { id: `long/${'name-'.repeat(200)}`, title: 'title '.repeat(300), text: 'lamp '.repeat(400) },
    ]);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`)) as Transport);
  }, 30_000);
  afterAll(async () => {
    await client.close();
    await own[Symbol.asyncDispose]();
  });

  it('hold by the count of real tokenizers, everything counted', async () => {
    const { resources } = await client.listResources();
    const ids = resources.map(({ name }) => name);
    for (const tokens of [100, 150, 333, 1000, 4000]) {
      const calls: [string, Record<string, unknown>][] = [
        ['search', { query: 'lamp', tokens, k: 8 }],
        ['search', { query: 'lamp имя 帆船 ships', tokens, k: 20, retriever: 'bm25' }],
        ['multi_get', { ids: [...ids, 'none'], tokens }],
        ['list', { fields: true, depth: 5, tokens }],
        ...ids.map((id): [string, Record<string, unknown>] => ['get', { id, tokens, from: 3 }]),
      ];
      for (const [name, args] of calls) {
        const result = await client.callTool({ name, arguments: args });
        const whole =
          JSON.stringify(result.structuredContent ?? '').slice(2) + (result.content as { text: string }[])[0]!.text;
        expect(Math.max(o200k(whole), cl100k(whole)), `${name} with ${tokens}`).toBeLessThanOrEqual(tokens);
        if (name === 'get') expect(o200k(whole)).toBeGreaterThan(Math.min(tokens, 300) / 6);
      }
    }
  });
});

describe('agents that may write', () => {
  it('add, replace, remove and read folders again, only where they are allowed to', async () => {
    await using own = await testServer(NOTES, { mcpWrite: true });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`)) as Transport);
    // biome-ignore lint/suspicious/noExplicitAny: tests look into it
    const call = async (name: string, args: Record<string, unknown>): Promise<any> =>
      client.callTool({ name, arguments: args });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['add', 'remove', 'index']),
    );
    const added = await call('add', { documents: [{ id: 'terns', text: 'Terns nest on the pier.' }] });
    expect(added.content[0].text).toBe('1 added, 0 replaced, 0 were there already.');
    expect((await call('search', { query: 'terns' })).content[0].text).toContain('nest on the pier');
    const misspelt = await call('add', { documents: [{ id: 'x', text: 'x', metdata: {} }] });
    expect(misspelt.isError).toBe(true);
    expect(misspelt.content[0].text).toMatch(
      /`documents\[0\]`: unknown argument "metdata" \(did you mean "metadata"\)/,
    );
    const nested = await call('add', { documents: [{ id: 'x', text: 'x', metadata: { a: { b: 1 } } }] });
    expect(nested.content[0].text).toMatch(/`documents\[0\]\.metadata\.a`: .*kind of value/);
    const wordless = await call('add', { documents: [{ id: 'dots', text: '' }] });
    expect(wordless.content[0].text).toMatch(/^1 added.* No search finds 1 of them, which holds no word\.$/);
    await call('remove', { ids: ['dots'] });
    const lost = JSON.parse('{"id": "x", "text": "x", "metadata": {"__proto__": {"a": 1}}}');
    expect(await call('add', { documents: [lost] }).catch(({ message }) => message)).toMatch(/__proto__/);
    expect((await call('remove', { ids: ['terns', 'none'] })).content[0].text).toMatch(
      /^1 of 2 removed\. One is not there/,
    );
    expect((await call('index', {})).content[0].text).toMatch(/--source/);
    await client.close();
  });

  it('read again what the server was started over, and hear what could not be read', async () => {
    using folder = testFolder({ 'docs/a.md': 'Terns nest on the pier.', 'docs/b.pdf': 'no PDF at all' });
    const directory = folder.at('collection');
    await (await openCollection(directory, { create: true })).close();
    const collections = [{ name: 'notes', directory, sources: [folder.at('docs')] }];
    await using own = await testServer([], { mcpWrite: true, collections });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`)) as Transport);
    const call = async (name: string, args: Record<string, unknown>): Promise<string> =>
      ((await client.callTool({ name, arguments: args })).content as { text: string }[])[0]!.text;
    const first = await call('index', {});
    expect(first).toMatch(/^1 added, 0 updated/);
    expect(first).toMatch(/1 could not be read:\n.*b\.pdf/);
    folder.write({ 'docs/a.md': 'Gannets nest on the cliffs.' });
    expect(await call('index', {})).toMatch(/^0 added, 1 updated/);
    expect(await call('search', { query: 'gannets' })).toContain('on the cliffs');
    await client.close();
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
    for (const id of ['two\nlines', 'a/../b', '?id=up']) {
      const { body } = await own.ask('DELETE', `/v1/documents/${encodeURIComponent(id)}`);
      expect(body).toEqual({ removed: 1 });
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
    for (const cursor of ['x', 7, { a: 1 }]) {
      await expect(client.listResources({ cursor } as never)).rejects.toThrow(/The cursor is none of this server/);
    }
    await expect(client.readResource({ uri: 7 } as never)).rejects.toThrow(/The uri is no text/);
    await client.close();
  });
});

describe('what is no message', () => {
  const wrong: readonly (readonly [text: string, id: number | null, code: number])[] = [
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}', 1, -32602],
    ['{"jsonrpc":"2.0","id":2,"method":"tools/call","params":[]}', 2, -32602],
    ['{"jsonrpc":"2.0","id":3,"method":"ping","params":{"_meta":5}}', 3, -32602],
    ['{"id":4,"method":"ping"}', 4, -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', null, -32600],
    ['{}', null, -32600],
    ['[]', null, -32600],
    ['null', null, -32600],
  ];

  it('is answered over stdio all the same, with its id where it has one', () => {
    const ping = '{"jsonrpc":"2.0","id":9,"method":"ping"}';
    const list = '[{"jsonrpc":"2.0","id":10,"method":"ping"},5]';
    const { stdout, status } = spawnSync(process.execPath, [...program, 'mcp', '--in', `notes=${server.directory}`], {
      encoding: 'utf8',
      input: ['not json', ...wrong.map(([text]) => text), '', ping, list].join('\n').concat('\n'),
    });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const errors = answers.filter(({ error }) => error !== undefined).map(({ id, error }) => [id, error.code]);
    expect(errors).toEqual([[null, -32700], ...wrong.map(([, id, code]) => [id, code]), [null, -32600]]);
    for (const { error } of answers) if (error !== undefined) expect(error.message).toMatch(/\. (Send|Leave) .*\.$/);
    expect(answers.filter(({ result }) => result !== undefined).map(({ id }) => id)).toEqual([9, 10]);
    expect(status).toBe(0);
  });

  it('is answered over HTTP too', async () => {
    for (const [body, id, code] of wrong) {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body });
      expect(answer.status, body).toBe(400);
      expect(await answer.json(), body).toMatchObject({ jsonrpc: '2.0', id, error: { code } });
    }
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
