import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isAbort, type Trouble, troubleOf } from './api.ts';
import { readAddress, type ViewState, writeAddress } from './state.ts';

/**
 * How a change enters the history: `push` as a new entry, `replace` in place of this one, `type` as what somebody types: one entry for a
 * query, however many keys it took, so that Back leads to the query before.
 */
export type Entry = 'push' | 'replace' | 'type';
export type Change = (change: Partial<ViewState>, how?: Entry) => void;

/** After so many milliseconds without a key a query counts as asked. */
const PAUSE = 1500;

/** The state that the address holds, and ways to change it and to go back from what was opened on top of it. */
export function useAddress(): { readonly state: ViewState; readonly change: Change; readonly close: Change } {
  const [state, setState] = useState(() => readAddress(location.search));
  const latest = useRef(state);
  latest.current = state;
  const typing = useRef<number | undefined>(undefined);
  useEffect(() => {
    const follow = (): void => {
      clearTimeout(typing.current);
      typing.current = undefined;
      setState(readAddress(location.search));
    };
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const change = useCallback<Change>((part, how = 'push') => {
    const next = { ...latest.current, ...part };
    latest.current = next;
    const goesOn = typing.current !== undefined;
    clearTimeout(typing.current);
    typing.current =
      how === 'type' ? (setTimeout(() => (typing.current = undefined), PAUSE) as unknown as number) : undefined;
    const from = location.pathname + location.search;
    const address = writeAddress(next);
    if (address !== from) {
      if (how === 'replace' || (how === 'type' && goesOn)) history.replaceState(history.state, '', address);
      else history.pushState({ from }, '', address);
    }
    setState(next);
  }, []);
  const close = useCallback<Change>(
    (part) => {
      const address = writeAddress({ ...latest.current, ...part });
      if ((history.state as { from?: string } | null)?.from === address) history.back();
      else change(part, 'push');
    },
    [change],
  );
  return { state, change, close };
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

/** What a value is once it has not changed for so many milliseconds: of a query that is typed, what does not follow every key. */
export function useSettled<T>(value: T, pause: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return settled;
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
