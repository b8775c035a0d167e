// What does a second thread that searches bring? Hybrid searches of 100,000 WordNet entries by the encoder `static`: over HTTP by servers
// of one thread and of two, and in process by `searchAll`; and what each thread takes of memory.
// `npm run build && npm run bench -- serve-threads [--passages N]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { median, quantile, report } from './harness.ts';
import { builtCli, load, type StartedServer, startServer } from './lib-serve.ts';
import { drawQuery, readWordNet } from './lib-wordnet.ts';

const at = process.argv.indexOf('--passages');
const PASSAGES = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const ENCODER = 'static';
const CONNECTIONS = 4;
const ROUNDS = 9;
/** Rounds before those that are measured: code is compiled anew for some thousand searches. */
const WARM_UP = 5;
/** Searches of a round. */
const QUERIES = 400;
const SEED = 20_261_201;
const THREADS = [1, 2] as const;

builtCli();
// What is measured is what is installed.
const { openCollection } = (await import('../dist/index.js' as string)) as typeof import('../src/index.ts');
const folder = mkdtempSync(join(tmpdir(), 'sagitta-serve-threads-'));
const started: StartedServer[] = [];
try {
  const directory = join(folder, 'words');
  const entries = readWordNet().slice(0, PASSAGES);
  {
    await using collection = await openCollection(directory, { create: true, encoder: ENCODER });
    await collection.add(entries.map((entry) => ({ ...entry, language: 'en' })));
    await collection.compact({ full: true });
  }
  const random = new Random(SEED);
  const queries = () => Array.from({ length: QUERIES }, () => drawQuery(entries, random));
  const perSecond = (ms: number) => QUERIES / (ms / 1000);

  const servers = new Map<number, StartedServer>();
  for (const threads of THREADS) {
    const server = await startServer(['--in', `words=${directory}`, '--threads', String(threads), '--no-page']);
    started.push(server);
    servers.set(threads, server);
  }
  const http = new Map(
    THREADS.map((threads) => [threads, { rates: [] as number[], each: [] as number[], cpu: [] as number[] }]),
  );
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const threads of turns(round)) {
      const requests = queries().map((query) => JSON.stringify({ query, k: 10, language: 'en' }));
      const server = servers.get(threads)!;
      const before = cpuOf(server);
      const { each, total } = await load(server.port, CONNECTIONS, requests);
      if (round < 0) continue;
      http.get(threads)!.cpu.push((cpuOf(server) - before) / QUERIES);
      http.get(threads)!.rates.push(perSecond(total));
      http.get(threads)!.each.push(...each);
    }
  }
  const memory = new Map(THREADS.map((threads) => [threads, residentMB(servers.get(threads)!)]));
  for (const server of started.splice(0)) await server.stop();

  const batches = new Map(THREADS.map((threads) => [threads, { rates: [] as number[], cpu: [] as number[] }]));
  {
    await using one = await openCollection(directory);
    await using two = await openCollection(directory, { threads: 2 });
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const threads of turns(round)) {
        const asked = queries();
        const [start, before] = [performance.now(), process.cpuUsage()];
        // With all of each answer, as one that is sent has it.
        const results = await (threads === 1 ? one : two).searchAll(asked, { k: 10, language: 'en' });
        if (JSON.stringify(results).length < QUERIES) throw new Error('nothing was found');
        if (round < 0) continue;
        batches.get(threads)!.rates.push(perSecond(performance.now() - start));
        const { user, system } = process.cpuUsage(before);
        batches.get(threads)!.cpu.push((user + system) / 1000 / QUERIES);
      }
    }
  }

  const ratio = (rates: (threads: 1 | 2) => readonly number[]): number =>
    median(rates(2).map((rate, i) => rate / rates(1)[i]!));
  const named = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);
  report({
    name: 'serve-threads',
    threads: 2,
    columns: ['searches', 'searches/s', 'p50 ms', 'p95 ms', 'CPU ms', 'server MB'],
    rows: [
      ...THREADS.map((threads) => ({
        searches: `HTTP, ${named(threads)}`,
        'searches/s': median(http.get(threads)!.rates),
        'p50 ms': quantile(http.get(threads)!.each, 0.5),
        'p95 ms': quantile(http.get(threads)!.each, 0.95),
        'CPU ms': median(http.get(threads)!.cpu),
        'server MB': Math.round(memory.get(threads)!),
      })),
      ...THREADS.map((threads) => ({
        searches: `searchAll, ${named(threads)}`,
        'searches/s': median(batches.get(threads)!.rates),
        'CPU ms': median(batches.get(threads)!.cpu),
      })),
    ],
    ratios: {
      'HTTP: two threads / one': ratio((threads) => http.get(threads)!.rates),
      'searchAll: two threads / one': ratio((threads) => batches.get(threads)!.rates),
    },
    notes: [
      `${entries.length} WordNet entries, encoder ${ENCODER}, one segment; hybrid searches of up to five words of an entry, top 10 with`,
      `texts and highlights, each asked once (seed ${SEED}). ${CONNECTIONS} keep-alive connections; server and load generator share the two cores.`,
      `Medians of ${ROUNDS} rounds of ${QUERIES} searches, in which one thread and two take turns, after ${WARM_UP} others. CPU: of the server, or the process,`,
      `for a search, the load generator not counted. MB: resident, when all was measured;`,
      `the second thread has ${Math.round(memory.get(2)! - memory.get(1)!)} MB of its own.`,
    ],
  });
} finally {
  for (const server of started) server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Who comes first changes from round to round. */
function turns(round: number): readonly (1 | 2)[] {
  return round % 2 === 0 ? THREADS : [...THREADS].reverse();
}

/** Milliseconds of processor time of all its threads so far. */
function cpuOf({ child }: StartedServer): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  // User and system time, in ticks of which Linux shows a hundred a second.
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function residentMB({ child }: StartedServer): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}
