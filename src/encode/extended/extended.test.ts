import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCollection } from '../../../src/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { bertFolder } from '../bert/folder.ts';
import { miniLm } from '../bert/minilm.ts';
import { referenceStates, TINY, TINY_WORDS, unitOf, writeTinyBert } from '../bert/testing.ts';
import type { Encoder } from '../encoder.ts';
import { openEncoder } from '../registry.ts';
import { chunkStarts, pooledChunks } from './chunks.ts';
import { extendedEncoder } from './extended.ts';
import { longPositions, type Positions } from './positions.ts';
import { READINGS } from './spec.ts';

const POSITIONS: readonly Positions[] = ['grouped', 'recurrent', 'interpolated'];

describe('positions of a longer window', () => {
  const table = { rows: Float32Array.of(0, 10, 30), width: 1, reads: 3, window: 6 };

  it('stand in groups, begin again, or lie between', () => {
    expect([...longPositions('grouped', table)]).toEqual([0, 0, 10, 10, 30, 30]);
    expect([...longPositions('recurrent', table)]).toEqual([0, 10, 30, 0, 10, 30]);
    expect([...longPositions('interpolated', table)]).toEqual([0, 5, 10, 20, 30, 30]);
    // By as many as are needed for the whole window, also where it is no multiple.
    expect([...longPositions('grouped', { ...table, window: 4 })]).toEqual([0, 0, 10, 10]);
  });
});

describe('chunks', () => {
  it('follow one another, the last moved back to be full', () => {
    expect(chunkStarts(10, 4)).toEqual([0, 4, 6]);
    expect(chunkStarts(8, 4)).toEqual([0, 4]);
    expect([chunkStarts(4, 4), chunkStarts(3, 4), chunkStarts(0, 4)]).toEqual([[0], [0], [0]]);
  });

  it('become their mean or what is greatest, without those that say nothing', () => {
    const [a, b, nothing] = [Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(0, 0)];
    const of = (vectors: readonly Float32Array[], pooling: 'mean' | 'max') => {
      const result = new Float32Array(2);
      pooledChunks(vectors, pooling, result);
      return [...result];
    };
    for (const pooling of ['mean', 'max'] as const) {
      expect(of([a, nothing, b], pooling)).toEqual([Math.fround(Math.SQRT1_2), Math.fround(Math.SQRT1_2)]);
      expect(of([nothing, a], pooling)).toEqual([1, 0]);
      expect(of([nothing], pooling)).toEqual([0, 0]);
    }
    expect(of([a, Float32Array.of(-1, 0)], 'max')).toEqual([1, 0]);
  });
});

