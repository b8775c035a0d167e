import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyBert } from '../../../test/support/tiny-bert.ts';
import { Vectors } from '../../base/vectors.ts';
import * as training from '../../tensor/index.ts';
import { drawn, mean, multiply, negate, partOf, prefixed, run, sum, withParts } from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import { type BertDescription, readDescription } from './description.ts';
import { bertFolder } from './folder.ts';
import { type TokenStates, type TrainableLastLayers, trainableLastLayers } from './last-layers.ts';

const TEXTS = ['how do i turn the key', 'rain tomorrow', '', 'Signing keys are replaced every ninety days.'];

let folder: string;
let tiny: BertDescription;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'last-layers-'));
  tiny = await tinyBert(join(folder, 'tiny'), [...TEXTS, 'query : passage']);
});
afterAll(() => rm(folder, { recursive: true }));

const open = async (layers: number) =>
  trainableLastLayers(tiny, { runtime: await nativeRuntime(), layers, threads: 1, maxLength: 32 });

async function trainedVectors(encoder: TrainableLastLayers, states: readonly TokenStates[]): Promise<Float32Array> {
  const { forward, parameters, shapes } = encoder;
  const { output } = await run(forward, encoder.batch(states), {
    parameters,
    shapes,
    runtime: await nativeRuntime(),
    threads: 1,
  });
  return output!.data as Float32Array;
}

async function vectorsOf(encoder: Encoder): Promise<Vectors> {
  try {
    return await encoder.encode(TEXTS);
  } finally {
    await encoder.dispose?.();
  }
}

const difference = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
/** Of texts that have a word: others have the zero vector where they are served. */
const told = ({ data, dim }: Vectors) => new Vectors(data, dim).pick([0, 1, 3]).data;

describe('the last layers of a BERT', () => {
  it.each([1, 2])('give its vectors over prepared states: %d', async (layers) => {
    const encoder = await open(layers);
    const states = await encoder.prepare(TEXTS);
    expect(states.map(({ length }) => length % tiny.shape.width)).toEqual(TEXTS.map(() => 0));
    const given = new Vectors(await trainedVectors(encoder, states), tiny.shape.width);
    const plain = await vectorsOf(await bertFolder(tiny.folder, { precision: 'float32', threads: 1 }));
    expect(difference(told(given), told(plain))).toBeLessThan(1e-5);
  });

  it('learn, alone, and are served and saved with the layers under them', async () => {
    const encoder = await open(1);
    const states = await encoder.prepare(TEXTS, { role: 'query' });
    expect(encoder.parameters.names.every((name) => name.startsWith('layer1/'))).toBe(true);
    const before = await trainedVectors(encoder, states);
    await training.fit(
      withParts(encoder, ['q:', 'd:']),
      drawn(5, () => ({
        ...prefixed('q:', encoder.batch([states[0]!, states[3]!])),
        ...prefixed('d:', encoder.batch([states[3]!, states[1]!])),
      })),
      (forward, batch) => negate(mean(sum(multiply(forward(partOf('q:', batch)), forward(partOf('d:', batch))), 1))),
      { runtime: await nativeRuntime(), threads: 1, learningRate: 0.01 },
    );
    const after = await trainedVectors(encoder, states);
    expect(difference(after, before)).toBeGreaterThan(1e-3);

    const served = await vectorsOf(encoder.serve('tuned:test'));
    expect(served.dim).toBe(tiny.shape.width);
    const target = join(folder, 'saved');
    for (const [path, bytes] of await encoder.save()) {
      await mkdir(dirname(join(target, path)), { recursive: true });
      await writeFile(join(target, path), bytes);
    }
    expect((await readDescription(target)).shape).toEqual(tiny.shape);
    const again = await vectorsOf(await bertFolder(target, { precision: 'float32', threads: 1 }));
    expect(difference(told(again), told(new Vectors(after, tiny.shape.width)))).toBeLessThan(2e-3);
    // 8 bits, as a folder is opened by default.
    expect(difference(told(served), told(await vectorsOf(await bertFolder(target))))).toBeLessThan(2e-2);
  });

  it('are as many as there are', async () => {
    await expect(open(3)).rejects.toThrow('3 of 2 layers cannot be trained. Give a whole number from 1 to 2.');
    await expect(open(0)).rejects.toThrow('Give a whole number from 1 to 2.');
  });
});
