import { UnreadableDocumentError } from '../base/errors.ts';
import type { ReadLimits } from './limits.ts';
import type { IngestEvent } from './types.ts';

/** Bytes of a file that is read in a stream which have the time of a whole file: the slowest, mailboxes of PDFs, take a quarter of it. */
const TIMED = 8 * 1024 * 1024;
/** Bytes of it of which the text of a whole file may come: the widest, tables of long names and short cells, give half of it. */
const TOLD = 1024 * 1024;

/** Failures, and notes, of one file that are named; those behind them are counted. */
export const MOST_NAMED = 1000;

/**
 * What a file that is read record by record may take as a whole. Each record has the limits of a file; without this, as many
 * as lie in it would have so much. The whole has them once, and again for as many bytes as were read: time for each 8 MiB,
 * text for each MiB. Nothing is held back: records before the end of the allowance are read.
 */
export class StreamAllowance {
  #ms = 0;
  #characters = 0;

  /** @param source the file as its reader sees it; `streamed` are the bytes that were taken of it, unpacked. */
  constructor(
    private readonly source: { readonly streamed: number },
    private readonly limits: Required<Pick<ReadLimits, 'maxSeconds' | 'maxText'>>,
  ) {}

  /**
   * The same items; what the reader takes for each counts, not what is done with them.
   * @throws UnreadableDocumentError once the time is used up.
   */
  async *timed<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    let start = performance.now();
    for await (const item of items) {
      this.#ms += performance.now() - start;
      const allowed = this.limits.maxSeconds * (1 + Math.floor(this.source.streamed / TIMED));
      if (this.#ms > 1000 * allowed) {
        throw new UnreadableDocumentError(
          `Its records were not read in ${allowed} seconds.`,
          'Split it; if it is worth the time, raise the limit (--max-seconds).',
        );
      }
      yield item;
      start = performance.now();
    }
  }

  /**
   * Counts what came out of a record.
   * @throws UnreadableDocumentError once it is too much.
   */
  take(characters: number): void {
    this.#characters += characters;
    const allowed = this.limits.maxText * (1 + Math.floor(this.source.streamed / TOLD));
    if (this.#characters > allowed) {
      throw new UnreadableDocumentError(
        `More than ${allowed.toLocaleString('en')} characters of text, structure and metadata come out of its records.`,
        'Split it, or raise the limit (--max-text).',
      );
    }
  }
}

/** Lets through the first of what is said of one file, and counts the rest. */
export class NamedOnly {
  #failures = 0;
  #notes = 0;

  /** Whether this failure is still to be named. */
  failure(): boolean {
    return ++this.#failures <= MOST_NAMED;
  }

  note(): boolean {
    return ++this.#notes <= MOST_NAMED;
  }

  get failures(): number {
    return this.#failures;
  }

  /** What is said of the rest. */
  *rest(path: string): Generator<IngestEvent> {
    const failures = this.#failures - MOST_NAMED;
    const notes = this.#notes - MOST_NAMED;
    if (failures > 0) {
      const reason = `${records(failures)} could not be read either. Mend those that are named first.`;
      yield { kind: 'failure', failure: { path, reason } };
    }
    if (notes > 0) yield { kind: 'note', note: { path, note: `There is something to say of ${records(notes)} too.` } };
  }
}

function records(count: number): string {
  return count === 1 ? 'One more record' : `${count.toLocaleString('en')} more records`;
}
