import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptFileError, InvalidArgumentError, NotFoundError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { vectorsBench, vectorsBuild, vectorsSearch } from '../src/cli/vectors-command.ts';
import { encodeFvecs, encodeNpy, type Plan } from '../src/index/index.ts';
import { openIndexFile, readVectorFile } from '../src/store/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const signal = new AbortController().signal;
const DIM = 12;
const random = new Random(5);
const vectors = Vectors.fromRows(
  Array.from({ length: 1500 }, () => Float32Array.from({ length: DIM }, () => random.normal())),
);

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder({ 'all.npy': encodeNpy(vectors), 'some.fvecs': encodeFvecs(vectors.slice(0, 5)) });
});
afterAll(() => folder[Symbol.dispose]());

/** What a command prints as JSON. */
async function printed<T>(command: () => Promise<void>): Promise<T> {
  const { write } = process.stdout;
  let text = '';
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof process.stdout.write;
  try {
    await command();
  } finally {
    process.stdout.write = write;
  }
  return JSON.parse(text) as T;
}

describe('vectors of a file', () => {
  it('are built into an index file and searched', async () => {
    const out = folder.at('l2.index');
    const built = await printed<{ vectors: number; spec: string }>(() =>
      vectorsBuild(folder.at('all.npy'), { json: true, spec: 'IVF16, pq6x4, refine:full', metric: 'l2', out }, signal),
    );
    expect(built).toMatchObject({ vectors: 1500, spec: 'ivf16,pq6x4,refine:full', dim: DIM, out });
    const { results } = await printed<{ results: { query: number; ids: number[]; scores: number[] }[] }>(() =>
      vectorsSearch(out, folder.at('some.fvecs'), { json: true, k: 3, rows: '1-3' }),
    );
    expect(results.map(({ query }) => query)).toEqual([1, 2, 3]);
    for (const { query, ids, scores } of results) {
      expect(ids[0]).toBe(query);
      expect(scores[0]).toBeCloseTo(0, 4);
      expect(ids.length).toBe(3);
    }
    const index = openIndexFile(out);
    expect(index.index.count).toBe(1500);
    index.close();
  });

  it('are measured against a budget, and pictured', async () => {
    const out = folder.at('bench');
    const plan = await printed<Plan>(() =>
      vectorsBench(
        folder.at('all.npy'),
        { json: true, metric: 'cosine', spec: ['apq6x4,refine:full', 'sq8'], recall: 0.8, out },
        signal,
      ),
    );
    expect(plan.vectors).toBe(1350);
    expect(plan.choice!.point.recall10).toBeGreaterThan(0.8);
    expect(readFileSync(`${out}.svg`, 'utf8')).toContain('<svg');
    expect(JSON.parse(readFileSync(`${out}.json`, 'utf8')).choice.point.spec).toBe(plan.choice!.point.spec);
  });

  it('are refused with a reason when there are none, or they are damaged', async () => {
    const build = (file: string, spec = 'sq8') =>
      vectorsBuild(join(folder.path, file), { json: true, spec, metric: 'ip' }, signal);
    folder.write({ 'half.npy': encodeNpy(vectors).subarray(0, 900), 'no.npy': 'text', 'x.csv': '1,2' });
    await expect(build('missing.npy')).rejects.toThrow(NotFoundError);
    await expect(build('x.csv')).rejects.toThrow(/\.npy, \.fvecs/);
    await expect(build('half.npy')).rejects.toThrow(/900 bytes/);
    await expect(build('no.npy')).rejects.toThrow(InvalidArgumentError);
    await expect(build('some.fvecs', 'ivf6,sq8')).rejects.toThrow(/6 centroids/);
    const search = (file: string, rows?: string) =>
      vectorsSearch(folder.at(file), folder.at('some.fvecs'), { json: true, k: 1, ...(rows ? { rows } : {}) });
    await expect(search('missing.index')).rejects.toThrow(/vectors build/);
    await build('all.npy');
    await expect(search('all.index', '3-9')).rejects.toThrow(/last row is 4/);
    await expect(search('all.index', 'x')).rejects.toThrow(InvalidArgumentError);
    const bytes = readFileSync(folder.at('all.index'));
    for (let trial = 0; trial < 20; trial++) {
      const damaged = Buffer.from(bytes);
      damaged[random.below(damaged.length)]! ^= 1 + random.below(255);
      writeFileSync(folder.at('all.index'), damaged);
      expect(() => openIndexFile(folder.at('all.index'), { lazy: false })).toThrow(CorruptFileError);
    }
    writeFileSync(folder.at('all.index'), bytes.subarray(0, bytes.length - 100));
    await expect(search('all.index')).rejects.toThrow(CorruptFileError);
  });

  it('are read without a copy where they lie as they should', () => {
    const read = readVectorFile(folder.at('all.npy'));
    expect(read).toEqual(vectors);
    expect(read.data.byteOffset).toBeGreaterThan(0);
  });
});
