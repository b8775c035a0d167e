/** How work within a budget of time ended. */
export type Ended<T> = { readonly value: T } | { readonly late: true };

/** Milliseconds after the end of a budget in which what was done by then may still be handed over. */
const GRACE_MS = 100;

/**
 * Work that may take so long. When the time is over its signal is aborted: it may then hand over what it has, at once; if it does not, or fails, it is late.
 * @param ms milliseconds; infinity for no limit. @param signal of the caller, whose end is an error as ever.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Ended<T>> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const both = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abandon: (() => void) | undefined;
  const late = new Promise<Ended<T>>((resolve, reject) => {
    abandon = () => reject(signal!.reason);
    signal?.addEventListener('abort', abandon, { once: true });
    if (ms === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => {
      over.abort(new Error(`${ms} ms are over`));
      timer = setTimeout(() => resolve({ late: true }), GRACE_MS);
    }, ms);
  });
  const done = work(both).then(
    (value): Ended<T> => ({ value }),
    (error): Ended<T> => {
      signal?.throwIfAborted();
      if (over.signal.aborted) return { late: true };
      throw error;
    },
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
    if (abandon !== undefined) signal?.removeEventListener('abort', abandon);
    // What nobody waits for any more may still fail.
    done.catch(() => undefined);
    late.catch(() => undefined);
  }
}
