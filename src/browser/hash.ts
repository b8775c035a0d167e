import type { Hashed } from '../ingest/changes.ts';

/** 128 bits of SHA-256 over everything that is stored of a document: 32 hexadecimal digits. */
export async function hashOfDocument({
  id,
  path,
  title,
  text,
  format,
  language,
  metadata,
  blocks,
}: Hashed): Promise<string> {
  const fields = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const said = JSON.stringify([id, path ?? null, title, format, language ?? null, fields, blocks, text]);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(said)));
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
