import type { SourceDocument } from './types.ts';

/**
 * Changes whenever a reader gives another text, structure or metadata for the same bytes. It is part of every content
 * hash, so such a change indexes documents again when they are read; a caller that passes over unread files by their
 * stamps must compare it too.
 */
export const INGEST_VERSION = 'ingest-6';

/** What a content hash is made of. */
export type Hashed = Pick<SourceDocument, 'id' | 'title' | 'text' | 'format' | 'metadata' | 'blocks'> &
  Partial<Pick<SourceDocument, 'path' | 'language'>>;

/**
 * What is hashed of a document that a program gives, in Node and in browsers: everything that is stored of it, where it lies as well. Its hash is the first
 * 128 bits of SHA-256 over the UTF-8 of that, 32 hexadecimal digits.
 */
export function hashedText({ id, path, title, text, format, language, metadata, blocks }: Hashed): string {
  const place = [id, path ?? null, title];
  return `${JSON.stringify([INGEST_VERSION, place, format, language ?? '', sorted(metadata), structureOf(blocks)])}\0${text}`;
}

/** Fields in the order of their names, so that a document's hash does not depend on how they were given. */
export function sorted(metadata: Hashed['metadata']): [string, unknown][] {
  return Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function structureOf(blocks: Hashed['blocks']): unknown[] {
  return blocks.map(({ kind, start, end, level, name, page }) => [kind, start, end, level, name, page]);
}
