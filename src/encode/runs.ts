import { InvalidArgumentError } from '../base/errors.ts';
import { batchesByLength } from './batches.ts';
import type { Content, EncodeOptions } from './encoder.ts';

/** A text in a run of a model: its number among the inputs, and its tokens, of which there is at least one. */
export interface TokenizedText {
  readonly input: number;
  readonly tokens: ArrayLike<number>;
}

/** Limits of a run of a model. */
export interface RunLimits {
  /** Most tokens, beyond one text. */
  readonly tokens: number;
  /** Whether all texts of a run have as many tokens. Default false. */
  readonly alike?: boolean;
  /** Runs under way at a time, asked with the tokens that are to come. Default 1. */
  readonly atOnce?: (tokens: number) => number;
}

/** Texts that are tokenized and sorted together; bounds the memory of a call beyond its result. */
const WINDOW = 4096;

/**
 * Calls `run` with texts of similar length, in runs within the limits, until every text that has tokens has had its turn.
 * @param tokenize a text's tokens; none leaves the text out.
 * @param run is told how many are under way at a time.
 */
export async function forEachRun<T = Content>(
  inputs: readonly T[],
  tokenize: (input: T) => ArrayLike<number>,
  { tokens: most, alike, atOnce = () => 1 }: RunLimits,
  { batchSize = Number.POSITIVE_INFINITY, signal, onProgress }: EncodeOptions,
  run: (texts: readonly TokenizedText[], atOnce: number) => Promise<void>,
): Promise<void> {
  if (!(batchSize >= 1)) {
    throw new InvalidArgumentError(`A batch of ${batchSize} texts is impossible.`, 'Give a batch size of at least 1.');
  }
  signal?.throwIfAborted();
  let done = 0;
  for (let from = 0; from < inputs.length; from += WINDOW) {
    const texts: TokenizedText[] = [];
    const count = Math.min(WINDOW, inputs.length - from);
    for (let input = from; input < from + count; input++) {
      const tokens = tokenize(inputs[input]!);
      if (tokens.length > 0) texts.push({ input, tokens });
    }
    done += count - texts.length;
    const lengths = texts.map(({ tokens }) => tokens.length);
    // Taken from by all that run at a time; what fails takes the rest with it.
    const batches = batchesByLength(lengths, most, batchSize, alike).reverse();
    const lanes = atOnce(lengths.reduce((sum, length) => sum + length, 0));
    const runs = async () => {
      try {
        for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
          signal?.throwIfAborted();
          await run(
            batch.map((item) => texts[item]!),
            lanes,
          );
          done += batch.length;
          onProgress?.(done, inputs.length);
        }
      } finally {
        batches.length = 0;
      }
    };
    await Promise.all(Array.from({ length: lanes }, runs));
    signal?.throwIfAborted();
  }
}
