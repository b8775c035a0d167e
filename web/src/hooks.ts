import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isAbort, type Trouble, troubleOf } from './api.ts';
import { readAddress, type ViewState, writeAddress } from './state.ts';

/** The state that the address holds, and ways to change it: as a new entry of the history, or in place of this one. */
export function useAddress(): [ViewState, (change: Partial<ViewState>, how?: 'push' | 'replace') => void] {
  const [state, setState] = useState(() => readAddress(location.search));
  const latest = useRef(state);
  latest.current = state;
  useEffect(() => {
    const follow = (): void => setState(readAddress(location.search));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const change = useCallback((part: Partial<ViewState>, how: 'push' | 'replace' = 'push') => {
    const next = { ...latest.current, ...part };
    latest.current = next;
    const address = writeAddress(next);
    if (address !== location.pathname + location.search) {
      if (how === 'push') history.pushState(null, '', address);
      else history.replaceState(null, '', address);
    }
    setState(next);
  }, []);
  return [state, change];
}

/** Something that is being fetched: what came last stays while the next is under way. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly trouble: Trouble | undefined;
  readonly loading: boolean;
  readonly again: () => void;
}

/**
 * Fetches when `key` changes; a fetch that is no longer wanted is cancelled, so answers never arrive out of order.
 * @param key undefined: nothing to fetch. @param delay milliseconds to wait for further changes.
 */
export function useLoaded<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>, delay = 0): Loaded<T> {
  const [shown, setShown] = useState<{ value: T | undefined; trouble: Trouble | undefined; loading: boolean }>({
    value: undefined,
    trouble: undefined,
    loading: key !== undefined,
  });
  const [attempt, setAttempt] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    if (key === undefined) {
      setShown({ value: undefined, trouble: undefined, loading: false });
      return;
    }
    const controller = new AbortController();
    setShown((before) => ({ ...before, loading: true }));
    const timer = setTimeout(() => {
      loader.current(controller.signal).then(
        (value) => {
          if (!controller.signal.aborted) setShown({ value, trouble: undefined, loading: false });
        },
        (error: unknown) => {
          if (controller.signal.aborted || isAbort(error)) return;
          setShown((before) => ({ value: before.value, trouble: troubleOf(error), loading: false }));
        },
      );
    }, delay);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, attempt, delay]);
  return { ...shown, again: useCallback(() => setAttempt((count) => count + 1), []) };
}

export type Theme = 'light' | 'dark' | 'system';

/** The colours that were chosen; those of the system at first. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => (localStorage.getItem('sagitta-theme') as Theme | null) ?? 'system');
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    localStorage.setItem('sagitta-theme', theme);
  }, [theme]);
  return [theme, setTheme];
}
