import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseMerge, MERGE_FACTOR, type MergeCandidate } from './policy.ts';

const MiB = 2 ** 20;
const whole = (bytes: number): MergeCandidate => ({ bytes, documents: 100, deadDocuments: 0 });

/** Applies merges until none pays; counts the bytes that were written. */
function settle(segments: readonly MergeCandidate[], options: { full: boolean; maxBytes: number }) {
  let current = [...segments];
  let written = 0;
  for (let round = 0; ; round++) {
    const chosen = chooseMerge(current, options);
    if (chosen === undefined) return { segments: current, written };
    expect(round).toBeLessThan(10 * segments.length + 10);
    expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
    const parts = chosen.map((position) => current[position]!);
    const live = parts.map(({ bytes, documents, deadDocuments }) => bytes * (1 - deadDocuments / documents));
    const bytes = live.reduce((sum, size) => sum + size, 0);
    if (parts.length > 1) expect(bytes).toBeLessThanOrEqual(options.maxBytes);
    const documents = parts.reduce((sum, part) => sum + part.documents - part.deadDocuments, 0);
    written += bytes;
    current = current.filter((_, position) => !chosen.includes(position));
    if (documents > 0) current.splice(chosen[0]!, 0, { bytes, documents, deadDocuments: 0 });
  }
}

describe('the merge policy', () => {
  test('writes a segment anew when nothing reads most of its bytes, and for full compaction when nothing reads some', () => {
    const [some, most] = [0.4, 0.6].map((part) => ({ ...whole(100 * MiB), unusedBytes: part * 100 * MiB }));
    const maxBytes = 1024 * MiB;
    expect(chooseMerge([whole(MiB), some!], { full: false, maxBytes })).toBeUndefined();
    expect(chooseMerge([whole(MiB), most!], { full: false, maxBytes })).toEqual([1]);
    expect(chooseMerge([some!], { full: true, maxBytes })).toEqual([0]);
    expect(chooseMerge([whole(100 * MiB)], { full: true, maxBytes })).toBeUndefined();
  });

  test('keeps the number of segments logarithmic and copies each byte a logarithmic number of times', () => {
    const options = { full: false, maxBytes: 1024 * MiB };
    let segments: MergeCandidate[] = [];
    let written = 0;
    const rounds = 1000;
    for (let i = 0; i < rounds; i++) {
      const settled = settle([...segments, whole(2 * MiB)], options);
      segments = settled.segments;
      written += settled.written;
      // Classes of 1, 8, 64 and 512 MiB, the last of which is above half of the largest merge.
      expect(segments.length).toBeLessThan(4 * MERGE_FACTOR);
    }
    expect(written).toBeLessThanOrEqual(3 * rounds * 2 * MiB);
  });

  test('leaves few, large or clean segments alone', () => {
    const options = { full: false, maxBytes: 64 * MiB };
    expect(chooseMerge([], options)).toBeUndefined();
    expect(
      chooseMerge(
        Array.from({ length: MERGE_FACTOR - 1 }, () => whole(MiB)),
        options,
      ),
    ).toBeUndefined();
    expect(
      chooseMerge(
        Array.from({ length: 20 }, () => whole(60 * MiB)),
        options,
      ),
    ).toBeUndefined();
    expect(
      chooseMerge(
        Array.from({ length: MERGE_FACTOR }, () => whole(MiB)),
        options,
      ),
    ).toHaveLength(MERGE_FACTOR);
  });

  test('writes a segment anew when most of it is dead', () => {
    const options = { full: false, maxBytes: 64 * MiB };
    const wasteful = { bytes: MiB, documents: 100, deadDocuments: 51 };
    expect(chooseMerge([whole(MiB), wasteful], options)).toEqual([1]);
    expect(chooseMerge([whole(MiB), { ...wasteful, deadDocuments: 50 }], options)).toBeUndefined();
  });

  test('in full merges what fits and always ends, without a dead document left', () => {
    const candidate = fc.record({ bytes: fc.integer({ min: 1, max: 100 * MiB }), dead: fc.nat(99) });
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 40 }),
        fc.integer({ min: MiB, max: 400 * MiB }),
        (parts, maxBytes) => {
          const start = parts.map(({ bytes, dead }) => ({ bytes, documents: 100, deadDocuments: dead }));
          const { segments } = settle(start, { full: true, maxBytes });
          expect(segments.every(({ deadDocuments }) => deadDocuments === 0)).toBe(true);
          for (let i = 0; i + 1 < segments.length; i++) {
            expect(segments[i]!.bytes + segments[i + 1]!.bytes).toBeGreaterThan(maxBytes);
          }
          settle(start, { full: false, maxBytes });
        },
      ),
    );
  });
});
