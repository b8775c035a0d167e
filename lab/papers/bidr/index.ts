import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vectors } from '../../../src/base/vectors.ts';
import type { Codec } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { buildIndex, type VectorReader } from '../../../src/index/index.ts';
import { distillCodec, exactTop, greatest, type LearnedMaps, learnMaps } from '../../../src/train/index.ts';
import { type Config, type Contestant, type Fitted, type Lab, material, type Paper } from '../../grading/index.ts';
import { classical, coded } from '../../protocols/codes.ts';
import { recallOf, reciprocalRank, type SmallCodeData, smallCodeData } from '../../protocols/small-codes.ts';

const QUANTIZER = 'pq8x8';
const SEEDS = [1, 2, 3];
/** Of the 1,000 that the paper verifies, as many as are the same share of this smaller collection. */
const CANDIDATES = 200;
/** As deep as documents lead to further queries. */
const DEPTH = 400;

type Truth = ReadonlySet<number>;

function contrastive(data: SmallCodeData, lab: Lab, config: Config, seed: number): Promise<Codec> {
  return lab.once(JSON.stringify(['bidr codes', config, seed]), async () =>
    distillCodec(data.documents, data.sentences, {
      runtime: await nativeRuntime(),
      quantizer: QUANTIZER,
      labels: Array.from(data.owners, (row) => [row]),
      temperature: 0.05,
      learningRate: Number(config['learningRate']),
      candidates: 12,
      steps: lab.pick(10, 150),
      seed,
      signal: lab.signal,
    }),
  );
}

/** Codes and the candidates that they return, the same for both ways to learn to verify. */
async function candidatesOf(data: SmallCodeData, lab: Lab, seed: number) {
  return lab.once(`bidr candidates ${seed}`, async () => {
    const codec = await contrastive(data, lab, CONFIGS[0]!, seed);
    const codes = codec.encode(data.documents);
    const scores = new Float32Array(data.documents.count);
    const rank = (query: Float32Array, depth: number): Uint32Array => {
      codec.scorer(query).score(codes, scores.length, scores);
      return greatest(scores, depth);
    };
    const depth = Math.min(DEPTH, data.documents.count);
    return {
      codec,
      ranked: Array.from({ length: data.sentences.count }, (_, i) => rank(data.sentences.row(i), depth)),
      test: Array.from({ length: data.queries.count }, (_, i) => rank(data.queries.row(i), CANDIDATES)),
    };
  });
}

function verifier(data: SmallCodeData, lab: Lab, batches: 'random' | 'walk', config: Config, seed: number) {
  return lab.once(JSON.stringify(['bidr maps', batches, config, seed]), async (): Promise<LearnedMaps> => {
    const { ranked } = await candidatesOf(data, lab, seed);
    const positives = Array.from(data.owners, (row) => [row]);
    return learnMaps(data.documents, data.sentences, positives, ranked, {
      runtime: await nativeRuntime(),
      batches,
      learningRate: Number(config['learningRate']),
      steps: lab.pick(10, 200),
      seed,
      signal: lab.signal,
    });
  });
}

function verified(
  name: string,
  data: SmallCodeData,
  lab: Lab,
  batches: 'random' | 'walk' | undefined,
): Contestant<Truth, Uint32Array> {
  return {
    name,
    configs: batches === undefined ? [{}] : CONFIGS,
    fit: async (config, { seed }): Promise<Fitted<Uint32Array>> => {
      const { test } = await candidatesOf(data, lab, seed);
      const maps = batches && (await verifier(data, lab, batches, config, seed));
      const documents = maps?.documents(data.documents) ?? data.documents;
      const queries = maps?.queries(data.queries) ?? data.queries;
      return {
        answer: (unit) => {
          const row = data.rows.get(unit)!;
          const candidates = test[row]!;
          const best = exactTop(documents.pick(candidates), queries.slice(row, row + 1), 10)[0]!;
          return best.map((i) => candidates[i]!);
        },
      };
    },
  };
}

const CONFIGS = [{ learningRate: 3e-3 }, { learningRate: 1e-3 }];

/** Vectors in a file, read as they are asked for. */
class FileReader implements VectorReader {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sagitta-bidr-'));
  readonly #file: number;
  reads = 0;

