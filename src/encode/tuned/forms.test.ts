import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import { Parameters, unitLength } from '../../tensor/index.ts';
import { openEncoder } from '../registry.ts';
import { testEncoder } from '../testing.ts';
import type { EncoderForm, Trainable } from '../trainable.ts';
import { saveTuned } from './description.ts';
import { registerEncoderForm } from './forms.ts';
import { formOf, openTrainable } from './trainable.ts';

/** A form of somebody else: vectors of the length of a text, which it does not train at all. */
const trainable = (seed: number): Trainable => ({
  form: 'lengths',
  dim: 8,
  parameters: new Parameters(seed),
  groups: [],
  shapes: {},
  tuning: {},
  learningRate: 1e-3,
  batch: (texts) => ({
    x: {
      data: Float32Array.from({ length: 8 * texts.length }, (_, i) => texts[i >> 3]!.length),
      shape: [texts.length, 8],
    },
  }),
  forward: (_, { x }) => unitLength(x!),
  serve: () => testEncoder({ dim: 8 }),
  save: async () => new Map([['seed.txt', new TextEncoder().encode(String(seed))]]),
});
const form: EncoderForm = {
  name: 'lengths',
  start: async (_, rest, { seed = 0 }) => trainable(Number(rest.slice(1)) + seed),
  resume: async () => trainable(0),
  open: async (saved, id) => ({
    ...testEncoder({ dim: 8, seed: Number(new TextDecoder().decode((await saved.files()).get('seed.txt'))) }),
    id,
  }),
};

describe('forms of trained encoders', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forms-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are open to others: what one saves is opened by its name', async () => {
    await expect(openTrainable('lengths:3', { versions: folder })).rejects.toThrow('cannot be trained');
    registerEncoderForm(form, ['lengths']);
    expect(() => registerEncoderForm(form)).toThrow(InvalidArgumentError);
    const encoder = await openTrainable('lengths:3', { versions: folder, seed: 2 });
    expect(await formOf('lengths:3', folder)).toBe('lengths');
    const description = { form: 'lengths', base: 'lengths:3', dim: 8 };
    const version = await saveTuned(folder, { description, files: await encoder.save() });
    expect(version).toMatch(/^lengths-[0-9a-f]{12}$/);
    const opened = await openEncoder(`tuned:${join(folder, version)}`);
    expect(await opened.encode(['key'])).toEqual(await testEncoder({ dim: 8, seed: 5 }).encode(['key']));
    expect((await openTrainable(`tuned:${version}`, { versions: folder })).form).toBe('lengths');
    // Of a copy for queries alone the documents would be missing.
    const queries = await saveTuned(folder, {
      description: { ...description, base: 'hash:8', of: 'queries' },
      files: await encoder.save(),
    });
    const both = await openEncoder(`tuned:${join(folder, queries)}`);
    expect(await both.encode(['key'])).toEqual(await testEncoder({ dim: 8 }).encode(['key']));
    expect(await both.encode(['key'], { role: 'query' })).toEqual(await opened.encode(['key']));
    await expect(openTrainable(`tuned:${queries}`, { versions: folder })).rejects.toThrow('cannot be trained');
  });

  it('are refused where they, or what they were trained from, give other vectors than they say', async () => {
    const files = await (await openTrainable('lengths:3', { versions: folder, seed: 2 })).save();
    for (const [description, problem] of [
      [{ base: 'lengths:3', dim: 16 }, 'says 16 components, but its files give 8'],
      [{ base: 'hash:64', dim: 8, of: 'queries' }, 'says 8 components, but "hash:64" gives 64'],
    ] as const) {
      const version = await saveTuned(folder, { description: { form: 'lengths', ...description }, files });
      await expect(openEncoder(`tuned:${join(folder, version)}`)).rejects.toThrow(problem);
    }
  });

  it('that are not known are named', async () => {
    const version = await saveTuned(folder, { description: { form: 'odd', base: 'hash:8', dim: 8 }, files: new Map() });
    await expect(openEncoder(`tuned:${join(folder, version)}`)).rejects.toThrow(IncompatibleError);
  });
});
