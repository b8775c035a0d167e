import { setTimeout as sleep } from 'node:timers/promises';
import { CollectionLockedError } from '../base/errors.ts';

/** Milliseconds between two attempts. */
const WAIT = 250;

/** Does a short piece of writing as soon as no other process writes: what took long to make is not lost because of that. */
export async function whenFree<T>(
  work: () => Promise<T>,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void },
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CollectionLockedError)) throw error;
      onWait();
      await sleep(WAIT, undefined, { signal });
    }
  }
}
