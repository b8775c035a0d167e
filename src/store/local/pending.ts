import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import type { DocumentRecord, PassageRecord } from '../../content/index.ts';
import type { NumberedField } from '../../index/index.ts';
import type { TermNumbers } from '../../text/index.ts';
import type { FieldItem, NewDocument, NewPassage, VectorFieldSettings } from '../types.ts';
import { FIELD_KINDS, type PendingItem, pendingBytes } from './field-kinds.ts';

interface PendingPassage {
  readonly record: PassageRecord;
  readonly fields: readonly NumberedField[];
  /** What fields of vectors hold of it, by their names. */
  readonly items: ReadonlyMap<string, PendingItem>;
}

const NO_HEADINGS: readonly string[] = [];
const NO_ITEMS: ReadonlyMap<string, PendingItem> = new Map();

/** A document that waits for publication, in little memory and independent of the caller's arrays. */
export class PendingDocument {
  readonly record: DocumentRecord;
  readonly text: string;
  readonly passages: readonly PendingPassage[];
  /** What the numbers of its passages' fields are of. */
  readonly numbers: TermNumbers;
  /** Rough bytes held, without the numbering of terms. */
  readonly bytes: number;

  /** @throws InvalidArgumentError when the document contradicts itself or the collection. */
  constructor(document: NewDocument, fields: readonly VectorFieldSettings[]) {
    const items = check(document, fields);
    const { text, passages, numbers, id, title, path, format, language, contentHash, source, metadata } = document;
    this.numbers = numbers;
    this.record = {
      id,
      title,
      ...(path === undefined ? {} : { path }),
      format,
      language,
      contentHash,
      ...(source === undefined ? {} : { source: { ...source } }),
      metadata: copyOf(metadata),
    };
    this.text = text;
    this.passages = passages.map(({ fields, start, end, headings, page }, i) => ({
      record: {
        start,
        end,
        headings: headings.length === 0 ? NO_HEADINGS : [...headings],
        ...(page === undefined ? {} : { page }),
      },
      fields,
      items: items[i]!,
    }));
    let bytes = 1000 + 2 * text.length;
    for (const passage of this.passages) {
      bytes += 160;
      for (const item of passage.items.values()) bytes += pendingBytes(item);
      for (const { terms, words } of passage.fields) bytes += 80 + terms.byteLength + (words?.byteLength ?? 0);
    }
    this.bytes = bytes;
  }
}

/** A copy of what is made of objects, lists and scalars, as records are: `structuredClone` takes longer than to analyse a sentence. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy = { ...value };
  for (const name in copy) {
    const member = copy[name];
    if (typeof member === 'object' && member !== null) copy[name] = copyOf(member);
  }
  return copy;
}

/** @returns what fields hold of each passage. */
function check(document: NewDocument, fields: readonly VectorFieldSettings[]): ReadonlyMap<string, PendingItem>[] {
  for (const [key, value] of Object.entries(document.metadata)) {
    for (const member of Array.isArray(value) ? value : [value]) {
      if (typeof member === 'number' && !Number.isFinite(member)) {
        throw new InvalidArgumentError(
          `The metadata field ${JSON.stringify(key)} of document ${JSON.stringify(document.id)} is ${member}.`,
          'Use a finite number, or leave the field out.',
        );
      }
    }
  }
  return document.passages.map((passage, i) => {
    const what = () => `Passage ${i} of document ${JSON.stringify(document.id)}`;
    checkPassage(passage, what, document);
    return checkItems(passage, what, fields);
  });
}

function checkPassage({ start, end, page, fields }: NewPassage, what: () => string, document: NewDocument) {
  const ordered = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end;
  if (!ordered || end > document.text.length) {
    throw new InvalidArgumentError(
      `${what()} runs from ${start} to ${end} in a text of ${document.text.length} characters.`,
      'Give offsets in UTF-16 code units, start before end, inside the text.',
    );
  }
  if (page !== undefined && !(Number.isInteger(page) && page >= 0 && page < 2 ** 32 - 1)) {
    throw new InvalidArgumentError(`${what()} is on page ${page}.`, 'Pages are whole numbers.');
  }
  for (const { boost, length = boost } of fields) {
    if (boost !== 0 && !(boost >= 1e-6 && boost <= 1e6)) {
      throw new InvalidArgumentError(
        `${what()} has a field of boost ${boost}.`,
        'Use 0, or a number from 1e-6 to 1e6.',
      );
    }
    if (!(length >= 0 && length <= 1e6)) {
      throw new InvalidArgumentError(`${what()} has a field of length ${length}.`, 'Use a number from 0 to 1e6.');
    }
  }
}

function checkItems(
  { vectors }: NewPassage,
  what: () => string,
  fields: readonly VectorFieldSettings[],
): ReadonlyMap<string, PendingItem> {
  if (vectors === undefined) return NO_ITEMS;
  const items = new Map<string, PendingItem>();
  for (const [name, item] of Object.entries(vectors)) {
    const field = fields.find((one) => one.name === name);
    if (field === undefined || !FIELD_KINDS[field.kind].fits(item)) {
      throw new InvalidArgumentError(
        `${what()} has ${nameOf(item)} for "${name}", and the collection has no such field.`,
        'Give vectors of the fields that it has.',
      );
    }
    if (!isOfVectors(item)) {
      items.set(name, FIELD_KINDS[field.kind].pending(item, field.dim, what()));
      continue;
    }
    const [dim, numbers] = item instanceof Float32Array ? [item.length, item] : [item.dim, item.data];
    if (dim !== field.dim) {
      throw new InvalidArgumentError(
        `${what()} has a vector of ${dim} components; those of the field "${name}" have ${field.dim}.`,
        `Use its encoder, ${field.encoder}.`,
      );
    }
    const wrong = numbers.findIndex((component) => !Number.isFinite(component));
    if (wrong >= 0) {
      const value = numbers[wrong];
      throw new InvalidArgumentError(
        `Component ${wrong} of the vector of ${what()} is ${value}.`,
        'Check the encoder.',
      );
    }
    items.set(name, FIELD_KINDS[field.kind].pending(item, field.dim, what()));
  }
  return items;
}

function isOfVectors(item: FieldItem): item is Float32Array | Vectors {
  return item instanceof Float32Array || item instanceof Vectors;
}

function nameOf(item: FieldItem): string {
  if (!isOfVectors(item)) return 'impacts';
  return item instanceof Float32Array ? 'a vector' : 'token vectors';
}
