import type { JSX } from 'preact';
import { type CollectionInfo, client } from './api.ts';
import type { ViewProps } from './app.tsx';
import { useLoaded } from './hooks.ts';

const MOST = 6;

/** The order of what is shown: the best first, or by a field. */
export function Sorting({
  state,
  change,
  chosen,
}: Pick<ViewProps, 'state' | 'change'> & { readonly chosen: readonly CollectionInfo[] }): JSX.Element {
  const info = chosen[0]!;
  const counts = useLoaded(`sortable ${info.name} ${info.generation}`, (signal) =>
    client(info.name).facets({ values: 1, signal }),
  );
  // Numbers and dates are what things are put in order by; of words, the title.
  const fields = (counts.value?.facets ?? [])
    .filter(({ range, distinct, values }) => distinct > 1 && (range !== undefined || isDate(values[0]?.value)))
    .slice(0, MOST)
    .flatMap(({ field }) => [
      { sort: `${field} desc`, label: `${field}, high to low` },
      { sort: field, label: `${field}, low to high` },
    ]);
  const options = [...fields, { sort: 'title', label: 'title, A to Z' }];
  const first = state.query === '' && state.like === undefined ? 'By name' : 'Best first';
  return (
    <label class="select quiet-select">
      <span class="hidden">Order</span>
      <select
        value={state.sort ?? ''}
        onChange={(event) => {
          const { value } = event.currentTarget;
          change({ sort: value === '' ? undefined : value, page: 1 });
        }}
      >
        <option value="">{first}</option>
        {options.map(({ sort, label }) => (
          <option key={sort} value={sort}>
            {label}
          </option>
        ))}
        {state.sort !== undefined && !options.some(({ sort }) => sort === state.sort) && <option>{state.sort}</option>}
      </select>
    </label>
  );
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d/.test(value);
}
