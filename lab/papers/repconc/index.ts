import type { Codec } from '../../../src/codec/index.ts';
import { usageEntropy } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { type DistillOptions, distilledCodec } from '../../protocols/codecs.ts';
import { type CodeData, codeClaim, distilled, reconstruction, smallCodeData } from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';

/** 8 parts of 256 centroids: 8 bytes a vector. */
const [PARTS, CENTROIDS] = [8, 256];
const QUANTIZER = 'pq8x8';
const CONFIGS = grid({ temperature: [0.05], learningRate: [3e-3, 1e-3, 3e-4] });

/** A batch holds up to 1,024 vectors, four for each centroid of a part. */
const options = (codes: 'live' | 'balanced'): DistillOptions => ({
  quantizer: QUANTIZER,
  queries: 64,
  candidates: 16,
  steps: 150,
  reconstruction: 1e-2,
  codes,
  balance: { iterations: 50 },
});
const nearest = distilled('nearest', options('live'), CONFIGS);
const constrained = distilled('constrained', options('balanced'), CONFIGS);

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

export const claims: readonly Claim[] = [
  codeClaim({
    id: 'ranking',
    statement:
      'At 8 bytes a vector, codes learned under the constraint find more of the exact ten best than codebooks learned for reconstruction.',
    data: smallCodeData,
    baseline: reconstruction(QUANTIZER),
    method: constrained,
  }),
  codeClaim({
    id: 'constraint',
    statement: 'They find more than codes that learned the same way with the nearest centroid instead.',
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
          entropyOf((await distilledCodec(data, lab, { ...options(codes), ...CONFIGS[1]! }, seed)).codec, data);
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
