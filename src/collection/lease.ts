import type { StoredCorpus } from '../store/types.ts';

/** A state that closes once it is retired and nobody uses it any more. */
export class CorpusLease {
  #users = 0;
  #retired = false;

  constructor(readonly corpus: StoredCorpus) {}

  async use<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this.corpus);
    } finally {
      this.#users--;
      this.#closeIfDone();
    }
  }

  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#retired && this.#users === 0) this.corpus.close();
  }
}
