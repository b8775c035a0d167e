import type { SnapshotCorpus } from '../store/corpus.ts';
import type { Snapshot } from '../store/types.ts';

/** A snapshot that closes once it is retired and nobody uses it any more. */
export class SnapshotLease {
  #users = 0;
  #retired = false;

  constructor(readonly corpus: SnapshotCorpus) {}

  async use<T>(work: (snapshot: Snapshot, corpus: SnapshotCorpus) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this.corpus.snapshot, this.corpus);
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
    if (this.#retired && this.#users === 0) this.corpus.snapshot.close();
  }
}
