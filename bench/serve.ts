// How many searches a second does `sagitta serve` answer over HTTP, with the load generator on the same cores, beside
// the same searches in process? And how long do they take while many slow clients are connected?
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
const SLOW_CLIENTS = 1500;
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
    // As an answer has it, with everything that is made when it is read.
    for (const text of queries) JSON.stringify(await direct.search(text, { k: 10, language: 'en' }));
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
  // The same load with and without slow clients beside it, alternating.
  const beside: { each: number[]; rate: number }[] = [];
  const without: { each: number[]; rate: number }[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    for (const slow of [false, true]) {
      const clients = slow ? await slowClients(server.port) : undefined;
      const { each, total } = await load(server.port, CONNECTIONS, bodies('lexical', queries));
      await clients?.stop();
      if (round >= 0) (slow ? beside : without).push({ each, rate: QUERIES / (total / 1000) });
    }
  }
  await server.stop();
  started.pop();

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
      row(`the same, ${SLOW_CLIENTS} slow clients beside`, CONNECTIONS, beside),
      row(`hybrid over HTTP, use-lite, ${HYBRID_PASSAGES} passages`, CONNECTIONS, hybridRounds),
      row('hybrid, one at a time', 1, alone),
    ],
    ratios: {
      'BM25 searches/s: HTTP / in process': median(http.map(({ rate }, i) => rate / inProcess[i]!)),
      'p99 of BM25: with slow clients / without': median(
        beside.map(({ each }, i) => quantile(each, 0.99) / quantile(without[i]!.each, 0.99)),
      ),
      'hybrid searches/s: 16 connections / 1': median(hybridRounds.map(({ rate }, i) => rate / alone[i]!.rate)),
    },
    notes: [
      `Queries of 4 words of one WordNet entry, top 10 with texts and highlights (seed ${SEED}); medians of ${ROUNDS} rounds of ${QUERIES}`,
      `(hybrid: ${HYBRID_QUERIES}) searches. Server and load generator are two processes on the same cores; in process and over HTTP`,
      'alternate. Slow clients: a third sends the head of a request byte by byte, a third its body, a third never reads; in a process of their own.',
    ],
  });
} finally {
  for (const server of started) server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Starts many slow clients; they are connected on return. */
async function slowClients(port: number): Promise<{ stop(): Promise<void> }> {
  const file = fileURLToPath(new URL('./lib-slow-clients.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, String(port), String(SLOW_CLIENTS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
