import { InvalidArgumentError } from '../../base/errors.ts';
import type { DocumentRecord, PassageRecord } from '../../content/index.ts';
import type { IndexedField } from '../../index/index.ts';
import type { NewDocument, NewPassage } from '../types.ts';

/**
 * Numbers the terms of documents that wait for publication. A term occurs hundreds of times; waiting documents hold its
 * number, 4 bytes, instead of a string each.
 */
export class TermNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #terms: string[] = [];
  /** Rough bytes held. */
  bytes = 0;

  encode(terms: readonly string[]): Uint32Array {
    const numbers = new Uint32Array(terms.length);
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i]!;
      let number = this.#numbers.get(term);
      if (number === undefined) {
        number = this.#terms.length;
        this.#numbers.set(term, number);
        this.#terms.push(term);
        this.bytes += 80 + 2 * term.length;
      }
      numbers[i] = number;
    }
    return numbers;
  }

  decode(numbers: Uint32Array): string[] {
    return Array.from(numbers, (number) => this.#terms[number]!);
  }
}

/** A field with numbers for its terms and words. */
interface PendingField extends Omit<IndexedField, 'terms' | 'words'> {
  readonly terms: Uint32Array;
  readonly words?: Uint32Array;
}

interface PendingPassage {
  readonly record: PassageRecord;
  readonly fields: readonly PendingField[];
  readonly vector: Float32Array | undefined;
}

/** A document that waits for publication, in little memory and independent of the caller's arrays. */
export class PendingDocument {
  readonly record: DocumentRecord;
  readonly text: string;
  readonly passages: readonly PendingPassage[];
  /** Rough bytes held, without the numbering of terms. */
  readonly bytes: number;

  /** @throws InvalidArgumentError when the document contradicts itself or the collection. */
  constructor(
    document: NewDocument,
    dim: number,
    readonly numbers: TermNumbers,
  ) {
    check(document, dim);
    const { text, passages, ...record } = document;
    this.record = structuredClone(record);
    this.text = text;
    this.passages = passages.map(({ fields, vector, start, end, headings, page }) => ({
      record: { start, end, headings: [...headings], ...(page === undefined ? {} : { page }) },
      fields: fields.map(({ words, ...field }) => ({
        ...field,
        terms: numbers.encode(field.terms),
        ...(words === undefined ? {} : { words: numbers.encode(words) }),
      })),
      vector: vector?.slice(),
    }));
    this.bytes = this.passages.reduce(
      (sum, { fields, vector }) =>
        fields.reduce(
          (bytes, { terms, words }) => bytes + 80 + terms.byteLength + (words?.byteLength ?? 0),
          sum + 160 + (vector?.byteLength ?? 0),
        ),
      1000 + 2 * text.length,
    );
  }

  fields(passage: PendingPassage): IndexedField[] {
    return passage.fields.map(({ words, ...field }) => ({
      ...field,
      terms: this.numbers.decode(field.terms),
      ...(words === undefined ? {} : { words: this.numbers.decode(words) }),
    }));
  }
}

function check(document: NewDocument, dim: number): void {
  const name = JSON.stringify(document.id);
  for (const [key, value] of Object.entries(document.metadata)) {
    for (const member of Array.isArray(value) ? value : [value]) {
      if (typeof member === 'number' && !Number.isFinite(member)) {
        throw new InvalidArgumentError(
          `The metadata field ${JSON.stringify(key)} of document ${name} is ${member}.`,
          'Use a finite number, or leave the field out.',
        );
      }
    }
  }
  for (const [i, passage] of document.passages.entries()) {
    checkPassage(passage, `Passage ${i} of document ${name}`, document, dim);
  }
}

function checkPassage(
  { start, end, page, vector, fields }: NewPassage,
  what: string,
  document: NewDocument,
  dim: number,
) {
  const ordered = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end;
  if (!ordered || end > document.text.length) {
    throw new InvalidArgumentError(
      `${what} runs from ${start} to ${end} in a text of ${document.text.length} characters.`,
      'Give offsets in UTF-16 code units, start before end, inside the text.',
    );
  }
  if (page !== undefined && !(Number.isInteger(page) && page >= 0 && page < 2 ** 32 - 1)) {
    throw new InvalidArgumentError(`${what} is on page ${page}.`, 'Pages are whole numbers.');
  }
  for (const { boost, length = boost } of fields) {
    if (boost !== 0 && !(boost >= 1e-6 && boost <= 1e6)) {
      throw new InvalidArgumentError(`${what} has a field of boost ${boost}.`, 'Use 0, or a number from 1e-6 to 1e6.');
    }
    if (!(length >= 0 && length <= 1e6)) {
      throw new InvalidArgumentError(`${what} has a field of length ${length}.`, 'Use a number from 0 to 1e6.');
    }
  }
  if (vector === undefined) return;
  if (vector.length !== dim) {
    throw new InvalidArgumentError(
      `${what} has a vector of ${vector.length} components; the collection's have ${dim}.`,
      'Use the encoder that the collection was made with.',
    );
  }
  for (let i = 0; i < dim; i++) {
    if (!Number.isFinite(vector[i])) {
      throw new InvalidArgumentError(`Component ${i} of the vector of ${what} is ${vector[i]}.`, 'Check the encoder.');
    }
  }
}
