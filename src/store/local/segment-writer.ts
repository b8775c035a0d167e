import { invariant } from '../../base/errors.ts';
import type { DocumentRecord, PassageRecord } from '../../content/index.ts';
import type { VectorFieldSettings } from '../types.ts';
import type { ContainerWriter } from './container.ts';
import { buildIdTable, hashId } from './ids.ts';
import { JsonBlocksWriter } from './json-blocks.ts';
import { toUtf8 } from './platform.ts';
import { PASSAGE_ROW, Section } from './segment.ts';
import { TextsWriter } from './texts.ts';

/**
 * What a segment is made of, whether it comes from new documents or from older segments. Each part is asked for once,
 * in the order of the members, and written while it is read: only small columns are held in memory.
 */
export interface SegmentSource {
  /** In the order that the documents will have. */
  records(): Iterable<DocumentRecord>;
  /** Pieces of each document's text, in the same order. */
  texts(): Iterable<Iterable<string>>;
  /** Passages of each document, in the same order. */
  passages(): Iterable<Iterable<PassageRecord>>;
  /** Writes the sections of the indexes of words and of `meaning`; the items of each are the passages, in the same order. */
  writeIndexes(container: ContainerWriter): Iterable<void>;
  /** Writes those of a field that has a file of its own, likewise. */
  writeField(field: VectorFieldSettings, container: ContainerWriter): Generator<void>;
}

export interface SegmentCounts {
  readonly documents: number;
  readonly passages: number;
}

/**
 * Writes the sections of a segment. A generator: it yields after each small piece of work, so that the caller may show
 * progress, let others run, or give up.
 */
export function* writeSegment(
  container: ContainerWriter,
  source: SegmentSource,
): Generator<void, SegmentCounts, undefined> {
  const records = new JsonBlocksWriter(container, Section.documents);
  const hashes = new Column();
  const languages = new Map<string, number>();
  for (const record of source.records()) {
    records.add(record);
    const [high, low] = hashId(record.id);
    hashes.push(high);
    hashes.push(low);
    languages.set(record.language, (languages.get(record.language) ?? 0) + 1);
    yield;
  }
  records.finish();

  const documents = hashes.length / 2;
  const table = new Uint32Array(2 * (documents + 1));
  const texts = new TextsWriter(container);
  let document = 0;
  for (const text of source.texts()) {
    table[2 * document++] = texts.units;
    for (const piece of text) {
      texts.add(piece);
      yield;
    }
  }
  invariant(document === documents, `${document} texts for ${documents} documents`);
  table[2 * documents] = texts.units;
  texts.finish();

  const headings = new JsonBlocksWriter(container, Section.headings);
  const headingNumbers = new HeadingNumbers(headings);
  const rows = new Column();
  document = 0;
  for (const passages of source.passages()) {
    table[2 * document++ + 1] = rows.length / PASSAGE_ROW;
    for (const passage of passages) {
      rows.push(passage.start);
      rows.push(passage.end);
      rows.push(passage.page === undefined ? 0 : passage.page + 1);
      rows.push(headingNumbers.of(passage.headings));
    }
    yield;
  }
  const passages = rows.length / PASSAGE_ROW;
  invariant(document === documents, `passages of ${document} documents, not of ${documents}`);
  table[2 * documents + 1] = passages;
  headings.finish();

  container.section(Section.passages, new Uint8Array(rows.finish().buffer));
  container.section(Section.table, new Uint8Array(table.buffer));
  container.section(Section.ids, new Uint8Array(buildIdTable(hashes.finish()).buffer));
  container.section(Section.languages, toUtf8(JSON.stringify([...languages])));
  yield;
  yield* source.writeIndexes(container);
  return { documents, passages };
}

/** Numbers lists of headings from 1 in the order of their first appearance, and writes each once. */
class HeadingNumbers {
  readonly #numbers = new Map<string, number>();

  constructor(readonly writer: JsonBlocksWriter) {}

  of(headings: readonly string[]): number {
    if (headings.length === 0) return 0;
    const key = JSON.stringify(headings);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(key, number);
      this.writer.add(headings);
    }
    return number;
  }
}

/** A growing list of u32. */
class Column {
  #values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(2 * this.#values.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  finish(): Uint32Array {
    return this.#values.slice(0, this.length);
  }
}
