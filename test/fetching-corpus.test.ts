import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BitSet } from '../src/base/bits.ts';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { openCollection } from '../src/collection/index.ts';
import { resolveSettings } from '../src/corpus/index.ts';
import { FetchingCorpus } from '../src/store/browser/fetching-corpus.ts';
import { RangedFiles, systemError } from '../src/store/browser/ranged-files.ts';
import { SnapshotCorpus } from '../src/store/corpus.ts';
import { FilesStore } from '../src/store/local/files-store.ts';
import { readManifest } from '../src/store/local/manifest.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const DIM = 64;
let folder: TestFolder;

/** The files of a folder as if they lay on a server. @param waited takes the stretches that the thread waited for. */
function ranged(waited: string[]) {
  const stretch = (path: string, from: number, to: number): Uint8Array => {
    const bytes = new Uint8Array(to - from);
    const file = openSync(path, 'r');
    readSync(file, bytes, 0, bytes.byteLength, from);
    closeSync(file);
    return bytes;
  };
  return new RangedFiles<string>({
    open: (path) => {
      try {
        return { file: path, size: statSync(path).size };
      } catch {
        throw systemError('ENOENT', 'open', path);
      }
    },
    read: (path, from, to) => {
      waited.push(`${path} ${from}`);
      return stretch(path, from, to);
    },
    fetch: async (path, from, to) => stretch(path, from, to),
    list: () => [],
    stamp: (path) => path,
  });
}

const unused = async (): Promise<never> => {
  throw new Error('only read here');
};

/** The collection as it lies on the disk, and as it is fetched. */
async function both(waited: string[], exact = true) {
  const files = ranged(waited);
  const { settings } = readManifest(folder.path, files);
  const home = { files, fileSystem: {} as never, lock: unused, makeFolder: unused };
  const store = new FilesStore(folder.path, settings, home);
  const analysis = resolveSettings({});
  const open = () => ({}) as never;
  const fetching = new FetchingCorpus(await store.snapshot(), analysis, open, files, exact);
  const plain = new SnapshotCorpus(await store.snapshot(), analysis, open);
  return { fetching, plain };
}

const draw = (random: Random): Float32Array => {
  const vector = Float32Array.from({ length: DIM }, () => random.normal());
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};

beforeAll(async () => {
  folder = testFolder();
  const random = new Random(3);
  const encoder = {
    id: 'drawn',
    dim: DIM,
    encode: async (texts: readonly string[]) =>
      Vectors.fromRows(
        texts.map(() => draw(random)),
        DIM,
      ),
  };
  const collection = await openCollection(folder.path, { create: true, encoder });
  const word = (i: number) => `${'abcdefgh'[i % 8]}${((i * 2654435761) >>> 0).toString(36)}`;
  const documents = Array.from({ length: 2001 }, (_, i) => ({
    id: `d${i}`,
    language: 'en',
    title: `Of ${word(i)}`,
    text: Array.from({ length: 60 }, (_, j) => word(61 * i + j)).join(' '),
  }));
  // Two segments, between whose passages ordinals are left out, and documents that are gone.
  await collection.add(documents.slice(0, 1001));
  await collection.add(documents.slice(1001));
  await collection.remove(['d3', 'd1500']);
  await collection.close();
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

describe('a corpus behind something slow', () => {
  it('answers as the same on a disk does, and waits for no passage, document or vector by itself', async () => {
    const waited: string[] = [];
    const { fetching, plain } = await both(waited);
    const query = draw(new Random(9));
    const allowed = new BitSet(plain.passageSpace);
    for (let i = 0; i < plain.passageSpace; i += 3) allowed.add(i);
    // The first search by vectors reads their codes.
    await fetching.search('meaning', query, { k: 1 });
    waited.length = 0;
    const found = await fetching.search('meaning', query, { k: 50, allowed });
    expect(waited.length).toBeLessThan(5);
    expect(found).toEqual(await plain.search('meaning', query, { k: 50, allowed }));

    const apart = Uint32Array.from({ length: 40 }, (_, i) => 49 * i + 5);
    waited.length = 0;
    const passages = await fetching.passages(apart);
    const documents = await fetching.documents(passages.map(({ document }) => document));
    const texts = await fetching.texts(passages.map(({ document }) => document));
    const scores = await fetching.score('meaning', query, apart);
    const vectors = await fetching.get('meaning', apart);
    expect(waited).toEqual([]);
    expect(passages).toEqual(await plain.passages(apart));
    expect(documents).toEqual(await plain.documents(passages.map(({ document }) => document)));
    expect(texts).toEqual(await plain.texts(passages.map(({ document }) => document)));
    expect(scores).toEqual(await plain.score('meaning', query, apart));
    expect(vectors).toEqual(await plain.get('meaning', apart));
    fetching.close();
    plain.close();
  });

  it('ranks by codes unless it is to be exact, for which no vector is read', async () => {
    const waited: string[] = [];
    const { fetching, plain } = await both(waited, false);
    const query = draw(new Random(11));
    await fetching.search('meaning', query, { k: 1 });
    waited.length = 0;
    const found = await fetching.search('meaning', query, { k: 50 });
    const scores = await fetching.score('meaning', query, found.ids.slice().sort());
    const gone = await fetching.score('meaning', query, Uint32Array.of(3, 40));
    expect(waited).toEqual([]);
    const [exact, all] = [
      await plain.search('meaning', query, { k: 50 }),
      await plain.search('meaning', query, { k: 60 }),
    ];
    expect(found.ids.filter((id) => all.ids.includes(id)).length).toBeGreaterThanOrEqual(49);
    found.scores.forEach((score, i) => {
      expect(Math.abs(score - exact.scores[i]!)).toBeLessThan(0.01);
    });
    // What is looked up is what was found.
    const sorted = [...found.ids.keys()].sort((a, b) => found.ids[a]! - found.ids[b]!);
    expect([...scores]).toEqual(sorted.map((i) => found.scores[i]));
    expect(gone[1]).toBeCloseTo((await plain.score('meaning', query, Uint32Array.of(40)))[0]!, 2);

    // A call may say how many vectors are to be read.
    expect(await fetching.search('meaning', query, { k: 50, refine: 4 })).toEqual(exact);
    fetching.close();
    plain.close();
  });

  it('says what is wrong as the other does', async () => {
    const { fetching, plain } = await both([]);
    await expect(fetching.passages([1e6])).rejects.toThrow(/This snapshot has no passage 1000000/);
    await expect(fetching.score('meaning', new Float32Array(3), Uint32Array.of(1))).rejects.toThrow(/3 components/);
    fetching.close();
    plain.close();
  });
});
