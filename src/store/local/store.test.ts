import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CollectionLockedError,
  CorruptFileError,
  IncompatibleError,
  InvalidArgumentError,
  NotFoundError,
} from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { TermNumbers } from '../../text/index.ts';
import type { CollectionSettings, NewDocument, Snapshot, Writer } from '../types.ts';
import { createLocalStore, openLocalStore } from './store.ts';
import { MOST_SEGMENTS } from './writer.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-store-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const DIM = 6;
const BM25 = { k1: 0.9, b: 0.4 };
const SETTINGS: CollectionSettings = {
  encoder: 'test',
  dim: DIM,
  fields: [
    { name: 'titles', kind: 'vector', of: 'title', encoder: 'other', dim: 3, tag: '0000000a' },
    { name: 'tokens', kind: 'vectors', of: 'passage', encoder: 'test', dim: DIM, tag: '0000000b' },
  ],
  bm25: BM25,
  options: { language: 'en' },
};
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'épsilon', '検索', '😀'];
const LANGUAGES = ['en', 'de', 'und'];

const numbers = new TermNumbers();

/** A document that is decided by its id and a version; from none to a few passages, some without a vector. */
function document(id: string, version: number): NewDocument {
  const random = new Random(version * 7919 + [...id].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7));
  const words = Array.from({ length: random.below(30) }, () => WORDS[Math.min(random.below(7), random.below(7))]!);
  // A lone surrogate now and then, and a text longer than a chunk.
  const text =
    words.join(' ') + (random.below(5) === 0 ? '\ud83d' : '') + (random.below(40) === 0 ? ' x'.repeat(20_000) : '');
  const passages = Array.from({ length: random.below(4) }, (_, i) => {
    const start = random.below(text.length + 1);
    const end = start + random.below(text.length - start + 1);
    const terms = words.filter(() => random.below(2) === 0);
    return {
      start,
      end,
      headings: ['Top', `Section ${random.below(3)}`].slice(0, random.below(3)),
      ...(i === 0 ? { page: random.below(5) } : {}),
      fields: [
        { terms: numbers.encode(terms), boost: 1 },
        { terms: numbers.encode(words.slice(0, 1)), boost: 2.5 },
      ],
      vectors: {
        ...(random.below(3) > 0 ? { meaning: unit(random) } : {}),
        ...(random.below(3) > 0 ? { titles: unit(random).slice(0, 3) } : {}),
        ...(random.below(3) > 0 ? { tokens: Vectors.fromRows([unit(random), unit(random)]) } : {}),
      },
    };
  });
  return {
    id,
    title: `${id} ${version}`,
    format: 'text',
    language: LANGUAGES[random.below(3)]!,
    contentHash: String(version),
    metadata: { version, tags: ['a', id], odd: '\ud800' },
    ...(random.below(2) === 0 ? { path: `/${id}`, source: { size: 3, modified: 1.5 } } : {}),
    text,
    numbers,
    passages,
  };
}

function unit(random: Random): Float32Array {
  const vector = Float32Array.from({ length: DIM }, () => random.normal());
  const norm = Math.hypot(...vector);
  return vector.map((component) => component / norm);
}

type Model = Map<string, NewDocument>;

