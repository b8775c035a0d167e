import { extractive, learned, salience, whole } from '../../../src/answer/index.ts';
import type { Claim } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { CHOICES, type CompressionSide, compressible, compressionClaim } from '../../protocols/compression.ts';
import { keptOfHops, type LearnedBy, sentenceModel } from '../../protocols/learned-compressors.ts';
import { grid } from '../../protocols/learning.ts';

const SEEDS = [1, 2, 3];
/** The rates stand around the best; its neighbours on both sides are in the grid. */
const SIGNALS = grid({ learningRate: [3e-3, 1e-2, 3e-2], epochs: [20] });
const VECTORS = grid({ learningRate: [3e-4, 1e-3, 3e-3, 1e-2], epochs: [6] });

/** A trained compressor. @param least below which nothing is chosen. */
const trained = (name: string, by: LearnedBy, least = 0): CompressionSide => ({
  name,
  configs: by === 'signals' ? SIGNALS : VECTORS,
  compressor: async (data, config, { train, seed }) =>
    learned(await sentenceModel(data, train, by, config, seed), { least }),
});
const fixed = (
  name: string,
  compressor: ReturnType<CompressionSide['compressor']>,
  share?: number,
): CompressionSide => ({
  name,
  compressor: () => compressor,
  ...(share === undefined ? {} : { share }),
});

const signals = trained('learned from signals', 'signals');
const vectors = trained('a dual encoder, learned', 'vectors');
const usual = fixed('the usual values of sentences', extractive());
const cosine = fixed('cosines of the encoder as it is', CHOICES.cosine);
const words = fixed('words of the question', CHOICES.words);
const hybrid = fixed('words and cosines, fused', CHOICES.hybrid);
const first = fixed('first sentences', CHOICES.first);
const cut = fixed('whole passages, cut at the budget', CHOICES.whole);
const clauses = fixed('clauses', salience());
const all = fixed('five whole passages', whole(), 2);

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

export const claims: readonly Claim[] = [
  compressionClaim({
    id: 'vectors',
    statement:
      'A dual encoder that was trained on some 700 questions puts a sentence that answers first in at least 5 points more of the questions than the encoder as it is.',
    metric: 'recall@1 of sentences',
    margin: { absolute: 0.05 },
    seeds: SEEDS,
    baseline: cosine,
    method: vectors,
    controls: [words, signals],
  }),
  compressionClaim({
    id: 'signals',
    statement: 'So does what was learned of words, vectors and links between passages.',
    metric: 'recall@1 of sentences',
    margin: { absolute: 0.05 },
    seeds: SEEDS,
    baseline: cosine,
    method: signals,
    rivals: [words, hybrid],
    controls: [usual],
  }),
  compressionClaim({
    id: 'kept',
    statement:
      'At 15% of the tokens the context keeps the right answer in at least 90% of the questions of which five whole passages hold it.',
    metric: 'right answer in the context',
    margin: { relative: -0.1 },
    seeds: SEEDS,
    baseline: all,
    method: signals,
    controls: [usual, vectors, clauses],
  }),
  compressionClaim({
    id: 'reader',
    statement:
      'The extractive reader is right from 15% of the tokens in at least 90% of the questions in which it is from five whole passages.',
    metric: 'right answers of the extractive reader',
    margin: { relative: -0.1 },
    seeds: SEEDS,
    baseline: all,
    method: signals,
    controls: [usual],
  }),
  compressionClaim({
    id: 'rivals',
    statement:
      'It keeps at least 10 points more than whole passages cut at the budget, and more than what ranks sentences without training.',
    metric: 'right answer in the context',
    margin: { absolute: 0.1 },
    seeds: SEEDS,
    baseline: cut,
    method: signals,
    rivals: [first, hybrid, cosine, words, usual],
  }),
  compressionClaim({
    id: 'nothing',
    statement:
      'That nothing is chosen where nothing probably helps makes at least 20 points more of the contexts right, when half of the questions have no answer.',
    metric: 'right contexts, with and without an answer',
    margin: { absolute: 0.2 },
    seeds: SEEDS,
    empty: true,
    baseline: signals,
    method: trained('learned from signals, or nothing', 'signals', 0.5),
  }),
  exactClaim('data', {
    id: 'ceiling',
    statement:
      "With the right sentences 15% of the tokens keep at least 90% of the answers to HotpotQA's questions of two hops.",
    check: async (lab) => {
      const kept = await keptOfHops(lab, 'oracle', 1);
      return {
        metric: 'answers kept',
        value: mean(kept),
        atLeast: 0.9,
        units: kept.length,
        sources: (await compressible(lab)).sources,
      };
    },
  }),
  exactClaim('data', {
    id: 'hops',
    statement: 'So do the sentences that were learned, from the other half of these questions and from XQuAD.',
    check: async (lab) => {
      const rounds = await Promise.all(SEEDS.map((seed) => keptOfHops(lab, 'signals', seed)));
      const values = rounds.map(mean);
      return {
        metric: 'answers kept, the least of the seeds',
        value: Math.min(...values),
        atLeast: 0.9,
        units: rounds[0]!.length,
        seeds: SEEDS.length,
        sources: (await compressible(lab)).sources,
      };
    },
  }),
];
