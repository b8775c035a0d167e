import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Milliseconds without a change after which changes are told, so that a file is written to its end. Default 400. */
  readonly quietMs?: number;
  /** Milliseconds after which they are told although there is no end of changes. Default 5,000. */
  readonly mostMs?: number;
  /** Milliseconds after which a change is supposed where the system tells of none: network folders, exhausted watches. Default 10,000. */
  readonly pollMs?: number;
  /** Whether changes of this path count. Default: all do. */
  readonly counts?: (path: string) => boolean;
}

/**
 * Yields whenever something may have changed under the paths, once for changes that come together; says which cannot be
 * watched and are looked at from time to time instead. Ends when the signal is aborted.
 */
export async function* changesUnder(
  paths: readonly string[],
  { signal, quietMs = 400, mostMs = 5_000, pollMs = 10_000, counts = () => true }: WatchOptions,
): AsyncGenerator<{ readonly unwatched: readonly string[] }> {
  const watchers: FSWatcher[] = [];
  const unwatched = new Set<string>();
  let last = 0;
  let first = 0;
  let wake: (() => void) | undefined;
  const changed = (): void => {
    last = performance.now();
    if (first === 0) first = last;
    wake?.();
  };
  for (const path of paths) {
    try {
      const recursive = existsSync(path) && statSync(path).isDirectory();
      const watcher = watch(path, { recursive, signal }, (_, name) => {
        if (name === null || counts(name)) changed();
      });
      watcher.on('error', () => unwatched.add(path));
      watchers.push(watcher);
    } catch {
      unwatched.add(path);
    }
  }
  const stop = (): void => wake?.();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      if (first === 0) {
        const poll = unwatched.size === 0 ? undefined : setTimeout(changed, pollMs);
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (first !== 0 || signal.aborted) resolve();
        });
        clearTimeout(poll);
        continue;
      }
      const now = performance.now();
      const wait = Math.min(last + quietMs, first + mostMs) - now;
      if (wait > 0) await pause(wait, undefined, { signal }).catch(() => {});
      else {
        first = 0;
        yield { unwatched: [...unwatched] };
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    for (const watcher of watchers) watcher.close();
  }
}