/** Compares everything that a snapshot answers with the same computed from a plain map. */
function expectSame(snapshot: Snapshot, model: Model): void {
  const passages = [...model.values()].flatMap((document) =>
    document.passages.map((passage) => ({ document, passage })),
  );
  expect(snapshot.documentCount).toBe(model.size);
  expect(snapshot.passageCount).toBe(passages.length);
  expect(snapshot.settings).toEqual(SETTINGS);

  const ids: string[] = [];
  const ordinals = new Map<string, number>();
  let last = -1;
  for (const ordinal of snapshot.liveDocuments()) {
    expect(ordinal).toBeGreaterThan(last);
    last = ordinal;
    const record = snapshot.document(ordinal);
    ids.push(record.id);
    const { text, passages, numbers: _, ...expected } = model.get(record.id)!;
    expect(record).toEqual(expected);
    expect(snapshot.findDocument(record.id)).toBe(ordinal);
    expect(snapshot.documentText(ordinal) === text).toBe(true);
    const { from, to } = snapshot.documentPassages(ordinal);
    expect(to - from).toBe(passages.length);
    passages.forEach(({ fields: _, vectors, ...passage }, i) => {
      ordinals.set(`${record.id} ${i}`, from + i);
      expect(snapshot.passage(from + i)).toEqual({ ...passage, document: ordinal });
      expect(snapshot.passageText(from + i) === text.slice(passage.start, passage.end)).toBe(true);
      expect(snapshot.passageVector(from + i)).toEqual(vectors?.['meaning']);
      expect(snapshot.fieldItem('titles', from + i)).toEqual(vectors?.['titles']);
      const tokens = snapshot.fieldItem('tokens', from + i) as Vectors | undefined;
      const expected = vectors?.['tokens'] as Vectors | undefined;
      expect(tokens?.count).toBe(expected?.count);
      tokens?.data.forEach((value, c) => {
        expect(Math.abs(value - expected!.data[c]!)).toBeLessThan(0.005);
      });
    });
  }
  expect(last).toBeLessThan(snapshot.documentSpace);
  expect(ids.sort()).toEqual([...model.keys()].sort());
  expect(snapshot.findDocument('never there')).toBeUndefined();

  const even = snapshot.selectPassages(({ metadata }) => (metadata['version'] as number) % 2 === 0);
  expect(even.size).toBe(snapshot.passageSpace);
  const evenOrdinals = passages
    .filter(({ document }) => (document.metadata['version'] as number) % 2 === 0)
    .map(({ document, passage }) => ordinals.get(`${document.id} ${document.passages.indexOf(passage)}`)!);
  expect([...even]).toEqual(evenOrdinals.sort((a, b) => a - b));

  const scored = lexicalScores(passages);
  for (const [query, allowed] of [
    [['alpha', 'gamma'], undefined],
    [['検索', 'épsilon', 'absent'], undefined],
    [['beta', 'beta', '😀'], even],
  ] as const) {
    const all = passages.map(({ document, passage }) => ({
      ordinal: ordinals.get(`${document.id} ${document.passages.indexOf(passage)}`)!,
      score: scored(query, passage),
    }));
    const expected = all.filter(({ ordinal, score }) => score > 0 && allowed?.has(ordinal) !== false);
    const hits = snapshot.searchLexical(
      query.map((term) => ({ term, weight: 1 })),
      { k: 5, ...(allowed === undefined ? {} : { allowed }) },
    );
    expectBest(hits, expected, 5);
    const terms = query.map((term) => ({ term, weight: 1 }));
    const order = [...hits.ids.keys()].sort((a, b) => hits.ids[a]! - hits.ids[b]!);
    expect([...snapshot.scoreLexical(terms, hits.ids.toSorted())]).toEqual(order.map((i) => hits.scores[i]));
  }
  for (const term of WORDS) {
    const frequency = passages.filter(({ passage }) =>
      passage.fields.some(({ terms }) => terms.includes(numbers.of(term))),
    ).length;
    expect(snapshot.documentFrequency(term)).toBe(frequency);
  }

  const query = unit(new Random(model.size));
  for (const allowed of [undefined, even]) {
    const expected = passages
      .filter(({ passage }) => passage.vectors?.['meaning'] !== undefined)
      .map(({ document, passage }) => ({
        ordinal: ordinals.get(`${document.id} ${document.passages.indexOf(passage)}`)!,
        score: (passage.vectors!['meaning'] as Float32Array).reduce(
          (sum, component, i) => sum + component * query[i]!,
          0,
        ),
      }))
      .filter(({ ordinal }) => allowed?.has(ordinal) !== false);
    // Refined so far that nothing can be missed.
    const hits = snapshot.searchDense(query, { k: 5, refine: 100, ...(allowed ? { allowed } : {}) });
    expectBest(hits, expected, 5);
    const ascending = hits.ids.toSorted();
    expect([...snapshot.scoreDense(query, ascending)].sort((a, b) => b - a)).toEqual([...hits.scores]);
    const every = Uint32Array.from(ordinals.values()).sort();
    expect(Array.from(snapshot.scoreDense(query, every), Number.isNaN)).toEqual(
      Array.from(every, (ordinal) => !snapshot.hasVector(ordinal)),
    );
  }
}

