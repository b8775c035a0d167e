import { batchHardTriplet, neighbourTriplet, setTriplet } from '../../../src/train/index.ts';
import type { Paper } from '../../grading/index.ts';
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

export const paper: Paper = {
  slug: 'centroid-triplet',
  summary:
    'A triplet loss over the means of sets of views, for things that are known by several views each and asked for by one or more.',
  parts: [
    'train/objectives/centroids',
    'train/objectives/metric',
    'train/objectives/pairwise',
    'encode/bert/last-layers',
  ],
  departures: [
    'Items are medical entities and views their names, by MiniLM, of which the last layer is trained, where the paper has images of objects and trains a vision transformer.',
    'Views are unit vectors; means are divided by the number of views (the published code divides by one more), and scaled to unit length only to be searched.',
    'Besides the random negative of the paper, the nearest other gallery of the batch is tried, as a setting; instance triplets have the hardest of the batch likewise.',
    'Galleries hold all entities of a split.',
  ],
  seconds: { quick: 15, full: 420 },
  reach: { exports: ['train/centroidTriplet', 'train/setTriplet', 'encode/trainableLastLayers'], byDefault: false },
  claims: [
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
  ],
};
