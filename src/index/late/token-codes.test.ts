import { beforeAll, describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, SectionCollector, type SectionData } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { TokenIndex, TokenIndexBuilder } from '../index.ts';

const DIM = 32;
const TOKENS = 30;

/** Unit vectors around topics, so that there is something to find. */
function draw(random: Random, topics: Vectors, count: number, spread = 0.6): Vectors {
  const vectors = Vectors.zeros(count, DIM);
  const own = [random.below(topics.count), random.below(topics.count), random.below(topics.count)];
  for (let i = 0; i < count; i++) {
    const row = vectors.row(i);
    const topic = topics.row(own[random.below(own.length)]!);
    for (let c = 0; c < DIM; c++) row[c] = topic[c]! + (spread * random.normal()) / Math.sqrt(DIM);
    const norm = Math.hypot(...row);
    for (let c = 0; c < DIM; c++) row[c] = row[c]! / norm;
  }
  return vectors;
}

function unit(random: Random): Float32Array {
  const row = Float32Array.from({ length: DIM }, () => random.normal());
  const norm = Math.hypot(...row);
  return row.map((value) => value / norm);
}

function naive(query: Vectors, item: Vectors): number {
  let sum = 0;
  for (let q = 0; q < query.count; q++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let d = 0; d < item.count; d++) {
      let dot = 0;
      for (let c = 0; c < DIM; c++) dot += query.data[q * DIM + c]! * item.data[d * DIM + c]!;
      best = Math.max(best, dot);
    }
    sum += best;
  }
  return sum;
}

function bytesOf(items: readonly (Vectors | undefined)[]): TokenIndex {
  const builder = new TokenIndexBuilder(DIM);
  for (const item of items) builder.add(item);
  return TokenIndex.open(new MemorySections(builder.build()));
}

function merged(parts: readonly { index: TokenIndex; live: BitSet }[]): SectionData {
  const sink = new SectionCollector();
  for (const _ of TokenIndex.merge(parts, sink));
  return sink.sections;
}

/** All of them, or those before a stretch and behind it. */
function every(count: number, from = count, to = count): BitSet {
  const set = new BitSet(count);
  set.addRange(0, from);
  set.addRange(to, count);
  return set;
}

const random = new Random(5);
const topics = Vectors.fromRows(Array.from({ length: 60 }, () => unit(random)));
const items = Array.from({ length: 900 }, (_, i) => (i % 50 === 7 ? undefined : draw(random, topics, TOKENS)));
const queries = Array.from({ length: 8 }, () => draw(random, topics, 5, 0.3));
let sections: SectionData;
let index: TokenIndex;
beforeAll(() => {
  const plain = bytesOf(items);
  sections = merged([{ index: plain, live: every(plain.count) }]);
  index = TokenIndex.open(new MemorySections(sections));
});

const ids = Uint32Array.from(items.keys());
const exactOrder = (query: Vectors, among: (item: number) => boolean = () => true): number[] => {
  const scores = items.map((item) => (item === undefined ? Number.NaN : naive(query, item)));
  return [...items.keys()]
    .filter((i) => items[i] !== undefined && among(i))
    .sort((a, b) => scores[b]! - scores[a]! || a - b);
};
const overlap = (found: ArrayLike<number>, expected: readonly number[]): number =>
  Array.from(found).filter((id) => expected.includes(id)).length / expected.length;

