import type { CallbackManagerForRetrieverRun } from '@langchain/core/callbacks/manager';
import { Document } from '@langchain/core/documents';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import type { RunnableConfig } from '@langchain/core/runnables';
import type { ContextSource } from '../api/index.ts';
import { given } from '../base/given.ts';
import { type LangChainFilter, mapFilter } from './filter.ts';

/** Fields of {@link SagittaContextRetriever}. */
export interface SagittaContextRetrieverInput extends BaseRetrieverInput {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: ContextSource;
  /** Most tokens of all documents together, with the lines that name them, by a cautious count. Default 1,000. */
  readonly tokens?: number;
  /** Searches that build on each other, 1 to 5. Default 1. */
  readonly hops?: number;
  readonly filter?: LangChainFilter;
  /** Gives up searches; `invoke(question, { signal })` gives up one. */
  readonly signal?: AbortSignal;
}

/**
 * A retriever of LangChain that gives what of each passage bears on a question, within a budget of tokens, instead of whole passages; nothing where nothing is relevant. Between parts of a
 * passage stands ` … `; `metadata.sagitta` says where they are in the document.
 */
export class SagittaContextRetriever extends BaseRetriever {
  static override lc_name(): string {
    return 'SagittaContextRetriever';
  }
  lc_namespace = ['sagitta', 'retrievers'];
  readonly #input: SagittaContextRetrieverInput;

  constructor(input: SagittaContextRetrieverInput) {
    super(input);
    this.#input = input;
  }

  /** The signal of a call reaches the search, which the base class does not see to. */
  override async invoke(question: string, options?: Partial<RunnableConfig>): Promise<Document[]> {
    const signal = options?.signal;
    if (signal === undefined || signal === this.#input.signal) return super.invoke(question, options);
    return new SagittaContextRetriever({ ...this.#input, signal }).invoke(question, options);
  }

  override async _getRelevantDocuments(question: string, _run?: CallbackManagerForRetrieverRun): Promise<Document[]> {
    const { source, tokens, hops, filter, signal } = this.#input;
    const { passages } = await source.context(question, {
      ...given({ tokens, hops, signal }),
      ...(filter === undefined ? {} : { filter: mapFilter(filter) }),
    });
    return passages.map(({ id, title, headings, page, parts, relevance }) => {
      const places = parts.map(({ start, end }) => ({ start, end }));
      return new Document({
        id,
        pageContent: parts.map(({ text }) => text).join(' … '),
        metadata: { sagitta: { id, title, headings, parts: places, ...given({ page, relevance }) } },
      });
    });
  }
}
