import type { DocumentRecord } from '../content/index.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import {
  languageOf,
  narrowestWindow,
  type Preparable,
  type PreparedPassage,
  preparePassages,
  sourceText,
} from '../corpus/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import type { CompactReport, FieldItem, FieldText, NewDocument, VectorFieldSettings, Writer } from '../store/types.ts';
import { TermNumbers } from '../text/index.ts';
import { encodeTexts } from './encode-texts.ts';
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

/** A field of vectors with its encoder. */
export interface EncodedField extends Omit<VectorFieldSettings, 'encoder'> {
  readonly encoder: Encoder & TokenEncoder & TermEncoder;
}

/** What fields hold of a document's passages, in order, by the names of the fields. */
export type KnownItems = ReadonlyMap<string, readonly (FieldItem | undefined)[]>;

const NOTHING: KnownItems = new Map();

/** A document that waits for encoders. */
interface Waiting {
  readonly indexable: Indexable;
  readonly language: string;
  readonly passages: readonly PreparedPassage[];
  readonly numbers: TermNumbers;
  readonly known: KnownItems;
}

/**
 * Turns documents into passages, terms and vectors, and hands them to the writer in batches. Memory is bounded by the
 * batch and by what waits for publication, not by the corpus.
 */
export class Indexer {
  /** By id: the last of several with one id counts. */
  #waiting = new Map<string, Waiting>();
  #waitingPassages = 0;
  /** Of the terms of what comes next: another after each publication, as words that come once add up. */
  #numbers = new TermNumbers();
  #documents = 0;
  #passages = 0;
  #unsearchable = 0;
  #cut = 0;
  #published = 0;
  #publishedAt = performance.now();

  constructor(
    private readonly writer: Writer,
    private readonly fields: readonly EncodedField[],
    private readonly settings: IndexingSettings,
    private readonly signal?: AbortSignal,
    private readonly onProgress?: (progress: IndexProgress) => void,
  ) {}

  /** Says that the work begins: before the first document is read, which may take long. */
  begin(): void {
    this.#report('reading');
  }

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
   * @param before what fields hold of its passages, where that is known already (a file that only moved).
   */
  async add(indexable: Indexable, before: KnownItems = NOTHING): Promise<void> {
    this.signal?.throwIfAborted();
    const language = languageOf(indexable, this.settings);
    const window = narrowestWindow(this.fields, language);
    const numbers = this.#numbers;
    const { passages, cut } = await preparePassages(indexable, language, this.settings, numbers, window, this.signal);
    this.#cut += cut;
    this.#forget(indexable.record.id);
    const known =
      before.size === 0
        ? before
        : new Map(
            [...before].filter(
              ([, items]) => items.length === passages.length && items.every((item) => item !== undefined),
            ),
          );
    this.#waiting.set(indexable.record.id, { indexable, language, passages, numbers, known });
    this.#waitingPassages += passages.length;
    this.#documents++;
    this.#report('reading', indexable.record.path ?? indexable.record.id);
    if (this.#waitingPassages >= ENCODE_AT) await this.#encodeWaiting();
  }

  /** Hash of the document that the collection will hold with this id, as things stand. */
  async contentHash(id: string): Promise<string | undefined> {
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
    const encoded = new Map<string, (FieldItem | undefined)[]>();
    for (const field of this.fields) encoded.set(field.name, await this.#encode(field, batch));
    let next = 0;
    for (const { indexable, language, passages, numbers } of batch) {
      let embedded = false;
      this.writer.add({
        ...indexable.record,
        language,
        text: indexable.text,
        numbers,
        passages:
          this.fields.length === 0
            ? passages
            : passages.map((passage) => {
                const vectors: Record<string, FieldItem> = {};
                for (const { name } of this.fields) {
                  const item = encoded.get(name)![next];
                  if (item !== undefined) vectors[name] = item;
                }
                next++;
                if (Object.keys(vectors).length === 0) return passage;
                embedded = true;
                return { ...passage, vectors };
              }),
      } satisfies NewDocument);
      this.#passages += passages.length;
      if (!embedded && passages.every(isWordless)) this.#unsearchable++;
    }
    const late = performance.now() - this.#publishedAt > PUBLISH_AFTER;
    if (this.writer.pending.bytes >= PUBLISH_AT || (late && batch.length > 0)) await this.#publish();
  }

  /** What a field holds of all passages of a batch, one after the other. Equal texts are encoded once. */
  async #encode({ name, of, kind, encoder }: EncodedField, batch: readonly Waiting[]) {
    const texts: FieldText[] = [];
    const numbers = new Map<string, number>();
    const items = batch.flatMap(({ indexable, language, passages, known }) =>
      passages.map(({ start, end, headings, embeddingText }, i): FieldItem | number | undefined => {
        const before = known.get(name)?.[i];
        if (before !== undefined) return before;
        const passage = { headings, text: indexable.text.slice(start, end) };
        const text =
          of === 'passage' ? embeddingText : sourceText(of, { ...indexable.record, title: indexable.title }, passage);
        if (text === '') return undefined;
        const key = `${language}\n${text}`;
        const number = numbers.get(key) ?? texts.push({ text, language }) - 1;
        numbers.set(key, number);
        return number;
      }),
    );
    const encoded = await encodeTexts(encoder, kind, texts, this.settings, this.signal);
    return items.map((item) => (typeof item === 'number' ? encoded[item] : item));
  }

  async #publish(): Promise<number> {
    this.#report('publishing');
    const generation = await this.writer.publish();
    this.#numbers = new TermNumbers();
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

function isWordless({ fields }: PreparedPassage): boolean {
  return fields.every(({ terms }) => terms.length === 0);
}