function expectBest(
  hits: { ids: Uint32Array; scores: Float32Array },
  expected: { ordinal: number; score: number }[],
  k: number,
): void {
  expected.sort((a, b) => b.score - a.score);
  expect(hits.ids.length).toBe(Math.min(k, expected.length));
  hits.scores.forEach((score, i) => {
    // The score that belongs at this rank, and the one that belongs to this passage: near ties may change places.
    expect(score).toBeCloseTo(expected[i]!.score, 5);
    expect(score).toBeCloseTo(expected.find(({ ordinal }) => ordinal === hits.ids[i])!.score, 5);
    if (i > 0) expect(score < hits.scores[i - 1]! || hits.ids[i]! > hits.ids[i - 1]!).toBe(true);
  });
  expect(new Set(hits.ids).size).toBe(hits.ids.length);
}

function lexicalScores(passages: { passage: NewDocument['passages'][number] }[]) {
  type Passage = NewDocument['passages'][number];
  const length = ({ fields }: Passage) => fields.reduce((sum, { terms, boost }) => sum + boost * terms.length, 0);
  const frequency = ({ fields }: Passage, term: string) =>
    fields.reduce(
      (sum, { terms, boost }) => sum + boost * terms.filter((other) => other === numbers.of(term)).length,
      0,
    );
  const average = passages.reduce((sum, { passage }) => sum + length(passage), 0) / passages.length;
  return (query: readonly string[], passage: Passage) =>
    query.reduce((score, term) => {
      const tf = frequency(passage, term);
      const df = passages.filter((other) => frequency(other.passage, term) > 0).length;
      const idf = Math.log(1 + (passages.length - df + 0.5) / (df + 0.5));
      return score + (tf === 0 ? 0 : (idf * tf) / (tf + BM25.k1 * (1 - BM25.b + (BM25.b * length(passage)) / average)));
    }, 0);
}

type Step =
  | { readonly do: 'add' | 'remove'; readonly id: number }
  | { readonly do: 'publish' | 'compact' | 'compact fully' | 'compact in small steps' | 'reopen' | 'read' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('add' as const), id: fc.nat(25) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), id: fc.nat(25) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'compact' as const,
        'compact fully' as const,
        'compact in small steps' as const,
        'reopen' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
);

