import { bfloat16ToFloat, halvesToFloats } from '../../base/half.ts';
import type { Safetensors } from './safetensors.ts';

/** Rows of the table of word pieces, one after the other. */
export type WordRows = (ids: Int32Array) => Float32Array;

/**
 * The table of word pieces as it is stored; rows become floats when a run asks for them. Reading it costs what copying its bytes costs,
 * converting all of it would be most of the time to a first query.
 */
export function openWords(file: Safetensors, name: string, [count, width]: readonly [number, number]): WordRows {
  const { dtype, bytes } = file.raw(name, [count, width]);
  if (dtype === 'F32') return wordsOf(new Float32Array(bytes.buffer, bytes.byteOffset, count * width), width);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count * width);
  return (ids) => {
    const chosen = new Uint16Array(ids.length * width);
    ids.forEach((id, i) => {
      chosen.set(halves.subarray(id * width, (id + 1) * width), i * width);
    });
    const rows = new Float32Array(chosen.length);
    if (dtype === 'F16') halvesToFloats(chosen, rows);
    else for (let i = 0; i < rows.length; i++) rows[i] = bfloat16ToFloat(chosen[i]!);
    return rows;
  };
}

/** Rows of a table in floats. */
export function wordsOf(table: Float32Array, width: number): WordRows {
  return (ids) => {
    const rows = new Float32Array(ids.length * width);
    for (let i = 0; i < ids.length; i++) rows.set(table.subarray(ids[i]! * width, (ids[i]! + 1) * width), i * width);
    return rows;
  };
}
