import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type CollectionInfo, client } from './api.ts';
import { CollectionView } from './collection.tsx';
import { HelpDialog } from './help.tsx';
import { type Loaded, type Theme, useAddress, useLoaded, useTheme } from './hooks.ts';
import { Icon, Logo } from './icons.tsx';
import { MapView } from './map.tsx';
import { SearchView } from './search.tsx';
import { EMPTY, type ViewState } from './state.ts';
import { KeyForm, TroubleBox } from './trouble.tsx';

/** What every view gets. */
export interface ViewProps {
  readonly state: ViewState;
  readonly change: (change: Partial<ViewState>, how?: 'push' | 'replace') => void;
  readonly info: CollectionInfo;
}

export function App(): JSX.Element {
  const [state, change] = useAddress();
  const [theme, setTheme] = useTheme();
  const [keys, setKeys] = useState(0);
  const [help, setHelp] = useState(false);
  const collections = useLoaded(`collections ${keys}`, (signal) => client(undefined).collections({ signal }));
  const input = useRef<HTMLInputElement>(null);
  useShortcuts(input, () => setHelp(true));

  const all = collections.value ?? [];
  const info =
    all.find(({ name }) => name === state.collection) ?? all.find(({ name }) => name === 'default') ?? all[0];
  useEffect(() => {
    const what = state.query === '' ? undefined : state.query;
    document.title = [what, info?.name, 'Sagitta'].filter((part) => part !== undefined).join(' · ');
  }, [state.query, info?.name]);

  return (
    <>
      <a class="skip" href="#results">
        Skip to results
      </a>
      <header class="bar">
        <a
          class="brand"
          aria-label="Sagitta, start anew"
          href="/"
          onClick={(event) => {
            event.preventDefault();
            change({ ...EMPTY, collection: state.collection });
            input.current?.focus();
          }}
        >
          <Logo />
          <span>Sagitta</span>
        </a>
        {all.length > 1 && (
          <select
            class="pick"
            aria-label="Collection"
            value={info?.name}
            onChange={(event) =>
              change({ ...EMPTY, view: state.view, query: state.query, collection: event.currentTarget.value })
            }
          >
            {all.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
        <nav aria-label="Views">
          <Tab state={state} change={change} view="search" label="Search" />
          {info !== undefined && (info.dim ?? 0) > 0 && <Tab state={state} change={change} view="map" label="Map" />}
          <Tab state={state} change={change} view="collection" label="Collection" />
        </nav>
        <div class="tools">
          <button
            type="button"
            class="quiet"
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
        info={info}
        collections={collections}
        input={input}
        onKey={() => setKeys((count) => count + 1)}
      />
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}

function Main({
  state,
  change,
  info,
  collections,
  input,
  onKey,
}: Omit<ViewProps, 'info'> & {
  readonly info: CollectionInfo | undefined;
  readonly collections: Loaded<readonly CollectionInfo[]>;
  readonly input: { readonly current: HTMLInputElement | null };
  readonly onKey: () => void;
}): JSX.Element {
  const { trouble, again, loading } = collections;
  if (trouble?.code === 'unauthorized') return <KeyForm onKey={onKey} />;
  if (trouble !== undefined && info === undefined) {
    return (
      <main class="plain">
        <TroubleBox trouble={trouble} again={again} />
      </main>
    );
  }
  if (info === undefined) return <main class="plain">{loading && <p class="faint">Opening…</p>}</main>;
  if (info.state === 'unavailable') {
    const gone = { title: 'The collection is not there', detail: info.problem ?? '', remedy: '', code: 'not-found' };
    return (
      <main class="plain">
        <TroubleBox trouble={gone} again={again} />
      </main>
    );
  }
  const props = { state, change, info };
  if (state.view === 'collection') return <CollectionView {...props} refresh={again} />;
  if (state.view === 'map') return <MapView {...props} />;
  return <SearchView {...props} input={input} />;
}

function Tab({
  state,
  change,
  view,
  label,
}: Pick<ViewProps, 'state' | 'change'> & { readonly view: ViewState['view']; readonly label: string }): JSX.Element {
  return (
    <button
      type="button"
      class="tab"
      aria-current={state.view === view ? 'page' : undefined}
      onClick={() => change({ view, document: undefined })}
    >
      {label}
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

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}
