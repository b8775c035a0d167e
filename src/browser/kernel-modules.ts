import { inflateSync } from 'fflate';
import { packed } from '../kernels/modules.ts';

/**
 * `kernels/modules.ts` for the worker, where it is put in its place: the build that every browser runs, in the place of both. The other is faster
 * where it runs, and would be a tenth of the script.
 */
export const baseline = unpacked(packed);
export { baseline as relaxed };

/** Base64 of what base64 holds deflated. */
function unpacked(text: string): string {
  const bytes = inflateSync(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
