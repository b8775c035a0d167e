import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { unitRows } from '../../src/math/index.ts';
import { Lab, SourceCode } from '../grading/index.ts';
import { distilledCodec, trainedCodec } from './codecs.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'sagitta-codecs-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const code = new SourceCode();
const lab = (fresh = false) => new Lab({ level: 'quick', cache, fresh }, code);

function vectors(count: number, seed: number): Vectors {
  const random = new Random(seed);
  return unitRows(
    new Vectors(
      Float32Array.from({ length: 16 * count }, () => random.normal()),
      16,
    ),
  );
}

it('learns a codec once, keeps it for other runs by what made it, and opens the same', async () => {
  const documents = vectors(300, 1);
  const data = { documents, sentences: vectors(60, 2) };
  const ways = [
    (by: Lab, seed: number) => trainedCodec('pq4x4', documents, by, seed),
    (by: Lab, seed: number) => distilledCodec(data, by, { quantizer: 'pq4x4', candidates: 8, queries: 8 }, seed),
  ];
  for (const [i, way] of ways.entries()) {
    const first = await way(lab(), 1);
    const second = await way(lab(), 1);
    // How long it took says that it is the one that was kept.
    expect(second.seconds).toBe(first.seconds);
    expect(second.codec.encode(documents)).toEqual(first.codec.encode(documents));
    expect((await way(lab(true), 1)).seconds).not.toBe(first.seconds);
    await way(lab(), 2);
    expect(readdirSync(join(cache, 'codecs'))).toHaveLength(2 * (i + 1));
  }
  await trainedCodec('pq4x4', vectors(300, 3), lab(), 1);
  expect(readdirSync(join(cache, 'codecs'))).toHaveLength(5);
}, 60_000);
