export { f1, learnRelevance } from './learn.ts';
export { calibrationLoss } from './objective.ts';
export type { HeadOptions, JudgedList, RelevanceOptions } from './types.ts';
