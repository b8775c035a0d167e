export { type ModelRerankerOptions, modelReranker } from './model-reranker.ts';
