import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IncompatibleError } from '../../base/errors.ts';
import { connectedAdapters } from '../../tensor/index.ts';
import { stampOf } from '../cache.ts';
import { formatSettings } from '../spec.ts';
import type { EncoderTuning } from '../tuning.ts';
import { type BertEncoder, bertEncoder, idSettings } from './bert.ts';
import { type BertDescription, readDescription } from './description.ts';
import type { BertOptions, BertSource } from './loaded.ts';
import type { BertParts } from './model.ts';
import { WORDS } from './model.ts';
import { openSafetensors } from './safetensors.ts';
import { placesOf, prefixOf, readBert } from './weights.ts';
import { openWords } from './words.ts';

/** Where a saved encoder keeps its side path, beside the weights. */
export const SIDE_FILE = 'side.safetensors';

/**
 * A sentence-transformers folder of the BERT family: safetensors in f32, f16 or bf16, WordPiece `tokenizer.json`, and its pooling,
 * normalisation, prompts and maximal length as its own files say.
 * @param id default `bert:FOLDER`.
 * @throws NotFoundError, CorruptFileError, IncompatibleError for what is missing, broken or not supported; of the weights at the first call.
 */
export async function bertFolder(
  folder: string,
  options: BertOptions & { readonly id?: string; readonly side?: EncoderTuning['side'] } = {},
): Promise<BertEncoder> {
  const description = await readDescription(resolve(folder));
  const id = options.id ?? `bert:${formatSettings(description.folder, idSettings(options))}`;
  const { side } = options;
  const path = join(description.folder, SIDE_FILE);
  if (side === undefined && existsSync(path)) {
    throw new IncompatibleError(
      `${path}: the encoder has a side path beside its weights, whose rank encoder.json says.`,
      `Open it as tuned:${folder}.`,
    );
  }
  const source = sourceOf(id, description, async () => `${await stampOf(description.weights)} ${side?.rank ?? ''}`);
  return bertEncoder(
    side === undefined ? source : { ...source, parts: () => partsWithSide(description, side) },
    options,
  );
}

/** The weights, and the side path that was trained beside them. */
export async function partsWithSide(
  description: BertDescription,
  side: NonNullable<EncoderTuning['side']>,
): Promise<BertParts> {
  const parts = await partsOf(description);
  const file = openSafetensors(join(description.folder, SIDE_FILE));
  try {
    for (const [name, { shape }] of file.tensors) parts.parameters.set(name, file.read(name), shape);
  } finally {
    file.close();
  }
  return { ...parts, modules: (scope) => ({ after: connectedAdapters(scope.at('side'), side) }) };
}

/** A model whose weights lie in a file. @param cacheKey tells the file's states apart. */
export function sourceOf(id: string, description: BertDescription, cacheKey: () => Promise<string>): BertSource {
  return {
    id,
    description,
    words: async () => {
      const file = openSafetensors(description.weights);
      try {
        const { tensors, shape } = placesOf(description).get(WORDS)!;
        return openWords(file, prefixOf(file) + tensors[0]!, shape as [number, number]);
      } finally {
        file.close();
      }
    },
    parts: () => partsOf(description),
    cacheKey: async () => `${await cacheKey()} ${JSON.stringify(description)}`,
  };
}

/** Reads all weights. */
export async function partsOf(description: BertDescription): Promise<BertParts> {
  const { shape, pooling, normalize, weights } = description;
  const file = openSafetensors(weights);
  try {
    return { shape, pooling, normalize, parameters: readBert(file, description) };
  } finally {
    file.close();
  }
}
