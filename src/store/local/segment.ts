import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, invariant } from '../../base/errors.ts';
import { readSection } from '../../base/sections.ts';
import type { DocumentRecord, PassageRecord } from '../../content/index.ts';
import { FlatIndex, InvertedIndex } from '../../index/index.ts';
import type { BlockCache } from './block-cache.ts';
import { ContainerReader, type FileStamp } from './container.ts';
import type { Files } from './filesystem.ts';
import { findById } from './ids.ts';
import { JsonBlocks } from './json-blocks.ts';
import { fromUtf8 } from './platform.ts';
import { Texts } from './texts.ts';

/**
 * The sections of a segment, in the order of the file:
 *
 * | section | holds |
 * |---|---|
 * | `documents.blocks`, `documents.index` | a `DocumentRecord` for each document (json-blocks.ts) |
 * | `texts.chunks`, `texts.index` | the texts of the documents (texts.ts) |
 * | `headings.blocks`, `headings.index` | the distinct lists of headings (json-blocks.ts) |
 * | `passages` | four u32 for each passage: start, end, page + 1 or 0, headings + 1 or 0 |
 * | `documents.table` | two u32 for each document, and once more for the end: first character, first passage |
 * | `documents.ids` | finds a document by its id (ids.ts) |
 * | `documents.languages` | JSON: number of documents by language |
 * | `lexical.*` | `InvertedIndex`, one item a passage |
 * | `dense.*` | `FlatIndex`, one item a passage; absent in a collection without an encoder |
 */
export const Section = {
  documents: 'documents',
  headings: 'headings',
  passages: 'passages',
  table: 'documents.table',
  ids: 'documents.ids',
  languages: 'documents.languages',
} as const;

/** u32 in a row of `passages`. */
export const PASSAGE_ROW = 4;

/**
 * An open segment: immutable, shared by all snapshots that contain it. Nothing but the table of contents is read when it
 * is opened; each part is read when it is first asked for, and verified then.
 */
export class Segment {
  readonly #container: ContainerReader;
  readonly #records: JsonBlocks<DocumentRecord>;
  readonly #headings: JsonBlocks<readonly string[]>;
  readonly texts: Texts;
  /** Whether it was written with vectors. Which ones count, if any, its `SegmentView` knows. */
  readonly hasOwnDense: boolean;
  #table: Uint32Array | undefined;
  #passages: Uint32Array | undefined;
  #ids: Uint32Array | undefined;
  #languages: ReadonlyMap<string, number> | undefined;
  #lexical: InvertedIndex | undefined;
  #dense: FlatIndex | undefined;
  #allRecords: readonly DocumentRecord[] | undefined;

