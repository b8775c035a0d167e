import { wellFormed } from '../../base/byte-order.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { hashText } from '../../base/hash.ts';
import type { NewDocument } from '../types.ts';

/** @throws InvalidArgumentError for U+0000, which texts in PostgreSQL cannot hold. */
export function checkStorable({ id, title, path = '', format, text, passages, metadata }: NewDocument): void {
  const texts = [id, title, path, format, text, ...passages.flatMap(({ headings }) => headings)];
  if (!texts.some((one) => one.includes('\0')) && !holdsNul(metadata)) return;
  throw new InvalidArgumentError(
    `The document ${JSON.stringify(id.slice(0, 200))} holds the character U+0000, which PostgreSQL cannot store.`,
    'Leave it out of texts and metadata, or keep the collection in a folder.',
  );
}

function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => name.includes('\0') || holdsNul(inner));
}

/** JSON that PostgreSQL reads: unpaired surrogates become U+FFFD, as in UTF-8. */
export function jsonOf(value: unknown): string {
  // JSON escapes what is unpaired, and nothing else beside control characters, quotes and backslashes.
  return JSON.stringify(value).replace(/\\(?:ud[89a-f][\da-f]{2}|.)/g, (written) =>
    written.length > 2 ? '\ufffd' : written,
  );
}

/** Characters of a term that stand in a row; indexes of a database hold no longer keys than some 2,700 bytes. */
const LONGEST = 300;

/** What a term is called in its rows. */
export function termKey(term: string): string {
  const name = wellFormed(term);
  if (name.length <= LONGEST) return name;
  return `${wellFormed(name.slice(0, LONGEST))} ${hashText(name).join('-')}`;
}
