import type { BaseNode } from '@llamaindex/core/schema';
import { BaseVectorStore, type VectorStoreQuery, type VectorStoreQueryResult } from '@llamaindex/core/vector-store';
import type { RetrieverName, WritableSource } from '../api/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Filter } from '../search/index.ts';
import { SagittaEmbedding } from './embedding.ts';
import { mapFilter } from './filter.ts';
import { SOURCE, toInput, toNode } from './nodes.ts';

/** Options of {@link SagittaVectorStore}. */
export interface SagittaVectorStoreOptions {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: WritableSource;
  /** How queries in words are searched where their mode is `default`. Default: hybrid where the collection has embeddings. */
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
  /** At most this many passages of one node; 1 gives every node once. Default: no limit. */
  readonly perDocument?: number;
}

/** How the modes of LlamaIndex are searched; others are refused. */
const MODES: Readonly<Record<string, RetrieverName | 'own'>> = {
  default: 'own',
  sparse: 'bm25',
  hybrid: 'hybrid',
  semantic_hybrid: 'hybrid',
};

/**
 * A vector store of LlamaIndex over a collection. The collection encodes nodes and queries itself, with the encoder that it was made with: embeddings of nodes are
 * passed over, and `embedModel` is its encoder. A query in words is searched as the collection searches; one of a vector alone by meaning.
 */
export class SagittaVectorStore extends BaseVectorStore<WritableSource> {
  override storesText = true;
  readonly #source: WritableSource;
  readonly #how: Omit<SagittaVectorStoreOptions, 'source'>;

  constructor({ source, ...how }: SagittaVectorStoreOptions) {
    super({ embedModel: new SagittaEmbedding(source) });
    this.#source = source;
    this.#how = given(how);
  }

  override client(): WritableSource {
    return this.#source;
  }

  /** @returns ids of the nodes, in order. */
  override async add(nodes: BaseNode[]): Promise<string[]> {
    if (nodes.length > 0) await this.#source.add(nodes.map(toInput) as Parameters<WritableSource['add']>[0]);
    return nodes.map(({ id_ }) => id_);
  }

  /** Removes the nodes of a document. */
  override async delete(refDocId: string): Promise<void> {
    await this.#source.removeWhere({ field: SOURCE, op: '=', value: refDocId } satisfies Filter);
  }

  /** @throws InvalidArgumentError for modes and filters that have no equal here. */
  override async query(query: VectorStoreQuery): Promise<VectorStoreQueryResult> {
    const { queryStr = '', queryEmbedding, similarityTopK: k, mode, filters, docIds } = query;
    const how = MODES[mode];
    if (how === undefined) {
      throw new InvalidArgumentError(`There is no mode "${mode}" here.`, `Use ${Object.keys(MODES).join(', ')}.`);
    }
    const words = queryStr !== '';
    if (!words && (queryEmbedding === undefined || how !== 'own')) {
      throw new InvalidArgumentError(
        `A query of the mode "${mode}" names nothing to look for.`,
        'Give `queryStr`, or `queryEmbedding` with the mode "default".',
      );
    }
    const conditions: Filter[] = docIds === undefined ? [] : [{ field: SOURCE, op: 'in', values: docIds }];
    const wanted = filters === undefined ? [] : [mapFilter(filters) as Filter];
    const both = [...conditions, ...wanted];
    const { perDocument, retriever, pipeline } = this.#how;
    const own = how === 'own' ? given({ retriever, pipeline }) : { retriever: how };
    const { hits } = await this.#source.search(queryStr, {
      k,
      ...given({ perDocument }),
      ...(words ? own : { vector: queryEmbedding!, retriever: 'dense' as const }),
      ...(both.length === 0 ? {} : { filter: both.length === 1 ? both[0] : { and: both } }),
    });
    return {
      nodes: hits.map(toNode),
      similarities: hits.map(({ score }) => score),
      ids: hits.map(({ id }) => id),
    };
  }
}
