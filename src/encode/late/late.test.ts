import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { openEncoder } from '../registry.ts';
import { testEncoder } from '../testing.ts';
import { lateEncoder } from './late.ts';
import { pooledTokens } from './pooling.ts';
import { readProjection, type TokenProjection, writeProjection } from './projection.ts';

const random = new Random(2);
const base = testEncoder({ dim: 16 });
const projection: TokenProjection = {
  base: 'hash:16',
  width: 16,
  dim: 4,
  matrix: Float32Array.from({ length: 64 }, () => random.normal()),
  made: { command: 'a test' },
};

describe('an encoder for late interaction', () => {
  it('gives the token vectors of another through a projection, at unit length', async () => {
    const late = lateEncoder('late', base, projection);
    const { vectors, offsets } = await late.encodeTokens(['ice in the harbour', '', 'ferry'], { role: 'document' });
    const own = await base.encodeTokens(['ice in the harbour', '', 'ferry']);
    expect([...offsets]).toEqual([...own.offsets]);
    for (let row = 0; row < vectors.count; row++) {
      const mapped = Array.from({ length: 4 }, (_, d) =>
        own.vectors.row(row).reduce((sum, value, c) => sum + value * projection.matrix[d * 16 + c]!, 0),
      );
      const norm = Math.hypot(...mapped);
      for (let d = 0; d < 4; d++) expect(vectors.row(row)[d]).toBeCloseTo(mapped[d]! / norm, 5);
    }
    const text = (await late.encode(['ferry'])).row(0);
    for (let d = 0; d < 4; d++) expect(text[d]).toBeCloseTo(vectors.row(vectors.count - 1)[d]!, 5);
  });

  it('pools tokens of documents, not of queries', async () => {
    const late = lateEncoder('late?pool=2', base, projection, { pool: 2 });
    const text = 'one two three four five six seven';
    expect((await late.encodeTokens([text], { role: 'document' })).vectors.count).toBe(4);
    expect((await late.encodeTokens([text], { role: 'query' })).vectors.count).toBe(7);
  });

  it('refuses another encoder, impossible pooling, and files that are none', async () => {
    expect(() => lateEncoder('late', testEncoder({ dim: 8 }), projection)).toThrow(
      /of 8 components.*Take it with hash:16/,
    );
    expect(() => lateEncoder('late', base, projection, { pool: 0.5 })).toThrow('"pool" of late is 0.5');
    const bytes = writeProjection(projection);
    expect(readProjection(bytes, 'x')).toEqual(projection);
    expect(() => readProjection(bytes.subarray(0, 10), 'x')).toThrow('it is not a projection of token vectors');
    expect(() => readProjection(bytes.slice(0, -4), 'x')).toThrow('checksum');
    const other = bytes.slice();
    other[8] = 9;
    expect(() => readProjection(other, 'x')).toThrow('x has version 9');
    const folder = mkdtempSync(join(tmpdir(), 'sagitta-late-'));
    try {
      writeFileSync(join(folder, 'own.bin'), bytes);
      const opened = await openEncoder(`late:${folder}/own.bin?pool=3`);
      expect(opened.dim).toBe(4);
      expect((await opened.encodeTokens!(['a b c d e f'])).vectors.count).toBe(2);
      await expect(openEncoder(`late:${folder}/none.bin`)).rejects.toThrow('cannot be read');
      await expect(openEncoder(`late:${folder}/own.bin?pol=3`)).rejects.toThrow('unknown setting "pol"');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('token pooling', () => {
  it('joins what is most alike first (Ward), and keeps the order of first members', () => {
    const rows = [
      [1, 0],
      [0, 1],
      [0.99, 0.1],
      [0.1, 0.99],
      [-1, 0],
    ].map(([x, y]) => [x! / Math.hypot(x!, y!), y! / Math.hypot(x!, y!)]);
    const sets = new VectorSets(Vectors.fromRows(rows), Uint32Array.of(0, 5, 5));
    const { vectors, offsets } = pooledTokens(sets, 2);
    expect([...offsets]).toEqual([0, 3, 3]);
    expect(vectors.row(0)[0]).toBeGreaterThan(0.99);
    expect(vectors.row(1)[1]).toBeGreaterThan(0.99);
    expect([...vectors.row(2)]).toEqual([-1, 0]);
  });

  it('clusters as the definition does, whatever the vectors', () => {
    for (let seed = 0; seed < 20; seed++) {
      const own = new Random(seed);
      const rows = Array.from({ length: 9 }, () => {
        const row = [own.normal(), own.normal(), own.normal()];
        return row.map((value) => value / Math.hypot(...row));
      });
      const sets = new VectorSets(Vectors.fromRows(rows), Uint32Array.of(0, 9));
      const pooled = pooledTokens(sets, 3).vectors;
      const expected = ward(rows, 3);
      expect(pooled.count).toBe(3);
      for (const [i, row] of expected.entries()) {
        for (let c = 0; c < 3; c++) expect(pooled.row(i)[c]).toBeCloseTo(row[c]!, 4);
      }
    }
  });
});

/** By definition: the two clusters whose joining adds least to the squared error become one. */
function ward(rows: readonly number[][], left: number): number[][] {
  const mean = (members: readonly number[]) =>
    rows[0]!.map((_, c) => members.reduce((sum, i) => sum + rows[i]![c]!, 0) / members.length);
  const clusters = rows.map((_, i) => [i]);
  while (clusters.length > left) {
    let best: [number, number, number] = [0, 0, Number.POSITIVE_INFINITY];
    for (let a = 0; a < clusters.length; a++) {
      for (let b = a + 1; b < clusters.length; b++) {
        const [x, y] = [mean(clusters[a]!), mean(clusters[b]!)];
        const [m, n] = [clusters[a]!.length, clusters[b]!.length];
        const cost = (x.reduce((sum, value, c) => sum + (value - y[c]!) ** 2, 0) * m * n) / (m + n);
        if (cost < best[2]) best = [a, b, cost];
      }
    }
    clusters[best[0]]!.push(...clusters.splice(best[1], 1)[0]!);
  }
  return clusters.map((members) => {
    const row = mean(members);
    return row.map((value) => value / Math.hypot(...row));
  });
}
