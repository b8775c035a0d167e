import type { Codec } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/index.ts';
import { exactTop, learnMaps, usageEntropy } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { type DistillOptions, distilledCodec, trainedCodec } from '../../protocols/codecs.ts';
import {
  byVectors,
  type CodeData,
  codeClaim,
  coded,
  distilled,
  reconstruction,
  type SmallCodeData,
  smallCodeData,
} from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';

/** 8 parts of 256 centroids: 8 bytes a vector. */
const [PARTS, CENTROIDS] = [8, 256];
const QUANTIZER = 'pq8x8';
const TEMPERATURE = 0.05;
const STEPS = 150;
const CONFIGS = grid({ learningRate: [3e-3, 1e-3, 3e-4] });

/** Towers and codes that learn together: of each sentence its own abstract is right. A batch holds up to 1,024 vectors, four for each centroid of a part. */
const together =
  (codes: 'live' | 'balanced') =>
  ({ owners }: SmallCodeData): DistillOptions => ({
    quantizer: QUANTIZER,
    labels: Array.from(owners, (row) => [row]),
    temperature: TEMPERATURE,
    queries: 64,
    candidates: 16,
    steps: STEPS,
    reconstruction: 1e-2,
    codes,
    balance: { iterations: 50 },
  });
const nearest = distilled('nearest', together('live'), CONFIGS);
const constrained = distilled('constrained', together('balanced'), CONFIGS);

/** Towers that learn by the same labels, as many steps, without codes. */
function towers(data: SmallCodeData, lab: Lab, { learningRate }: (typeof CONFIGS)[number], seed: number) {
  return lab.once(JSON.stringify(['towers alone', learningRate, seed]), async () => {
    const { documents, sentences, queries, owners } = data;
    const ranked = await lab.once('exact ranking of sentences', async () => exactTop(documents, sentences, 200));
    const positives = Array.from(owners, (row) => [row]);
    const maps = await learnMaps(documents, sentences, positives, ranked, {
      runtime: await nativeRuntime(),
      batches: 'random',
      temperature: TEMPERATURE,
      learningRate,
      steps: lab.pick(4, STEPS),
      seed,
      signal: lab.signal,
    });
    return { documents: maps.documents(documents), queries: maps.queries(queries) };
  });
}
const afterwards = coded<SmallCodeData, (typeof CONFIGS)[number]>(
  'towers first, then codes',
  CONFIGS,
  async (data, lab, config, seed) => {
    const { documents, queries } = await towers(data, lab, config, seed);
    const { codec } = await trainedCodec(`opq,${QUANTIZER}`, documents, lab, seed);
    return { codec, codes: codec.encode(documents), queries };
  },
);

/** Bits of 8 that codes of documents carry, a mean over parts. */
function entropyOf(codec: Codec, { documents }: CodeData): number {
  const codes = codec.encode(documents);
  const parts = Array.from({ length: PARTS }, (_, part) =>
    usageEntropy(
      Uint8Array.from({ length: documents.count }, (_, v) => codes[v * codec.codeSize + part]!),
      CENTROIDS,
    ),
  );
  return parts.reduce((sum, bits) => sum + bits, 0) / PARTS;
}

const METRIC = 'MRR@10 of judged documents';

export const claims: readonly Claim[] = [
  codeClaim({
    id: 'ranking',
    statement:
      'At 8 bytes a vector, towers and codes that learned together under the constraint rank better than towers that learned first and were coded afterwards.',
    metric: METRIC,
    data: smallCodeData,
    baseline: afterwards,
    method: constrained,
    controls: [reconstruction(QUANTIZER), byVectors('the vectors themselves')],
  }),
  codeClaim({
    id: 'constraint',
    statement: 'They rank better than those that learned the same way with the nearest centroid instead.',
    metric: METRIC,
    data: smallCodeData,
    baseline: nearest,
    method: constrained,
  }),
  exactClaim('data', {
    id: 'usage',
    statement: 'The constraint raises the entropy of how centroids are used, of 8 bits, by at least 0.01.',
    check: async (lab) => {
      const data = await smallCodeData(lab);
      const gains: number[] = [];
      const notes: string[] = [];
      for (const seed of lab.pick([1], [1, 2, 3])) {
        lab.checkTime();
        const bits = async (codes: 'live' | 'balanced') =>
          entropyOf((await distilledCodec(data, lab, { ...together(codes)(data), ...CONFIGS[1]! }, seed)).codec, data);
        const [plain, even] = [await bits('live'), await bits('balanced')];
        gains.push(even - plain);
        notes.push(`Seed ${seed}: ${plain.toFixed(3)} bits with the nearest, ${even.toFixed(3)} constrained.`);
      }
      return {
        metric: 'bits of entropy gained',
        value: gains.reduce((sum, gain) => sum + gain, 0) / gains.length,
        atLeast: 0.01,
        units: data.documents.count,
        seeds: gains.length,
        notes,
        sources: data.sources,
      };
    },
  }),
];
