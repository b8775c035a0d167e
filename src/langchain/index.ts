export { flatten } from '../api/index.ts';
export { SagittaContextRetriever, type SagittaContextRetrieverInput } from './context-retriever.ts';
export { type SagittaMetadata, toDocument } from './documents.ts';
export { SagittaEmbeddings, type SagittaEmbeddingsInput } from './embeddings.ts';
export { type LangChainFilter, mapFilter } from './filter.ts';
export { SagittaRetriever, type SagittaRetrieverInput } from './retriever.ts';
export { type DiverseSearchOptions, SagittaVectorStore, type SagittaVectorStoreInput } from './vector-store.ts';
