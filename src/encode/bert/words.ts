import { bfloat16ToFloat } from '../../base/half.ts';
import type { DataType } from '../../tensor/index.ts';
import type { Safetensors } from './safetensors.ts';

/** The table of word pieces, of which a run reads some rows. */
export interface WordTable {
  /** Of the rows' elements; the model makes floats of them. */
  readonly type: DataType & ('float32' | 'float16');
  /** Rows one after the other. */
  readonly rows: (ids: Int32Array) => Float32Array | Uint16Array;
}

/**
 * The table of word pieces as it is stored. Reading it costs what copying its bytes costs; converting all of it would be most of the time to a
 * first query.
 */
export function openWords(file: Safetensors, name: string, [count, width]: readonly [number, number]): WordTable {
  const { dtype, bytes } = file.raw(name, [count, width]);
  if (dtype === 'F32') return wordsOf(new Float32Array(bytes.buffer, bytes.byteOffset, count * width), width);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count * width);
  const rows = (ids: Int32Array) => chosen(halves, ids, new Uint16Array(ids.length * width));
  if (dtype === 'F16') return { type: 'float16', rows };
  return {
    type: 'float32',
    rows(ids) {
      const bits = rows(ids);
      const floats = new Float32Array(bits.length);
      for (let i = 0; i < bits.length; i++) floats[i] = bfloat16ToFloat(bits[i]!);
      return floats;
    },
  };
}

/** Rows of a table in floats. */
export function wordsOf(table: Float32Array, width: number): WordTable {
  return { type: 'float32', rows: (ids) => chosen(table, ids, new Float32Array(ids.length * width)) };
}

function chosen<T extends Float32Array | Uint16Array>(table: T, ids: Int32Array, into: T): T {
  const width = into.length / ids.length;
  ids.forEach((id, i) => {
    into.set(table.subarray(id * width, (id + 1) * width), i * width);
  });
  return into;
}
