import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCollection } from '../src/collection/index.ts';
import { type TestServer, testServer } from './support/server.ts';

/**
 * A scripted agent that knows nothing of the tools but what they say of themselves: it finds a tool by words of its description and arguments by
 * words of theirs, and goes on by what results tell it. Ten tasks, each within a budget of tokens, results and the calls counted.
 */
const BUDGET = 2500;
/** What the descriptions of all tools may take, since every conversation pays for them. */
const INTRODUCTION = 2600;

const GUIDES = ['install', 'backup', 'restore', 'rotate-keys', 'upgrade', 'monitor'].map((name, i) => ({
  id: `guides/${name}.md`,
  title: name.replace('-', ' '),
  format: 'markdown',
  text: `# ${name}\n\nHow to ${name.replace('-', ' ')} the beacon server, step by step.\n\n${`Step ${i} of ${name} needs patience.\n`.repeat(200)}\n## Afterwards\n\nCall extension ${400 + i} when ${name.replace('-', ' ')} is done.\n`,
  metadata: { year: 2019 + i, audience: i % 2 === 0 ? 'operators' : 'developers' },
}));
const REPORTS = Array.from({ length: 40 }, (_, i) => ({
  id: `reports/2023/${String(i + 1).padStart(2, '0')}.md`,
  title: `Incident ${i + 1}`,
  format: 'markdown',
  text: `Incident ${i + 1}: the ${['mast', 'lamp', 'horn', 'radio'][i % 4]} failed for ${i + 3} minutes. ${i === 17 ? 'The cause was a nest of puffins.' : 'The cause was worn out wiring.'}`,
  metadata: { minutes: i + 3, severity: i % 10 === 0 ? 'high' : 'low' },
}));

let server: TestServer;
const client = new Client({ name: 'agent', version: '1' });
beforeAll(async () => {
  server = await testServer([...GUIDES, ...REPORTS], {}, 'none');
  await using collection = await openCollection(server.directory);
  await collection.describe('reports', 'Incidents of the beacon, a file each');
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

interface Agent {
  /** Calls the tool whose description has these words, with arguments found by words of theirs. @returns the text of the result. */
  use(tool: RegExp, args: readonly (readonly [RegExp, unknown])[]): Promise<string>;
}

interface Tool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: { readonly properties?: unknown };
}

function agentOf(tools: readonly Tool[], spend: (tokens: number) => void): Agent {
  return {
    async use(wanted, args) {
      const tool = tools.find(({ description }) => wanted.test(description!));
      const properties = Object.entries(tool!.inputSchema.properties as Record<string, { description?: string }>);
      const given = args.map(([words, value]) => {
        const found = properties.find(([, { description = '' }]) => words.test(description));
        expect(found, `an argument for ${words} of ${tool!.name}`).toBeDefined();
        return [found![0], value];
      });
      const call = { name: tool!.name, arguments: Object.fromEntries(given) };
      const { content } = await client.callTool(call);
      const [{ text }] = content as [{ text: string }];
      spend(countTokens(JSON.stringify(call)) + countTokens(text));
      return text;
    },
  };
}

const SEARCH = /answer a question/;
const READ = /text of one document/;
const READ_MANY = /several documents/;
const BROWSE = /without searching/;
const WHICH = /Which collections/;
const ASK = /question or keywords/;
const ONLY = /Only documents that satisfy/;
const MOST = /Most tokens/;
const ID = /`search` and `list` name it/;
const ON = /Character to begin at/;

const first = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';

const TASKS: Readonly<Record<string, (agent: Agent) => Promise<string>>> = {
  'what caused incident with puffins? | nest of puffins': (agent) =>
    agent.use(SEARCH, [
      [ASK, 'puffins cause'],
      [MOST, 300],
    ]),
  'which extension after rotating keys? | 403': async (agent) => {
    const hit = await agent.use(SEARCH, [
      [ASK, '"call extension" rotate keys'],
      [MOST, 400],
    ]);
    return agent.use(READ, [
      [ID, first(hit, /^\[1\] (\S+)/)],
      [ON, Number(first(hit, /start (\d+)/))],
      [MOST, 200],
    ]);
  },
  'who reads the backup guide? | audience: developers': async (agent) =>
    agent.use(BROWSE, [
      [/folder of ids/, 'guides'],
      [ONLY, 'id = guides/backup.md'],
      [/count the values/, true],
    ]),
  'how many incidents in 2023? | reports/2023/ 40 documents': (agent) => agent.use(BROWSE, [[MOST, 200]]),
  'what are reports about? | Incidents of the beacon': (agent) => agent.use(BROWSE, [[MOST, 200]]),
  'longest incident of high severity? | 31.md': async (agent) =>
    agent.use(SEARCH, [
      [ASK, 'incident failed'],
      [ONLY, 'severity = high'],
      [/Order by fields/, 'minutes desc'],
      [/At most this many passages\. Default/, 1],
    ]),
  'how does the upgrade guide go on after the first lines? | Step 4 of upgrade': async (agent) => {
    const start = await agent.use(READ, [
      [ID, 'guides/upgrade.md'],
      [MOST, 150],
    ]);
    return agent.use(READ, [
      [ID, 'guides/upgrade.md'],
      [ON, Number(first(start, /from = (\d+)/))],
      [MOST, 150],
    ]);
  },
  'compare two incidents | Incident 5': (agent) =>
    agent.use(READ_MANY, [
      [/name them/, ['reports/2023/05.md', 'reports/2023/06.md']],
      [MOST, 300],
    ]),
  'is anything said of quantum chromodynamics? | Nothing relevant was found': (agent) =>
    agent.use(SEARCH, [[ASK, 'quantum chromodynamics']]),
  'what is there at all? | notes: 46 documents': (agent) => agent.use(WHICH, []),
};

describe('what the tools say of themselves', () => {
  it('is short', async () => {
    const { tools } = await client.listTools();
    expect(countTokens(JSON.stringify(tools) + client.getInstructions())).toBeLessThan(INTRODUCTION);
  });

  it.each(Object.entries(TASKS))('solves a task: %s', async (name, solve) => {
    const { tools } = await client.listTools();
    let spent = 0;
    const text = await solve(agentOf(tools, (tokens) => (spent += tokens)));
    expect(text).toContain(name.split(' | ')[1]!);
    expect(spent).toBeLessThan(BUDGET);
  });

  it('includes how probably each hit is relevant', async () => {
    for (const args of [{}, { relevant: false }, { retriever: 'bm25' }, { pipeline: 'words > group(1)' }]) {
      const result = await client.callTool({ name: 'search', arguments: { query: 'rotate keys', ...args } });
      expect((result.content as { text: string }[])[0]!.text).toMatch(
        /^\[1\] guides\/rotate-keys.md \|.*relevance [01]/,
      );
    }
  });
});
