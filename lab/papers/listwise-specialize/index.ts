import { infoNCE, listwiseKL, ownLists, weightedSum } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { type Against, kinds, LIST, listDraw, type Specialised, specialised } from '../../protocols/made.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { FROZEN, pairRecipe } from '../../protocols/recipes.ts';

const STEPS = 80;
const RATES = [3e-5, 1e-4, 3e-4];
/** As the paper has them. */
const PUBLISHED = { temperature: 0.01, share: 0.1 } as const;

const contrast = (name: string, negatives: readonly Against[]) =>
  pairRecipe({
    name,
    steps: STEPS,
    configs: grid({ negatives, temperature: [0.02, 0.05], learningRate: RATES }),
    draw: (data, config) => listDraw(data, config.negatives),
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature, exclude }),
  });

/** Listwise distillation on made queries of all kinds, or of one, with a share of InfoNCE. */
const distil = (name: string, share: readonly number[], kind: readonly ((typeof kinds)[number] | 'all')[] = ['all']) =>
  pairRecipe({
    name,
    steps: STEPS,
    configs: grid({ temperature: [PUBLISHED.temperature], share, kind, learningRate: RATES }),
    draw: (data, config) => listDraw(data, 'lists, filtered', config.kind === 'all' ? undefined : config.kind),
    loss: (scores, { teacher, exclude }, { temperature, share: contrastive }) =>
      weightedSum(
        [1, listwiseKL(ownLists(scores, LIST), teacher!, { student: 0.05, teacher: 0.3 })],
        [contrastive, infoNCE(scores, { temperature, exclude })],
      ),
  });
const distilled = distil('listwise distillation', [0, PUBLISHED.share]);
const notes = (data: object) => [...(data as Specialised).notes];

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'base',
    statement:
      "On SciFact's test claims, the distilled retriever's nDCG@10 is at least 0.01 above that of the frozen one.",
    metric: 'nDCG@10',
    margin: { absolute: 0.01 },
    data: specialised,
    baseline: { ...FROZEN, name: 'MiniLM, reading as much' },
    method: distilled,
    controls: [FROZEN],
    notes,
  }),
  pairClaim({
    id: 'contrast',
    statement:
      'It is above that of the best of InfoNCE with negatives in the batch, with those of the lists, and with those of the lists that the teacher does not put close to the positive.',
    metric: 'nDCG@10',
    data: specialised,
    baseline: contrast('InfoNCE', ['in the batch', 'lists', 'lists, filtered']),
    method: distilled,
    notes,
  }),
  pairClaim({
    id: 'kinds',
    statement: 'Distillation on all kinds of made queries is better than on the best single kind.',
    metric: 'nDCG@10',
    data: specialised,
    baseline: distil('one kind', [PUBLISHED.share], kinds),
    method: distil('all kinds', [PUBLISHED.share]),
    notes,
  }),
];