describe('an encoder that reads more', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'extended-'));
    vi.stubEnv('SAGITTA_CACHE', join(root, 'cache'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(root, { recursive: true });
  });

  it('computes what BERT computes over those positions', async () => {
    const folder = join(root, 'tiny');
    const weights = await writeTinyBert(folder);
    const words = 'red fox runs fast green dog sleeps slow blue fox fast red dog runs blue dog green fox'.split(' ');
    const ids = ['[CLS]', ...words, '[SEP]'].map((word) => TINY_WORDS.indexOf(word));
    const name = 'embeddings.position_embeddings.weight';
    const own = weights.get(name)!;
    for (const positions of POSITIONS) {
      const encoder = await openEncoder(`extended:bert:${folder}?window=24&positions=${positions}&precision=float32`);
      expect(encoder.id).toBe(`extended:bert:${folder}?precision=float32&window=24&positions=${positions}`);
      expect(encoder.window!.tokens).toBe(22);
      const rows = longPositions(positions, {
        rows: Float32Array.from(own.data),
        width: TINY.width,
        reads: TINY.positions,
        window: 24,
      });
      const longer = new Map(weights).set(name, { data: Float64Array.from(rows), shape: [24, TINY.width] });
      const states = referenceStates(longer, ids);
      const expected = unitOf(
        states.reduce((sum, x) => sum.map((value, d) => value + x[d]!)).map((value) => value / states.length),
      );
      const found = (await encoder.encode([words.join(' ')])).row(0);
      expected.forEach((value, c) => {
        expect(found[c]).toBeCloseTo(value, 4);
      });
      await encoder.dispose!();
    }
  });

  it('gives texts that it reads whole by itself the vectors that they had, to the bit', async () => {
    const folder = join(root, 'bytes');
    await writeTinyBert(folder);
    const base = await bertFolder(folder, { threads: 1 });
    const short = ['red fox runs', '', 'strange', 'green fox sleeps fast : red dog runs blue query'];
    expect(await base.window!.count(short[3]!)).toBe(10);
    const long = `${short[3]} slow fox sleeps`;
    const [own, alone] = [await base.encode([...short, long]), await base.encode(short)];
    for (const positions of READINGS) {
      const encoder = extendedEncoder(await bertFolder(folder, { threads: 1 }), { window: 30, positions });
      const found = await encoder.encode([long, ...short, `${long} red red dog`]);
      expect((await encoder.encode(short)).data, positions).toEqual(alone.data);
      for (const [i, value] of alone.data.entries()) expect(found.data[own.dim + i]).toBeCloseTo(value, 6);
      expect([...found.row(0)]).not.toEqual([...own.row(4)]);
      // What stands behind the first tokens counts.
      expect([...found.row(5)]).not.toEqual([...found.row(0)]);
      expect(Math.hypot(...found.row(0))).toBeCloseTo(1, 5);
      expect((await encoder.encode([])).count).toBe(0);
      const abort = new Error('enough');
      await expect(encoder.encode([long], { signal: AbortSignal.abort(abort) })).rejects.toBe(abort);
      await encoder.dispose!();
      await expect(encoder.encode([long])).rejects.toThrow(/has been disposed of/);
    }
    await base.dispose!();
  });

  it('takes the mean of what its chunks say', async () => {
    const base = miniLm({ maxLength: 12, threads: 1 });
    const words = 'one two three four five six seven eight nine ten red green blue'.split(' ');
    const encoder = extendedEncoder(miniLm({ maxLength: 12, threads: 1 }), { window: 40 });
    const seen: number[] = [];
    const found = (await encoder.encode([words.join(' ')], { onProgress: (done) => seen.push(done) })).row(0);
    const parts = await base.encode([words.slice(0, 10).join(' '), words.slice(-10).join(' ')]);
    const sum = Array.from(parts.row(0), (value, c) => value + parts.row(1)[c]!);
    const length = Math.hypot(...sum);
    sum.forEach((value, c) => {
      expect(found[c]).toBeCloseTo(value / length, 5);
    });
    expect(seen).toEqual([1]);
    await encoder.dispose!();
    await base.dispose!();
  });

  it('is named by its settings, its base among them, and keeps what is said of it', async () => {
    const encoder: Encoder = await openEncoder('extended:minilm?window=1024');
    expect(encoder.id).toBe('extended:minilm?window=1024&positions=chunks-mean');
    expect([encoder.dim, encoder.languages, encoder.denseShare]).toEqual([384, ['en'], 0.4]);
    expect(await encoder.window!.count('Tokenization')).toBe(2);
    // Four full chunks, each with its special tokens.
    expect(encoder.window!.tokens).toBe(4 * 254);
    expect((await openEncoder(encoder.id)).id).toBe(encoder.id);
    await encoder.dispose!();
    const other = await openEncoder('extended:minilm?positions=grouped&length=512&window=4096');
    expect(other.id).toBe('extended:minilm?length=512&window=4096&positions=grouped');
    await other.dispose!();
  });

  it('lets a collection have longer passages, and only itself read them', async () => {
    const encoder = 'extended:minilm?window=600&positions=chunks-mean';
    const made = { create: true, settings: { passageTokens: 300 } };
    const text = 'the harbour master counts ships that come and go with the tide '.repeat(25);
    const [short, long] = [join(root, 'short'), join(root, 'long')];
    await using cut = await openCollection(short, { ...made, encoder: 'minilm' });
    await using whole = await openCollection(long, { ...made, encoder: 'extended:minilm?window=600' });
    for (const collection of [cut, whole]) await collection.add([{ id: 'tide', text }]);
    expect([(await cut.inspect()).passages, (await whole.inspect()).passages]).toEqual([2, 1]);
    expect((await whole.search('tide', { retriever: 'dense' })).hits[0]!.id).toBe('tide');
    await expect(openCollection(long, { encoder: 'minilm' })).rejects.toThrow(`made with the encoder "${encoder}"`);
    await expect(openCollection(long, { encoder: encoder.replace('600', '601') })).rejects.toThrow('made with');
  });

  it.each([
    ['extended:minilm', /does not say how many tokens it is to read\. Give a window/],
    ['extended:minilm?positions=grouped', /does not say how many tokens/],
    ['extended:minilm?window=256', /minilm reads 256 by itself\. Give a whole number from 257 to 16384/],
    ['extended:minilm?window=0', /from 257 to 16384/],
    ['extended:minilm?window=', /is NaN tokens/],
    ['extended:minilm?window=many', /is NaN tokens/],
    ['extended:minilm?window=1024.5', /whole number/],
    ['extended:minilm?window=-1024', /whole number/],
    ['extended:minilm?window=1e9', /whole number/],
    ['extended:minilm?window=1024&positions=rotary', /unknown positions "rotary"\. Use one of: chunks-mean/],
    ['extended:minilm?window=1024&positions=', /unknown positions ""/],
    ['extended:minilm?window=1024&colour=red', /unknown setting "colour"/],
    ['extended:static?window=1024', /static.*window|no table of positions/],
    ['extended:hash:64?window=1024', /hash:64 has no table of positions.*Use minilm, or bert:FOLDER/],
    ['extended:extended:minilm?window=1024', /does not say|no table/],
    ['extended:', /There is no encoder "extended:"/],
  ])('refuses %s', async (spec, message) => {
    const opening = openEncoder(spec);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(InvalidArgumentError);
  });
});
