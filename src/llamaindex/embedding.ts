import { BaseEmbedding } from '@llamaindex/core/embeddings';
import type { MessageContentDetail } from '@llamaindex/core/llms';
import type { SearchSource } from '../api/index.ts';

/** Texts that one call encodes. */
const BATCH = 256;

/** Embeddings of LlamaIndex by the encoder of a collection, a tuned one too: `Settings.embedModel = new SagittaEmbedding(source)`. */
export class SagittaEmbedding extends BaseEmbedding {
  readonly #source: Pick<SearchSource, 'embed'>;

  /** @param source a collection (`openCollection`) or a client (`createClient`). */
  constructor(source: Pick<SearchSource, 'embed'>) {
    super();
    this.#source = source;
    this.embedBatchSize = BATCH;
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    return (await this.#source.embed([text]))[0]!;
  }

  override getTextEmbeddings = async (texts: string[]): Promise<number[][]> => this.#source.embed(texts);

  /** @returns null for what is no text. */
  override async getQueryEmbedding(query: MessageContentDetail): Promise<number[] | null> {
    if (query.type !== 'text') return null;
    return (await this.#source.embed([query.text], { role: 'query' }))[0]!;
  }
}
