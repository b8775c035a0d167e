import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { encodeManifest, MADE_BY, ManifestWriter, manifestPath, parseManifest, readManifest } from './manifest.ts';
import type { FieldFiles, Manifest } from './manifest-types.ts';
import { nodeFileSystem, nodeFiles } from './node-files.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-manifest-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function added(segment: string): FieldFiles {
  return new Map([
    ['titles', { file: `${segment}.v01234567.vectors`, bytes: 3, checksum: 4 }],
    ['constructor', { file: `${segment}.v89abcdef.vectors`, bytes: 3, checksum: 4 }],
  ]);
}

const manifest: Manifest = {
  generation: 4,
  nextSegment: 3,
  settings: {
    encoder: 'use-lite',
    dim: 512,
    bm25: { k1: 0.9, b: 0.4 },
    fields: [
      { name: 'titles', kind: 'vector', of: 'title', encoder: 'static', dim: 64, tag: '01234567' },
      { name: 'constructor', kind: 'vectors', of: 'metadata.x', encoder: 'hash:9', dim: 9, tag: '89abcdef' },
    ],
    options: { language: 'en', odd: ['\ud800', 'ü', 1e-7] },
  },
  indexes: new Map([
    ['meaning', { spec: 'ivf8,pq8x8', search: { nprobe: 3 }, model: { file: 'm000002.model', bytes: 8, checksum: 1 } }],
  ]),
  beside: [{ role: 'relevance', file: 'relevance-00000003.json', bytes: 5, checksum: 3 }],
  segments: [
    {
      name: 's000001',
      bytes: 1000,
      checksum: 0x0a,
      documents: 3,
      passages: 9,
      vectors: added('s000001'),
      lists: new Map([['meaning', { file: 's000001.m000002.lists', bytes: 3, checksum: 4 }]]),
    },
    {
      name: 's000002',
      bytes: 2 ** 40,
      checksum: 0xffffffff,
      documents: 3,
      passages: 9,
      dead: { file: 's000002.4.dead', bytes: 29, checksum: 7, documents: 1, passages: 2 },
      vectors: added('s000002'),
      lists: new Map(),
    },
  ],
};

const plant = (bytes: string | Uint8Array) => fs.writeFileSync(manifestPath(directory), bytes);

describe('the manifest', () => {
  test('reads as it was written', async () => {
    let replaced = 0;
    await new ManifestWriter(directory, nodeFileSystem).publish(manifest, () => replaced++);
    expect(replaced).toBe(1);
    expect(readManifest(directory, nodeFiles)).toEqual(manifest);
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
        expect(error instanceof IncompatibleError && !error.message.includes('reads format 2')).toBe(false);
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
      'beside.0.file',
      'settings.fields.0.encoder',
    ]) {
      const broken = structuredClone(manifest) as unknown as Record<string, unknown>;
      let at = broken;
      const names = path.split('.');
      for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
      delete at[names.at(-1)!];
      if (path === 'segments') broken['segments'] = [{ checksum: 0, vectors: new Map(), lists: new Map() }];
      plant(encodeManifest(broken as unknown as Manifest));
      expect(failure(), path).toBeInstanceOf(CorruptFileError);
    }
  });

  test('never names a file outside of the collection', () => {
    plant(encodeManifest({ ...manifest, segments: [{ ...manifest.segments[0]!, name: '../s000001' }] }));
    expect(failure()).toBeInstanceOf(CorruptFileError);
    for (const file of ['../x', '/etc/x', 'encoders/../../x', '..', 'a//b', '']) {
      plant(encodeManifest({ ...manifest, beside: [{ ...manifest.beside[0]!, file }] }));
      expect(failure(), file).toBeInstanceOf(CorruptFileError);
    }
  });

  test('of the former format says how to index again', () => {
    plant(JSON.stringify({ format: 'sagitta-collection', formatVersion: 1, madeBy: 'Sagitta 0.1.0', generation: 3 }));
    expect(failure()).toBeInstanceOf(IncompatibleError);
    expect(failure()).toHaveProperty(
      'message',
      expect.stringMatching(/format 1.*reads format 2.*sagitta index PATH --in/),
    );
  });

  test('with fields that contradict each other is corrupt', () => {
    const [titles, tokens] = manifest.settings.fields!;
    const plain = (fields: unknown) => ({ ...manifest, settings: { ...manifest.settings, fields } }) as Manifest;
    for (const fields of [
      [titles, titles, tokens],
      [{ ...titles, tag: tokens!.tag }, tokens],
      [{ ...titles, name: 'words' }, tokens],
      [{ ...titles, name: 'a b' }, tokens],
      [{ ...titles, kind: 'terms' }, tokens],
      [{ ...titles, of: 'everything' }, tokens],
      [{ ...titles, dim: 0 }, tokens],
      [{ ...titles, name: 'other' }, tokens],
      [titles, { ...tokens, tag: undefined }],
    ]) {
      plant(encodeManifest(plain(fields)));
      expect(failure(), JSON.stringify(fields)).toBeInstanceOf(CorruptFileError);
    }
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
  return thrownBy(() => readManifest(directory, nodeFiles));
}

function thrownBy(step: () => unknown): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  throw new Error('the manifest was accepted');
}
