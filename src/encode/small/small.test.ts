import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullTogether } from '../../../test/support/pull-together.ts';
import type { Vectors } from '../../base/vectors.ts';
import { Parameters } from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import { openEncoder } from '../registry.ts';
import type { Trainable } from '../trainable.ts';
import { saveTuned } from '../tuned/description.ts';
import { openTrainable } from '../tuned/trainable.ts';
import { bagVocabulary, trainableBag } from './bag.ts';
import { trainableTransformer } from './transformer.ts';

const QUERIES = ['how do I turn the key', 'дождь завтра', ''];
const DOCUMENTS = ['Signing keys are replaced every ninety days.', 'The forecast says that it will be wet.', 'x y'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-'));
});
afterAll(() => rm(folder, { recursive: true }));

const vectorsOf = async (encoder: Encoder): Promise<number[]> => {
  const queries = await encoder.encode(QUERIES, { role: 'query' });
  const documents = await encoder.encode(DOCUMENTS, { batchSize: 2 });
  await encoder.dispose?.();
  return [...queries.data, ...documents.data];
};

/** Trains, serves, saves and opens; what is opened is what was trained. @returns names of parameters that changed. */
async function roundTrip(encoder: Trainable): Promise<string[]> {
  const start = await vectorsOf(encoder.serve('start'));
  const pull = { queries: QUERIES, documents: DOCUMENTS, steps: 3, learningRate: 0.1 };
  const { losses, changed } = await pullTogether(encoder, pull);
  expect(losses[2]).toBeLessThan(losses[0]!);
  const served = await vectorsOf(encoder.serve('served'));
  expect(served).not.toEqual(start);
  const description = { form: encoder.form, base: 'none', dim: encoder.dim };
  const version = await saveTuned(folder, { description, files: await encoder.save() });
  expect(await vectorsOf(await openEncoder(`tuned:${join(folder, version)}`))).toEqual(served);
  expect((await openTrainable(`tuned:${version}`, { versions: folder })).parameters.names).toEqual(
    encoder.parameters.names,
  );
  return changed;
}

describe('a small transformer', () => {
  const shape = { layers: 2, width: 16, hidden: 32, rows: 64, queryLength: 4, documentLength: 6 };

  it('is trained from nothing, served, saved and opened', async () => {
    const changed = await roundTrip(trainableTransformer({ ...shape, parameters: new Parameters(3) }));
    expect(changed).toContain('words/table');
    expect(changed).toContain('places4');
    expect(changed.some((name) => name.startsWith('layer1/'))).toBe(true);
  });

  it('with modules trains these alone', async () => {
    for (const modules of [{ lora: { rank: 2 } }, { adapters: { rank: 2 } }, { side: { rank: 2 } }]) {
      const changed = await roundTrip(trainableTransformer({ ...shape, ...modules }));
      for (const name of changed) expect(name).toMatch(/_[ab]$|^adapters\//);
    }
  });
});

describe('a bag of words', () => {
  it('is trained from nothing, served, saved and opened', async () => {
    const vocabulary = bagVocabulary([...QUERIES, ...DOCUMENTS, 'the key', 'the wet forecast']);
    expect(vocabulary.sort()).toEqual(['< the', 'forecast', 'key', 'the', 'the key', 'wet']);
    const encoder = trainableBag({ vocabulary, width: 16, manner: 4, length: 12 });
    expect(encoder.dim).toBe(20);
    expect(await roundTrip(encoder)).toContain('manner/1/weight');
  });

  it('tells how a text is written, not only what it says', async () => {
    const vocabulary = ['a', 'key', 'a key', '< a'];
    const [full, words] = [8, 0].map((manner) => trainableBag({ vocabulary, manner }).serve('bag'));
    // The same known words; the pairs of the second are unknown.
    const texts = ['a key', 'key a'];
    const [a, b] = [await full!.encode(texts), await words!.encode(texts)];
    const own = (vectors: Vectors, row: number) => [...vectors.row(row).slice(64)];
    expect(own(a, 0)).not.toEqual(own(a, 1));
    expect(own(b, 0)).toEqual([]);
  });
});
