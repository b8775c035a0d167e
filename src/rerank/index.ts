export { type CrossRerankerOptions, crossReranker } from './cross-reranker.ts';
export { type EndpointRerankerOptions, endpointReranker, type RerankShape } from './endpoint-reranker.ts';
export { keptScores } from './kept-scores.ts';
export { isLocal } from './local-address.ts';
