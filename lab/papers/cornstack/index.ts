import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import {
  partOfTheWay,
  sharesClaim,
  trainedOn,
  trainedOnConfirmed,
  trainedWith,
} from '../../protocols/curated-recipes.ts';
import { type Confirmed, cleaned, curated, hiddenAnswers, withCandidates } from '../../protocols/curation.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { FROZEN } from '../../protocols/recipes.ts';

/** 30% of the pairs are wrong. */
const noisy = (lab: Lab) => curated(lab, 0.3);
const asTheyAre = (lab: Lab) => curated(lab, 0);
const negatives = (lab: Lab) => lab.once('cornstack negatives', async () => withCandidates(await asTheyAre(lab)));
/** Half of the answers of a training request are hidden from it, and may be drawn as negatives. */
const hidden = (lab: Lab) => lab.once('cornstack hidden', async () => withCandidates(await hiddenAnswers(lab)));

const all = trainedOn('all pairs', (data) => data);
const clean = trainedOn('right pairs alone', cleaned);
const dual = trainedOnConfirmed(
  'rank and cosine',
  { rank: [2, 5, 10, 20], cosine: [0.1, 0.2] },
  ({ rank, cosine }) => ({
    rank,
    score: cosine,
  }),
);
const any = Number.POSITIVE_INFINITY;
const simpler = [
  trainedOnConfirmed('rank alone', { rank: [1, 2, 4, 6, 10, 16, 25, 40] }, ({ rank }) => ({ rank })),
  trainedOnConfirmed('cosine alone', { cosine: [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4] }, ({ cosine }) => ({
    rank: any,
    score: cosine,
  })),
  trainedOnConfirmed('rank by words', { rank: [2, 5, 10, 15, 20, 30, 40, 80] }, ({ rank }) => ({ rank, by: 'words' })),
  trainedOn('all pairs, guarded', (data) => data, { after: 0.1, factor: 0.05 }),
];
/** The first is what is claimed of. */
const FILTERS: readonly [Confirmed, ...Confirmed[]] = [
  { rank: 2, score: 0.3 },
  { rank: 2 },
  { rank: 5, score: 0.2 },
  { rank: 5 },
  { rank: any, score: 0.2 },
  { rank: any, score: 0.3 },
  { rank: 2, by: 'words' },
];

// A very low temperature takes the hardest, a very high one any.
const hardest = trainedWith('the hardest', {}, () => ({ from: 1e-6, to: 1e-6 }));
const random = trainedWith('any of the candidates', {}, () => ({ from: 1e6, to: 1e6 }));
const constant = trainedWith('one temperature', { tau: [0.005, 0.01, 0.03, 0.1] }, ({ tau }) => ({
  from: tau,
  to: tau,
}));
const FROM = { from: [0.005, 0.01, 0.02, 0.05] };
const falling = trainedWith('falling temperature', FROM, ({ from }) => ({ from }));
const unruled = trainedWith('whatever their score', FROM, ({ from }) => ({ from }), 'all');

export const claims: readonly Claim[] = [
  sharesClaim(
    'removed',
    'Rank 2 of 199 tools and a cosine of 0.3 leave out at least 70% of the pairs that were made wrong.',
    { atLeast: 0.7 },
    noisy,
    FILTERS,
  ),
  sharesClaim('lost', 'They leave out at most 25% of the others.', { atMost: 0.25 }, noisy, FILTERS),
  pairClaim({
    id: 'filter',
    statement:
      'With 30% wrong pairs, training on those that rank and cosine confirm ranks at least 2 points better than training on all.',
    metric: 'MRR@10',
    margin: { absolute: 0.02 },
    data: noisy,
    baseline: all,
    method: dual,
    rivals: simpler,
    controls: [clean, FROZEN],
  }),
  exactClaim('data', {
    id: 'half-way',
    statement: 'That is at least half of what training on the right pairs alone gains.',
    check: async (lab) => ({ ...(await partOfTheWay(await noisy(lab), [all, dual, clean], lab)), atLeast: 0.5 }),
  }),
  pairClaim({
    id: 'trusted',
    statement: 'On pairs as they are, of which none was made wrong, it loses no more than a point.',
    metric: 'MRR@10',
    margin: { absolute: -0.01 },
    data: asTheyAre,
    baseline: all,
    method: dual,
  }),
  pairClaim({
    id: 'falling',
    statement:
      'Negatives that are drawn by a falling temperature rank no more than half a point worse than those drawn by the best fixed one.',
    metric: 'MRR@10',
    margin: { absolute: -0.005 },
    data: negatives,
    baseline: constant,
    method: falling,
  }),
  pairClaim({
    id: 'hardest',
    statement: 'They rank better than the hardest ones.',
    metric: 'MRR@10',
    data: negatives,
    baseline: hardest,
    method: falling,
    rivals: [random],
  }),
  pairClaim({
    id: 'negatives',
    statement: 'They rank at least a point better than the negatives of the batch alone.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: negatives,
    baseline: all,
    method: falling,
    rivals: [random],
  }),
  pairClaim({
    id: 'rule',
    statement:
      'With half of the answers hidden, leaving out what scores above 0.95 of the positive ranks at least a point better than drawing from all.',
    metric: 'nDCG@10',
    margin: { absolute: 0.01 },
    data: hidden,
    baseline: unruled,
    method: falling,
    controls: [random, all],
  }),
];
