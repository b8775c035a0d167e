import { describe, expect, it } from 'vitest';
import { CorruptFileError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { staticEncoder } from '../encode/static/static.ts';
import { quantizeTable, readTable, type StaticTable, writeTable } from '../encode/static/table.ts';
import { dot } from '../math/index.ts';
import { compressTable } from './compress-table.ts';

const DIM = 16;
const TOKENS = 700;

/** Made-up words with random vectors, and texts of them, in which some words are frequent. */
function made(): { table: StaticTable; texts: string[] } {
  const random = new Random(5);
  const tokens = Array.from({ length: TOKENS }, (_, i) => (i === 0 ? '[UNK]' : `w${i}`));
  const rows = Float32Array.from({ length: TOKENS * DIM }, (_, i) => (i < DIM ? 0 : random.normal()));
  const normalization = { clean: true, ideographs: true, stripAccents: true, lowercase: true };
  const table = quantizeTable(rows, DIM, { pieces: { tokens, normalization, longestWord: 100 } });
  const word = () => tokens[1 + Math.floor((TOKENS - 1) * random.next() ** 3)]!;
  const texts = Array.from({ length: 3000 }, () => Array.from({ length: 12 }, word).join(' '));
  return { table, texts };
}

describe('compressTable', () => {
  it('keeps what texts mean, better where it saw texts, and is read as it was written', async () => {
    const { table, texts } = made();
    const [seen, held] = [texts.slice(0, 2500), texts.slice(2500)];
    const exact = await staticEncoder('exact', table).encode(held);
    const likeness = async (fittedTo: readonly string[]): Promise<number> => {
      const bytes = writeTable(await compressTable(table, fittedTo, { parts: 4 }));
      expect(bytes.length).toBeLessThan(writeTable(table).length);
      const own = await staticEncoder('own', readTable(bytes, 'coded.bin')).encode(held);
      return held.reduce((sum, _, i) => sum + dot(own.row(i), exact.row(i)), 0) / held.length;
    };
    const [means, fitted] = [await likeness([]), await likeness(seen)];
    expect(means).toBeGreaterThan(0.8);
    expect(fitted).toBeGreaterThan(means + 0.005);
  });

  it('refuses what cannot be cut, and files that were', async () => {
    const { table } = made();
    await expect(compressTable(table, [], { parts: 5 })).rejects.toThrow('divides the components');
    const bytes = writeTable(await compressTable(table, [], { parts: 4 }));
    expect(() => readTable(bytes.subarray(0, -1), 'coded.bin')).toThrow(CorruptFileError);
    const own = readTable(bytes, 'coded.bin');
    expect(readTable(writeTable(own), 'again.bin')).toEqual(own);
  });
});
