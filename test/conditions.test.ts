import { spawnSync } from 'node:child_process';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { program } from './support/command.ts';
import { type TestServer, testServer } from './support/server.ts';

/** What is asked by conditions alone, and what has to come of it through every door. */
const CASES: readonly { readonly query?: string; readonly filter?: string; readonly found: readonly string[] }[] = [
  { filter: 'kind = report', found: ['oslo', 'winter'] },
  { query: 'kind:report', found: ['oslo', 'winter'] },
  { query: 'kind:report', filter: 'year > 2023', found: ['winter'] },
  { query: '-kind:report', found: ['kyoto'] },
  { query: '-snow', found: ['kyoto', 'oslo'] },
  { query: '-"no sun"', filter: 'kind = report', found: ['oslo'] },
  { query: 'author:"Mori Aki" OR author:Kari', found: ['kyoto', 'winter'] },
  { query: 'kind:novel', found: [] },
  { query: 'year:>=2023', found: ['oslo', 'winter'] },
  { query: 'year:<2023', found: ['kyoto'] },
  { query: 'year:2020..2023', found: ['kyoto', 'oslo'] },
  { query: '-year:..2023', found: ['winter'] },
  { query: 'seen:2023-05', found: [] },
  { query: 'seen:2023-05..2023-06', found: ['oslo'] },
  { query: 'seen:>2023-06-17', found: ['winter'] },
  { query: 'seen:<=2023-06-17', found: ['kyoto', 'oslo'] },
  { query: 'seen:2020..2023', found: ['kyoto', 'oslo'] },
];

let server: TestServer;
beforeAll(async () => {
  server = await testServer(
    [
      {
        id: 'kyoto',
        text: 'It rained for a week.',
        metadata: { kind: 'diary', year: 2020, author: 'Mori Aki', seen: '2020-01-02' },
      },
      {
        id: 'oslo',
        text: 'The harbour had sun.',
        metadata: { kind: 'report', year: 2023, author: 'Nils', seen: '2023-06-17T10:00' },
      },
      {
        id: 'winter',
        text: 'Snow, and no sun at all.',
        metadata: { kind: 'report', year: 2024, author: 'Kari', seen: '2024-03-01' },
      },
    ],
    {},
    'none',
  );
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

describe('conditions without words', () => {
  it.each(CASES)('over HTTP and by the client: %j', async ({ found, ...asked }) => {
    const { body } = await server.ask('POST', '/v1/search', asked);
    expect(body.hits.map(({ id }: { id: string }) => id)).toEqual(found);
    const { query = '', ...options } = asked;
    const answer = await createClient({ url: server.url }).search(query, options);
    expect(answer.hits.map(({ id }) => id)).toEqual(found);
  });

  it('to agents', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport);
    for (const { found, ...asked } of CASES) {
      const { content } = (await client.callTool({ name: 'search', arguments: asked })) as {
        content: { text: string }[];
      };
      const ids = [...content[0]!.text.matchAll(/^\[\d+\] (\S+)/gm)].map(([, id]) => id);
      expect(ids, JSON.stringify(asked)).toEqual(found);
    }
    const none = await client.callTool({ name: 'search', arguments: {} });
    expect(none).toMatchObject({ isError: true });
    await client.close();
  });

  it('on the command line, without scores', () => {
    const sagitta = (...args: string[]) =>
      spawnSync(process.execPath, [...program, 'search', ...args, '--in', server.directory], { encoding: 'utf8' });
    for (const { query, filter, found } of [CASES[0]!, CASES[3]!, CASES[5]!, CASES[10]!]) {
      const given = [...(query === undefined ? [] : [query]), ...(filter === undefined ? [] : ['--filter', filter])];
      const { stdout } = sagitta(...given);
      const lines = [...stdout.matchAll(/^ *\d+ {2}(\S+)(.*)$/gm)];
      expect(lines.map(([, id]) => id)).toEqual(found);
      expect(lines.every(([, , rest]) => rest === '')).toBe(true);
    }
    const empty = sagitta();
    expect(empty.stderr).toMatch(/query is empty.*filter/);
    expect(empty.status).toBe(2);
  });
});
