import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vectors } from '../../src/base/vectors.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { buildIndex, type VectorReader } from '../../src/index/index.ts';
import { exactTop, greatest, type LearnedMaps, learnMaps } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { Config } from '../grading/types.ts';
import { type DistillOptions, distilledCodec } from './codecs.ts';
import { type CodeSide, ranked, type SmallCodeData } from './codes.ts';

/** Of the 1,000 that the paper verifies, as many as are the same share of this smaller collection. */
export const CANDIDATES = 200;
/** As deep as documents lead to further queries. */
const DEPTH = 400;

/** Codes in memory that return candidates, and maps of full vectors that verify them. */
export interface TwoTiers {
  readonly codes: (data: SmallCodeData) => DistillOptions;
  readonly configs: readonly { readonly learningRate: number }[];
  readonly steps: number;
}

/** The codes, and what they return for sentences and for queries: the same for all ways to learn to verify. */
function candidatesOf(data: SmallCodeData, lab: Lab, { codes: options }: TwoTiers, seed: number) {
  return lab.once(`candidates ${seed}`, async () => {
    const { codec } = await distilledCodec(data, lab, options(data), seed);
    const codes = codec.encode(data.documents);
    const scores = new Float32Array(data.documents.count);
    const rank = (query: Float32Array, depth: number): Uint32Array => {
      codec.scorer(query).score(codes, scores.length, scores);
      return greatest(scores, Math.min(depth, scores.length));
    };
    return {
      codec,
      ranked: Array.from({ length: data.sentences.count }, (_, i) => rank(data.sentences.row(i), DEPTH)),
      test: Array.from({ length: data.queries.count }, (_, i) => rank(data.queries.row(i), CANDIDATES)),
    };
  });
}

type Batches = 'random' | 'walk';

function mapsOf(data: SmallCodeData, lab: Lab, tiers: TwoTiers, batches: Batches, config: Config, seed: number) {
  return lab.once(JSON.stringify(['verifying maps', batches, config, seed]), async (): Promise<LearnedMaps> => {
    const { ranked: lists } = await candidatesOf(data, lab, tiers, seed);
    const positives = Array.from(data.owners, (row) => [row]);
    return learnMaps(data.documents, data.sentences, positives, lists, {
      runtime: await nativeRuntime(),
      batches,
      learningRate: Number(config['learningRate']),
      steps: lab.pick(4, tiers.steps),
      seed,
      signal: lab.signal,
    });
  });
}

/** Candidates by codes, ranked by vectors: by maps that learned in batches of a kind, or by the vectors as they are. */
export function verified(name: string, tiers: TwoTiers, batches?: Batches): CodeSide<SmallCodeData> {
  return (data, lab) => ({
    name,
    configs: batches === undefined ? [{}] : tiers.configs,
    fit: async (config, { seed }) => {
      const { test } = await candidatesOf(data, lab, tiers, seed);
      const maps = batches === undefined ? undefined : await mapsOf(data, lab, tiers, batches, config, seed);
      const documents = maps?.documents(data.documents) ?? data.documents;
      const queries = maps?.queries(data.queries) ?? data.queries;
      return {
        answer: (unit) => {
          const row = data.rows.get(unit)!;
          const best = exactTop(documents.pick(test[row]!), queries.slice(row, row + 1), 10)[0]!;
          return best.map((i) => test[row]![i]!);
        },
      };
    },
  });
}

/** What is served: codes in memory, and vectors of the first candidates read from a file; or all vectors in memory. */
export function served(name: string, tiers: TwoTiers, from: 'memory' | 'file'): CodeSide<SmallCodeData> {
  return (data, lab) => ({
    name,
    configs: [{}],
    untunable: true,
    fit: async (_, { seed }) => {
      const { codec } = await candidatesOf(data, lab, tiers, seed);
      const maps = await mapsOf(data, lab, tiers, 'walk', tiers.configs[0]!, seed);
      const [documents, queries] = [maps.documents(data.documents), maps.queries(data.queries)];
      if (from === 'memory') return ranked(data, { documents, queries });
      const reader = new FileReader(documents);
      try {
        const spec = `${codec.spec},refine:full`;
        const index = await buildIndex(spec, data.documents, { codec, vectors: reader });
        // All queries at once, so that the file lives no longer than it must.
        const answers = [...data.rows].map(([unit, row]) => {
          const options = { k: 10, refine: CANDIDATES / 10, refineQuery: queries.row(row) };
          return [unit, index.search(data.queries.row(row), options).ids] as const;
        });
        const byUnit = new Map(answers);
        return {
          answer: (unit) => Uint32Array.from(byUnit.get(unit)!),
          costs: { 'bytes / vector': codec.codeSize, 'vectors read / query': reader.reads / data.rows.size },
        };
      } finally {
        reader.close();
      }
    },
  });
}

/** Vectors in a file, read as they are asked for. */
class FileReader implements VectorReader {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sagitta-two-tier-'));
  readonly #file: number;
  readonly dim: number;
  reads = 0;

  constructor({ data, dim }: Vectors) {
    const path = join(this.#folder, 'vectors.f32');
    writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.#file = openSync(path, 'r');
    this.dim = dim;
  }

  read(ids: Uint32Array, target: Float32Array<ArrayBuffer>): void {
    const bytes = 4 * this.dim;
    ids.forEach((id, i) => {
      readSync(this.#file, new Uint8Array(target.buffer, target.byteOffset + i * bytes, bytes), 0, bytes, id * bytes);
    });
    this.reads += ids.length;
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
