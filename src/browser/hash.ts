import { type Hashed, hashedText } from '../ingest/hashed.ts';

/** The hash that `documentHash` gives in Node. */
export async function hashOfDocument(document: Hashed): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(hashedText(document))));
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
