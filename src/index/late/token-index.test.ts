import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, SectionCollector } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { TokenIndex, TokenIndexBuilder } from '../index.ts';

const DIM = 12;

function draw(random: Random, count: number): Vectors {
  const vectors = Vectors.zeros(count, DIM);
  for (let i = 0; i < count; i++) {
    const row = vectors.row(i);
    for (let c = 0; c < DIM; c++) row[c] = random.normal();
    const norm = Math.hypot(...row);
    for (let c = 0; c < DIM; c++) row[c] = row[c]! / norm;
  }
  return vectors;
}

function indexOf(items: readonly (Vectors | undefined)[]): TokenIndex {
  const builder = new TokenIndexBuilder(DIM);
  for (const item of items) builder.add(item);
  return TokenIndex.open(new MemorySections(builder.build()));
}

/** By definition, over float32 vectors. */
function naive(query: Vectors, item: Vectors): number {
  let sum = 0;
  for (let q = 0; q < query.count; q++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let d = 0; d < item.count; d++) {
      best = Math.max(
        best,
        query.row(q).reduce((dot, value, c) => dot + value * item.row(d)[c]!, 0),
      );
    }
    sum += best;
  }
  return sum;
}

describe('an index of token vectors', () => {
  it('scores as late interaction is defined, searches as it scores, and keeps that when it is merged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
        async (seed, counts) => {
          const random = new Random(seed);
          const items = counts.map((count) => (count === 0 ? undefined : draw(random, count)));
          const index = indexOf(items);
          const query = draw(random, 3);
          const every = Uint32Array.from(items.keys());
          const scores = index.scores(query, every);
          for (const [i, item] of items.entries()) {
            if (item === undefined) expect(scores[i]).toBeNaN();
            else expect(Math.abs(scores[i]! - naive(query, item))).toBeLessThan(0.05);
            expect(index.vector(i)?.count).toBe(item?.count);
          }
          const allowed = new BitSet(items.length);
          for (const i of items.keys()) if (random.next() < 0.6) allowed.add(i);
          const order = [...every]
            .filter((i) => items[i] !== undefined && allowed.has(i))
            .sort((a, b) => scores[b]! - scores[a]! || a - b);
          for (const k of [1, 5, 100]) {
            const hits = await index.search(query, { k, allowed });
            expect([...hits.ids]).toEqual(order.slice(0, k));
            expect([...hits.scores]).toEqual(order.slice(0, k).map((i) => scores[i]));
            expect(hits.examined).toBe(order.length);
          }
          const cut = random.below(items.length + 1);
          const parts = [items.slice(0, cut), items.slice(cut)].map(indexOf);
          const sink = new SectionCollector();
          const kept = [...every].filter((i) => allowed.has(i));
          TokenIndex.merge(
            parts.map((part, p) => {
              const live = new BitSet(part.count);
              for (const i of kept) {
                const own = p === 0 ? i : i - cut;
                if (own >= 0 && own < part.count && (p === 0) === i < cut) live.add(own);
              }
              return { index: part, live };
            }),
            sink,
          );
          const merged = TokenIndex.open(new MemorySections(sink.sections));
          expect([...merged.scores(query, Uint32Array.from(kept.keys()))]).toEqual(kept.map((i) => scores[i]));
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it('reads more rows than fit into a batch', async () => {
    const random = new Random(8);
    const items = Array.from({ length: 40 }, (_, i) => draw(random, i === 7 ? 5000 : 300));
    const index = indexOf(items);
    const query = draw(random, 2);
    const { ids } = await index.search(query, { k: 1 });
    const scores = index.scores(query, Uint32Array.from(items.keys()));
    expect(scores[ids[0]!]).toBe(Math.max(...scores));
  });

  it('refuses other dimensions, and sections that contradict each other', () => {
    expect(() => new TokenIndexBuilder(DIM).add(Vectors.zeros(1, 3))).toThrow(InvalidArgumentError);
    const index = indexOf([draw(new Random(1), 2)]);
    expect(() => index.scores(Vectors.zeros(1, 3), Uint32Array.of(0))).toThrow(/3 components.*12/);
    expect(() => index.vector(1)).toThrow('There is no item 1');
    const builder = new TokenIndexBuilder(DIM);
    builder.add(draw(new Random(1), 2));
    const sections = new Map(builder.build());
    sections.set('tokens.offsets', new Uint8Array(Uint32Array.of(1, 2).buffer));
    expect(() => TokenIndex.open(new MemorySections(sections)).vector(0)).toThrow(CorruptFileError);
    sections.set('tokens.codes', new Uint8Array(1));
    expect(() => TokenIndex.open(new MemorySections(sections))).toThrow(CorruptFileError);
  });
});
