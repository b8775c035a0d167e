/**
 * Exhaustive dense search over 100,000 vectors of 512 dimensions: the flat index (int8 scan, then refinement with
 * float32 vectors read from a segment file) against a loop over a Float32Array, as one would write it without an engine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitSet } from '../src/base/bits.ts';
import { Random } from '../src/base/random.ts';
import { FlatIndex, FlatIndexBuilder } from '../src/index/index.ts';
import { Arena, selectTop } from '../src/kernels/index.ts';
import { ContainerReader, ContainerWriter } from '../src/store/local/container.ts';
import { nodeFileSystem, nodeFiles } from '../src/store/local/node-files.ts';
import { interleave, median, pairedRatio, peakMemory, quantile, report } from './harness.ts';

const COUNT = 100_000;
const DIM = 512;
const K = 10;
const ROUNDS = 100;
const SEED = 1;

function unit(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Unit vectors around 1,000 centres, as embeddings of texts lie; queries are drawn the same way. */
function* embeddings(random: Random): Generator<Float32Array> {
  const centres = Array.from({ length: 1000 }, () => Float32Array.from({ length: DIM }, () => random.normal()));
  for (;;) yield unit(centres[random.below(centres.length)]!.map((value) => value + random.normal()));
}

function randomHalf(random: Random): BitSet {
  const set = new BitSet(COUNT);
  for (let id = 0; id < COUNT; id++) if (random.next() < 0.5) set.add(id);
  return set;
}

function plainLoop(vectors: Float32Array, query: Float32Array): number[] {
  const best: { id: number; score: number }[] = [];
  for (let id = 0; id < COUNT; id++) {
    let score = 0;
    const start = id * DIM;
    for (let i = 0; i < DIM; i++) score += vectors[start + i]! * query[i]!;
    if (best.length === K && score <= best[K - 1]!.score) continue;
    let at = best.length;
    while (at > 0 && best[at - 1]!.score < score) at--;
    best.splice(at, 0, { id, score });
    best.length = Math.min(K, best.length);
  }
  return best.map(({ id }) => id);
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-bench-'));
const path = join(folder, 'segment');
try {
  const stream = embeddings(new Random(SEED));
  const vectors = new Float32Array(COUNT * DIM);
  const builder = new FlatIndexBuilder(DIM);
  let buildMs = 0;
  for (let id = 0; id < COUNT; id++) {
    const vector = stream.next().value!;
    vectors.set(vector, id * DIM);
    const start = performance.now();
    builder.add(vector);
    buildMs += performance.now() - start;
  }
  let start = performance.now();
  const writer = new ContainerWriter(path, nodeFileSystem);
  builder.writeTo(writer);
  await writer.finish();
  buildMs += performance.now() - start;

  const queries = Array.from({ length: ROUNDS + 3 }, () => stream.next().value!);
  start = performance.now();
  const file = new ContainerReader(path, nodeFiles);
  const index = FlatIndex.open(file);
  index.search(queries[0]!, { k: K });
  const firstMs = performance.now() - start;

  const arena = new Arena();
  const floats = arena.put(vectors);
  const scores = arena.allocate(4 * COUNT);

  const found = new Map<string, (readonly number[])[]>();
  const contestant = (name: string, search: (query: Float32Array) => Iterable<number>) => {
    const answers: (readonly number[])[] = [];
    found.set(name, answers);
    return {
      name,
      run: () => {
        answers.push([...search(queries[answers.length]!)]);
      },
    };
  };
  const half = randomHalf(new Random(SEED + 1));
  const names = {
    sagitta: 'sagitta flat',
    scan: 'sagitta flat, refine 1',
    filtered: 'sagitta flat, half allowed',
    floats: 'sagitta dotRows, float32',
    loop: 'Float32Array loop',
  };
  const times = await interleave(
    [
      contestant(names.sagitta, (query) => index.search(query, { k: K }).ids),
      contestant(names.scan, (query) => index.search(query, { k: K, refine: 1 }).ids),
      contestant(names.filtered, (query) => index.search(query, { k: K, allowed: half }).ids),
      contestant(names.floats, (query) => {
        const mark = arena.mark();
        arena.kernels.dotRows(arena.put(query), floats, COUNT, DIM, scores);
        arena.release(mark);
        return selectTop(arena, arena.f32(scores, COUNT).slice(), K).ids;
      }),
      contestant(names.loop, (query) => plainLoop(vectors, query)),
    ],
    { rounds: ROUNDS, warmup: 3 },
  );

  const truth = found.get(names.loop)!;
  const recall = (name: string): number => {
    const hits = found.get(name)!.map((ids, q) => truth[q]!.filter((id) => ids.includes(id)).length / K);
    return hits.reduce((sum, value) => sum + value, 0) / hits.length;
  };
  report({
    name: 'dense',
    threads: 1,
    columns: ['search', 'median ms', 'p95 ms', 'recall@10', 'resident MB'],
    rows: [...times].map(([name, ms]) => ({
      search: name,
      'median ms': median(ms),
      'p95 ms': quantile(ms, 0.95),
      ...(name === names.filtered ? {} : { 'recall@10': recall(name) }),
      'resident MB': name === names.loop || name === names.floats ? (COUNT * DIM * 4) / 1e6 : (COUNT * (DIM + 4)) / 1e6,
    })),
    ratios: {
      'queries/s: sagitta flat / Float32Array loop': pairedRatio(times.get(names.loop)!, times.get(names.sagitta)!),
      'queries/s: sagitta flat / sagitta dotRows': pairedRatio(times.get(names.floats)!, times.get(names.sagitta)!),
    },
    notes: [
      `${COUNT} unit vectors of ${DIM} around 1,000 centres (seed ${SEED}), top ${K}, ${ROUNDS} rounds, kernels: ${arena.build}.`,
      'Refinement (4 k candidates) reads float32 vectors from a segment file and verifies checksums; the file is in the page cache.',
      `Build ${(buildMs / 1000).toFixed(2)} s; open and first query ${firstMs.toFixed(0)} ms; peak memory of this process, with the loop's own copies, ${peakMemory().toFixed(0)} MB.`,
    ],
  });
  file.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
