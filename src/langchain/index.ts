export { flatten, type SagittaMetadata, toDocument } from './documents.ts';
export { type LangChainFilter, mapFilter } from './filter.ts';
export { SagittaRetriever, type SagittaRetrieverInput } from './retriever.ts';
export { SagittaVectorStore, type SagittaVectorStoreInput } from './vector-store.ts';
