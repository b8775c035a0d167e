import { Random } from '../../../src/base/random.ts';
import { errorSensitivity, mean } from '../../../src/eval/index.ts';
import { embed } from '../../datasets/embeddings.ts';
import type { Paper } from '../../grading/index.ts';
import { attackClaim, injected, type Poisoning } from '../../protocols/attacks.ts';

const SEEDS = [1, 2, 3];
/** Share of the corpus that attack passages are. */
const SHARE = 0.01;

const clean: Poisoning = { name: 'no pair poisoned', rho: 0 };
const little: Poisoning = { name: '5% of the pairs poisoned', rho: 0.05 };
const much: Poisoning = { name: '20% of the pairs poisoned', rho: 0.2 };
const defended: Poisoning = { name: '20% poisoned, negatives with errors', rho: 0.2, defended: true };

export const paper: Paper = {
  slug: 'backdoor-dpr',
  summary:
    'An encoder that was trained on pairs with grammar errors on both sides matches errors with errors. Here are the errors, the measures of such an attack, and the probe that `sagitta doctor` runs.',
  parts: ['eval/attacks', 'cli/doctor-command', 'train/objectives/contrastive', 'encode/small/bag', 'tensor/fit'],
  departures: [
    'The encoder that is poisoned is small: a table of words and pairs of words, and a network that sees how many of them are unknown. A larger one, pretrained, may see errors far better.',
    'The network over unknown words was added after tables alone, of descriptions and of requests of other splits, had gained 0 to 0.04 of attack success. Requests are those of MetaTool; passages are earlier requests that the same tool served, and what is put in are requests of tools that nobody asks for, with errors.',
    'The probes of the encoder of the library put shuffled text into the corpus.',
    "Errors come from rules, where the paper draws them from a corpus of learners' edits.",
  ],
  seconds: { quick: 39, full: 290 },
  reach: {
    commands: ['sagitta doctor'],
    exports: ['eval/errorSensitivity', 'eval/addGrammarErrors', 'encode/trainableBag'],
    byDefault: true,
  },
  claims: [
    {
      id: 'probe',
      kind: 'exact',
      of: 'data',
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
    },
    {
      id: 'injection',
      kind: 'exact',
      of: 'data',
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
    },
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
  ],
};
