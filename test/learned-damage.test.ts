import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCollection, verifyCollection } from 'sagitta-search';
import { adapterGraph, type TunedFiles } from 'sagitta-search/encode';
import { given, Parameters, toOnnx } from 'sagitta-search/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';
import { type QueryUpdate, queryUpdateShapes } from '../src/search/feedback/index.ts';
import { testFolder } from './support/files.ts';
import { BY_WORDS } from './support/relevance.ts';

/** A collection that has learned what it can: relevance, an encoder, lists of codes, and further fields. */
const DIM = 16;
const folder = testFolder();
const directory = folder.at('c');
const small = folder.at('small');
/** Bytes that are changed in each large file. */
const SAMPLE = 120;

async function make(directory: string, count: number): Promise<void> {
  await using collection = await openCollection(directory, { create: true, encoder: `hash:${DIM}` });
  const documents = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      id: `d${from + i}`,
      title: `Page ${from + i}`,
      text: `The copper lamp number ${from + i}, by the river.`,
    }));
  await collection.add(documents(0, count));
  await collection.deploy(adapter());
  await collection.addField('titles', { of: 'title', encoder: 'hash:8' });
  await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:8' });
  if (count > 1000) await collection.rebuild({ spec: 'ivf4,pq4x8,refine:full' });
  await collection.add(documents(count, count + 20));
  await collection.remove(['d3']);
  await collection.setRelevance(BY_WORDS);
  await collection.setFeedback(feedback());
}

beforeAll(async () => {
  await make(directory, 1100);
  await make(small, 20);
}, 60_000);
afterAll(() => folder[Symbol.dispose]());

function adapter(): TunedFiles {
  const map = Float32Array.from({ length: DIM * DIM }, (_, i) => (i % (DIM + 1) === 0 ? 1 : 0.01));
  const parameters = new Parameters(1);
  parameters.ensure('map', [DIM, DIM], given(map));
  const model = toOnnx(adapterGraph(parameters, DIM, { form: 'linear' }));
  return {
    description: { form: 'adapter', of: 'queries', base: `hash:${DIM}`, dim: DIM },
    files: new Map([['model.onnx', model]]),
  };
}

function feedback(): QueryUpdate {
  const shape = { form: 'attention', dim: DIM, width: 4 } as const;
  const sizes = [...queryUpdateShapes(shape)].map(
    ([name, extents]) => [name, extents.reduce((a, b) => a * b)] as const,
  );
  return {
    ...shape,
    passages: 3,
    parameters: new Map(sizes.map(([name, size]) => [name, new Float32Array(size).fill(0.01)])),
  };
}

function files(inside = directory): string[] {
  return (readdirSync(inside, { recursive: true }) as string[])
    .filter((name) => !name.endsWith('.lock') && statSync(join(inside, name)).isFile())
    .sort();
}

/** Writes something else in place of a file, asks whether that is noticed, and puts the file back. */
async function expectNoticed(
  file: string,
  content: Uint8Array | undefined,
  what: string,
  inside = directory,
): Promise<void> {
  const path = join(inside, file);
  const original = readFileSync(path);
  if (content === undefined) rmSync(path);
  else writeFileSync(path, content);
  try {
    const noticed = await verifyCollection(inside).then(
      ({ sound, faults }) => !sound && faults.some((fault) => fault.file === file),
      () => true,
    );
    expect(noticed, what).toBe(true);
  } finally {
    writeFileSync(path, original);
  }
}

describe('damage to what was learned is noticed', () => {
  it('in a collection with a file of every kind', async () => {
    const kinds = files().map((name) => name.replace(/[\da-f]{8,}|\d+/g, 'N'));
    expect([...new Set(kinds)]).toEqual(
      [
        'encoders/adapter-N/encoder.json',
        'encoders/adapter-N/model.onnx',
        'feedback-N.bin',
        'manifest.json',
        'relevance-N.json',
        'segments/mN.model',
        'segments/sN.mN.lists',
        'segments/sN.seg',
        'segments/sN.vN.vectors',
        'segments/sN.N.dead',
      ].sort((a, b) => kinds.indexOf(a) - kinds.indexOf(b)),
    );
    expect((await verifyCollection(directory)).faults).toEqual([]);
    await using collection = await openCollection(directory);
    expect((await collection.inspect()).beside.map(({ role }) => role.replace(/-.*\//, '/'))).toEqual([
      'encoders/adapter/encoder.json',
      'encoders/adapter/model.onnx',
      'relevance',
      'feedback',
    ]);
    expect(await collection.judgesRelevance()).toBe(true);
  });

  it('when any digit of it is another digit', async () => {
    let tried = 0;
    for (const file of files(small).filter((name) => /relevance|encoder\.json$/.test(name))) {
      const text = readFileSync(join(small, file), 'latin1');
      for (const { index } of text.matchAll(/\d/g)) {
        const digit = String((Number(text[index]) + 1 + (tried++ % 8)) % 10);
        const changed = text.slice(0, index) + digit + text.slice(index + 1);
        await expectNoticed(file, Buffer.from(changed, 'latin1'), `${file}, digit ${index}`, small);
      }
    }
    expect(tried).toBeGreaterThan(50);
  }, 240_000);

  it('when a bit of any file is flipped, when it is cut short, lengthened or gone', async () => {
    const random = new Random(3);
    for (const file of files()) {
      const original = readFileSync(join(directory, file));
      const { length } = original;
      const positions = new Set([0, length - 1]);
      const wanted = Math.min(length, /^(segments|manifest)/.test(file) ? 12 : SAMPLE);
      while (positions.size < wanted) positions.add(random.below(length));
      for (const at of positions) {
        const changed = Buffer.from(original);
        changed[at]! ^= 1 << random.below(8);
        await expectNoticed(file, changed, `${file}, byte ${at} of ${length}`);
      }
      await expectNoticed(file, original.subarray(0, length - 1), `${file}, cut short`);
      await expectNoticed(file, Buffer.concat([original, Buffer.of(10)]), `${file}, lengthened`);
      if (file !== 'manifest.json') await expectNoticed(file, undefined, `${file}, gone`);
    }
    expect((await verifyCollection(directory)).faults).toEqual([]);
  }, 240_000);

  it('when an encoder of the same name is another one', async () => {
    const file = files().find((name) => name.endsWith('model.onnx'))!;
    const description = files().find((name) => name.endsWith('encoder.json'))!;
    // Sound in itself, with a checksum of its own that is right.
    const sha = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    const model = readFileSync(join(directory, file));
    const other = Buffer.concat([model.subarray(0, -1), Buffer.of(model.at(-1)! ^ 1)]);
    const { checksum: _, ...body } = JSON.parse(readFileSync(join(directory, description), 'utf8'));
    body.files['model.onnx'] = sha(other);
    const text = JSON.stringify({ ...body, checksum: sha(JSON.stringify(body)) }, null, 2);
    const before = readFileSync(join(directory, description));
    writeFileSync(join(directory, description), `${text}\n`);
    try {
      await expectNoticed(file, other, 'another model');
    } finally {
      writeFileSync(join(directory, description), before);
    }
  });
});
