import type { Query } from '../../content/index.ts';
import type { Corpus, Field } from '../../corpus/index.ts';

/** Writes what is asked in place of a query, before anything is searched: by a language model, or from what was said before. */
export interface QueryWriter {
  readonly id: string;
  /** Milliseconds that it may take where a pipeline says nothing else. Default: as long as it takes. */
  readonly budgetMs?: number;
  /**
   * Of several queries: the constant of the fusion by ranks. Default 60, which favours what many of them find; 0 where each looks for something else, so that the best of each come
   * first, as when lists are interleaved.
   */
  readonly constant?: number;
  /**
   * @returns one query, which is asked in place of the given one; several, whose rankings are fused; the given one where there is nothing to write.
   * @throws RemoteError where a model fails.
   */
  write(query: Query, options: WriteOptions): Promise<readonly Query[]>;
}

export interface WriteOptions {
  readonly corpus: Corpus;
  /** Where the query will be searched for; only there it has to be represented. */
  readonly fields: readonly Field[];
  readonly signal?: AbortSignal;
  /** Says something for the trace. */
  readonly note?: (text: string) => void;
}
