import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { type ChainCodec, createCodec } from '../../codec/index.ts';
import { TermNumbers } from '../../text/index.ts';
import { openThreads } from '../../threads/index.ts';
import type { NewDocument, Snapshot, Writer } from '../types.ts';
import { createLocalStore, type LocalStore, openLocalStore } from './store.ts';

const DIM = 16;
const SPEC = 'ivf32,apq8x4,refine:full';
const SETTINGS = { encoder: 'test', dim: DIM, bm25: { k1: 0.9, b: 0.4 }, options: {} };
/** Everything is looked at, so that hits are exact. */
const EXACT = { nprobe: 32, refine: Number.POSITIVE_INFINITY };

let directory: string;
let store: LocalStore;
let writer: Writer;
let snapshot: Snapshot | undefined;
beforeEach(async () => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-vectors-'));
  store = await createLocalStore(directory, SETTINGS);
  writer = await store.writer();
});
afterEach(async () => {
  snapshot?.close();
  snapshot = undefined;
  await writer.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

function vectorOf(number: number): Float32Array {
  const random = new Random(number);
  const vector = Float32Array.from({ length: DIM }, () => random.normal());
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

const numbers = new TermNumbers();

/** A document of two passages, of which every tenth has no vector. */
function document(number: number): NewDocument {
  const passage = (i: number) => ({
    start: i,
    end: i + 1,
    headings: [],
    fields: [{ terms: numbers.encode(['word']), boost: 1 }],
    ...((2 * number + i) % 10 === 3 ? {} : { vectors: { meaning: vectorOf(2 * number + i) } }),
  });
  return {
    id: `d${number}`,
    title: '',
    format: 'text',
    language: 'en',
    contentHash: '',
    metadata: { number },
    text: 'ab',
    numbers,
    passages: [passage(0), passage(1)],
  };
}

async function fill(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) writer.add(document(number));
  await writer.publish();
}

async function fresh(): Promise<Snapshot> {
  snapshot?.close();
  snapshot = await store.snapshot();
  return snapshot;
}

function files(ending: string): string[] {
  return fs.readdirSync(join(directory, 'segments')).filter((name) => name.endsWith(ending));
}

/** Documents and passages of the hits, with their scores. */
function named(hits: Hits, from: Snapshot): string[] {
  return Array.from(hits.ids, (id) => {
    const { document: ordinal, start } = from.passage(id);
    return `${from.document(ordinal).id}.${start}`;
  });
}

async function expectExact(live: (number: number) => boolean, count: number, numberOfHits = 10): Promise<void> {
  const current = await fresh();
  for (let q = 0; q < 5; q++) {
    const query = vectorOf(1_000_000 + q);
    const all: { name: string; score: number }[] = [];
    for (let number = 0; number < count; number++) {
      if (!live(number)) continue;
      for (const [i, { vectors }] of document(number).passages.entries()) {
        const vector = vectors?.['meaning'] as Float32Array | undefined;
        if (vector === undefined) continue;
        all.push({ name: `d${number}.${i}`, score: vector.reduce((sum, value, c) => sum + value * query[c]!, 0) });
      }
    }
    all.sort((a, b) => b.score - a.score);
    const found = named(current.searchDense(query, { k: numberOfHits, ...EXACT }), current);
    expect(found).toEqual(all.slice(0, numberOfHits).map(({ name }) => name));
  }
}

describe('a compressed index', () => {
  it('is built over all segments, and serves through additions, removals, compaction and its end', async () => {
    await fill(0, 800);
    await fill(800, 1500);
    await fill(1500, 1510);
    const before = await fresh();
    const report = await writer.rebuild({ spec: SPEC.toUpperCase(), search: { nprobe: 7 } });
    expect(report).toMatchObject({ spec: SPEC, indexed: 2700, scanned: 18 });
    expect(report.bytes).toBe(
      [...files('.lists'), ...files('.model')].reduce(
        (sum, name) => sum + fs.statSync(join(directory, 'segments', name)).size,
        0,
      ),
    );
    expect(files('.lists').length).toBe(2);
    // The older snapshot is as it was.
    expect(before.vectorIndex).toBeUndefined();
    expect(before.searchDense(vectorOf(5), { k: 1 }).scores[0]).toBeCloseTo(1);
    await expectExact(() => true, 1510);
    expect((await fresh()).vectorIndex).toMatchObject({ spec: SPEC, search: { nprobe: 7 } });
    // The default of the collection looks at fewer codes than the call that asks for all.
    const query = vectorOf(77);
    const some = (await fresh()).searchDense(query, { k: 5 }).examined;
    expect(some).toBeLessThan(0.6 * (await fresh()).searchDense(query, { k: 5, ...EXACT }).examined);

    for (let number = 100; number < 200; number++) writer.remove(`d${number}`);
    await writer.publish();
    const gone = (number: number) => number < 100 || number >= 200;
    await expectExact(gone, 1510);
    // A large enough segment is coded when it is written.
    await fill(1510, 2200);
    expect(files('.lists').length).toBe(3);
    await expectExact(gone, 2200);
    await writer.compact({ full: true });
    expect(files('.lists').length).toBe(1);
    await expectExact(gone, 2200);
    const report2 = await store.verify();
    expect(report2.faults).toEqual([]);
    expect(report2.filesChecked).toBe(4);
    expect((await store.inspect()).vectorIndex).toMatchObject({ spec: SPEC, scanned: 0, indexed: 3780 });

    expect(await writer.rebuild({})).toMatchObject({ spec: undefined, indexed: 0, bytes: 0 });
    expect([...files('.lists'), ...files('.model')]).toEqual([]);
    await expectExact(gone, 2200);
  });

  it('takes lists and codes that were learned elsewhere', async () => {
    await fill(0, 1000);
    const sample = Vectors.fromRows(
      Array.from({ length: 600 }, (_, i) => vectorOf(i)),
      DIM,
    );
    const codec = createCodec('dual,pq8x4', DIM) as ChainCodec;
    await codec.train(sample);
    const centroids = codec.apply(sample.slice(0, 8));
    const spec = 'dual,ivf8,pq8x4,refine:full';
    expect(await writer.rebuild({ spec, codec, centroids })).toMatchObject({ spec, indexed: 1800 });
    await expectExact(() => true, 1000);
    await expect(writer.rebuild({ spec: 'dual,ivf9,pq8x4', codec, centroids })).rejects.toThrow(/8 centroids/);
  });

  it('returns k hits through a filter however few lists are asked for', async () => {
    await fill(0, 1000);
    await writer.rebuild({ spec: SPEC });
    const current = await fresh();
    const allowed = new BitSet(current.passageSpace);
    for (let passage = 0; passage < 2000; passage += 101) allowed.add(passage);
    const having = [...allowed].filter((passage) => passage % 10 !== 3).length;
    const hits = current.searchDense(vectorOf(9), { k: 100, nprobe: 1, allowed });
    expect(hits.ids.length).toBe(having);
    expect([...hits.ids].every((id) => allowed.has(id))).toBe(true);
  });

  it('is read by another process, and survives the writer', async () => {
    await fill(0, 1000);
    await writer.rebuild({ spec: 'ivf16,sq8' });
    await writer.close();
    const other = await openLocalStore(directory);
    const current = await other.snapshot();
    expect(named(current.searchDense(vectorOf(40), { k: 1 }), current)).toEqual(['d20.0']);
    current.close();
    writer = await other.writer();
    await fill(1000, 1600);
    expect(files('.lists').length).toBe(2);
  });

  it('leaves everything as it was when it is given up or impossible', async () => {
    await fill(0, 1000);
    await writer.rebuild({ spec: SPEC });
    const names = fs.readdirSync(join(directory, 'segments')).sort();
    const controller = new AbortController();
    const aborted = writer.rebuild({
      spec: 'ivf8,sq8',
      signal: controller.signal,
      onProgress: (phase) => phase === 'coding' && controller.abort(),
    });
    await expect(aborted).rejects.toThrow(/abort/i);
    await expect(writer.rebuild({ spec: 'ivf5000,sq8' })).rejects.toThrow(/at most 112 lists/);
    await expect(writer.rebuild({ spec: 'ivf8,sq9' })).rejects.toThrow(InvalidArgumentError);
    await expect(writer.rebuild({ spec: 'ivf8,pq17x4' })).rejects.toThrow(InvalidArgumentError);
    expect(fs.readdirSync(join(directory, 'segments')).sort()).toEqual(names);
    expect((await fresh()).vectorIndex?.spec).toBe(SPEC);
    await expectExact(() => true, 1000);
  });

  it('is the same, whatever number of threads built it', async () => {
    await fill(0, 1500);
    await writer.rebuild({ spec: SPEC });
    const stamps = () =>
      [...files('.lists'), ...files('.model')].map((name) => fs.readFileSync(join(directory, 'segments', name)));
    const alone = stamps();
    await using threads = await openThreads({ threads: 2 });
    await writer.rebuild({ spec: SPEC, threads });
    const together = stamps();
    expect(together.length).toBe(2);
    expect(together.every((bytes, i) => bytes.equals(alone[i]!))).toBe(true);
  });

  it('cannot be made of nothing', async () => {
    await expect(writer.rebuild({ spec: SPEC })).rejects.toThrow(/no vectors/);
  });

  it('never answers from damaged files', async () => {
    await fill(0, 1000);
    await writer.rebuild({ spec: SPEC });
    const random = new Random(4);
    for (const name of [...files('.lists'), ...files('.model')]) {
      const path = join(directory, 'segments', name);
      const sound = fs.readFileSync(path);
      for (let trial = 0; trial < 12; trial++) {
        const bytes = Buffer.from(sound);
        bytes[random.below(bytes.length)]! ^= 1 + random.below(255);
        fs.writeFileSync(path, trial % 4 === 3 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
        const other = await openLocalStore(directory);
        const report = await other.verify();
        expect(report.sound).toBe(false);
        expect(report.faults.map(({ file }) => file)).toContain(join('segments', name));
        let current: Snapshot | undefined;
        try {
          current = await other.snapshot();
          const hits = current.searchDense(vectorOf(2), { k: 3, ...EXACT });
          // What is damaged is not needed for this query.
          expect(named(hits, current)[0]).toBe('d1.0');
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptFileError);
          expect((error as Error).message).toContain(name);
        }
        current?.close();
      }
      fs.writeFileSync(path, sound);
    }
    expect((await store.verify()).sound).toBe(true);
  });

  it('is not disturbed by what a killed writer left', async () => {
    await fill(0, 1000);
    await writer.rebuild({ spec: SPEC });
    for (const name of ['m000999.model', 's000001.m000999.lists']) {
      fs.writeFileSync(join(directory, 'segments', name), 'half');
    }
    await writer.close();
    writer = await store.writer();
    expect(fs.readdirSync(join(directory, 'segments')).filter((name) => name.includes('999'))).toEqual([]);
    expect((await store.verify()).sound).toBe(true);
  });
});
