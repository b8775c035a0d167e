import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Arena, supportedBuilds } from './arena.ts';

describe.each(supportedBuilds())('Arena on the %s build', (build) => {
  it('keeps what was written when the memory grows', () => {
    const arena = new Arena(build);
    const first = arena.allocate(16);
    arena.f32(first, 4).set([1, 2, 3, 4]);
    const second = arena.allocate(1_000_000);
    expect(second % 16).toBe(0);
    expect([...arena.f32(first, 4)]).toEqual([1, 2, 3, 4]);
  });

  it('gives scratch space back', () => {
    const arena = new Arena(build);
    const mark = arena.mark();
    const address = arena.allocate(100);
    arena.release(mark);
    expect(arena.allocate(100)).toBe(address);
  });

  it('can be read a little past what was allocated, up to the end of the memory', () => {
    const arena = new Arena(build);
    for (const bytes of [65_536 - 4_096, 1, 65_535, 65_536]) {
      const address = arena.allocate(bytes, 1);
      expect(arena.u8(address, bytes + 64).length).toBe(bytes + 64);
    }
  });

  it('copies arrays in, also those that are views', () => {
    const arena = new Arena(build);
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect([...arena.f32(arena.put(view), 2)]).toEqual([2, 3]);
  });

  it('refuses what no memory can hold, and stays usable', () => {
    const arena = new Arena(build);
    expect(() => arena.allocate(5 * 2 ** 30)).toThrow(InvalidArgumentError);
    expect(arena.allocate(16)).toBeGreaterThan(0);
  });
});
