import type { TermNumbers } from '../../text/index.ts';
import type { NewDocument, VectorFieldSettings, Writer } from '../types.ts';
import { PendingDocument } from './pending.ts';

/** What waits for one document id: a document to be written, or nothing left of it. */
export type Change = PendingDocument | 'removed';

/** What was added and removed since the last publication, by document id. */
export class Changes {
  #waiting = new Map<string, Change>();
  /** What a publication in progress is writing. */
  #inFlight: ReadonlyMap<string, Change> = new Map();
  /** The numbering of what was added last. */
  #numbers: TermNumbers | undefined;
  #documents = 0;
  #passages = 0;
  #bytes = 0;

  /** @param storedHash `contentHash` of the live document with this id in the published state. */
  constructor(private readonly storedHash: (id: string) => string | undefined) {}

  get size(): number {
    return this.#waiting.size;
  }

  get pending(): Writer['pending'] {
    return { documents: this.#documents, passages: this.#passages, bytes: this.#bytes + (this.#numbers?.bytes ?? 0) };
  }

  /** @param fields of vectors that the collection has. @throws InvalidArgumentError as {@link PendingDocument} does. */
  add(document: NewDocument, fields: readonly VectorFieldSettings[]): void {
    this.#change(document.id, new PendingDocument(document, fields));
    this.#numbers = document.numbers;
  }

  remove(id: string): boolean {
    if (this.contentHash(id) === undefined) return false;
    if (this.#publishedHash(id) !== undefined) this.#change(id, 'removed');
    else this.#forget(id);
    return true;
  }

  /** `contentHash` of the document with this id once all this is published. */
  contentHash(id: string): string | undefined {
    const change = this.#waiting.get(id);
    return change === undefined ? this.#publishedHash(id) : hashOf(change);
  }

  /** Hands out what waits, to be published; `published` or `failed` ends that. */
  take(): ReadonlyMap<string, Change> {
    this.#inFlight = this.#waiting;
    this.#waiting = new Map();
    this.#documents = this.#passages = this.#bytes = 0;
    return this.#inFlight;
  }

  published(): void {
    this.#inFlight = new Map();
    if (this.#waiting.size === 0) this.#numbers = undefined;
  }

  /** What was taken waits again; what came in meanwhile is newer. */
  failed(): void {
    const changes = [...this.#inFlight, ...this.#waiting];
    this.#inFlight = new Map();
    this.#waiting = new Map();
    this.#documents = this.#passages = this.#bytes = 0;
    for (const [id, change] of changes) this.#change(id, change);
  }

  /** Hash of the document in what is published, or being published. */
  #publishedHash(id: string): string | undefined {
    const change = this.#inFlight.get(id);
    return change === undefined ? this.storedHash(id) : hashOf(change);
  }

  #change(id: string, change: Change): void {
    this.#forget(id);
    this.#waiting.set(id, change);
    this.#count(change, 1);
  }

  #forget(id: string): void {
    const change = this.#waiting.get(id);
    if (change === undefined) return;
    this.#waiting.delete(id);
    this.#count(change, -1);
  }

  #count(change: Change, sign: 1 | -1): void {
    this.#documents += sign;
    if (change === 'removed') return;
    this.#passages += sign * change.passages.length;
    this.#bytes += sign * change.bytes;
  }
}

function hashOf(change: Change): string | undefined {
  return change === 'removed' ? undefined : change.record.contentHash;
}
