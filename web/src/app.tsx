import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Adding } from './adding.tsx';
import { type CollectionInfo, client } from './api.ts';
import { CollectionPicker } from './collections.tsx';
import { HelpDialog } from './help.tsx';
import { type Change, type Loaded, type Theme, useAddress, useLoaded, useTheme } from './hooks.ts';
import { Icon, Logo } from './icons.tsx';
import { lazy } from './lazy.tsx';
import { SearchView } from './search.tsx';
import { EMPTY, type ViewState } from './state.ts';
import { KeyForm, TroubleBox } from './trouble.tsx';

/** What every view gets. */
export interface ViewProps {
  readonly state: ViewState;
  readonly change: Change;
  /** Goes back from what was opened on top of the present state. */
  readonly close: Change;
  /** The collection in view; the first of several. */
  readonly info: CollectionInfo;
}

const waiting = (): JSX.Element => (
  <main id="main" class="plain" tabIndex={-1}>
    <p class="faint">Opening…</p>
  </main>
);
const MapView = lazy(async () => (await import('./map.tsx')).MapView, waiting);
const JudgeView = lazy(async () => (await import('./judge.tsx')).JudgeView, waiting);
const CollectionView = lazy(async () => (await import('./collection.tsx')).CollectionView, waiting);

export function App(): JSX.Element {
  const { state, change, close } = useAddress();
  const [theme, setTheme] = useTheme();
  const [keys, setKeys] = useState(0);
  const [help, setHelp] = useState(false);
  const collections = useLoaded(`collections ${keys}`, (signal) => client(undefined).collections({ signal }));
  const input = useRef<HTMLInputElement>(null);
  useShortcuts(input, () => setHelp(true));

  const all = collections.value ?? [];
  const chosen = useMemo(() => chosenOf(all, state.collections), [collections.value, state.collections]);
  const info = chosen[0];
  useEffect(() => {
    const what = state.query === '' ? undefined : state.query;
    document.title = [what, info?.name, 'Sagitta'].filter((part) => part !== undefined).join(' · ');
  }, [state.query, info?.name]);

  return (
    <>
      <button
        type="button"
        class="skip"
        onClick={() => (document.getElementById('results') ?? document.getElementById('main'))?.focus()}
      >
        Skip to {state.view === 'search' ? 'results' : 'content'}
      </button>
      <header class="bar">
        <a
          class="brand"
          aria-label="Sagitta, start anew"
          href="/"
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            change({ ...EMPTY, collections: state.collections });
            input.current?.focus();
          }}
        >
          <Logo />
          <span>Sagitta</span>
        </a>
        {all.length > 1 && <CollectionPicker all={all} chosen={chosen} state={state} change={change} />}
        <nav aria-label="Views">
          <Tab state={state} change={change} view="search" label="Search" icon="search" />
          {info !== undefined && (info.dim ?? 0) > 0 && (
            <Tab state={state} change={change} view="map" label="Map" icon="map" />
          )}
          <Tab state={state} change={change} view="judge" label="Evaluate" icon="judge" />
          <Tab state={state} change={change} view="collection" label="Collection" icon="collection" />
        </nav>
        <div class="tools">
          <button
            type="button"
            class="quiet keys-button"
            title="Keyboard shortcuts (?)"
            aria-label="Keyboard shortcuts"
            onClick={() => setHelp(true)}
          >
            ?
          </button>
          <ThemeButton theme={theme} setTheme={setTheme} />
        </div>
      </header>
      <Main
        state={state}
        change={change}
        close={close}
        chosen={chosen}
        collections={collections}
        input={input}
        onKey={() => setKeys((count) => count + 1)}
      />
      {info?.capabilities.write === true && <Adding collection={info.name} onAdded={collections.again} />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}

/** The collections that are searched: those named, as far as they are there, else the default one. */
function chosenOf(all: readonly CollectionInfo[], names: readonly string[]): readonly CollectionInfo[] {
  const named = all.filter(({ name }) => names.includes(name));
  const ready = named.length > 1 ? named.filter(({ state }) => state === 'ready') : named;
  if (ready.length > 0) return ready;
  const standard = all.find(({ name }) => name === 'default') ?? all[0];
  return standard === undefined ? [] : [standard];
}

function Main({
  state,
  change,
  close,
  chosen,
  collections,
  input,
  onKey,
}: Omit<ViewProps, 'info'> & {
  readonly chosen: readonly CollectionInfo[];
  readonly collections: Loaded<readonly CollectionInfo[]>;
  readonly input: { readonly current: HTMLInputElement | null };
  readonly onKey: () => void;
}): JSX.Element {
  const { trouble, again, loading } = collections;
  const info = chosen[0];
  if (trouble?.code === 'unauthorized') return <KeyForm onKey={onKey} />;
  const gone =
    info?.state === 'unavailable'
      ? { title: 'The collection is not there', detail: info.problem ?? '', remedy: '', code: 'not-found' }
      : undefined;
  const wrong = gone ?? (info === undefined ? trouble : undefined);
  if (wrong !== undefined || info === undefined) {
    return (
      <main id="main" class="plain" tabIndex={-1}>
        <h1 class="hidden">Sagitta</h1>
        {wrong !== undefined && <TroubleBox trouble={wrong} again={again} />}
        {wrong === undefined && loading && <p class="faint">Opening…</p>}
      </main>
    );
  }
  const props = { state, change, close, info };
  if (state.view === 'collection') return <CollectionView {...props} refresh={again} />;
  if (state.view === 'map') return <MapView key={info.name} {...props} />;
  if (state.view === 'judge') return <JudgeView key={info.name} {...props} />;
  return <SearchView {...props} chosen={chosen} input={input} />;
}

function Tab({
  state,
  change,
  view,
  label,
  icon,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly view: ViewState['view'];
  readonly label: string;
  readonly icon: 'search' | 'map' | 'judge' | 'collection';
}): JSX.Element {
  return (
    <button
      type="button"
      class="tab"
      aria-current={state.view === view ? 'page' : undefined}
      onClick={() => change({ view, document: undefined })}
    >
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

function ThemeButton({
  theme,
  setTheme,
}: {
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
}): JSX.Element {
  const label = theme === 'system' ? 'Colours of the system' : theme === 'light' ? 'Light colours' : 'Dark colours';
  return (
    <button
      type="button"
      class="quiet"
      title={label}
      aria-label={`${label}; switch to ${NEXT[theme]}`}
      onClick={() => setTheme(NEXT[theme])}
    >
      <Icon name={theme === 'system' ? 'auto' : theme === 'light' ? 'sun' : 'moon'} />
    </button>
  );
}

/** Keys that work wherever no text is being typed. */
function useShortcuts(input: { readonly current: HTMLInputElement | null }, help: () => void): void {
  const showHelp = useRef(help);
  showHelp.current = help;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '/') {
        event.preventDefault();
        input.current?.focus();
        input.current?.select();
      } else if (event.key === '?') showHelp.current();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [input]);
}

/** Whether keys are letters there. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    (target instanceof HTMLInputElement && !/^(checkbox|radio|button)$/.test(target.type)) ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}
