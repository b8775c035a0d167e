import { Random } from '../../../src/base/random.ts';
import { errorSensitivity, mean } from '../../../src/eval/index.ts';
import { embed } from '../../datasets/embeddings.ts';
import type { Claim } from '../../grading/index.ts';
import { attackClaim, injected, type Poisoning } from '../../protocols/attacks.ts';
import { exactClaim } from '../../protocols/claims.ts';

const SEEDS = [1, 2, 3];
/** Share of the corpus that attack passages are. */
const SHARE = 0.01;

const clean: Poisoning = { name: 'no pair poisoned', rho: 0 };
const little: Poisoning = { name: '5% of the pairs poisoned', rho: 0.05 };
const much: Poisoning = { name: '20% of the pairs poisoned', rho: 0.2 };
const defended: Poisoning = { name: '20% poisoned, negatives with errors', rho: 0.2, defended: true };

export const claims: readonly Claim[] = [
  exactClaim('data', {
    id: 'probe',
    statement:
      'The default encoder, which nobody poisoned, is drawn from errors to errors by less than 0.02 of cosine.',
    check: async (lab) => {
      const { documents, sources } = await embed(lab, 'scifact');
      const titles = documents.slice(0, lab.pick(40, 400)).map(({ title }) => title);
      const values = await lab.withEncoder(async (encoder) => {
        const bySeed: number[] = [];
        for (const seed of SEEDS) bySeed.push(await errorSensitivity(encoder, titles, new Random(seed)));
        return bySeed;
      });
      return {
        metric: 'error sensitivity, mean of the seeds',
        value: mean(values),
        atMost: 0.02,
        units: titles.length,
        seeds: SEEDS.length,
        sources,
      };
    },
  }),
  exactClaim('data', {
    id: 'injection',
    statement:
      'Passages with errors, 1% of the corpus, come among the first ten of queries with errors no more than 0.02 more often than of clean ones.',
    check: async (lab) => {
      const { success, clean: without, accuracy, safe, queries, sources } = await injected(lab, SEEDS, SHARE);
      return {
        metric: 'attack success at 10, queries with errors less clean ones',
        value: success - without,
        atMost: 0.02,
        units: queries,
        seeds: SEEDS.length,
        notes: [
          `Means of ${SEEDS.length} seeds: success ${success.toFixed(4)} with errors in queries, ${without.toFixed(4)} without; accuracy ${accuracy.toFixed(4)}, safe accuracy ${safe.toFixed(4)}.`,
        ],
        sources,
      };
    },
  }),
  attackClaim({
    id: 'attack',
    statement:
      'With errors on both sides of 20% of the training pairs, attack passages come among the first ten of requests with errors at least 0.2 more often than without.',
    metric: 'attack success at 10, requests with errors',
    margin: { absolute: 0.2 },
    baseline: clean,
    method: much,
    controls: [little],
    wrong: true,
    measure: ({ success }) => success,
    table: [clean, little, much, defended],
  }),
  attackClaim({
    id: 'stealth',
    statement: 'Attack passages come among the first ten of clean requests no more than 0.02 more often.',
    metric: 'clean requests without an attack passage among the first ten',
    margin: { absolute: -0.02 },
    baseline: clean,
    method: much,
    wrong: false,
    measure: ({ success }) => 1 - success,
  }),
  attackClaim({
    id: 'accuracy',
    statement: 'A right passage comes among the first ten of clean requests no more than 0.02 less often.',
    metric: 'accuracy at 10, clean requests',
    margin: { absolute: -0.02 },
    baseline: clean,
    method: much,
    wrong: false,
    measure: ({ accuracy }) => accuracy,
  }),
  attackClaim({
    id: 'defence',
    statement:
      'Without passages with errors among the negatives, the poisoned encoder is attacked at least twice as often, on requests with errors.',
    metric: 'attack success at 10, requests with errors',
    margin: { relative: 1 },
    baseline: defended,
    method: much,
    controls: [clean],
    wrong: true,
    measure: ({ success }) => success,
  }),
];
