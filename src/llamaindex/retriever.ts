import type { QueryBundle } from '@llamaindex/core/query-engine';
import { BaseRetriever } from '@llamaindex/core/retriever';
import type { NodeWithScore } from '@llamaindex/core/schema';
import { extractText } from '@llamaindex/core/utils';
import type { RetrieverName, SearchSource } from '../api/index.ts';
import { given } from '../base/given.ts';
import { type LlamaIndexFilter, mapFilter } from './filter.ts';
import { toNodeWithScore } from './nodes.ts';

/** Options of {@link SagittaRetriever}. */
export interface SagittaRetrieverOptions {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: SearchSource;
  /** Default 2, as elsewhere in LlamaIndex. */
  readonly similarityTopK?: number;
  readonly filters?: LlamaIndexFilter;
  /** Default: hybrid where the collection has embeddings. */
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
  /** At most this many passages of one document. */
  readonly perDocument?: number;
  /** Gives up searches. */
  readonly signal?: AbortSignal;
}

/** A retriever of LlamaIndex over a collection, for query engines and chat engines. */
export class SagittaRetriever extends BaseRetriever {
  readonly #options: SagittaRetrieverOptions;

  constructor(options: SagittaRetrieverOptions) {
    super();
    this.#options = options;
  }

  override async _retrieve({ query }: QueryBundle): Promise<NodeWithScore[]> {
    const { source, similarityTopK: k = 2, filters, retriever, pipeline, perDocument, signal } = this.#options;
    const { hits } = await source.search(extractText(query), {
      k,
      ...(filters === undefined ? {} : { filter: mapFilter(filters) }),
      ...given({ retriever, pipeline, perDocument, signal }),
    });
    return hits.map(toNodeWithScore);
  }
}
