import { describe, expect, it } from 'vitest';
import { pullTogether } from '../../../test/support/pull-together.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { readParameters } from '../../tensor/index.ts';
import { nativeRuntime } from '../runtime.ts';
import type { Trainable } from '../trainable.ts';
import { ADDED, TABLE } from './graph.ts';
import { trainableUseLite } from './trainable.ts';
import { useLite } from './use-lite.ts';

const QUERIES = ['how do I rotate the key', 'rain tomorrow'];
const DOCUMENTS = ['Signing keys are replaced every ninety days.', 'The forecast says that it will be wet.'];

const train = (encoder: Trainable, withTemperature = false) =>
  pullTogether(encoder, { queries: QUERIES, documents: DOCUMENTS, steps: 2, learningRate: 0.05, withTemperature });
const difference = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('a trainable use-lite', () => {
  it('starts as the encoder that it was, learns, and is served and saved as it then is', async () => {
    const encoder = await trainableUseLite();
    const plain = await useLite({ threads: 1 }).encode(QUERIES);
    const start = encoder.serve('start');
    expect(difference((await start.encode(QUERIES)).data, plain.data)).toBeLessThan(1e-5);
    await start.dispose?.();
    const { losses, changed } = await train(encoder);
    expect(losses[1]).toBeLessThan(losses[0]! - 0.01);
    expect(changed).toContain(TABLE);
    expect(changed).toContain('Layer_0/FFN/conv1/kernel');
    expect(changed).not.toContain('timing');

    const served = encoder.serve('tuned:test');
    expect(served.id).toBe('tuned:test');
    const vectors = await served.encode(QUERIES);
    await served.dispose?.();
    expect(difference(vectors.data, plain.data)).toBeGreaterThan(1e-3);
    // The ONNX file gives the same vectors by itself, from the same arrays as in training.
    const model = (await encoder.save()).get('model.onnx')!;
    const session = await (await nativeRuntime()).createSession(model, { threads: 1 });
    const out = await session.run(encoder.batch(QUERIES));
    await session.dispose();
    expect(difference(out['vectors']!.data as Float32Array, vectors.data)).toBeLessThan(1e-5);
    const back = readParameters(model, 'model.onnx');
    expect(back.names.sort()).toEqual(encoder.parameters.names.sort());
    for (const name of back.names) {
      const [a, b] = [back.get(name), encoder.parameters.get(name)];
      expect(a.shape).toEqual(b.shape);
      // A matcher would take seconds for millions of numbers.
      expect(a.data.length === b.data.length && a.data.every((value, i) => value === b.data[i])).toBe(true);
    }
    expect(() => readParameters(model.subarray(0, 1000), 'cut.onnx')).toThrow(CorruptFileError);
    expect(() => readParameters(Uint8Array.of(1, 2, 3), 'not.onnx')).toThrow('not.onnx');
  });

  it('with LoRA or a side path trains those modules only, which change nothing at the start', async () => {
    const plain = await useLite({ threads: 1 }).encode(QUERIES);
    for (const tuning of [{ lora: { rank: 4, alpha: 8 } }, { side: { rank: 4 } }]) {
      const encoder = await trainableUseLite({ tuning });
      const start = encoder.serve('start');
      expect(difference((await start.encode(QUERIES)).data, plain.data)).toBeLessThan(1e-5);
      await start.dispose?.();
      const { losses, changed } = await train(encoder, true);
      expect(losses[1]).toBeLessThan(losses[0]!);
      expect(changed.length).toBeGreaterThan(0);
      for (const name of changed) expect(name).toMatch(ADDED);
      // What an objective learns is not frozen with the weights.
      expect(encoder.parameters.get('objective/temperature').data[0]).not.toBe(1);
      const served = encoder.serve('tuned');
      expect(difference((await served.encode(QUERIES)).data, plain.data)).toBeGreaterThan(1e-6);
      await served.dispose?.();
    }
  });
});
