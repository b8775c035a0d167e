import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptFileError } from '../../base/errors.ts';
import { ContainerReader, ContainerWriter } from './container.ts';
import { JsonBlocks, JsonBlocksWriter } from './json-blocks.ts';
import { nodeFileSystem, nodeFiles } from './node-files.ts';
import { TEXT_CHUNK, Texts, TextsWriter } from './texts.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-texts-'));
  path = join(directory, 'x.seg');
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

/** Text of about `length` units of any kind, lone surrogates and pairs across the ends of chunks among them. */
const longText = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'ß', '検', '😀', '\ud83d', '\ude00', '\0', '\ufeff'), maxLength: 9 }),
    fc.nat(9000),
  )
  .map(([unit, times]) => unit.repeat(times));

async function written<T>(write: (container: ContainerWriter) => T, read: (container: ContainerReader) => void) {
  fs.rmSync(path, { force: true });
  const container = new ContainerWriter(path, nodeFileSystem);
  write(container);
  await container.finish();
  const reader = new ContainerReader(path, nodeFiles);
  read(reader);
  reader.close();
}

describe('texts', () => {
  test('come back unit for unit, from any place to any other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(longText, { maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
        async (pieces, ranges) => {
          const all = pieces.join('');
          await written(
            (container) => {
              const writer = new TextsWriter(container);
              for (const piece of pieces) writer.add(piece);
              expect(writer.units).toBe(all.length);
              writer.finish();
            },
            (container) => {
              const texts = new Texts(container, path);
              expect(texts.units()).toBe(all.length);
              expect(texts.slice(0, all.length) === all).toBe(true);
              for (const [a, b] of ranges) {
                const [from, to] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y) as [
                  number,
                  number,
                ];
                expect(texts.slice(from, to) === all.slice(from, to)).toBe(true);
              }
            },
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('cost the one or two chunks that a passage lies in', async () => {
    const text = 'word '.repeat(TEXT_CHUNK);
    await written(
      (container) => {
        const writer = new TextsWriter(container);
        writer.add(text);
        writer.finish();
      },
      (container) => {
        let reads = 0;
        const counting = {
          has: (name: string) => container.has(name),
          size: (name: string) => container.size(name),
          readInto: (name: string, target: Uint8Array, offset?: number) => {
            if (name === 'texts.chunks') reads++;
            container.readInto(name, target, offset);
          },
        };
        const texts = new Texts(counting, path);
        expect(texts.slice(TEXT_CHUNK - 7, TEXT_CHUNK + 9)).toBe(text.slice(TEXT_CHUNK - 7, TEXT_CHUNK + 9));
        expect(reads).toBe(2);
        texts.slice(TEXT_CHUNK, TEXT_CHUNK + 100);
        expect(reads).toBe(2);
      },
    );
  });

  test('that end too early are corrupt', async () => {
    await written(
      (container) => {
        const writer = new TextsWriter(container);
        writer.add('short');
        writer.finish();
      },
      (container) => {
        const texts = new Texts(container, path);
        expect(() => texts.slice(0, 6)).toThrow(CorruptFileError);
        expect(() => texts.slice(5, 6)).toThrow(CorruptFileError);
        expect(() => texts.slice(3 * TEXT_CHUNK, 3 * TEXT_CHUNK + 1)).toThrow(CorruptFileError);
      },
    );
  });
});

describe('blocks of JSON', () => {
  test('give back each value by its number, and all in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.jsonValue(), fc.nat(8000)), { maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        async (items, picks) => {
          // Values as JSON has them: it knows no negative zero.
          const values = items.map(([value, size]) => JSON.parse(JSON.stringify({ value, filler: 'x'.repeat(size) })));
          await written(
            (container) => {
              const writer = new JsonBlocksWriter(container, 'list');
              for (const value of values) writer.add(value);
              writer.finish();
            },
            (container) => {
              const blocks = new JsonBlocks(container, 'list', path);
              expect(blocks.count).toBe(values.length);
              expect([...blocks]).toEqual(values);
              for (let i = 0; values.length > 0 && i < 20; i++) {
                const number = picks.next().value % values.length;
                expect(blocks.get(number)).toEqual(values[number]);
              }
            },
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
