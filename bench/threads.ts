/**
 * What threads bring: building an index, batches of queries, and one query split, on two threads against the calling thread alone.
 *
 *   npm run bench -- threads [--quick] [--threads N] [--rounds N] [--json]
 *
 * `--quick` takes 50,000 vectors of GloVe and 200,000 codes. All ways to do one thing are timed in turn, round by round; ratios are
 * medians of the ratios of single rounds. On a machine that does other things as well, two threads get less than two cores: then the
 * processor time that all threads took together says more, and the load is printed.
 */
import { loadavg } from 'node:os';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { buildIndex, type VectorIndex, type VectorSearchParams } from '../src/index/index.ts';
import { openThreads, type SharedIndex } from '../src/threads/index.ts';
import { type Contestant, interleave, median, pairedRatio, report } from './harness.ts';
import { type AnnData, glove, recallAt } from './lib-ann.ts';

const K = 10;
const TARGET = 0.95;
/** Queries of a batch, and queries one after the other in a timed block. */
const BATCH = 500;
const BLOCK = 20;

const quick = process.argv.includes('--quick');
const number = (name: string, standard: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? standard : Number(process.argv[at + 1]);
};
const count = number('--threads', 2);
const rounds = number('--rounds', 5);
const rows: Record<string, string | number>[] = [];
const ratios: Record<string, number> = {};

const data: AnnData = glove(quick ? 50_000 : undefined);
const lists = quick ? 256 : 1024;
const spec = `ivf${lists},apq${data.base.dim / 2}x4,refine:full`;
const threads = await openThreads({ threads: count });

const built: VectorIndex[] = [];
await compare(
  `build ${spec}`,
  1,
  [
    {
      name: 'calling thread',
      run: async () => {
        built[0] = await buildIndex(spec, data.base, { metric: 'ip' });
      },
    },
    {
      name: `${count} threads`,
      run: async () => {
        built[1] = await buildIndex(spec, data.base, { metric: 'ip', threads });
      },
    },
  ],
  Math.max(2, Math.ceil(rounds / 2)),
);
const index = built[0]!;
const same = [...index.save()].every(([name, bytes]) => Buffer.compare(bytes, built[1]!.save().get(name)!) === 0);

const params = cheapest(index);
const shared = await threads.shareIndex(index);
const batch = data.queries.slice(0, BATCH);
await compare(`batch of ${BATCH}, recall ${params.recall.toFixed(3)}`, BATCH, [
  { name: 'calling thread', run: () => void index.searchBatch(batch, params) },
  { name: `${count} threads`, run: async () => void (await shared.searchBatch(batch, params)) },
]);
await split(`one query, ${lists} lists`, index, shared, data.queries, params);
await shared.close();

const codes = quick ? 200_000 : 1_000_000;
const random = new Random(3);
const many = new Vectors(
  Float32Array.from({ length: codes * 64 }, () => random.normal()),
  64,
);
const flat = await buildIndex('flat,pq32x4', many, { metric: 'ip', threads });
const sharedFlat = await threads.shareIndex(flat);
await split(`one query, flat, ${codes} codes pq32x4`, flat, sharedFlat, many.slice(0, 1000), { k: K });
await threads.close();

report({
  name: 'threads',
  threads: count,
  columns: ['work', 'way', 'ms', 'per second', 'processor ms'],
  rows,
  ratios,
  notes: [
    `${data.name}: ${data.base.count} vectors of ${data.base.dim}, top ${K}, nprobe ${params.nprobe}, refine ${params.refine}; ${rounds} rounds, medians.`,
    `Both builds gave the same bytes: ${same}.`,
    `Load average over the last minute at the end: ${loadavg()[0]!.toFixed(1)}; 15 minutes: ${loadavg()[2]!.toFixed(1)}.`,
  ],
});

/** One query at a time: on the calling thread, handed to one thread, and split over all. */
async function split(
  work: string,
  own: VectorIndex,
  other: SharedIndex,
  queries: Vectors,
  settings: VectorSearchParams,
): Promise<void> {
  const block = (find: (query: Float32Array) => unknown): (() => Promise<void>) => {
    let next = 0;
    return async () => {
      for (let i = 0; i < BLOCK; i++) {
        const pending = find(queries.row(next++ % queries.count));
        if (pending instanceof Promise) await pending;
      }
    };
  };
  const all = [1, count].map((parts) => ({
    name: parts === 1 ? 'handed to 1 thread' : `split over ${parts}`,
    run: block((query) => other.search(query, { ...settings, parts })),
  }));
  await compare(
    work,
    BLOCK,
    [{ name: 'calling thread', run: block((query) => own.search(query, settings)) }, ...all],
    20,
  );
}

async function compare(work: string, size: number, contestants: Contestant[], times = 4 * rounds): Promise<void> {
  const used = new Map<string, number[]>();
  const measured = await interleave(
    contestants.map(({ name, run }) => ({ name, run: metered(run, used, name) })),
    { rounds: times },
  );
  const first = measured.get(contestants[0]!.name)!;
  for (const { name } of contestants) {
    const ms = measured.get(name)!;
    rows.push({
      work,
      way: name,
      ms: median(ms) / size,
      'per second': (1000 * size) / median(ms),
      'processor ms': median(used.get(name)!) / size,
    });
    if (name !== contestants[0]!.name) ratios[`${work}: ${contestants[0]!.name} / ${name}`] = pairedRatio(first, ms);
  }
}

/** Notes the processor time of every run, that of other threads included. */
function metered(run: Contestant['run'], used: Map<string, number[]>, name: string): () => Promise<void> {
  return async () => {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    used.set(name, [...(used.get(name) ?? []), (user + system) / 1000]);
  };
}

/** The first setting of a list, from cheap to dear, that reaches the recall. */
function cheapest(own: VectorIndex): VectorSearchParams & { readonly recall: number } {
  for (const [share, refine] of [
    [0.03, 6],
    [0.04, 8],
    [0.045, 12],
    [0.055, 10],
    [0.065, 15],
    [0.09, 15],
    [0.12, 20],
  ] as const) {
    const settings = { k: K, nprobe: Math.round(share * own.lists), refine, earlyStop: false };
    const found = Array.from({ length: data.queries.count }, (_, q) => own.search(data.queries.row(q), settings).ids);
    const recall = recallAt(K, data, found);
    if (recall >= TARGET) return { ...settings, recall };
  }
  throw new Error(`No setting reaches recall ${TARGET}.`);
}
