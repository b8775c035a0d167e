import type { BuildOptions } from '../collection/index.ts';
import { duration, number, plural, say } from './output.ts';
import { Progress } from './progress.ts';

/** What is said while passages are encoded. */
interface EncodingSaid {
  readonly encoder: string;
  readonly quiet: boolean;
  /** What becomes of the work that was done, when it is interrupted or fails, and how to go on. */
  readonly kept: string;
}

/** Encodes the passages of a collection, with progress and the time that is left; says how to go on when that does not come to its end. */
export async function encoding<T>(
  work: (options: Pick<BuildOptions, 'signal' | 'onProgress'>) => Promise<T>,
  { encoder, quiet, kept }: EncodingSaid,
  signal: AbortSignal,
): Promise<T> {
  const progress = new Progress(quiet);
  let first: { readonly done: number; readonly at: number } | undefined;
  let last = { done: 0, total: 0 };
  try {
    return await work({
      signal,
      onProgress: ({ phase, done, total }) => {
        last = { done, total };
        first ??= { done, at: performance.now() };
        const rate = (done - first.done) / ((performance.now() - first.at) / 1000);
        progress.show(() => {
          if (phase === 'waiting') return 'waiting for another process that writes to the collection';
          if (phase === 'indexing') return 'learning the compressed index again';
          const left = rate > 0 ? `, ${duration((1000 * (total - done)) / rate)} left` : '';
          const pace = rate > 0 ? ` (${number(Math.round(rate))}/s${left})` : '';
          return `encoding with ${encoder}: ${number(done)} of ${plural(total, 'passage')}${pace}`;
        });
      },
    });
  } catch (error) {
    progress.done();
    if (last.done > 0) {
      say(`${number(last.done)} of ${plural(last.total, 'passage')} are encoded with ${encoder}, and kept. ${kept}`);
    }
    throw error;
  } finally {
    progress.done();
  }
}
