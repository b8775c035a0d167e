import { given } from '../../base/given.ts';
import { askedOnce } from '../asked-once.ts';
import { fuse } from '../fuse.ts';
import { convex } from '../fusions.ts';
import { WALK_DEFAULTS, walk as walked } from '../walk.ts';
import { sharing } from './refining.ts';
import type { Operator } from './types.ts';

const SHARE = 0.3;

export const walk: Operator = {
  name: 'walk',
  help: 'finds more by rare names that passages share with the first ones, over some steps (personalised PageRank); pays where an answer needs what several documents say of each other',
  takes: 'ranking',
  parameters: {
    share: {
      kind: 'number',
      least: 0,
      most: 1,
      help: `What the walk counts beside the ranking before it. Default ${SHARE}.`,
    },
    seeds: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Passages that it starts from. Default ${WALK_DEFAULTS.seeds}.`,
    },
    steps: { kind: 'whole', least: 1, most: 5, help: `Steps from passage to passage. Default ${WALK_DEFAULTS.steps}.` },
    damping: {
      kind: 'number',
      least: 0.01,
      most: 0.99,
      help: `How much of what came to a passage goes on, where there is more than one step. Default ${WALK_DEFAULTS.damping}.`,
    },
    names: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Names by which a passage is left at most, rarest first. Default ${WALK_DEFAULTS.names}.`,
    },
    common: {
      kind: 'whole',
      least: 2,
      most: 1000,
      help: `A name that more passages hold leads nowhere. Default ${WALK_DEFAULTS.common}.`,
    },
    width: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Passages that are left at a step. Default ${WALK_DEFAULTS.width}.`,
    },
  },
  make: ([input], { share = SHARE, ...options }, { corpus }) => {
    const weights = [1 - (share as number), share as number];
    const first = askedOnce(input!);
    return sharing(first, fuse([first, walked(corpus, first, given(options))], convex(), { weights }));
  },
};