  /**
   * @param documentCount, passageCount as in the manifest. @param expected the file's stamp, as in the manifest.
   * @param cache keeps unpacked blocks. Default: one of its own.
   * @throws CorruptFileError, IncompatibleError as {@link ContainerReader} does.
   */
  constructor(
    readonly path: string,
    files: Files,
    readonly documentCount: number,
    readonly passageCount: number,
    expected: FileStamp,
    cache?: BlockCache,
  ) {
    this.#container = new ContainerReader(path, files, expected);
    this.#records = new JsonBlocks(this.#container, Section.documents, path, cache);
    this.#headings = new JsonBlocks(this.#container, Section.headings, path, cache);
    this.texts = new Texts(this.#container, path, cache);
    this.hasOwnDense = this.#container.sections.some(({ name }) => name.startsWith('dense.'));
  }

  get container(): ContainerReader {
    return this.#container;
  }

  record(document: number): DocumentRecord {
    return this.#allRecords?.[document] ?? this.#records.get(document);
  }

  /** Number of records that the file holds: `documentCount`, unless it is damaged. */
  get documentRecords(): number {
    return this.#records.count;
  }

  /** All records in order, read as a stream. */
  records(): Iterable<DocumentRecord> {
    return this.#allRecords ?? this.#records;
  }

  /** All records, parsed once and then kept: what a filter looks at. */
  allRecords(): readonly DocumentRecord[] {
    if (this.#allRecords === undefined) {
      const records = [...this.#records];
      if (records.length !== this.documentCount) {
        throw this.corrupt(`has ${records.length} documents where the manifest says ${this.documentCount}`);
      }
      this.#allRecords = records;
    }
    return this.#allRecords;
  }

  /** First character of the document in `texts`; `document` may be `documentCount`, for the end. */
  textStart(document: number): number {
    return this.#tableOf()[2 * document]!;
  }

  /** Number of the document's first passage; `document` may be `documentCount`, for the end. */
  firstPassage(document: number): number {
    return this.#tableOf()[2 * document + 1]!;
  }

  documentText(document: number): string {
    return this.texts.slice(this.textStart(document), this.textStart(document + 1));
  }

  /** Number of the document that the passage belongs to. */
  documentOf(passage: number): number {
    const table = this.#tableOf();
    const { documentCount } = this;
    // The last document that starts at or before the passage; documents without passages start where the next does. It is looked for from
    // where it would be if all had as many, which it is where each has one.
    let low = Math.min(documentCount - 1, Math.floor((passage * documentCount) / this.passageCount));
    let step = 1;
    for (; low > 0 && table[2 * low + 1]! > passage; step *= 2) low = Math.max(0, low - step);
    let high = low + 1;
    for (step = 1; high < documentCount && table[2 * high + 1]! <= passage; step *= 2) {
      low = high;
      high = Math.min(documentCount, high + step);
    }
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (table[2 * middle + 1]! <= passage) low = middle;
      else high = middle;
    }
    return low;
  }

  passage(passage: number): PassageRecord {
    const rows = this.passageRows();
    const at = PASSAGE_ROW * passage;
    const page = rows[at + 2]!;
    return {
      start: rows[at]!,
      end: rows[at + 1]!,
      headings: this.headings(rows[at + 3]!),
      ...(page === 0 ? {} : { page: page - 1 }),
    };
  }

  passageText(passage: number): string {
    const rows = this.passageRows();
    const start = this.textStart(this.documentOf(passage));
    return this.texts.slice(start + rows[PASSAGE_ROW * passage]!, start + rows[PASSAGE_ROW * passage + 1]!);
  }

  /** The section `passages`. */
  passageRows(): Uint32Array {
    this.#passages ??= this.#u32(Section.passages, PASSAGE_ROW * this.passageCount);
    return this.#passages;
  }

  /** A list of headings by the number in `passages`: 0 is the empty list. */
  headings(number: number): readonly string[] {
    return number === 0 ? NONE : this.#headings.get(number - 1);
  }

  /** Number of distinct lists of headings, the empty one not counted. */
  get headingsCount(): number {
    return this.#headings.count;
  }

  /** Number of the document with this id that is not in `dead`. */
  findDocument(id: string, dead?: BitSet): number | undefined {
    return findById(this.idTable(), id, (document) => dead?.has(document) !== true && this.record(document).id === id);
  }

  /** The section `documents.ids`. */
  idTable(): Uint32Array {
    this.#ids ??= this.#u32(Section.ids, 3 * this.documentCount);
    return this.#ids;
  }

  get languages(): ReadonlyMap<string, number> {
    this.#languages ??= this.#readLanguages();
    return this.#languages;
  }

  #readLanguages(): ReadonlyMap<string, number> {
    const json = fromUtf8(readSection(this.#container, Section.languages));
    let counts: unknown;
    try {
      counts = JSON.parse(json);
    } catch {
      throw this.corrupt('has counts of languages that cannot be read');
    }
    const isCount = (pair: unknown): boolean =>
      Array.isArray(pair) && typeof pair[0] === 'string' && Number.isInteger(pair[1]) && pair[1] >= 0;
    if (!Array.isArray(counts) || !counts.every(isCount)) throw this.corrupt('has counts of languages that are none');
    return new Map(counts as [string, number][]);
  }

  get lexical(): InvertedIndex {
    this.#lexical ??= this.#ofPassages(InvertedIndex.open(this.#container), 'lexical');
    return this.#lexical;
  }

  /** @throws InvariantError in a segment without vectors; see {@link Segment.hasOwnDense}. */
  get ownDense(): FlatIndex {
    invariant(this.hasOwnDense, `${this.path} has no vectors`);
    this.#dense ??= this.#ofPassages(FlatIndex.open(this.#container), 'dense');
    return this.#dense;
  }

  /** The passages of documents that are not dead. */
  livePassages(dead: BitSet): BitSet {
    const live = new BitSet(this.passageCount);
    live.bytes.fill(0xff);
    for (let padding = this.passageCount; padding < 8 * live.bytes.length; padding++) live.delete(padding);
    for (const document of dead) {
      const end = this.firstPassage(document + 1);
      for (let passage = this.firstPassage(document); passage < end; passage++) live.delete(passage);
    }
    return live;
  }

  close(): void {
    for (const part of [this.#records, this.#headings, this.texts]) part.close();
    this.#container.close();
  }

  corrupt(problem: string): CorruptFileError {
    return new CorruptFileError(this.path, `it ${problem}`);
  }

  /** An index with an item for each passage, as the manifest counts them. */
  #ofPassages<T extends { readonly count: number }>(index: T, name: string): T {
    if (index.count === this.passageCount) return index;
    throw this.corrupt(`has a ${name} index of ${index.count} passages where the manifest says ${this.passageCount}`);
  }

  #tableOf(): Uint32Array {
    this.#table ??= this.#checkedTable();
    return this.#table;
  }

  /** @throws CorruptFileError unless texts and passages of documents follow one another: what goes from one to the next may rely on it. */
  #checkedTable(): Uint32Array {
    const table = this.#u32(Section.table, 2 * (this.documentCount + 1));
    const { length } = table;
    let at = 2;
    while (at < length && table[at]! >= table[at - 2]!) at++;
    if (at < length || table[0] !== 0 || table[1] !== 0)
      throw this.corrupt(`has a ${Section.table} that does not ascend from 0`);
    const passages = table[length - 1]!;
    if (passages === this.passageCount) return table;
    throw this.corrupt(`has documents with ${passages} passages, the manifest says ${this.passageCount}`);
  }

  #u32(section: string, length: number): Uint32Array {
    if (this.#container.size(section) !== 4 * length) {
      throw this.corrupt(`has ${this.#container.size(section)} bytes in ${section} where ${4 * length} are expected`);
    }
    return new Uint32Array(readSection(this.#container, section).buffer);
  }
}

const NONE: readonly string[] = Object.freeze([]);
