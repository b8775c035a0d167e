import { beforeAll, describe, expect, it } from 'vitest';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections, SectionCollector, type SectionData, type SectionSource } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { IvfIndex } from './ivf.ts';
import { IvfModel } from './model.ts';
import type { VectorReader } from './refine.ts';

const DIM = 16;

/** Counts what is read of each section. */
class CountingSections implements SectionSource {
  readonly bytes = new Map<string, number>();
  readonly #inner: MemorySections;

  constructor(sections: SectionData) {
    this.#inner = new MemorySections(sections);
  }

  has(name: string): boolean {
    return this.#inner.has(name);
  }

  size(name: string): number {
    return this.#inner.size(name);
  }

  readInto(name: string, target: Uint8Array, offset = 0): void {
    this.bytes.set(name, (this.bytes.get(name) ?? 0) + target.byteLength);
    this.#inner.readInto(name, target, offset);
  }
}

function noise(random: Random, count: number): Vectors {
  return new Vectors(
    Float32Array.from({ length: count * DIM }, () => random.normal()),
    DIM,
  );
}

function readerOf(vectors: Vectors): VectorReader {
  return {
    read: (ids, target) => {
      for (const [i, id] of ids.entries()) target.set(vectors.row(id), i * DIM);
    },
  };
}

const all = noise(new Random(11), 2020);
const vectors = all.slice(0, 2000);
const queries = all.slice(2000, 2020);

describe.each(['ivf50,pq8x4,refine:full', 'ivf50,sq8,refine:sq8', 'rot,ivf50(spill=1),pq4x8'])('%s', (spec) => {
  let index: IvfIndex;
  let saved: SectionData;
  beforeAll(async () => {
    index = await IvfIndex.train(vectors, spec, { metric: 'l2' });
    index.add(vectors);
    index.remove(Uint32Array.of(3, 4, 5));
    saved = index.save();
  });

  it('opened lazily gives the same hits, and reads only the lists that are probed', () => {
    const source = new CountingSections(saved);
    const lazy = IvfIndex.open(source, { lazy: true });
    expect(source.bytes.has('lists.codes')).toBe(false);
    expect(lazy.vectorCount).toBe(1997);
    const first = queries.row(0);
    expect(lazy.search(first, { k: 5, nprobe: 2, refine: 8 })).toEqual(
      index.search(first, { k: 5, nprobe: 2, refine: 8 }),
    );
    expect(source.bytes.get('lists.codes')).toBeLessThan(0.2 * saved.get('lists.codes')!.length);
    for (let q = 0; q < queries.count; q++) {
      const params = { k: 7, nprobe: 1 + q };
      expect(lazy.search(queries.row(q), params)).toEqual(index.search(queries.row(q), params));
    }
  });

  it('opened lazily can be changed like any other, and saved again', () => {
    const lazy = IvfIndex.open(new MemorySections(saved), { lazy: true });
    lazy.search(queries.row(0), { k: 3 });
    expect([2, 3, 6].map((id) => lazy.has(id))).toEqual([true, false, true]);
    lazy.add(vectors.slice(3, 6), Uint32Array.of(3, 4, 5));
    expect(lazy.remove(Uint32Array.of(1999))).toBe(1);
    const whole = IvfIndex.open(new MemorySections(saved));
    whole.add(vectors.slice(3, 6), Uint32Array.of(3, 4, 5));
    whole.remove(Uint32Array.of(1999));
    expect(lazy.save()).toEqual(whole.save());
    expect(lazy.search(vectors.row(4), { k: 1, nprobe: 50 }).ids[0]).toBe(4);
  });

  it('opened lazily reports damage where it meets it', () => {
    const ids = saved.get('lists.ids')!.slice();
    ids.fill(0xff);
    const lazy = IvfIndex.open(new MemorySections(new Map([...saved, ['lists.ids', ids]])), { lazy: true });
    expect(() => lazy.search(queries.row(0), { k: 3 })).toThrow(CorruptFileError);
  });
});

describe('a model', () => {
  let model: IvfModel;
  beforeAll(async () => {
    model = await IvfModel.train(vectors, 'ivf20,apq8x4,refine:full');
  });

  it('serves several indexes, whose scores compare', () => {
    const whole = new IvfIndex(model);
    whole.add(vectors);
    const halves = [vectors.slice(0, 1000), vectors.slice(1000, 2000)].map((half) => {
      const index = new IvfIndex(model);
      index.add(half);
      const lists = new SectionCollector();
      index.write(lists);
      expect([...lists.sections.keys()].some((name) => name.startsWith('model'))).toBe(false);
      return IvfIndex.open(new MemorySections(lists.sections), { model, lazy: true });
    });
    const params = { k: 5, nprobe: 20, refine: 400 };
    const [a, b] = halves.map((half) => half.search(queries.row(1), params)) as [never, never];
    const merged = [...pairs(a, 0), ...pairs(b, 1000)].sort((x, y) => y[1] - x[1]).slice(0, 5);
    expect(merged).toEqual(pairs(whole.search(queries.row(1), params), 0));
  });

  it('reads full-precision vectors from where they are', () => {
    const reader = readerOf(vectors);
    const index = new IvfIndex(model, { vectors: reader });
    index.grow(2400);
    index.add(vectors, Uint32Array.from(vectors.data.subarray(0, 2000).keys()));
    expect(index.count).toBe(2400);
    expect(index.memory.refine).toBe(0);
    const inside = new IvfIndex(model);
    inside.add(vectors);
    const lists = new SectionCollector();
    index.write(lists);
    const source = new MemorySections(lists.sections);
    const opened = IvfIndex.open(source, { model, vectors: reader, lazy: true });
    for (let q = 0; q < queries.count; q++) {
      const expected = inside.search(queries.row(q), { k: 10, nprobe: 5 });
      const found = opened.search(queries.row(q), { k: 10, nprobe: 5 });
      expect(found.ids).toEqual(expected.ids);
      expected.scores.forEach((score, i) => {
        expect(Math.abs(found.scores[i]! - score)).toBeLessThan(1e-5 * Math.abs(score));
      });
    }
    expect(() => IvfIndex.open(source, { model })).toThrow(/Pass a reader/);
  });

  it('is saved and opened, and told from another', async () => {
    const again = IvfModel.open(new MemorySections(model.save()));
    expect(again.fingerprint).toBe(model.fingerprint);
    expect(again.save()).toEqual(model.save());
    const other = await IvfModel.train(vectors, 'ivf20,apq8x4,refine:full', { seed: 2 });
    expect(other.fingerprint).not.toBe(model.fingerprint);
    const lists = new SectionCollector();
    const index = new IvfIndex(model);
    index.add(vectors.slice(0, 10));
    index.write(lists);
    expect(() => IvfIndex.open(new MemorySections(lists.sections), { model: other })).toThrow(IncompatibleError);
  });
});

function pairs({ ids, scores }: { ids: Uint32Array; scores: Float32Array }, base: number): [number, number][] {
  return Array.from(ids, (id, i) => [id + base, scores[i]!]);
}