describe('a local store', () => {
  test('answers like a plain map after any sequence of changes', { timeout: 60_000 }, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
        const path = join(directory, String(run++));
        let store = await createLocalStore(path, SETTINGS);
        let writer = await store.writer();
        let published: Model = new Map();
        let pending: Model = new Map();
        const held: { snapshot: Snapshot; model: Model }[] = [];
        let version = 0;
        for (const action of steps) {
          switch (action.do) {
            case 'add': {
              const added = document(`d${action.id}`, version++);
              writer.add(added);
              pending.delete(added.id);
              pending.set(added.id, added);
              break;
            }
            case 'remove':
              expect(writer.remove(`d${action.id}`)).toBe(pending.delete(`d${action.id}`));
              break;
            case 'publish':
              await writer.publish();
              published = new Map(pending);
              break;
            case 'compact':
              await writer.compact();
              break;
            case 'compact fully': {
              await writer.compact({ full: true });
              const { segments } = await store.inspect();
              expect(segments.length).toBe(published.size === 0 ? 0 : 1);
              expect(segments.every(({ deadDocuments }) => deadDocuments === 0)).toBe(true);
              break;
            }
            case 'compact in small steps':
              await writer.compact({ full: true, maxSegmentBytes: 12_000 });
              break;
            case 'reopen':
              await writer.close();
              store = await openLocalStore(path);
              writer = await store.writer();
              pending = new Map(published);
              break;
            case 'read':
              held.push({ snapshot: await store.snapshot(), model: new Map(published) });
              break;
          }
          const id = `d${action.do === 'add' || action.do === 'remove' ? action.id : 0}`;
          expect(writer.contentHash(id) !== undefined).toBe(pending.has(id));
        }
        const snapshot = await store.snapshot();
        expectSame(snapshot, published);
        snapshot.close();
        // Snapshots from before the later changes still see what they saw.
        for (const { snapshot, model } of held) {
          expectSame(snapshot, model);
          snapshot.close();
        }
        await writer.close();
        const report = await store.verify();
        expect(report.faults).toEqual([]);
        expect(report.documents).toBe(published.size);
        const files = fs.readdirSync(path, { recursive: true }) as string[];
        const { segments } = await store.inspect();
        expect(files.filter((name) => name.endsWith('.seg')).length).toBe(segments.length);
        expect(files.filter((name) => name.includes('lock') || name.endsWith('.new'))).toEqual(['writer.lock']);
        fs.rmSync(path, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the order of documents when it is compacted', async () => {
    const { store, writer } = await filled(20, 3);
    await writer.compact({ full: true });
    const snapshot = await store.snapshot();
    const ids = [...snapshot.liveDocuments()].map((ordinal) => snapshot.document(ordinal).id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => `d${i}`));
    snapshot.close();
    await writer.close();
  });

  test('shows a publication to other readers, and leaves their snapshots as they were', async () => {
    const { store, writer } = await filled(4, 2);
    const other = await openLocalStore(directory);
    const before = await other.snapshot();
    writer.add(document('new', 1));
    writer.remove('d0');
    expect(other.generation()).toBe(before.generation);
    const generation = await writer.publish();
    expect(other.generation()).toBe(generation);
    expect(generation).toBe(before.generation + 1);
    await writer.compact({ full: true });
    expect(before.findDocument('new')).toBeUndefined();
    expect(before.document(before.findDocument('d0')!).id).toBe('d0');
    const after = await other.snapshot();
    expect(after.findDocument('d0')).toBeUndefined();
    expect(after.findDocument('new')).toBeDefined();
    before.close();
    after.close();
    expect(() => after.findDocument('d0')).toThrow(InvalidArgumentError);
    await writer.close();
    await store.writer().then((next) => next.close());
  });

  test('has one writer at a time', async () => {
    const { store, writer } = await filled(1, 1);
    await expect(store.writer()).rejects.toThrow(CollectionLockedError);
    await expect((await openLocalStore(directory)).writer()).rejects.toThrow(CollectionLockedError);
    await writer.close();
    await writer.close();
    expect(() => writer.add(document('d', 0))).toThrow(InvalidArgumentError);
    await (await store.writer()).close();
  });

  test('publishes nothing when nothing waits', async () => {
    const { writer } = await filled(3, 1);
    const generation = await writer.publish();
    expect(await writer.publish()).toBe(generation);
    writer.add(document('passing', 0));
    expect(writer.pending.documents).toBe(1);
    expect(writer.remove('passing')).toBe(true);
    expect(writer.remove('passing')).toBe(false);
    expect(writer.pending.documents).toBe(0);
    expect(await writer.publish()).toBe(generation);
    await writer.close();
  });

  test('takes changes while it publishes and compacts, and runs both in turn', async () => {
    const { store, writer } = await filled(30, 10);
    for (let i = 30; i < 60; i++) writer.add(document(`d${i}`, i));
    const publishing = [writer.publish(), writer.compact({ full: true })];
    expect(writer.contentHash('d45')).toBeDefined();
    expect(writer.remove('d45')).toBe(true);
    expect(writer.contentHash('d45')).toBeUndefined();
    writer.add(document('d46', 1000));
    publishing.push(writer.publish());
    await Promise.all(publishing);
    const snapshot = await store.snapshot();
    expect(snapshot.documentCount).toBe(59);
    expect(snapshot.document(snapshot.findDocument('d46')!).contentHash).toBe('1000');
    snapshot.close();
    await writer.close();
    expect((await store.verify()).faults).toEqual([]);
  });

  test('reports pending work in proportion', async () => {
    const { writer } = await filled(1, 1);
    const { bytes } = writer.pending;
    const large = { ...document('large', 1), text: 'x'.repeat(100_000), passages: [] };
    writer.add(large);
    expect(writer.pending.bytes - bytes).toBeGreaterThan(100_000);
    writer.add({ ...large, text: 'small' });
    expect(writer.pending.bytes - bytes).toBeLessThan(10_000);
    await writer.close();
  });

  test('merges by itself before it has too many segments', async () => {
    const store = await createLocalStore(directory, SETTINGS);
    const writer = await store.writer();
    for (let i = 0; i <= MOST_SEGMENTS; i++) {
      writer.add(document(`d${i}`, i));
      await writer.publish();
    }
    expect((await store.inspect()).segments.length).toBeLessThan(MOST_SEGMENTS / 4);
    await writer.close();
  });

  test('compacts within the given size, with progress, and can be stopped without harm', async () => {
    const { store, writer } = await filled(400, 100);
    const before = await store.inspect();
    const controller = new AbortController();
    const stopping = writer.compact({
      full: true,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopping).rejects.toThrow(/abort/i);
    expect(await store.inspect()).toEqual(before);
    // Each with two fields in files of their own.
    expect(fs.readdirSync(join(directory, 'segments')).length).toBe(3 * before.segments.length);

    const progress: [number, number][] = [];
    const report = await writer.compact({ full: true, onProgress: (done, total) => progress.push([done, total]) });
    expect(report).toMatchObject({ segmentsBefore: 4, segmentsAfter: 1, bytesBefore: before.bytes - manifestBytes() });
    expect(progress.every(([done, total], i) => done <= total && (i === 0 || done >= progress[i - 1]![0]))).toBe(true);
    expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
    await writer.close();

    function manifestBytes(): number {
      return before.bytes - before.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  });

  test('forgets a document that was replaced many times', async () => {
    const { store, writer } = await filled(1, 1);
    for (let version = 0; version < 20; version++) {
      writer.add(document('d0', version));
      await writer.publish();
    }
    const { documents, segments } = await store.inspect();
    // Each publication left the segment before without a living document.
    expect([documents, segments.length]).toEqual([1, 1]);
    await writer.close();
  });

  test('removes what a killed writer left, and nothing else', async () => {
    const { store, writer } = await filled(2, 1);
    await writer.close();
    const segments = join(directory, 'segments');
    for (const name of ['s000099.seg', 's000001.77.dead', 'notes.txt']) fs.writeFileSync(join(segments, name), 'x');
    fs.writeFileSync(join(directory, 'manifest.json.new'), '{');
    expect((await store.verify()).sound).toBe(true);
    await (await store.writer()).close();
    const kept = fs.readdirSync(segments).filter((name) => !name.endsWith('.vectors'));
    expect(kept.sort()).toEqual(['notes.txt', 's000001.seg', 's000002.seg']);
    expect(fs.readdirSync(segments)).toHaveLength(7);
    expect(fs.readdirSync(directory).sort()).toEqual(['manifest.json', 'segments', 'writer.lock']);
  });

  test('is found, refused or made as the directory says', async () => {
    const path = join(directory, 'a', 'b');
    await expect(openLocalStore(path)).rejects.toThrow(NotFoundError);
    await createLocalStore(path, SETTINGS);
    expect((await openLocalStore(path)).settings).toEqual(SETTINGS);
    await expect(createLocalStore(path, SETTINGS)).rejects.toThrow(InvalidArgumentError);
    fs.writeFileSync(join(directory, 'manifest.json'), '{"short_name":"app"}');
    await expect(openLocalStore(directory)).rejects.toThrow(IncompatibleError);
    await expect(createLocalStore(directory, SETTINGS)).rejects.toThrow(IncompatibleError);
    await expect(createLocalStore(join(directory, 'c'), { ...SETTINGS, encoder: 'none' })).rejects.toThrow(
      InvalidArgumentError,
    );
    fs.rmSync(join(path, 'manifest.json'));
    fs.writeFileSync(join(path, 'segments', 's000001.seg'), '');
    await expect(createLocalStore(path, SETTINGS)).rejects.toThrow(CorruptFileError);
  });

  test('without an encoder has no vectors', async () => {
    const store = await createLocalStore(directory, { encoder: 'none', dim: 0, bm25: BM25, options: {} });
    const writer = await store.writer();
    const plain = document('a', 1);
    expect(() => writer.add(withVector())).toThrow(InvalidArgumentError);
    writer.add({ ...plain, passages: plain.passages.map(({ vectors: _, ...passage }) => passage) });
    writer.add({ ...plain, id: 'b', passages: [] });
    await writer.publish();
    const snapshot = await store.snapshot();
    expect(() => snapshot.searchDense(new Float32Array(DIM), { k: 1 })).toThrow(InvalidArgumentError);
    expect(snapshot.passageCount).toBe(plain.passages.length);
    snapshot.close();
    await writer.close();
    expect((await store.verify()).faults).toEqual([]);

    function withVector(): NewDocument {
      const passage = { start: 0, end: 0, headings: [], fields: [], vectors: { meaning: new Float32Array(DIM) } };
      return { ...plain, passages: [passage] };
    }
  });

  test('refuses documents that contradict themselves, and stays as it was', async () => {
    const { writer } = await filled(1, 1);
    const passage = { start: 0, end: 1, headings: [], fields: [] };
    const good = { ...document('x', 1), text: 'abc', passages: [passage] };
    const waiting = writer.pending.documents;
    for (const bad of [
      { ...good, passages: [{ ...passage, end: 4 }] },
      { ...good, passages: [{ ...passage, start: 2 }] },
      { ...good, passages: [{ ...passage, page: -1 }] },
      { ...good, passages: [{ ...passage, fields: [{ terms: numbers.encode(['a']), boost: Number.NaN }] }] },
      ...[
        { meaning: new Float32Array(DIM - 1) },
        { meaning: new Float32Array(DIM).fill(Number.NaN) },
        { tokens: new Float32Array(DIM) },
        { tokens: Vectors.fromRows([new Float32Array(DIM).fill(Number.NaN)]) },
        { titles: Vectors.zeros(2, 3) },
        { titels: new Float32Array(3) },
      ].map((vectors) => ({ ...good, passages: [{ ...passage, vectors }] })),
      { ...good, metadata: { n: Number.POSITIVE_INFINITY } },
    ]) {
      expect(() => writer.add(bad)).toThrow(InvalidArgumentError);
    }
    expect(writer.pending.documents).toBe(waiting);
    await writer.close();
  });

  test('refuses searches that make no sense', async () => {
    const { store, writer } = await filled(3, 3);
    const snapshot = await store.snapshot();
    const query = new Float32Array(DIM).fill(0.1);
    for (const k of [0, -1, 1.5, Number.NaN]) {
      expect(() => snapshot.searchLexical([], { k })).toThrow(InvalidArgumentError);
      expect(() => snapshot.searchDense(query, { k })).toThrow(InvalidArgumentError);
    }
    expect(() => snapshot.searchDense(query.subarray(1), { k: 1 })).toThrow(InvalidArgumentError);
    expect(snapshot.searchDense(query, { k: 1_000_000 }).ids.length).toBeLessThanOrEqual(snapshot.passageCount);
    for (const ordinal of [-1, snapshot.passageSpace, 0.5, Number.NaN]) {
      expect(() => snapshot.passage(ordinal)).toThrow(InvalidArgumentError);
      expect(() => snapshot.document(ordinal)).toThrow(InvalidArgumentError);
    }
    snapshot.close();
    await writer.close();
  });
});

/** A collection of `count` documents, published `perSegment` at a time. */
async function filled(
  count: number,
  perSegment: number,
): Promise<{ store: Awaited<ReturnType<typeof openLocalStore>>; writer: Writer }> {
  const store = await createLocalStore(directory, SETTINGS);
  const writer = await store.writer();
  for (let i = 0; i < count; i++) {
    writer.add(document(`d${i}`, i));
    if ((i + 1) % perSegment === 0) await writer.publish();
  }
  await writer.publish();
  return { store, writer };
}
