export * from './objectives/index.ts';
export * from './quantize/index.ts';
export { f1, type JudgedList, learnRelevance, type RelevanceOptions } from './relevance.ts';
