import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, InvariantError } from '../base/errors.ts';
import { Arena, LoanExhaustedError, supportedBuilds } from './arena.ts';

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

describe.each(supportedBuilds())('A shared arena on the %s build', (build) => {
  it('computes what a private one does, and keeps what was written when it grows', () => {
    const results = [false, true].map((shared) => {
      const arena = new Arena(build, { shared });
      const rows = arena.put(Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)));
      arena.allocate(1_000_000);
      const out = arena.allocate(16);
      arena.kernels.dotRows(rows, rows, 4, 10, out);
      return [...arena.f32(out, 4)];
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('lends a stretch, in which another arena works on the same memory', () => {
    const owner = new Arena(build, { shared: true });
    const loan = owner.lend(1024);
    const rows = owner.put(Float32Array.of(1, 2, 3, 4));
    const other = Arena.attach(loan);
    const out = other.allocate(16);
    expect(out).toBeGreaterThanOrEqual(loan.from);
    other.kernels.dotRows(rows, rows, 1, 4, out);
    expect(owner.f32(out, 1)[0]).toBe(30);
    // The owner grows; what was attached before reads there too.
    const far = owner.allocate(10_000_000);
    owner.f32(far + 9_999_984, 4).set([1, 1, 1, 1]);
    other.kernels.dotRows(rows, far + 9_999_984, 1, 4, out);
    expect(owner.f32(out, 1)[0]).toBe(10);
    expect(other.f32(far + 9_999_984, 1)[0]).toBe(1);
  });

  it('says when a lent stretch is used up, and stays usable', () => {
    const other = Arena.attach(new Arena(build, { shared: true }).lend(1024));
    const mark = other.mark();
    other.allocate(1000);
    expect(() => other.allocate(1000)).toThrow(LoanExhaustedError);
    other.release(mark);
    expect(other.allocate(1000)).toBe(mark);
  });

  it('alone can be lent', () => {
    expect(() => new Arena(build).lend(16)).toThrow(InvariantError);
  });
});
