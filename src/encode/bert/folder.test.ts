import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Vectors } from '../../base/vectors.ts';
import { openEncoder } from '../registry.ts';
import { bertFolder } from './folder.ts';
import {
  dotOf,
  poolingFiles,
  referenceStates,
  type StoredType,
  safetensorsOf,
  TINY_WORDS,
  type TinyOptions,
  tinyWeights,
  tokenizerJson,
  unitOf,
  writeTinyBert,
} from './testing.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bert-folder-'));
  vi.stubEnv('SAGITTA_CACHE', join(root, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

async function write(options: TinyOptions = {}, files: Readonly<Record<string, unknown>> = {}) {
  const folder = join(root, `model${count++}`);
  await mkdir(folder);
  return { folder, weights: await writeTinyBert(folder, options, files) };
}

const TEXTS = ['red fox runs', 'blue', 'dogs sleeps : slow dog', 'green strange fox'];
/** As the tokenizer splits them. */
const TOKENS = ['red fox runs', 'blue', 'dog ##s sleeps : slow dog', 'green [UNK] fox'];
const idsOf = (text: string) => `[CLS] ${text} [SEP]`.split(' ').map((word) => TINY_WORDS.indexOf(word));

const POOL: Readonly<Record<string, (states: Float64Array[]) => Float64Array>> = {
  pooling_mode_mean_tokens: (states) =>
    states.reduce((sum, x) => sum.map((value, d) => value + x[d]!)).map((value) => value / states.length),
  pooling_mode_cls_token: (states) => states[0]!,
  pooling_mode_lasttoken: (states) => states.at(-1)!,
  pooling_mode_max_tokens: (states) => states.reduce((most, x) => most.map((value, d) => Math.max(value, x[d]!))),
};
const MEAN = 'pooling_mode_mean_tokens';

function expectClose(vectors: Vectors, expected: readonly Float64Array[], tolerance = 1e-4): void {
  expect(vectors.count).toBe(expected.length);
  expected.forEach((row, i) => {
    const difference = Math.max(...row.map((value, d) => Math.abs(value - vectors.row(i)[d]!)));
    expect(difference, `row ${i}`).toBeLessThan(tolerance);
  });
}

const CASES: readonly (readonly [string, TinyOptions])[] = [
  ...(['F32', 'F16', 'BF16'] as StoredType[]).map((type) => [type, { type }] as const),
  ['distilbert', { architecture: 'distilbert' }],
  ['distilbert within a larger model, F16', { architecture: 'distilbert', prefix: 'distilbert.', type: 'F16' }],
  ['bert within a larger model', { prefix: 'bert.' }],
  ['a model that was wrapped', { prefix: 'model.' }],
  ['gamma and beta', { isOld: true }],
  ['relu', { config: { hidden_act: 'relu' } }],
  ['gelu_new', { config: { hidden_act: 'gelu_new' } }],
];
const ACTIVATIONS = {
  relu: (x: number) => Math.max(0, x),
  gelu_new: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

describe('a folder of sentence-transformers', () => {
  it.each(CASES)('gives the vectors of a plain BERT: %s', async (_, options) => {
    const { folder, weights } = await write(options);
    const activation = ACTIVATIONS[options.config?.hidden_act as keyof typeof ACTIVATIONS];
    const states = TOKENS.map((text) => referenceStates(weights, idsOf(text), options, activation));
    const expected = states.map((rows) => unitOf(POOL[MEAN]!(rows)));
    const encoder = await bertFolder(folder, { precision: 'float32', threads: 1 });
    expectClose(await encoder.encode(TEXTS), expected);
    const sets = await encoder.encodeTokens(TEXTS);
    states.forEach((rows, i) => {
      expectClose(sets.item(i), rows.slice(1, -1).map(unitOf));
    });
    await encoder.dispose!();

    const quantized = await openEncoder(`bert:${folder}`);
    expect([quantized.id, quantized.dim]).toEqual([`bert:${folder}`, 32]);
    const vectors = await quantized.encode(TEXTS);
    expected.forEach((row, i) => {
      expect(dotOf(row, vectors.row(i))).toBeGreaterThan(0.999);
    });
    await quantized.dispose!();
  });

  it.each(Object.keys(POOL))('pools as it says: %s', async (mode) => {
    for (const [others, settings] of [
      [[], { similarity_fn_name: 'dot' }],
      [['Normalize'], { similarity_fn_name: 'dot' }],
    ] as const) {
      const { folder, weights } = await write(
        {},
        { ...poolingFiles(mode, ...others), 'config_sentence_transformers.json': settings },
      );
      const encoder = await bertFolder(folder, { precision: 'float32', threads: 1 });
      const expected = TOKENS.map((text) => POOL[mode]!(referenceStates(weights, idsOf(text))));
      expectClose(await encoder.encode(TEXTS), others.length === 0 ? expected : expected.map(unitOf));
      await encoder.dispose!();
    }
  });

  it('puts its prompts before texts, lowers case, and reads as much as it says', async () => {
    const { folder, weights } = await write(
      {},
      {
        'sentence_bert_config.json': { max_seq_length: 7, do_lower_case: true },
        'config_sentence_transformers.json': { prompts: { query: 'query : ', passage: 'passage : ' } },
        'README.md': new TextEncoder().encode('---\nlanguage:\n- en\n- de\nlicense: mit\n---\nA model.\n'),
      },
    );
    const encoder = await bertFolder(folder, { precision: 'float32', threads: 1 });
    expect(encoder.languages).toEqual(['en', 'de']);
    expect(encoder.window!.tokens).toBe(5);
    const of = (text: string) => unitOf(POOL[MEAN]!(referenceStates(weights, idsOf(text))));
    expectClose(await encoder.encode(['Red FOX runs fast'], { role: 'query' }), [of('query : red fox runs')]);
    expectClose(await encoder.encode(['Red FOX', 'blue']), [of('passage : red fox'), of('passage : blue')]);
    await encoder.dispose!();

    const longer = await bertFolder(folder, { precision: 'float32', threads: 1, maxLength: 12 });
    expect(longer.id).toBe(`bert:${folder}?precision=float32&length=12`);
    expectClose(await longer.encode(['red fox runs fast'], { role: 'query' }), [of('query : red fox runs fast')]);
    await longer.dispose!();
    await expect(bertFolder(folder, { maxLength: 13 })).rejects.toThrow(/cannot read 13 tokens\. Give .* 3 to 12/);
  });

  it('notices that weights were changed, and prepares them again', async () => {
    const { folder } = await write();
    const first = await bertFolder(folder);
    const before = await first.encode(TEXTS);
    const same = await bertFolder(folder);
    expect((await same.encode(TEXTS)).data).toEqual(before.data);
    // Other weights in a file of the same size and name.
    const weights = tinyWeights({});
    for (const { data } of weights.values()) data.reverse();
    await writeTinyBert(folder, {}, { 'model.safetensors': safetensorsOf(weights, 'F32') });
    const other = await bertFolder(folder);
    const exact = await bertFolder(folder, { precision: 'float32' });
    const [changed, expected] = [await other.encode(TEXTS), await exact.encode(TEXTS)];
    for (let i = 0; i < TEXTS.length; i++) {
      expect(dotOf(changed.row(i), expected.row(i))).toBeGreaterThan(0.999);
      expect(dotOf(before.row(i), expected.row(i))).toBeLessThan(0.999);
    }
    for (const encoder of [first, same, other, exact]) await encoder.dispose!();
  });

  it('says what is wrong with its weights, in one line with a remedy', async () => {
    const cases: [TinyOptions, Readonly<Record<string, unknown>>, RegExp][] = [
      [{}, { 'model.safetensors': undefined }, /^\S+model\d+ has no model\.safetensors\. Give a folder that holds/],
      [
        {},
        { 'model.safetensors': undefined, 'pytorch_model.bin': new Uint8Array(9) },
        /has no .* Save the model as saf/,
      ],
      [{}, { 'model.safetensors': new Uint8Array(0) }, /model\.safetensors: it is cut short: 0 bytes/],
      [{}, { 'model.safetensors': new Uint8Array(5000).fill(1) }, /model\.safetensors: .* no safetensors file/],
      [{ config: { hidden_size: 64 } }, {}, /word_embeddings\.weight should be \[18, 64\] and is \[18, 32\]/],
      [{ config: { vocab_size: 19 } }, {}, /word_embeddings\.weight should be \[19, 32\] and is \[18, 32\]/],
      [{ config: { num_hidden_layers: 3 } }, {}, /it has no tensor encoder\.layer\.2\.attention\.self\.query\.weight/],
      [{ config: { intermediate_size: 40 } }, {}, /intermediate\.dense\.weight should be \[40, 32\] and is \[48, 32\]/],
      [{ config: { max_position_embeddings: 13 } }, {}, /position_embeddings\.weight should be \[13, 32\] and is \[12/],
      [{}, { 'tokenizer.json': undefined }, /has no tokenizer\.json\. Give a folder that holds tokenizer\.json/],
      [{}, { 'tokenizer.json': { model: { type: 'BPE' } } }, /tokenizer\.json: model\.type is "BPE", .*\. Use a model/],
    ];
    for (const [options, files, message] of cases) {
      const { folder } = await write(options, files);
      const opened = bertFolder(folder, { threads: 1 }).then((encoder) => encoder.encode(['red']));
      await expect(opened, String(message)).rejects.toThrow(message);
      await expect(opened).rejects.toThrow(/^[^\n]+[.!]$/);
    }
  });

  it('refuses a file of weights cut anywhere, and works once it is whole', async () => {
    const { folder } = await write();
    const { folder: other } = await write();
    const whole = await readFile(join(other, 'model.safetensors'));
    const encoder = await bertFolder(folder, { threads: 1 });
    for (const length of [7, 8, 200, whole.length - 4000, whole.length - 1]) {
      await writeFile(join(folder, 'model.safetensors'), whole.subarray(0, length));
      await expect(encoder.encode(['red']), `${length} bytes`).rejects.toThrow(
        /model\.safetensors: it is cut short.* Fetch the folder of the model again\.$/,
      );
    }
    await writeFile(join(folder, 'model.safetensors'), whole);
    expect((await encoder.encode(['red'])).count).toBe(1);
    await encoder.dispose!();
  });

  it('refuses a tokenizer with more tokens than the model has vectors', async () => {
    const tokenizer = tokenizerJson();
    const { folder } = await write(
      {},
      {
        'tokenizer.json': {
          ...tokenizer,
          model: { ...tokenizer.model, vocab: { ...tokenizer.model.vocab, extra: 18 } },
        },
      },
    );
    const encoder = await bertFolder(folder, { threads: 1 });
    await expect(encoder.encode(['extra'])).rejects.toThrow(
      /tokenizer\.json: it has 19 tokens, and the model vectors of 18.* Fetch/,
    );
  });
});
