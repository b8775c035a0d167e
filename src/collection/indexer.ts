import type { DocumentRecord } from '../content/index.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import { languageOf, type Preparable, type PreparedPassage, preparePassages } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import type { CompactReport, NewDocument, Writer } from '../store/types.ts';
import type { IndexProgress } from './types.ts';

/** Passages encoded in one go: enough to sort by length and fill batches, few enough to stay small in memory. */
const ENCODE_AT = 256;
/** Bytes that may wait for publication. */
const PUBLISH_AT = 48 * 1024 * 1024;
/** Milliseconds after which finished work is made durable even if little has gathered. */
const PUBLISH_AFTER = 20_000;

/** What the indexer needs to know of a document. */
export interface Indexable extends Preparable {
  readonly record: Omit<DocumentRecord, 'language'>;
}

/** A document that waits for the encoder. */
interface Waiting {
  readonly indexable: Indexable;
  readonly language: string;
  readonly passages: readonly PreparedPassage[];
  readonly vectors?: readonly Float32Array[];
}

/**
 * Turns documents into passages, terms and vectors, and hands them to the writer in batches. Memory is bounded by the
 * batch and by what waits for publication, not by the corpus.
 */
export class Indexer {
  /** By id: the last of several with one id counts. */
  #waiting = new Map<string, Waiting>();
  #waitingPassages = 0;
  #documents = 0;
  #passages = 0;
  #unsearchable = 0;
  #cut = 0;
  #published = 0;
  #publishedAt = performance.now();

  constructor(
    private readonly writer: Writer,
    private readonly encoder: Encoder | undefined,
    private readonly settings: IndexingSettings,
    private readonly signal?: AbortSignal,
    private readonly onProgress?: (progress: IndexProgress) => void,
  ) {}

  /** Passages added so far. */
  get passages(): number {
    return this.#passages;
  }

  /** Documents added so far in which no search can find anything: they hold no word, and nothing that was embedded. */
  get unsearchable(): number {
    return this.#unsearchable;
  }

  /** Passages added so far that are longer than the encoder reads: their vectors do not know their ends. */
  get cut(): number {
    return this.#cut;
  }

  /**
   * Adds a document; of several with one id the last one counts.
   * @param vectors embeddings of its passages, in order, where they are known already (a file that only moved).
   */
  async add(indexable: Indexable, vectors?: readonly (Float32Array | undefined)[]): Promise<void> {
    this.signal?.throwIfAborted();
    const language = languageOf(indexable, this.settings);
    const window = this.encoder !== undefined && speaks(this.encoder, language) ? this.encoder.window : undefined;
    const { passages, cut } = await preparePassages(indexable, language, this.settings, window, this.signal);
    this.#cut += cut;
    this.#forget(indexable.record.id);
    const known = vectors?.length === passages.length && vectors.every((vector) => vector !== undefined);
    this.#waiting.set(indexable.record.id, {
      indexable,
      language,
      passages,
      ...(known ? { vectors: vectors as readonly Float32Array[] } : {}),
    });
    this.#waitingPassages += passages.length;
    this.#documents++;
    this.#report('reading', indexable.record.path ?? indexable.record.id);
    if (this.#waitingPassages >= ENCODE_AT) await this.#encodeWaiting();
  }

  /** Hash of the document that the collection will hold with this id, as things stand. */
  contentHash(id: string): string | undefined {
    return this.#waiting.get(id)?.indexable.record.contentHash ?? this.writer.contentHash(id);
  }

  #forget(id: string): void {
    const before = this.#waiting.get(id);
    if (before === undefined) return;
    this.#waiting.delete(id);
    this.#waitingPassages -= before.passages.length;
  }

  /** Counts a document that needs no work, so that progress stays true. */
  skip(path: string | undefined): void {
    this.#documents++;
    this.#report('reading', path);
  }

  /** Encodes what waits and publishes everything. */
  async finish(): Promise<number> {
    await this.#encodeWaiting();
    return this.#publish();
  }

  /**
   * Merges segments where that pays, so that a large run leaves few of them: dense search asks each on its own.
   * @returns undefined when there was nothing to merge.
   */
  async compact(): Promise<CompactReport | undefined> {
    const report = await this.writer.compact({
      ...(this.signal === undefined ? {} : { signal: this.signal }),
      onProgress: () => this.#report('compacting'),
    });
    return report.segmentsAfter === report.segmentsBefore ? undefined : report;
  }

  /** After an interruption: drops what was not encoded yet, and makes durable what was. */
  async salvage(): Promise<void> {
    this.#waiting = new Map();
    this.#waitingPassages = 0;
    if (this.writer.pending.documents > 0) await this.#publish();
  }

  async #encodeWaiting(): Promise<void> {
    const batch = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#waitingPassages = 0;
    const { encoder } = this;
    const texts: string[] = [];
    if (encoder !== undefined) {
      for (const { language, passages, vectors } of batch) {
        if (vectors !== undefined || !speaks(encoder, language)) continue;
        for (const { embeddingText } of passages) texts.push(embeddingText);
      }
    }
    const encoded =
      encoder === undefined || texts.length === 0
        ? undefined
        : await encoder.encode(texts, {
            role: 'document',
            ...(this.signal === undefined ? {} : { signal: this.signal }),
          });
    let row = 0;
    for (const { indexable, language, passages, vectors } of batch) {
      const fresh = encoder !== undefined && vectors === undefined && speaks(encoder, language);
      this.writer.add({
        ...indexable.record,
        language,
        text: indexable.text,
        passages: passages.map(({ embeddingText: _, ...passage }, i) => {
          const vector = fresh ? encoded!.row(row++) : vectors?.[i];
          return vector === undefined ? passage : { ...passage, vector };
        }),
      } satisfies NewDocument);
      this.#passages += passages.length;
      const embedded = (fresh || vectors !== undefined) && passages.length > 0;
      const wordless = passages.every(({ fields }) => fields.every(({ terms }) => terms.length === 0));
      if (wordless && !embedded) this.#unsearchable++;
    }
    const late = performance.now() - this.#publishedAt > PUBLISH_AFTER;
    if (this.writer.pending.bytes >= PUBLISH_AT || (late && batch.length > 0)) await this.#publish();
  }

  async #publish(): Promise<number> {
    this.#report('publishing');
    const generation = await this.writer.publish();
    this.#published = this.#documents - this.#waiting.size;
    this.#publishedAt = performance.now();
    this.#report('publishing');
    return generation;
  }

  #report(phase: IndexProgress['phase'], path?: string): void {
    this.onProgress?.({
      phase,
      documents: this.#documents,
      passages: this.#passages,
      published: this.#published,
      ...(path === undefined ? {} : { path }),
    });
  }
}
