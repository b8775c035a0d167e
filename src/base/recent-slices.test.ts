import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { Recent } from './recent.ts';
import { RecentSlices } from './recent-slices.ts';

describe('RecentSlices', () => {
  it('knows stretches of texts as Recent knows what is cut out of them', () => {
    const random = new Random(5);
    const text = Array.from({ length: 6_000 }, () => 'abé東'[random.below(4)]).join('');
    for (const capacity of [1, 7, 200, 3_000]) {
      const slices = new RecentSlices<number>(capacity);
      const strings = new Recent<string, number>(capacity);
      const all = new Map<string, number>();
      for (let i = 0; i < 12_000; i++) {
        const start = random.below(text.length - 9);
        const end = start + random.below(9);
        const key = text.slice(start, end);
        const found = slices.get(text, start, end);
        strings.get(key);
        if (found !== undefined) expect(found).toBe(all.get(key));
        else if (all.size < capacity) expect(all.has(key)).toBe(false);
        if (found === undefined || random.below(3) === 0) {
          all.set(key, i);
          slices.set(key, i);
          strings.set(key, i);
        }
      }
      expect(slices.size).toBe(Math.min(capacity, all.size));
      // Everything that was kept is found, whatever was taken out beside it.
      let kept = 0;
      for (const [key, value] of all) if (slices.get(key, 0, key.length) === value) kept++;
      expect(kept).toBe(slices.size);
    }
  });

  it('lets go of what was not used lately before what was', () => {
    const slices = new RecentSlices<number>(10);
    for (let i = 0; i < 10; i++) slices.set(`k${i}`, i);
    for (let i = 10; i < 40; i++) {
      expect(slices.get('k3', 0, 2)).toBe(3);
      slices.set(`k${i}`, i);
    }
    expect(slices.get('k3', 0, 2)).toBe(3);
    expect(slices.get('k0', 0, 2)).toBeUndefined();
    expect(slices.size).toBe(10);
  });
});
