import { randomUUID } from 'node:crypto';
import type { Document, DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { VectorStore } from '@langchain/core/vectorstores';
import { flatten, type RetrieverName, type SourceHit, type WritableSource } from '../api/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { toDocument } from './documents.ts';
import { SagittaEmbeddings } from './embeddings.ts';
import { type LangChainFilter, mapFilter } from './filter.ts';

/** Fields of {@link SagittaVectorStore}. */
export interface SagittaVectorStoreInput {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: WritableSource;
  /** How `similaritySearch` searches. Default: hybrid where the collection has embeddings. */
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
  /** At most this many passages of one document; 1 gives every document once. Default: no limit. */
  readonly perDocument?: number;
  /** Gives up searches. */
  readonly signal?: AbortSignal;
}

/** Options of {@link SagittaVectorStore.maxMarginalRelevanceSearch}. */
export interface DiverseSearchOptions {
  readonly k: number;
  /** Passages among which is chosen. Default 20, as elsewhere in LangChain, and at least k. */
  readonly fetchK?: number;
  /** 0 for the greatest diversity, 1 for none. Default 0.5. */
  readonly lambda?: number;
  readonly filter?: LangChainFilter;
}

/**
 * A vector store of LangChain over a collection. The collection encodes documents and queries itself, with the encoder
 * that it was made with; so no embeddings are passed, and vectors of another model are refused.
 */
export class SagittaVectorStore extends VectorStore {
  declare FilterType: LangChainFilter;
  readonly #source: WritableSource;
  readonly #how: Omit<SagittaVectorStoreInput, 'source'>;

  constructor(input: SagittaVectorStoreInput) {
    super(new SagittaEmbeddings({ source: input.source }), {});
    const { source, ...how } = input;
    this.#source = source;
    this.#how = given(how);
  }

  override _vectorstoreType(): string {
    return 'sagitta';
  }

  /** @returns ids, in order: those of the documents or of `options.ids`, new ones for the rest. */
  override async addDocuments(
    documents: DocumentInterface[],
    options?: { readonly ids?: string[] },
  ): Promise<string[]> {
    const ids = documents.map(({ id }, i) => options?.ids?.[i] ?? id ?? randomUUID());
    await this.#source.add(
      documents.map(({ pageContent, metadata }, i) => ({
        id: ids[i]!,
        text: pageContent,
        ...(typeof metadata['title'] === 'string' ? { title: metadata['title'] } : {}),
        metadata: flatten(metadata),
      })),
    );
    return ids;
  }

  /** Refused: the collection's own encoder makes its vectors. */
  override async addVectors(): Promise<never> {
    throw new InvalidArgumentError('A collection makes its vectors itself.', 'Call addDocuments.');
  }

  /** Documents by id, or all that satisfy a filter. */
  override async delete({
    ids,
    filter,
  }: {
    readonly ids?: string[];
    readonly filter?: LangChainFilter;
  } = {}): Promise<void> {
    if ((ids === undefined) === (filter === undefined)) {
      throw new InvalidArgumentError('`delete` takes ids or a filter.', 'Pass { ids: [...] } or { filter: {...} }.');
    }
    if (filter === undefined) await this.#source.remove([...ids!]);
    else await this.#source.removeWhere(mapFilter(filter));
  }

  override async similaritySearch(query: string, k = 4, filter?: LangChainFilter): Promise<Document[]> {
    return (await this.#search(query, k, filter)).map(toDocument);
  }

  override async similaritySearchWithScore(
    query: string,
    k = 4,
    filter?: LangChainFilter,
  ): Promise<[Document, number][]> {
    return (await this.#search(query, k, filter)).map((hit) => [toDocument(hit), hit.score]);
  }

  /** @param query a vector of the collection's own encoder. */
  override async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: LangChainFilter,
  ): Promise<[Document, number][]> {
    const { perDocument, signal } = this.#how;
    const how = given({ perDocument, signal });
    const { hits } = await this.#source.search('', { k, vector: query, retriever: 'dense', ...how, ...mapped(filter) });
    return hits.map((hit) => [toDocument(hit), hit.score]);
  }

  /** Passages that answer the query and differ from each other (Carbonell and Goldstein 1998), by the vectors of the collection's encoder. */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = 20, lambda = 0.5, filter }: DiverseSearchOptions,
  ): Promise<Document[]> {
    const hits = await this.#search(query, Math.max(k, fetchK), filter);
    if (hits.length === 0) return [];
    const { signal } = this.#how;
    const [asked, vectors] = await Promise.all([
      this.#source.embed([query], { role: 'query', ...given({ signal }) }),
      this.#source.embed(
        hits.map(({ text, title }) => text || title),
        given({ signal }),
      ),
    ]);
    return maximalMarginalRelevance(asked[0]!, vectors, lambda, k).map((place) => toDocument(hits[place]!));
  }

  async #search(query: string, k: number, filter: LangChainFilter | undefined): Promise<readonly SourceHit[]> {
    return (await this.#source.search(query, { k, ...this.#how, ...mapped(filter) })).hits;
  }

  /** @param metadatas one for each text, or one for all. */
  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface | undefined,
    input: SagittaVectorStoreInput,
  ): Promise<SagittaVectorStore> {
    const documents = texts.map((pageContent, i) => ({
      pageContent,
      metadata: { ...(Array.isArray(metadatas) ? metadatas[i] : metadatas) },
    }));
    return SagittaVectorStore.fromDocuments(documents, embeddings, input);
  }

  static override async fromDocuments(
    documents: DocumentInterface[],
    _embeddings: EmbeddingsInterface | undefined,
    input: SagittaVectorStoreInput,
  ): Promise<SagittaVectorStore> {
    const store = new SagittaVectorStore(input);
    await store.addDocuments(documents);
    return store;
  }
}

function mapped(filter: LangChainFilter | undefined): { filter?: ReturnType<typeof mapFilter> } {
  return filter === undefined ? {} : { filter: mapFilter(filter) };
}
