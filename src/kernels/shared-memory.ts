import { invariant } from '../base/errors.ts';

const IMPORTS = 2;
const DATA = 11;
const MEMORY = 2;
const HAS_MAXIMUM = 0x01;
const HAS_MAXIMUM_AND_IS_SHARED = 0x03;

/**
 * The module with its imported memory declared as shared, which is a matter of one byte: the flags of the memory's limits
 * (WebAssembly core specification 2.0, 5.5.5, and its threads proposal). Saves embedding every build twice.
 *
 * @param module its first import is a memory with a maximum.
 */
export function withSharedMemory(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = module.slice();
  const number = (at: number): { readonly value: number; readonly next: number } => {
    // LEB128.
    let value = 0;
    for (let shift = 0, i = at; ; shift += 7, i++) {
      value += (bytes[i]! & 127) * 2 ** shift;
      if (bytes[i]! < 128) return { value, next: i + 1 };
    }
  };
  const behindName = (at: number): number => {
    const { value, next } = number(at);
    return next + value;
  };
  // Behind magic and version: sections, each with its number, its size, and so many bytes.
  let imports = 0;
  for (let at = 8; at < bytes.length; at = behindName(at + 1)) {
    if (bytes[at] === IMPORTS) imports = at;
    invariant(bytes[at] !== DATA, 'the kernels have static memory, which threads would overwrite for each other');
  }
  invariant(imports > 0, 'the kernels import nothing');
  const count = number(number(imports + 1).next);
  const kind = behindName(behindName(count.next));
  invariant(bytes[kind] === MEMORY && bytes[kind + 1] === HAS_MAXIMUM, 'the kernels import no memory with a maximum');
  bytes[kind + 1] = HAS_MAXIMUM_AND_IS_SHARED;
  return bytes;
}