describe('residual codes of token vectors', () => {
  it('take a quarter of a byte for each component, and score nearly as the vectors do', () => {
    expect(index.rowBytes).toBe(DIM / 4 + 4);
    const bytes = [...sections.values()].reduce((sum, section) => sum + section.byteLength, 0);
    expect(bytes / index.vectorCount).toBeLessThan(DIM / 4 + 4 + 2);
    let [error, count] = [0, 0];
    for (const query of queries) {
      const scores = index.scores(query, ids);
      for (const [i, item] of items.entries()) {
        if (item === undefined) expect(scores[i]).toBeNaN();
        else {
          error += Math.abs(scores[i]! - naive(query, item)) / query.count;
          count++;
        }
      }
    }
    expect(error / count).toBeLessThan(0.02);
    expect(index.vector(7)).toBeUndefined();
    const [own, kept] = [items[3]!, index.vector(3)!];
    const cosine = own.row(4).reduce((dot, value, c) => dot + value * kept.row(4)[c]!, 0) / Math.hypot(...kept.row(4));
    expect(cosine).toBeGreaterThan(0.95);
  });

  it('are searched by their lists, with nearly what exact late interaction finds, in the order of their scores', async () => {
    let [recall, kept] = [0, 0];
    for (const query of queries) {
      const { ids: found, scores, examined } = await index.search(query, { k: 10 });
      recall += overlap(found, exactOrder(query).slice(0, 10)) / queries.length;
      expect(examined).toBeLessThan(items.length);
      const all = index.scores(query, ids);
      const coded = exactOrder(query).sort((a, b) => all[b]! - all[a]! || a - b);
      kept += overlap(found, coded.slice(0, 10)) / queries.length;
      const own = index.scores(query, found.slice().sort());
      const byId = new Map(Array.from(found.slice().sort(), (id, i) => [id, own[i]!]));
      expect([...scores]).toEqual(Array.from(found, (id) => byId.get(id)!));
      expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
    }
    // What is passed over, and what codes of so few components, all of them noise, cannot tell apart.
    expect(kept).toBeGreaterThan(0.95);
    expect(recall).toBeGreaterThan(0.75);
  });

  it('find for k what is the head of what they find for more, and every item in the end', async () => {
    const query = queries[0]!;
    const all = await index.search(query, { k: 2000 });
    expect(all.ids).toHaveLength(items.filter((item) => item !== undefined).length);
    expect(new Set(all.ids).size).toBe(all.ids.length);
    for (const k of [1, 9, 10, 60, 300]) {
      const some = await index.search(query, { k });
      expect(some.ids).toEqual(all.ids.slice(0, k));
      expect(some.scores).toEqual(all.scores.slice(0, k));
    }
  });

  it('give k items under a filter wherever k are allowed', async () => {
    const allowed = new BitSet(items.length);
    for (let i = 0; i < items.length; i += 60) allowed.add(i);
    const live = every(items.length, 0, 1);
    const query = queries[1]!;
    const { ids: found } = await index.search(query, { k: 10, allowed, live });
    expect(found).toHaveLength(10);
    const expected = exactOrder(query, (i) => i % 60 === 0 && i !== 0).slice(0, 10);
    expect(overlap(found, expected)).toBeGreaterThan(0.8);
    expect((await index.search(query, { k: 100, allowed: new BitSet(items.length) })).ids).toHaveLength(0);
  });

  it('are copied when indexes are merged, and made for what is new', () => {
    const live = every(items.length, 100, 200);
    const more = bytesOf(Array.from({ length: 10 }, () => draw(random, topics, TOKENS)));
    const both = TokenIndex.open(
      new MemorySections(
        merged([
          { index, live },
          { index: more, live: every(10) },
        ]),
      ),
    );
    expect(both.count).toBe(810);
    const query = queries[2]!;
    const before = [...index.scores(query, ids)];
    const after = both.scores(
      query,
      Uint32Array.from({ length: 810 }, (_, i) => i),
    );
    expect([...after.subarray(0, 800)]).toEqual([...before.slice(0, 100), ...before.slice(200)]);
    const fresh = more.scores(
      query,
      Uint32Array.from({ length: 10 }, (_, i) => i),
    );
    for (let i = 0; i < 10; i++) expect(Math.abs(after[800 + i]! - fresh[i]!)).toBeLessThan(0.3);
  });

  it('are made anew where there are far too many centroids', () => {
    const few = every(items.length, 40, items.length);
    const small = merged([{ index, live: few }]);
    // 256 centroids were learned for 26,460 rows; 1,170 rows need 64.
    expect(small.get('tokens.steps')!.byteLength / 8).toBeLessThanOrEqual(256);
    const parts = Array.from({ length: 6 }, () => ({ index, live: few }));
    const whole = TokenIndex.open(new MemorySections(merged(parts)));
    expect(whole.count).toBe(240);
    const scores = whole.scores(queries[3]!, Uint32Array.of(1, 41, 81));
    expect(Math.abs(scores[0]! - scores[1]!)).toBeLessThan(1e-5);
  });

  it('are made alike each time', () => {
    const again = merged([{ index: bytesOf(items), live: every(items.length) }]);
    expect([...again.keys()]).toEqual([...sections.keys()]);
    for (const [name, bytes] of again) expect(Buffer.from(bytes).equals(Buffer.from(sections.get(name)!))).toBe(true);
  });

  it('refuse sections that contradict each other, and settings out of their range', async () => {
    const damaged = new Map(sections);
    const ids16 = new Uint16Array(sections.get('tokens.ids')!.slice().buffer);
    ids16.fill(60_000);
    damaged.set('tokens.ids', new Uint8Array(ids16.buffer));
    const open = TokenIndex.open(new MemorySections(damaged));
    expect(() => open.scores(queries[0]!, Uint32Array.of(0))).toThrow(CorruptFileError);
    const short = new Map(sections).set('tokens.codes', new Uint8Array(3));
    expect(() => TokenIndex.open(new MemorySections(short))).toThrow(CorruptFileError);
    const steps = new Float32Array(sections.get('tokens.steps')!.slice().buffer).fill(Number.NaN);
    const unsound = new Map(sections).set('tokens.steps', new Uint8Array(steps.buffer));
    expect(() => TokenIndex.open(new MemorySections(unsound)).vector(0)).toThrow(/no number/);
    await expect(index.search(queries[0]!, { k: 1, nprobe: 0 })).rejects.toThrow('nprobe is 0');
    await expect(index.search(queries[0]!, { k: 1, refine: 0.5 })).rejects.toThrow('refine is 0.5');
    await expect(index.search(Vectors.zeros(1, 3), { k: 1 })).rejects.toThrow(/3 components.*32/);
  });
});
