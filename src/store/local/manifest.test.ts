import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { nodeFileSystem } from './filesystem.ts';
import {
  encodeManifest,
  MADE_BY,
  type Manifest,
  ManifestWriter,
  manifestPath,
  parseManifest,
  readManifest,
} from './manifest.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-manifest-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const manifest: Manifest = {
  generation: 4,
  nextSegment: 3,
  settings: {
    encoder: 'use-lite',
    dim: 512,
    bm25: { k1: 0.9, b: 0.4 },
    options: { language: 'en', odd: ['\ud800', 'ü', 1e-7] },
  },
  segments: [
    { name: 's000001', bytes: 1000, checksum: 0x0a, documents: 3, passages: 9 },
    {
      name: 's000002',
      bytes: 2 ** 40,
      checksum: 0xffffffff,
      documents: 3,
      passages: 9,
      dead: { file: 's000002.4.dead', bytes: 29, checksum: 7, documents: 1, passages: 2 },
    },
  ],
};

const plant = (bytes: string | Uint8Array) => fs.writeFileSync(manifestPath(directory), bytes);

describe('the manifest', () => {
  test('reads as it was written', async () => {
    let replaced = 0;
    await new ManifestWriter(directory, nodeFileSystem).publish(manifest, () => replaced++);
    expect(replaced).toBe(1);
    expect(readManifest(directory)).toEqual(manifest);
    expect(fs.readdirSync(directory)).toEqual(['manifest.json']);
    JSON.parse(fs.readFileSync(manifestPath(directory), 'utf8'));
  });

  test('names the version that the package has', () => {
    const { version } = JSON.parse(fs.readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(MADE_BY).toBe(`Sagitta ${version}`);
  });

  test('notices a change of any byte and any truncation', () => {
    const original = encodeManifest(manifest);
    const failureOf = (bytes: Uint8Array) => thrownBy(() => parseManifest(bytes, 'manifest.json'));
    for (let at = 0; at < original.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const damaged = Uint8Array.from(original);
        damaged[at]! ^= bit;
        const error = failureOf(damaged);
        // A digit of the version may turn into another digit.
        expect(error instanceof CorruptFileError || error instanceof IncompatibleError, `byte ${at}`).toBe(true);
        expect(error instanceof IncompatibleError && !error.message.includes('reads format 1')).toBe(false);
      }
      expect(failureOf(original.subarray(0, at)), `length ${at}`).toBeInstanceOf(CorruptFileError);
    }
  });

  test('of a newer format says who made it and what to do', () => {
    plant(JSON.stringify({ format: 'sagitta-collection', formatVersion: 9, madeBy: 'Sagitta 7.0.0' }));
    expect(failure()).toBeInstanceOf(IncompatibleError);
    expect(failure()).toHaveProperty('message', expect.stringMatching(/format 9, made by Sagitta 7\.0\.0.*Upgrade/));
  });

  test('of another program is refused as foreign', () => {
    for (const foreign of ['{"name":"A web application","icons":[]}', '[]', 'null', '3']) {
      plant(foreign);
      expect(failure()).toBeInstanceOf(IncompatibleError);
    }
  });

  test('that lacks a field is corrupt, even when its checksum is right', () => {
    for (const path of [
      'generation',
      'settings.dim',
      'settings.bm25',
      'segments',
      'segments.0.name',
      'segments.1.dead.file',
    ]) {
      const broken = structuredClone(manifest) as unknown as Record<string, unknown>;
      let at = broken;
      const names = path.split('.');
      for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
      delete at[names.at(-1)!];
      if (path === 'segments') broken['segments'] = [{ checksum: 0 }];
      plant(encodeManifest(broken as unknown as Manifest));
      expect(failure(), path).toBeInstanceOf(CorruptFileError);
    }
  });

  test('never names a file outside of the collection', () => {
    plant(encodeManifest({ ...manifest, segments: [{ ...manifest.segments[0]!, name: '../s000001' }] }));
    expect(failure()).toBeInstanceOf(CorruptFileError);
  });

  test('that is absent means that there is no collection, unless segments lie beside it', () => {
    expect(failure()).toBeInstanceOf(NotFoundError);
    expect(failure()).toHaveProperty('message', expect.stringContaining('sagitta index PATH'));
    fs.mkdirSync(join(directory, 'segments'));
    expect(failure()).toBeInstanceOf(NotFoundError);
    fs.writeFileSync(join(directory, 'segments', 's000001.seg'), '');
    expect(failure()).toBeInstanceOf(CorruptFileError);
    fs.mkdirSync(manifestPath(directory));
    expect(failure()).toBeInstanceOf(CorruptFileError);
  });
});

function failure(): unknown {
  return thrownBy(() => readManifest(directory));
}

function thrownBy(step: () => unknown): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  throw new Error('the manifest was accepted');
}