  constructor(vectors: Vectors) {
    const path = join(this.#folder, 'vectors.f32');
    writeFileSync(path, new Uint8Array(vectors.data.buffer, vectors.data.byteOffset, vectors.data.byteLength));
    this.#file = openSync(path, 'r');
    this.dim = vectors.dim;
  }
  readonly dim: number;

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

/** All queries' answers at once, so that the file lives no longer than it must. */
function served(data: SmallCodeData, lab: Lab, everything: boolean): Contestant<Truth, Uint32Array> {
  return {
    name: everything ? 'all vectors' : `codes in memory, ${CANDIDATES} vectors read from the file`,
    configs: [{}],
    fit: async (_, { seed }) => {
      const { codec } = await candidatesOf(data, lab, seed);
      const maps = await verifier(data, lab, 'walk', CONFIGS[0]!, seed);
      const [documents, queries] = [maps.documents(data.documents), maps.queries(data.queries)];
      const ids = [...data.rows.values()];
      if (everything) {
        const best = exactTop(documents, queries, 10);
        return {
          answer: (unit) => best[data.rows.get(unit)!]!,
          costs: { 'bytes in memory / vector': 4 * documents.dim },
        };
      }
      const reader = new FileReader(documents);
      try {
        const index = await buildIndex(`dual,${QUANTIZER},refine:full`, data.documents, { codec, vectors: reader });
        const answers = new Map(
          ids.map((row) => [
            row,
            index.search(data.queries.row(row), { k: 10, refine: CANDIDATES / 10, refineQuery: queries.row(row) }).ids,
          ]),
        );
        return {
          answer: (unit) => answers.get(data.rows.get(unit)!)!,
          costs: {
            'bytes in memory / vector': codec.codeSize,
            'vectors read / query': reader.reads / ids.length,
          },
        };
      } finally {
        reader.close();
      }
    },
  };
}

async function judged(lab: Lab): Promise<{ data: SmallCodeData; truth: ReadonlyMap<string, Truth> }> {
  const data = await smallCodeData(lab);
  return { data, truth: data.relevant };
}

export const paper: Paper = {
  slug: 'bidr',
  summary:
    'Small codes in memory find candidates, full vectors on disk verify them, and both are learned: codes by contrast, then vectors that tell apart what the codes return.',
  parts: [
    'train/quantize/distill-codec',
    'train/quantize/learn-maps',
    'train/samplers',
    'index/ivf/reader',
    'index/ivf/refine',
    'codec/dual',
    'codec/pq',
  ],
  departures: [
    'The encoder is frozen; linear maps of 128 principal components are learned, where the paper trains encoders.',
    'Pairs to learn from are titles and sentences with their abstracts.',
    'A query is encoded once, and mapped twice.',
  ],
  reach: { exports: ['train/learnMaps', 'train/distillCodec'], byDefault: false },
  claims: [
    {
      id: 'codes',
      kind: 'comparative',
      statement:
        'At 8 bytes a vector, codes learned by contrast with labels find more of the relevant documents among 100 than codebooks learned for reconstruction.',
      metric: 'recall@100 of judged documents',
      margin: {},
      seeds: SEEDS,
      seconds: { quick: 10, full: 120 },
      load: async (lab) => {
        const { data, truth } = await judged(lab);
        const hundred = { ...data, depth: 100 };
        return material<Truth, Uint32Array>({
          truth,
          sources: data.sources,
          measure: recallOf,
          baseline: deep(
            classical('learned for reconstruction', hundred, [QUANTIZER, `opq,${QUANTIZER}`, `opq,a${QUANTIZER}`]),
          ),
          method: deep(
            coded('learned by contrast', hundred, CONFIGS, (config, seed) => contrastive(data, lab, config, seed)),
          ),
        });
      },
    },
    {
      id: 'local',
      kind: 'comparative',
      statement:
        'Among the candidates that codes return, vectors learned in batches of neighbours rank better than those learned in random batches.',
      metric: 'MRR@10 of judged documents',
      margin: {},
      seeds: SEEDS,
      seconds: { quick: 5, full: 60 },
      load: async (lab) => {
        const { data, truth } = await judged(lab);
        return material<Truth, Uint32Array>({
          truth,
          sources: data.sources,
          measure: reciprocalRank,
          baseline: verified('random batches', data, lab, 'random'),
          method: verified('batches of neighbours', data, lab, 'walk'),
          controls: [verified('the vectors themselves', data, lab, undefined)],
        });
      },
    },
    {
      id: 'two-tier',
      kind: 'comparative',
      statement: `Codes in memory with ${CANDIDATES} vectors read from disk lose no more than 0.01 of what all vectors give.`,
      metric: 'MRR@10 of judged documents',
      margin: { absolute: -0.01 },
      seeds: SEEDS,
      seconds: { quick: 5, full: 30 },
      load: async (lab) => {
        const { data, truth } = await judged(lab);
        return material<Truth, Uint32Array>({
          truth,
          sources: data.sources,
          measure: reciprocalRank,
          baseline: served(data, lab, true),
          method: served(data, lab, false),
        });
      },
    },
  ],
};

/** The truth of a contestant is its measure's affair: it never looks at it. */
function deep(contestant: Contestant<Uint32Array, Uint32Array>): Contestant<Truth, Uint32Array> {
  return contestant as unknown as Contestant<Truth, Uint32Array>;
}
