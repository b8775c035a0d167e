export { foreignQuestions, gibberish } from './foreign.ts';
export { evenly, f1, learnRelevance, withoutAnswers } from './learn.ts';
export { calibrationLoss } from './objective.ts';
export type { HeadOptions, JudgedList, RelevanceOptions } from './types.ts';
