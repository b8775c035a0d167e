// Does the server stay well under mixed load: searches, additions, deletions and compactions, with one faulty request in
// a hundred? Minutes as argument, 2 by default: npm run bench -- serve-soak 30
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { openCollection, verifyCollection } from '../src/collection/index.ts';
import { quantile, report } from './harness.ts';
import { Connection, type StartedServer, startServer } from './lib-serve.ts';
import { readWordNet } from './lib-wordnet.ts';

const MINUTES = Number(process.argv[2] ?? 2);
if (!(MINUTES > 0 && MINUTES <= 120)) {
  console.error('Minutes must be a number from 0 to 120.');
  process.exit(2);
}
const DOCUMENTS = 20_000;
/** Additions and removals choose from twice as many ids as there are documents: half stay there, so that memory can be judged. */
const IDS = 2 * DOCUMENTS;
const CONNECTIONS = 8;
const SEED = 6;
const SAMPLES = 20;

const FAULTY: readonly (readonly [method: string, path: string, body: string | undefined, status: number])[] = [
  ['POST', '/v1/search', '{"query": ', 400],
  ['POST', '/v1/search', '{"query": 5}', 400],
  ['POST', '/v1/search', '{"query": "x", "filter": "nothing = 1"}', 400],
  ['GET', '/v1/documents/..%2f..%2fetc%2fpasswd', undefined, 404],
  ['PUT', '/v1/documents/x', '{"txt": "x"}', 400],
  ['POST', '/v1/nothing', '{}', 404],
];

const folder = mkdtempSync(join(tmpdir(), 'sagitta-soak-'));
let server: StartedServer | undefined;
try {
  const directory = join(folder, 'collection');
  const entries = readWordNet();
  {
    await using collection = await openCollection(directory, { create: true, encoder: 'hash:128' });
    await collection.add(entries.slice(0, DOCUMENTS).map(({ text }, i) => ({ id: String(i), text, language: 'en' })));
  }
  server = await startServer(['--in', `notes=${directory}`]);
  const { port } = server;
  const random = new Random(SEED);
  const end = performance.now() + MINUTES * 60_000;
  const counts = { search: 0, add: 0, remove: 0, compact: 0, faulty: 0, refused: 0 };
  const wrong: string[] = [];
  const latencies: number[] = [];

  const turn = async (connection: Connection): Promise<void> => {
    const dice = random.next();
    const expect = (what: keyof typeof counts, status: number, allowed: readonly number[]): void => {
      if (status === 429 || status === 503 || status === 409) counts.refused++;
      else if (!allowed.includes(status)) wrong.push(`${what}: ${status}`);
      else counts[what]++;
    };
    if (dice < 0.01) {
      const [method, path, body, status] = FAULTY[random.below(FAULTY.length)]!;
      expect('faulty', (await connection.ask(method, path, body)).status, [status]);
    } else if (dice < 0.035) {
      const { id, text } = entries[random.below(entries.length)]!;
      const body = JSON.stringify({ text, language: 'en', metadata: { part: id.split('-')[0]! } });
      expect('add', (await connection.ask('PUT', `/v1/documents/${random.below(IDS)}`, body)).status, [200]);
    } else if (dice < 0.06) {
      expect('remove', (await connection.ask('DELETE', `/v1/documents/${random.below(IDS)}`)).status, [200]);
    } else if (dice < 0.0605) {
      expect('compact', (await connection.ask('POST', '/v1/jobs', '{"kind": "compact"}')).status, [202]);
    } else {
      const words = entries[random.below(DOCUMENTS)]!.text.match(/[a-z]{4,}/gi) ?? ['bird'];
      const query = random
        .shuffle([...words])
        .slice(0, 3)
        .join(' ');
      const start = performance.now();
      const { status } = await connection.ask('POST', '/v1/search', JSON.stringify({ query, k: 10, language: 'en' }));
      latencies.push(performance.now() - start);
      expect('search', status, [200]);
    }
  };
  const memory: number[] = [];
  const watch = async (): Promise<void> => {
    while (performance.now() < end) {
      // One for each look: the server closes connections that are idle for as long as lies between two.
      const connection = new Connection(port);
      const text = (await connection.ask('GET', '/metrics')).body.toString();
      connection.close();
      memory.push(Number(/^process_resident_memory_bytes (\d+)/m.exec(text)![1]) / 1e6);
      await new Promise((wait) => setTimeout(wait, (MINUTES * 60_000) / SAMPLES));
    }
  };
  await Promise.all([
    watch(),
    ...Array.from({ length: CONNECTIONS }, async () => {
      const connection = new Connection(port);
      while (performance.now() < end) await turn(connection);
      connection.close();
    }),
  ]);
  const exit = await server.stop();
  const { faults } = server;
  server = undefined;
  const { sound } = await verifyCollection(directory);
  const half = Math.floor(memory.length / 2);
  report({
    name: 'serve-soak',
    threads: 2,
    columns: ['request', 'answered'],
    rows: [
      ...Object.entries(counts).map(([request, answered]) => ({ request, answered })),
      { request: 'wrong answers', answered: wrong.length },
      { request: "faults of the server's own", answered: faults.length },
    ],
    ratios: {
      'resident memory: second half / first half, medians':
        quantile(memory.slice(half), 0.5) / quantile(memory.slice(0, half), 0.5),
    },
    notes: [
      `${MINUTES} minutes over ${CONNECTIONS} connections on ${DOCUMENTS} documents (seed ${SEED}); "refused": 409, 429 or 503, to be tried again.`,
      `Searches: p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, most ${quantile(latencies, 1).toFixed(0)} ms.`,
      `Resident memory in MB over time: ${memory.map((value) => value.toFixed(0)).join(' ')}.`,
      `Exit code ${exit}; the collection is ${sound ? 'sound' : 'DAMAGED'} afterwards.`,
      ...wrong.slice(0, 10),
      ...faults.slice(0, 5),
    ],
  });
  if (wrong.length > 0 || faults.length > 0 || exit !== 0 || !sound) process.exitCode = 1;
} finally {
  server?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
