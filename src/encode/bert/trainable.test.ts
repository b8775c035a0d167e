import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullTogether } from '../../../test/support/pull-together.ts';
import { tinyBert } from '../../../test/support/tiny-bert.ts';
import { IncompatibleError } from '../../base/errors.ts';
import { run } from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import type { EncoderTuning } from '../tuning.ts';
import { type BertDescription, readDescription } from './description.ts';
import { bertFolder } from './folder.ts';
import { type TrainableBert, trainableBert } from './trainable.ts';

const QUERIES = ['how do i turn the key', 'rain tomorrow'];
const DOCUMENTS = ['Signing keys are replaced every ninety days.', 'The forecast says that it will be wet.'];
const FLOAT = { precision: 'float32', threads: 1 } as const;

let folder: string;
let tiny: BertDescription;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainable-bert-'));
  tiny = await tinyBert(join(folder, 'tiny'), [...QUERIES, ...DOCUMENTS, 'query : passage']);
});
afterAll(() => rm(folder, { recursive: true }));

const train = (encoder: TrainableBert) =>
  pullTogether(encoder, { queries: QUERIES, documents: DOCUMENTS, steps: 3, learningRate: 0.3 });

/** What it computes as it is trained. */
async function trainedVectors({ forward, batch, parameters }: TrainableBert): Promise<Float32Array> {
  const runtime = await nativeRuntime();
  const { output } = await run(forward, batch([...QUERIES, ...DOCUMENTS]), { parameters, runtime, threads: 1 });
  return output!.data as Float32Array;
}

async function vectorsOf(encoder: Encoder, texts = [...QUERIES, ...DOCUMENTS]): Promise<Float32Array> {
  try {
    return (await encoder.encode(texts)).data;
  } finally {
    await encoder.dispose?.();
  }
}

async function saved(encoder: TrainableBert, name: string): Promise<string> {
  const target = join(folder, name);
  for (const [path, bytes] of await encoder.save()) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), bytes);
  }
  return target;
}

const difference = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

/** The least cosine of a row with its counterpart; rows have unit length. */
function leastCosine(a: Float32Array, b: Float32Array): number {
  const { width } = tiny.shape;
  const rows = Array.from({ length: a.length / width }, (_, row) =>
    a.subarray(row * width, (row + 1) * width).reduce((total, value, i) => total + value * b[row * width + i]!, 0),
  );
  return Math.min(...rows);
}

describe('a trainable BERT', () => {
  it('starts as the encoder that it was, learns, and is served and saved as it then is', async () => {
    const encoder = await trainableBert(tiny);
    const plain = await vectorsOf(await bertFolder(tiny.folder, FLOAT));
    expect(difference(await vectorsOf(encoder.serve('start', FLOAT)), plain)).toBeLessThan(1e-5);
    const { losses, changed } = await train(encoder);
    expect(losses[2]).toBeLessThan(losses[0]! - 0.01);
    expect(changed).toContain('embeddings/words');
    expect(changed).toContain('layer1/qkv/weight');
    expect(changed).not.toContain('embeddings/positions');

    const served = encoder.serve('tuned:test', FLOAT);
    expect(served.id).toBe('tuned:test');
    const vectors = await vectorsOf(served);
    expect(difference(vectors, plain)).toBeGreaterThan(1e-3);
    // In 8 bits unless asked otherwise, as a saved one is.
    const bytes = await vectorsOf(encoder.serve('tuned:test'));
    expect(difference(bytes, vectors)).toBeGreaterThan(0);
    expect(leastCosine(bytes, vectors)).toBeGreaterThan(0.99);
    expect(difference(await trainedVectors(encoder), vectors)).toBeLessThan(1e-5);

    const target = await saved(encoder, 'full');
    expect(await readDescription(target)).toEqual({
      ...tiny,
      name: 'full',
      folder: target,
      weights: join(target, 'model.safetensors'),
      tokenizer: join(target, 'tokenizer.json'),
      prompts: { query: '', document: '' },
    });
    expect(difference(await vectorsOf(await bertFolder(target, FLOAT)), vectors)).toBeLessThan(1e-6);
    const again = await trainableBert(await readDescription(target));
    for (const name of encoder.parameters.names) {
      expect(difference(again.parameters.get(name).data, encoder.parameters.get(name).data)).toBe(0);
    }
  });

  it('with LoRA or a side path trains those modules only, which change nothing at the start', async () => {
    const plain = await vectorsOf(await bertFolder(tiny.folder, FLOAT));
    const tunings: readonly (readonly [string, EncoderTuning, RegExp])[] = [
      ['lora', { lora: { rank: 4, alpha: 8 } }, /^layer\d\/\w+\/weight_[ab]$/],
      ['side', { side: { rank: 4 } }, /^side\//],
    ];
    for (const [name, tuning, own] of tunings) {
      const encoder = await trainableBert(tiny, { tuning });
      expect(difference(await vectorsOf(encoder.serve('start', FLOAT)), plain)).toBeLessThan(1e-5);
      const { losses, changed } = await train(encoder);
      expect(losses[2]).toBeLessThan(losses[0]!);
      expect(changed.length).toBeGreaterThan(0);
      for (const parameter of changed) expect(parameter).toMatch(own);
      const vectors = await vectorsOf(encoder.serve('tuned', FLOAT));
      expect(difference(vectors, plain)).toBeGreaterThan(1e-6);
      expect(difference(await trainedVectors(encoder), vectors)).toBeLessThan(1e-5);
      // Saved, low-rank updates are in the weights; a side path lies beside them.
      const target = await saved(encoder, name);
      const { side } = tuning;
      const opened = await bertFolder(target, side === undefined ? FLOAT : { ...FLOAT, side });
      expect(difference(await vectorsOf(opened), vectors)).toBeLessThan(1e-5);
      if (side !== undefined) await expect(bertFolder(target)).rejects.toThrow(IncompatibleError);
    }
  });

  it('leaves the table of word pieces alone where asked to, and reads no more than it should', async () => {
    const encoder = await trainableBert(tiny, { trainTable: false, maxLength: 4 });
    const { changed } = await train(encoder);
    expect(changed).not.toContain('embeddings/words');
    expect(changed).toContain('layer0/up/bias');
    const { tokens, grid } = encoder.batch(QUERIES, 'query');
    expect(grid!.shape).toEqual([2, 4]);
    expect(tokens!.shape).toEqual([8]);
  });

  it('puts the prompt of queries before queries, and that of documents before documents', async () => {
    const prompts = { query: 'query: ', document: 'passage: ' };
    const encoder = await trainableBert({ ...tiny, prompts });
    const plain = await trainableBert(tiny);
    const tokens = (of: TrainableBert, text: string, role: 'query' | 'document') => [
      ...(of.batch([text], role)['tokens']!.data as Int32Array),
    ];
    expect(tokens(encoder, 'rain', 'query')).toEqual(tokens(plain, 'query: rain', 'query'));
    expect(tokens(encoder, 'rain', 'document')).toEqual(tokens(plain, 'passage: rain', 'document'));
    const served = encoder.serve('prompted', FLOAT);
    const query = (await served.encode(['rain'], { role: 'query' })).data;
    expect(difference(query, await vectorsOf(plain.serve('plain', FLOAT), ['query: rain']))).toBeLessThan(1e-6);
    await served.dispose?.();
  });
});
