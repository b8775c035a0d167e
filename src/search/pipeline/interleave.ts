import { interleave as interleaved } from '../interleave.ts';
import type { Operator } from './types.ts';

export const interleave: Operator = {
  name: 'interleave',
  help: 'takes the next hit of each pipeline in turn, so that each has an equal share',
  takes: 'pipelines',
  parameters: {},
  make: (inputs) => interleaved(inputs),
};
