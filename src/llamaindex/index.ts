export { SagittaEmbedding } from './embedding.ts';
export { type LlamaIndexFilter, mapFilter } from './filter.ts';
export { toNode } from './nodes.ts';
export { SagittaRetriever, type SagittaRetrieverOptions } from './retriever.ts';
export { type LlamaIndexSearchTool, searchTool } from './tool.ts';
export { SagittaVectorStore, type SagittaVectorStoreOptions } from './vector-store.ts';
