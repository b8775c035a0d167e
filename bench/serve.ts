// How many searches a second does `sagitta serve` answer over HTTP, with the load generator on the same cores, beside
// the same searches in process? And how long does `sagitta mcp` take from its start to its first answer?
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { median, quantile, report } from './harness.ts';
import { builtCli, load, type StartedServer, startServer } from './lib-serve.ts';
import { readWordNet } from './lib-wordnet.ts';

const PASSAGES = 100_000;
const HYBRID_PASSAGES = 5000;
const CONNECTIONS = 16;
const ROUNDS = 5;
const QUERIES = 2000;
const HYBRID_QUERIES = 320;
const MCP_ROUNDS = 7;
const SEED = 6;

builtCli();
const folder = mkdtempSync(join(tmpdir(), 'sagitta-serve-'));
const started: StartedServer[] = [];
try {
  const entries = readWordNet();
  const random = new Random(SEED);
  const words = entries.map(({ text }) => [...new Set(text.toLowerCase().match(/[a-z]{4,}/g) ?? [])]);
  const query = (): string => {
    for (;;) {
      const own = words[random.below(PASSAGES)]!;
      if (own.length >= 4)
        return random
          .shuffle([...own])
          .slice(0, 4)
          .join(' ');
    }
  };
  const lexical = join(folder, 'lexical');
  const hybrid = join(folder, 'hybrid');
  for (const [directory, encoder, count] of [
    [lexical, 'none', PASSAGES],
    [hybrid, 'use-lite', HYBRID_PASSAGES],
  ] as const) {
    await using collection = await openCollection(directory, { create: true, encoder });
    await collection.add(entries.slice(0, count).map(({ text }, i) => ({ id: String(i), text, language: 'en' })));
    await collection.compact({ full: true });
  }

  const queries = Array.from({ length: QUERIES }, query);
  const bodies = (collection: string, texts: readonly string[]): string[] =>
    texts.map((text) => JSON.stringify({ collection, query: text, k: 10, language: 'en' }));
  const server = await startServer(['--in', `lexical=${lexical}`, '--in', `hybrid=${hybrid}`]);
  started.push(server);
  await using direct = await openCollection(lexical);

  // Interleaved: what slows the machine down slows both.
  const http: { each: number[]; rate: number }[] = [];
  const inProcess: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const start = performance.now();
    for (const text of queries) await direct.search(text, { k: 10, language: 'en' });
    const rate = QUERIES / ((performance.now() - start) / 1000);
    const { each, total } = await load(server.port, CONNECTIONS, bodies('lexical', queries));
    if (round < 0) continue;
    inProcess.push(rate);
    http.push({ each, rate: QUERIES / (total / 1000) });
  }

  // Hybrid: every query is new, so that each is encoded.
  const hybridRounds: { each: number[]; rate: number }[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const { each, total } = await load(
      server.port,
      CONNECTIONS,
      bodies('hybrid', Array.from({ length: HYBRID_QUERIES }, query)),
    );
    if (round >= 0) hybridRounds.push({ each, rate: HYBRID_QUERIES / (total / 1000) });
  }
  const alone: { each: number[]; rate: number }[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const { each, total } = await load(
      server.port,
      1,
      bodies('hybrid', Array.from({ length: HYBRID_QUERIES / 4 }, query)),
    );
    if (round >= 0) alone.push({ each, rate: HYBRID_QUERIES / 4 / (total / 1000) });
  }
  await server.stop();
  started.pop();

  const mcp: number[] = [];
  for (let round = 0; round < MCP_ROUNDS; round++) mcp.push(await firstMcpAnswer(lexical));

  const row = (what: string, connections: number, rounds: readonly { each: number[]; rate: number }[]) => {
    const all = rounds.flatMap(({ each }) => each);
    return {
      what,
      connections,
      'searches/s': median(rounds.map(({ rate }) => rate)),
      'p50 ms': quantile(all, 0.5),
      'p95 ms': quantile(all, 0.95),
      'p99 ms': quantile(all, 0.99),
    };
  };
  report({
    name: 'serve',
    threads: 2,
    columns: ['what', 'connections', 'searches/s', 'p50 ms', 'p95 ms', 'p99 ms'],
    rows: [
      { what: `BM25 in process, ${PASSAGES} passages`, 'searches/s': median(inProcess) },
      row(`BM25 over HTTP, ${PASSAGES} passages`, CONNECTIONS, http),
      row(`hybrid over HTTP, use-lite, ${HYBRID_PASSAGES} passages`, CONNECTIONS, hybridRounds),
      row('the same, one at a time', 1, alone),
      {
        what: `mcp: start to first answer, ${PASSAGES} passages`,
        'p50 ms': median(mcp),
        'p95 ms': quantile(mcp, 0.95),
      },
    ],
    ratios: {
      'BM25 searches/s: HTTP / in process': median(http.map(({ rate }, i) => rate / inProcess[i]!)),
      'hybrid searches/s: 16 connections / 1': median(hybridRounds.map(({ rate }, i) => rate / alone[i]!.rate)),
    },
    notes: [
      `Queries of 4 words of one WordNet entry, top 10 with texts and highlights (seed ${SEED}); medians of ${ROUNDS} rounds of ${QUERIES}`,
      `(hybrid: ${HYBRID_QUERIES}) searches. Server and load generator are two processes on the same cores; in process and over HTTP`,
      'alternate. mcp: a new process, from its start to the answer of a search, BM25.',
    ],
  });
} finally {
  for (const server of started) server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Milliseconds from the start of `sagitta mcp` to the answer of its first search. */
async function firstMcpAnswer(directory: string): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [builtCli(), 'mcp', '--in', `notes=${directory}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const initialize = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  send({ id: 1, method: 'initialize', params: initialize });
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/call', params: { name: 'search', arguments: { query: 'domestic animal that barks' } } });
  let out = '';
  const took = await new Promise<number>((done) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('"id":2')) done(performance.now() - start);
    });
  });
  if (!out.includes('"hits":[{')) throw new Error(`no hits: ${out}`);
  child.stdin.end();
  await new Promise((ended) => child.once('exit', ended));
  return took;
}
