import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { InputDocument, Metadata } from '../content/index.ts';
import type { Block } from '../text/index.ts';
import { checkLanguage } from './settings.ts';

const TEXTS = ['id', 'text', 'title', 'path', 'format', 'language'] as const;
const FIELDS: readonly string[] = [...TEXTS, 'metadata', 'blocks'];
/** What is often meant by a name that is not near any other. */
const MEANT: Readonly<Record<string, string>> = { content: 'text', body: 'text', meta: 'metadata', _id: 'id' };

/**
 * Checks a document that a program gives, before anything is made of it: what could not be kept as it is given is refused rather
 * than lost on the way.
 * @returns the document's metadata, without members that are undefined.
 * @throws InvalidArgumentError naming the document and the field.
 */
export function checkInput(document: InputDocument): Metadata {
  if (typeof document?.id !== 'string' || document.id === '') {
    throw new InvalidArgumentError('A document has no id.', 'Give every document a non-empty text as its id.');
  }
  const name = () => `Document ${JSON.stringify(document.id)}`;
  for (const field of Object.keys(document)) {
    if (FIELDS.includes(field)) continue;
    const guess = MEANT[field] ?? nearest(field, FIELDS);
    throw new InvalidArgumentError(
      `${name()} has the unknown field "${field}".`,
      `${guess === undefined ? '' : `Did you mean "${guess}"? `}Put fields of your own into \`metadata\`.`,
    );
  }
  if (typeof document.text !== 'string') {
    throw new InvalidArgumentError(`${name()} has no text.`, 'Give every document a text.');
  }
  for (const field of TEXTS) {
    const value: unknown = document[field];
    if (value === undefined || typeof value === 'string') continue;
    throw new InvalidArgumentError(`The ${field} of ${name()} is ${describe(value)}.`, 'Give a text, or leave it out.');
  }
  if (document.language !== undefined) checkLanguage(document.language.toLowerCase().split(/[-_]/)[0]!);
  if (document.blocks !== undefined) checkBlocks(name, document.text, document.blocks);
  return checkMetadata(name, document.metadata ?? {});
}

function checkMetadata(name: () => string, metadata: Metadata): Metadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new InvalidArgumentError(`The metadata of ${name()} is ${describe(metadata)}.`, 'Give an object.');
  }
  const kept: [string, Metadata[string]][] = [];
  for (const [field, value] of Object.entries(metadata)) {
    if (value === undefined) continue;
    const what = () => `The metadata field ${JSON.stringify(field)} of ${name()}`;
    if (field === '__proto__') {
      throw new InvalidArgumentError(
        `${what()} has a name that objects cannot hold safely.`,
        'Call it something else.',
      );
    }
    const wrong = (Array.isArray(value) ? value : [value]).find((member) => !isScalar(member));
    if (
      wrong !== undefined ||
      (Array.isArray(value) && value.some((member) => member === null || member === undefined))
    ) {
      throw new InvalidArgumentError(
        `${what()} ${Array.isArray(value) ? 'holds' : 'is'} ${describe(wrong ?? null)}.`,
        'Use texts, finite numbers, booleans, null, or lists of texts, numbers and booleans; flatten objects, write dates as texts.',
      );
    }
    kept.push([field, value]);
  }
  return Object.fromEntries(kept);
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

function checkBlocks(name: () => string, text: string, blocks: readonly Block[]): void {
  let previous = 0;
  blocks.forEach(({ start, end }, i) => {
    const whole = Number.isInteger(start) && Number.isInteger(end);
    if (!whole || start < previous || end < start || end > text.length) {
      throw new InvalidArgumentError(
        `Block ${i} of ${name()} runs from ${start} to ${end}; the one before ends at ${previous}, the text at ${text.length}.`,
        'Give blocks in ascending order that do not overlap, in UTF-16 code units.',
      );
    }
    previous = end;
  });
}

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
