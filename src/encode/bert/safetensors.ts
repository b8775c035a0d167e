import { closeSync, openSync, readSync } from 'node:fs';
import { bfloat16ToFloat, halfToFloat } from '../../base/half.ts';
export interface Safetensors {
  readonly names: readonly string[];
  has(name: string): boolean;
  read(name: string, shape: readonly number[]): Float32Array;
  raw(name: string, shape: readonly number[]): { dtype: 'F32' | 'F16' | 'BF16'; bytes: Uint8Array };
  close(): void;
}
export async function openSafetensors(path: string): Promise<Safetensors> {
  const fd = openSync(path, 'r');
  const h8 = Buffer.alloc(8);
  readSync(fd, h8, 0, 8, 0);
  const n = Number(h8.readBigUInt64LE(0));
  const hb = Buffer.alloc(n);
  readSync(fd, hb, 0, n, 8);
  const h = JSON.parse(hb.toString());
  const raw = (name: string, _s: readonly number[]) => {
    const {
      dtype,
      data_offsets: [a, b],
    } = h[name];
    const bytes = new Uint8Array(b - a);
    readSync(fd, bytes, 0, b - a, 8 + n + a);
    return { dtype, bytes };
  };
  return {
    names: Object.keys(h),
    has: (x) => x in h,
    raw,
    read(name, s) {
      const { dtype, bytes } = raw(name, s);
      if (dtype === 'F32') return new Float32Array(bytes.buffer);
      const u = new Uint16Array(bytes.buffer);
      return Float32Array.from(u, dtype === 'F16' ? halfToFloat : bfloat16ToFloat);
    },
    close: () => closeSync(fd),
  };
}
export function writeSafetensors(
  tensors: ReadonlyMap<string, { readonly data: Float32Array; readonly shape: readonly number[] }>,
): Uint8Array {
  void tensors;
  return new Uint8Array(0);
}
