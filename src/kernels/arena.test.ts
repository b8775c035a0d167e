import { describe, expect, it } from 'vitest';
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
});
