import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CollectionInfo } from './api.ts';
import type { ViewProps } from './app.tsx';
import { Icon } from './icons.tsx';
import { number } from './text.ts';

/** Chooses the collections that are searched: one by its name, several by their boxes. */
export function CollectionPicker({
  all,
  chosen,
  state,
  change,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly all: readonly CollectionInfo[];
  readonly chosen: readonly CollectionInfo[];
}): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  const shut = (): void => {
    if (menu.current !== null) menu.current.open = false;
  };
  useEffect(() => {
    const outside = ({ target }: Event): void => {
      if (menu.current?.open === true && !menu.current.contains(target as Node)) shut();
    };
    addEventListener('pointerdown', outside);
    addEventListener('focusin', outside);
    return () => {
      removeEventListener('pointerdown', outside);
      removeEventListener('focusin', outside);
    };
  }, []);
  const isOn = (name: string): boolean => chosen.some((one) => one.name === name);
  const choose = (collections: readonly string[]): void =>
    change({ collections, facets: [], where: '', sort: undefined, like: undefined, document: undefined, page: 1 });
  const label =
    chosen.length === 1
      ? chosen[0]!.name
      : chosen.length === all.length
        ? 'All collections'
        : `${chosen.length} collections`;
  return (
    <details
      class="picker"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        shut();
        menu.current?.querySelector('summary')?.focus();
      }}
    >
      <summary aria-label={`Collections: ${label}`}>
        <span class="name">{label}</span> <Icon name="down" />
      </summary>
      <div class="menu">
        {all.map(({ name, documents, state: is }) => (
          <div class="row" key={name}>
            <input
              type="checkbox"
              aria-label={`Search ${name} too`}
              checked={isOn(name)}
              disabled={is !== 'ready' || (isOn(name) && chosen.length === 1)}
              onChange={() => {
                const names = all.map((one) => one.name).filter((one) => (one === name ? !isOn(one) : isOn(one)));
                choose(names);
              }}
            />
            <button
              type="button"
              class="plainlike"
              aria-current={isOn(name) && chosen.length === 1 ? 'true' : undefined}
              onClick={() => {
                choose([name]);
                shut();
              }}
            >
              <span class="name">{name}</span>
              <span class="count">{is === 'ready' ? number(documents ?? 0) : 'not there'}</span>
            </button>
          </div>
        ))}
        {state.view === 'search' && (
          <button
            type="button"
            class="linklike"
            onClick={() => {
              choose(all.filter((one) => one.state === 'ready').map(({ name }) => name));
              shut();
            }}
          >
            Search all of them
          </button>
        )}
      </div>
    </details>
  );
}
