import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { client, type Facets } from './api.ts';
import type { ViewProps } from './app.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { filterOf, isChosen, setRange, toggle } from './state.ts';
import { number, visible } from './text.ts';

type Facet = Facets['facets'][number];

const FIRST = ['format', 'language', 'tags', 'year', 'category', 'type', 'author'];
const MOST = 8;
const SHORT = 6;

/** Fields worth choosing by: with some values that several documents share. */
function worthwhile({ documents, distinct, values, range }: Facet): boolean {
  if (documents < 2 || distinct < 2) return false;
  if (range !== undefined && distinct > 2) return true;
  return distinct <= 200 && values[0]!.documents > 1;
}

function order(field: string): number {
  const place = FIRST.indexOf(field);
  return place < 0 ? FIRST.length : place;
}

/** Filters by metadata, and a filter in words. */
export function FacetPanel({ state, change, info, open }: ViewProps & { readonly open: boolean }): JSX.Element {
  const all = useLoaded(`facets ${info.name} ${info.generation}`, (signal) => client(info.name).facets({ signal }));
  // What is left under the present filter: values that it leaves no document of are dimmed, not hidden.
  const filter = filterOf(state);
  const left = useLoaded(
    filter === undefined ? undefined : `left ${info.name} ${info.generation} ${filter}`,
    (signal) => client(info.name).facets({ filter: filter!, values: 100, signal }),
    150,
  );
  const facets = (all.value?.facets ?? [])
    .filter(worthwhile)
    .sort((a, b) => order(a.field) - order(b.field))
    .slice(0, MOST);
  return (
    <aside id="facets" class={open ? 'facets open' : 'facets'} aria-label="Filters">
      {(state.facets.length > 0 || state.where !== '') && (
        <p class="applied">
          {left.value === undefined
            ? 'Filtered'
            : `${number(left.value.documents)} of ${number(info.documents ?? 0)} documents`}
          <button type="button" class="linklike" onClick={() => change({ facets: [], where: '' })}>
            Clear
          </button>
        </p>
      )}
      {facets.map((facet) => (
        <FacetGroup
          key={facet.field}
          facet={facet}
          left={left.value?.facets.find(({ field }) => field === facet.field)}
          state={state}
          change={change}
          filtered={left.value !== undefined}
        />
      ))}
      <WhereField where={state.where} change={change} />
    </aside>
  );
}

function FacetGroup({
  facet,
  left,
  state,
  change,
  filtered,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly facet: Facet;
  readonly left: Facet | undefined;
  readonly filtered: boolean;
}): JSX.Element {
  const { field, values, range, distinct } = facet;
  const [long, setLong] = useState(false);
  const shown = values.slice(0, long ? values.length : SHORT);
  const ranged = range !== undefined && distinct > 2;
  return (
    <fieldset class="facet">
      <legend>{visible(field)}</legend>
      {ranged ? (
        <RangeFields field={field} range={range} state={state} change={change} />
      ) : (
        shown.map(({ value, documents }) => {
          const now =
            left?.values.find((one) => one.value === value)?.documents ??
            (left === undefined && !filtered ? documents : 0);
          return (
            <label key={String(value)} class={now === 0 && filtered ? 'spent' : undefined}>
              <input
                type="checkbox"
                checked={isChosen(state.facets, field, value)}
                onChange={() => change({ facets: toggle(state.facets, field, value) })}
              />
              <span class="name">
                <bdi>{visible(String(value))}</bdi>
              </span>
              <span class="count">{number(filtered ? now : documents)}</span>
            </label>
          );
        })
      )}
      {!ranged && values.length > SHORT && (
        <button type="button" class="linklike" onClick={() => setLong(!long)}>
          {long ? 'Fewer' : `${number(Math.min(distinct, values.length) - SHORT)} more`}
        </button>
      )}
    </fieldset>
  );
}

function RangeFields({
  field,
  range,
  state,
  change,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly field: string;
  readonly range: NonNullable<Facet['range']>;
}): JSX.Element {
  const chosen = state.facets.find((choice) => choice.field === field && !('value' in choice));
  const { from, to } = chosen !== undefined && !('value' in chosen) ? chosen : { from: undefined, to: undefined };
  const read = (text: string): number | undefined =>
    text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text);
  return (
    <div class="range">
      <input
        type="number"
        aria-label={`${field}, from`}
        placeholder={String(range.least)}
        value={from ?? ''}
        onChange={(event) => change({ facets: setRange(state.facets, field, read(event.currentTarget.value), to) })}
      />
      <span aria-hidden="true">to</span>
      <input
        type="number"
        aria-label={`${field}, to`}
        placeholder={String(range.greatest)}
        value={to ?? ''}
        onChange={(event) => change({ facets: setRange(state.facets, field, from, read(event.currentTarget.value)) })}
      />
    </div>
  );
}

function WhereField({ where, change }: { readonly where: string; readonly change: ViewProps['change'] }): JSX.Element {
  const [text, setText] = useState(where);
  useEffect(() => setText(where), [where]);
  return (
    <form
      class="where"
      onSubmit={(event) => {
        event.preventDefault();
        change({ where: text });
      }}
    >
      <label>
        Filter
        <input
          value={text}
          placeholder={'path ^= "docs/"'}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="quiet" aria-label="Apply the filter" disabled={text === where}>
        <Icon name="filter" />
      </button>
    </form>
  );
}
