import { describe, expect, it } from 'vitest';
import { CorruptFileError } from '../../src/base/errors.ts';
import { type Files, readFully, readWhole, unreadable } from '../../src/store/local/filesystem.ts';

/** A folder of files, however it is read. */
interface Place {
  readonly files: Files;
  readonly folder: string;
  end(): Promise<void>;
}

const BYTES = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) ^ (i >> 8));

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What everything that a collection is read through keeps to. @param place makes a folder of these files. */
export function filesContract(
  name: string,
  place: (contents: Readonly<Record<string, Uint8Array>>) => Promise<Place>,
): void {
  describe(name, () => {
    const within = async (work: (place: Place) => void) => {
      const made = await place({ long: BYTES, empty: new Uint8Array() });
      try {
        work(made);
      } finally {
        await made.end();
      }
    };

    it('reads any stretch of a file, and says how large it is', () =>
      within(({ files, folder }) => {
        const file = files.open(`${folder}/long`);
        expect(files.size(file)).toBe(BYTES.length);
        for (const [from, length] of [
          [0, 1],
          [4095, 2],
          [65_535, 70_000],
          [199_999, 1],
          [0, 200_000],
        ] as const) {
          const target = new Uint8Array(length);
          readFully(files, file, 'long', target, from);
          expect(same(target, BYTES.subarray(from, from + length))).toBe(true);
        }
        files.close(file);
        expect(same(readWhole(files, `${folder}/long`), BYTES)).toBe(true);
        expect(readWhole(files, `${folder}/empty`)).toHaveLength(0);
      }));

    it('says where a file ends', () =>
      within(({ files, folder }) => {
        const file = files.open(`${folder}/long`);
        expect(files.read(file, new Uint8Array(10), BYTES.length)).toBe(0);
        expect(() => readFully(files, file, 'long', new Uint8Array(10), BYTES.length - 5)).toThrow(
          'ends at byte 200000, before byte 200005',
        );
        files.close(file);
        expect(() => readWhole(files, `${folder}/long`, 1000)).toThrow(CorruptFileError);
      }));

    it('says that a file is missing', () =>
      within(({ files, folder }) => {
        const open = () => {
          try {
            files.open(`${folder}/none`);
          } catch (error) {
            throw unreadable('none', error);
          }
        };
        expect(open).toThrow(/^none: it is missing/);
      }));
  });
}
