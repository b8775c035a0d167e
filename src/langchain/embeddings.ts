import { Embeddings, type EmbeddingsParams } from '@langchain/core/embeddings';
import type { SearchSource } from '../api/index.ts';

/** Fields of {@link SagittaEmbeddings}. */
export interface SagittaEmbeddingsInput extends EmbeddingsParams {
  /** A collection (`openCollection`) or a client (`createClient`). */
  readonly source: Pick<SearchSource, 'embed'>;
}

/** Embeddings of LangChain by the encoder of a collection, a tuned one too. */
export class SagittaEmbeddings extends Embeddings {
  readonly #source: Pick<SearchSource, 'embed'>;

  constructor({ source, ...params }: SagittaEmbeddingsInput) {
    super(params);
    this.#source = source;
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    return this.#source.embed(texts);
  }

  override async embedQuery(text: string): Promise<number[]> {
    return (await this.#source.embed([text], { role: 'query' }))[0]!;
  }
}
