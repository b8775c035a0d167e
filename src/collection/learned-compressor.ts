import { type Compressor, type ContextOptions, readCompressor } from '../answer/index.ts';
import { NotFoundError } from '../base/errors.ts';
import type { BesideFile, StoredCorpus } from '../store/types.ts';
import { COMPRESSOR } from './answering.ts';

/** Options of contexts in which a collection's own compressor has a name. */
export type WithOwnCompressor<T extends Pick<ContextOptions, 'compressor'>> = Omit<T, 'compressor'> & {
  /** {@link ContextOptions.compressor}, or `learned`: what was learned of this collection's sentences (`sagitta learn-compressor`). */
  readonly compressor?: ContextOptions['compressor'] | 'learned';
};

const known = new WeakMap<BesideFile, Compressor>();

/** The options with the collection's own compressor in the place of its name. @throws NotFoundError where the collection has none. */
export function withOwnCompressor<T extends Pick<ContextOptions, 'compressor'>>(
  options: WithOwnCompressor<T>,
  corpus: Pick<StoredCorpus, 'beside'>,
): T {
  if (options.compressor !== 'learned') return options as T;
  const file = corpus.beside(COMPRESSOR);
  if (file === undefined) {
    throw new NotFoundError(
      'The collection has no compressor of its own.',
      'Train one with `sagitta learn-compressor --queries FILE --qrels FILE`, or choose sentences, salience or passages.',
    );
  }
  let compressor = known.get(file);
  if (compressor === undefined) {
    compressor = readCompressor(file.read(), file.file);
    known.set(file, compressor);
  }
  return { ...options, compressor } as unknown as T;
}
