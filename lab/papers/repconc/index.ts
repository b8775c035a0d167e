import type { Codec } from '../../../src/codec/index.ts';
import { usageEntropy } from '../../../src/train/index.ts';
import type { Lab, Paper } from '../../grading/index.ts';
import { classical, codeClaim, distilled, distilledCodec } from '../../protocols/codes.ts';
import { type SmallCodeData, smallCodeData } from '../../protocols/small-codes.ts';

/** 16 parts of 16 centroids: 8 bytes a vector, and batches that hold many more vectors than a part has centroids. */
const [PARTS, CENTROIDS] = [16, 16];
const QUANTIZER = `pq${PARTS}x4`;
const SEEDS = [1, 2, 3];
const CONFIGS = [1e-2, 3e-3, 1e-3].map((learningRate) => ({ temperature: 0.05, learningRate }));

const optionsOf = (lab: Lab, codes: 'live' | 'balanced') => ({
  quantizer: QUANTIZER,
  candidates: 12,
  steps: lab.pick(20, 200),
  reconstruction: 1e-2,
  codes,
  balance: { iterations: 50 },
});
const joint = (name: string, data: SmallCodeData, lab: Lab, codes: 'live' | 'balanced') =>
  distilled(name, lab, data, optionsOf(lab, codes), CONFIGS);

/** Bits of 4 that codes of documents carry, a mean over parts. */
function entropyOf(codec: Codec, data: SmallCodeData): number {
  const codes = codec.encode(data.documents);
  let sum = 0;
  for (let j = 0; j < PARTS; j++) {
    const used = Uint8Array.from(
      { length: data.documents.count },
      (_, v) => (codes[v * codec.codeSize + (j >> 1)]! >> (4 * (j & 1))) & 15,
    );
    sum += usageEntropy(used, CENTROIDS);
  }
  return sum / PARTS;
}

export const paper: Paper = {
  slug: 'repconc',
  summary:
    'Codes learn together with the maps of documents and queries; while they learn, a batch uses its centroids evenly (a transport plan), so that documents stay distinguishable.',
  parts: [
    'train/quantize/distill-codec',
    'train/quantize/balanced',
    'train/quantize/quantized-scores',
    'codec/dual',
    'codec/pq',
  ],
  departures: [
    'The encoder is frozen and followed by learned linear maps; the paper trains the encoder itself.',
    'The target is the ranking of the full vectors instead of labels.',
    '16 centroids a part instead of 256, since a batch holds 384 vectors; 50 rounds of scaling instead of 100; weight of the error 0.01.',
    'No second stage with frozen codes.',
  ],
  reach: { exports: ['train/distillCodec', 'train/distillIndex'], byDefault: false },
  claims: [
    codeClaim({
      id: 'ranking',
      statement:
        'At 8 bytes a vector, codes learned under the constraint find more of the exact ten best than codebooks learned for reconstruction.',
      seconds: { quick: 10, full: 60 },
      data: smallCodeData,
      sides: (data, lab) => ({
        baseline: classical('learned for reconstruction', data, [QUANTIZER, `opq,${QUANTIZER}`, `opq,a${QUANTIZER}`]),
        method: joint('constrained', data, lab, 'balanced'),
      }),
    }),
    codeClaim({
      id: 'constraint',
      statement: 'They find more than codes that learned the same way with the nearest centroid instead.',
      seconds: { quick: 5, full: 45 },
      data: smallCodeData,
      sides: (data, lab) => ({
        baseline: joint('nearest', data, lab, 'live'),
        method: joint('constrained', data, lab, 'balanced'),
      }),
    }),
    {
      id: 'usage',
      kind: 'exact',
      of: 'data',
      statement: 'The constraint raises the entropy of how centroids are used, of 4 bits, by at least 0.01.',
      seconds: { quick: 2, full: 20 },
      check: async (lab) => {
        const data = await smallCodeData(lab);
        const gains: number[] = [];
        const notes: string[] = [];
        for (const seed of SEEDS) {
          lab.checkTime();
          const [nearest, constrained] = [
            entropyOf(await distilledCodec(lab, data, optionsOf(lab, 'live'), CONFIGS[1]!, seed), data),
            entropyOf(await distilledCodec(lab, data, optionsOf(lab, 'balanced'), CONFIGS[1]!, seed), data),
          ];
          gains.push(constrained - nearest);
          notes.push(
            `Seed ${seed}: ${nearest.toFixed(3)} bits with the nearest, ${constrained.toFixed(3)} constrained.`,
          );
        }
        const value = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
        return {
          metric: 'bits of entropy gained',
          value,
          atLeast: 0.01,
          units: data.documents.count,
          seeds: gains.length,
          notes,
          sources: data.sources,
        };
      },
    },
  ],
};
