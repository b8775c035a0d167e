import type { CallbackManagerForRetrieverRun } from '@langchain/core/callbacks/manager';
import type { Document } from '@langchain/core/documents';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import type { RunnableConfig } from '@langchain/core/runnables';
import type { RetrieverName, SearchSource } from '../api/index.ts';
import { given } from '../base/given.ts';
import { toDocument } from './documents.ts';
import { type LangChainFilter, mapFilter } from './filter.ts';

/** Fields of {@link SagittaRetriever}. */
export interface SagittaRetrieverInput extends BaseRetrieverInput {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: SearchSource;
  /** Default 4, as elsewhere in LangChain. */
  readonly k?: number;
  readonly filter?: LangChainFilter;
  /** Default: hybrid where the collection has embeddings. */
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
  /** At most this many passages of one document. */
  readonly perDocument?: number;
  /** Gives up searches; `invoke(query, { signal })` gives up one. */
  readonly signal?: AbortSignal;
}

/** A retriever of LangChain over a collection. */
export class SagittaRetriever extends BaseRetriever {
  static override lc_name(): string {
    return 'SagittaRetriever';
  }
  lc_namespace = ['sagitta', 'retrievers'];
  readonly #input: SagittaRetrieverInput;

  constructor(input: SagittaRetrieverInput) {
    super(input);
    this.#input = input;
  }

  /** The signal of a call reaches the search, which the base class does not see to. */
  override async invoke(query: string, options?: Partial<RunnableConfig>): Promise<Document[]> {
    const signal = options?.signal;
    if (signal === undefined || signal === this.#input.signal) return super.invoke(query, options);
    return new SagittaRetriever({ ...this.#input, signal }).invoke(query, options);
  }

  override async _getRelevantDocuments(query: string, _run?: CallbackManagerForRetrieverRun): Promise<Document[]> {
    const { source, k = 4, filter, retriever, pipeline, perDocument, signal } = this.#input;
    const { hits } = await source.search(query, {
      k,
      ...(filter === undefined ? {} : { filter: mapFilter(filter) }),
      ...given({ retriever, pipeline, perDocument, signal }),
    });
    return hits.map(toDocument);
  }
}
