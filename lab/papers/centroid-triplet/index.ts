import { batchHardTriplet, neighbourTriplet, setTriplet } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import {
  type ClassMetric,
  classClaim,
  classRecipe,
  entityNames,
  INSTANCES,
  SETS,
  setDraw,
  UNTRAINED,
} from '../../protocols/classes.ts';
import { grid } from '../../protocols/learning.ts';

const SETTINGS = { margin: [0.1, 0.3], learningRate: [3e-5, 1e-4, 3e-4] } as const;
const STEPS = 80;

const sets = classRecipe({
  name: 'triplets of centroids',
  steps: STEPS,
  configs: grid({ negatives: ['next', 'nearest'], ...SETTINGS }),
  draw: setDraw,
  loss: (vectors, groups, { negatives, margin }) => setTriplet(vectors, groups, SETS, { margin, negatives }),
});

const instances = classRecipe({
  name: 'triplets of instances',
  steps: STEPS,
  configs: grid({ negatives: ['random', 'hardest'], ...SETTINGS }),
  loss: (vectors, labels, { negatives, margin }) =>
    negatives === 'hardest' ? batchHardTriplet(vectors, labels, margin) : neighbourTriplet(vectors, INSTANCES, margin),
});

const against = (id: string, statement: string, metric: ClassMetric) =>
  classClaim({
    id,
    statement,
    metric,
    margin: { absolute: 0.02 },
    data: entityNames,
    baseline: instances,
    method: sets,
    controls: [UNTRAINED],
  });

export const claims: readonly Claim[] = [
  against(
    'sets',
    'Sets of names of entities never seen in training find their entity by centroids at least 0.02 more often than after instance triplets, random or hardest in the batch.',
    'sets',
  ),
  against('single', 'The same for single names.', 'single'),
  classClaim({
    id: 'gallery',
    statement:
      'After training on centroids, single names find their entity by one centroid an entity no more than 0.02 less often than by all names of the gallery.',
    metric: 'single',
    margin: { absolute: -0.02 },
    data: entityNames,
    baseline: { name: 'nearest of all names', recipe: sets, metric: 'all' },
    method: sets,
  }),
];
