import { randomUUID } from 'node:crypto';
import type { Document, DocumentInterface } from '@langchain/core/documents';
import { Embeddings, type EmbeddingsInterface } from '@langchain/core/embeddings';
import { VectorStore } from '@langchain/core/vectorstores';
import type { RetrieverName, SourceHit, WritableSource } from '../api/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { flatten, toDocument } from './documents.ts';
import { type LangChainFilter, mapFilter } from './filter.ts';

/** Fields of {@link SagittaVectorStore}. */
export interface SagittaVectorStoreInput {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: WritableSource;
  /** How `similaritySearch` searches. Default: hybrid where the collection has embeddings. */
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
}

/**
 * A vector store of LangChain over a collection. The collection encodes documents and queries itself, with the encoder
 * that it was made with; so no embeddings are passed, and vectors of another model are refused.
 */
export class SagittaVectorStore extends VectorStore {
  declare FilterType: LangChainFilter;
  readonly #source: WritableSource;
  readonly #how: Pick<SagittaVectorStoreInput, 'retriever' | 'pipeline'>;

  constructor(input: SagittaVectorStoreInput) {
    super(new InsideEmbeddings(), {});
    this.#source = input.source;
    this.#how = given({ retriever: input.retriever, pipeline: input.pipeline });
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

  override async delete({ ids }: { readonly ids?: string[] } = {}): Promise<void> {
    if (ids === undefined) throw new InvalidArgumentError('`delete` names no ids.', 'Pass { ids: [...] }.');
    await this.#source.remove([...ids]);
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
    const { hits } = await this.#source.search('', { k, vector: query, retriever: 'dense', ...mapped(filter) });
    return hits.map((hit) => [toDocument(hit), hit.score]);
  }

  async #search(query: string, k: number, filter: LangChainFilter | undefined): Promise<readonly SourceHit[]> {
    return (await this.#source.search(query, { k, ...this.#how, ...mapped(filter) })).hits;
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

/** Stands where the base class wants embeddings; encoding happens inside the collection. */
class InsideEmbeddings extends Embeddings {
  constructor() {
    super({});
  }

  async embedDocuments(): Promise<never> {
    throw new InvalidArgumentError('A collection encodes documents itself.', 'Call addDocuments.');
  }

  async embedQuery(): Promise<never> {
    throw new InvalidArgumentError('A collection encodes queries itself.', 'Call similaritySearch.');
  }
}
