import { describe, expect, it } from 'vitest';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { MemorySections } from '../../base/sections.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { unitRows } from '../../math/index.ts';
import { buildIndex, buildSetIndex, openSetIndex } from '../index.ts';

const DIM = 16;
const random = new Random(9);

/** Sets of two to five unit vectors around a direction of their own. */
function drawn(count: number): VectorSets {
  const offsets = Uint32Array.from({ length: count + 1 }, () => 0);
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + 2 + random.below(4);
  const vectors = Vectors.zeros(offsets[count]!, DIM);
  for (let i = 0; i < count; i++) {
    const centre = Float32Array.from({ length: DIM }, () => random.normal());
    for (let row = offsets[i]!; row < offsets[i + 1]!; row++) {
      for (let c = 0; c < DIM; c++) vectors.row(row)[c] = centre[c]! + 0.4 * random.normal();
    }
  }
  return new VectorSets(unitRows(vectors), offsets);
}
const sets = drawn(300);

describe('an index of sets', () => {
  it.each(['fde(bits=3,dim=8,reps=8),f16', 'fde(bits=3,dim=8,reps=8),ivf4,sq8'])(
    'by "%s" finds, changes, and opens again',
    async (spec) => {
      const index = await buildSetIndex(spec, sets);
      expect(index.spec).toBe(spec);
      let found = 0;
      for (let q = 0; q < 100; q++) if (index.search(sets.item(q), { k: 1 }).ids[0] === q) found++;
      expect(found).toBeGreaterThan(95);
      const more = drawn(1);
      index.add(more);
      expect(index.search(more.item(0), { k: 1 }).ids[0]).toBe(300);
      expect(index.remove(Uint32Array.of(7))).toBe(1);
      expect(index.search(sets.item(7), { k: 3 }).ids).not.toContain(7);
      const again = openSetIndex(new MemorySections(index.save()));
      expect(again.spec).toBe(spec);
      expect(again.search(sets.item(3), { k: 5 })).toEqual(index.search(sets.item(3), { k: 5 }));
    },
  );

  it('refuses what it cannot be made of or opened from', async () => {
    await expect(buildSetIndex('f16', sets)).rejects.toThrow('fde(reps=20),f16');
    await expect(buildSetIndex('fde(dim=20),f16', sets)).rejects.toThrow(InvalidArgumentError);
    await expect(buildIndex('fde,f16', sets.vectors)).rejects.toThrow('buildSetIndex');
    const index = await buildSetIndex('fde(reps=2,bits=1,dim=4),f16', sets);
    expect(() => index.search(Vectors.zeros(0, DIM), { k: 1 })).toThrow(InvalidArgumentError);
    const sections = index.save();
    const withHeader = (text: string) =>
      new MemorySections(new Map([...sections, ['sets.header', new TextEncoder().encode(text)]]));
    for (const text of ['{', '{"version":1,"spec":"fde(reps=3)","dim":16}', '{"version":1,"spec":"f16","dim":16}']) {
      expect(() => openSetIndex(withHeader(text))).toThrow(CorruptFileError);
    }
    expect(() => openSetIndex(withHeader('{"version":2}'))).toThrow(IncompatibleError);
    expect(() => openSetIndex(new MemorySections(index.index.save()))).toThrow(CorruptFileError);
  });
});
