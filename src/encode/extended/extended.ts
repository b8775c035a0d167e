import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { denseShareOf } from '../dense-share.ts';
import type { EncodeOptions, Encoder } from '../encoder.ts';
import { type ChunkPooling, chunkStarts, pooledChunks } from './chunks.ts';
import type { Extendable } from './extendable.ts';
import { longPositions } from './positions.ts';
import { type ExtendedOptions, formatExtended, READINGS } from './spec.ts';

/** Times that a window may be as long as what the encoder reads by itself. */
const MOST = 64;
/** Texts whose chunks are encoded together. */
const TEXTS = 1024;

/**
 * An encoder that reads longer texts than it was trained for, without training (Zhu et al. 2024, LongEmbed, arXiv 2404.12096, section 3). A text that it reads whole by itself has the vector that
 * it had, to the bit.
 *
 * @param base one with a table of learned positions, as `miniLm` and `bertFolder` give it; how much it reads by itself is `maxLength` there. Disposed of with it.
 * @throws InvalidArgumentError for another encoder, or impossible settings.
 */
export function extendedEncoder(
  base: Encoder & Partial<Extendable>,
  { window, positions = 'chunks-mean' }: ExtendedOptions,
): Encoder {
  const { withPositions, piecesOf, encodePieces, window: own } = base;
  if (withPositions === undefined || piecesOf === undefined || encodePieces === undefined || own === undefined) {
    throw new InvalidArgumentError(
      `${base.id} has no table of positions that could be made longer.`,
      'Use minilm, or bert:FOLDER.',
    );
  }
  const reads = own.tokens + 2;
  const id = formatExtended(base.id, { window, positions });
  if (!Number.isInteger(window) || window <= reads || window > MOST * reads) {
    throw new InvalidArgumentError(
      `The window of ${id} is ${window} tokens; ${base.id} reads ${reads} by itself.`,
      `Give a whole number from ${reads + 1} to ${MOST * reads}.`,
    );
  }
  if (!READINGS.includes(positions)) {
    throw new InvalidArgumentError(
      `The encoder "${id}" has unknown positions "${positions}".`,
      `Use one of: ${READINGS.join(', ')}.`,
    );
  }
  const said = {
    id,
    dim: base.dim,
    denseShare: denseShareOf(base),
    ...(base.languages === undefined ? {} : { languages: base.languages }),
    window: { tokens: window - 2, count: (text: string) => own.count(text) },
  };
  if (positions === 'chunks-mean' || positions === 'chunks-max') {
    const pooling: ChunkPooling = positions === 'chunks-mean' ? 'mean' : 'max';
    // Every chunk has special tokens of its own: where the window is a multiple, chunks are full and do not overlap.
    const chunked = { ...said, window: { ...said.window, tokens: window - 2 * Math.ceil(window / reads) } };
    return {
      ...chunked,
      encode: (inputs, options) =>
        encodeChunks({ ...chunked, piecesOf, encodePieces }, own.tokens, pooling, inputs, options),
      dispose: async () => base.dispose?.(),
    };
  }
  const extended = withPositions(id, {
    window,
    name: `${positions} ${reads} ${window}`,
    rows: (rows, width) => longPositions(positions, { rows, width, reads, window }),
  });
  return {
    ...said,
    encode: (inputs, options) =>
      byLength({ ...said, piecesOf, short: base, long: extended }, own.tokens, inputs, options),
    async dispose() {
      await extended.dispose?.();
      await base.dispose?.();
    },
  };
}

/** Vectors of texts, some at once; `fill` sets the rows of one such block. */
async function inBlocks(
  inputs: readonly string[],
  dim: number,
  { onProgress, ...options }: EncodeOptions,
  fill: (texts: readonly string[], rowOf: (text: number) => Float32Array, options: EncodeOptions) => Promise<void>,
): Promise<Vectors> {
  const vectors = Vectors.zeros(inputs.length, dim);
  for (let from = 0; from < inputs.length; from += TEXTS) {
    const texts = inputs.slice(from, from + TEXTS);
    await fill(texts, (text) => vectors.row(from + text), options);
    onProgress?.(from + texts.length, inputs.length);
  }
  return vectors;
}

/** Texts of no more than `size` word pieces by one encoder, longer ones by another. */
function byLength(
  {
    dim,
    piecesOf,
    short,
    long,
  }: Pick<Encoder, 'dim'> & Pick<Extendable, 'piecesOf'> & Readonly<Record<'short' | 'long', Encoder>>,
  size: number,
  inputs: readonly string[],
  given: EncodeOptions = {},
): Promise<Vectors> {
  return inBlocks(inputs, dim, given, async (texts, rowOf, options) => {
    const pieces = await piecesOf(texts, size + 1, options);
    for (const encoder of [short, long]) {
      const rows = [...texts.keys()].filter((row) => pieces[row]!.length <= size === (encoder === short));
      if (rows.length === 0) continue;
      const encoded = await encoder.encode(
        rows.map((row) => texts[row]!),
        options,
      );
      rows.forEach((row, i) => {
        rowOf(row).set(encoded.row(i));
      });
    }
  });
}

/** @param size word pieces of a chunk. */
function encodeChunks(
  {
    dim,
    window,
    piecesOf,
    encodePieces,
  }: Pick<Encoder, 'dim'> & Required<Pick<Encoder, 'window'>> & Pick<Extendable, 'piecesOf' | 'encodePieces'>,
  size: number,
  pooling: ChunkPooling,
  inputs: readonly string[],
  given: EncodeOptions = {},
): Promise<Vectors> {
  return inBlocks(inputs, dim, given, async (texts, rowOf, options) => {
    const pieces = await piecesOf(texts, window.tokens, options);
    const chunks = pieces.map((own) => chunkStarts(own.length, size).map((start) => own.subarray(start, start + size)));
    const encoded = await encodePieces(chunks.flat(), options);
    let at = 0;
    for (const [i, own] of chunks.entries()) {
      pooledChunks(
        own.map(() => encoded.row(at++)),
        pooling,
        rowOf(i),
      );
    }
  });
}
