import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type CollectionInfo, client, type Facets } from './api.ts';
import type { ViewProps } from './app.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { filterOf, isChosen, setRange, toggle } from './state.ts';
import { number, plural, visible } from './text.ts';

type Facet = Facets['facets'][number];

const FIRST = ['format', 'language', 'tags', 'year', 'category', 'type', 'author'];
const MOST = 8;
const SHORT = 6;
const VALUES = 40;
/** Values of a field from which they can be searched. */
const MANY = 12;
/** Milliseconds after the last key at which counts are asked for: hits come first. */
const PAUSE = 200;

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

/** Counts of several collections as those of one. */
function together(all: readonly Facets[]): Facets {
  if (all.length === 1) return all[0]!;
  const fields = new Map<string, Facet>();
  for (const { facets } of all) {
    for (const facet of facets) {
      const before = fields.get(facet.field);
      if (before === undefined) {
        fields.set(facet.field, facet);
        continue;
      }
      const counts = new Map(before.values.map(({ value, documents }) => [value, documents]));
      for (const { value, documents } of facet.values) counts.set(value, (counts.get(value) ?? 0) + documents);
      const ranges = [before.range, facet.range].filter((range) => range !== undefined);
      fields.set(facet.field, {
        field: facet.field,
        documents: before.documents + facet.documents,
        distinct: Math.max(before.distinct, facet.distinct, counts.size),
        values: Array.from(counts, ([value, documents]) => ({ value, documents })).sort(
          (a, b) => b.documents - a.documents,
        ),
        ...(ranges.length === 0
          ? {}
          : {
              range: {
                least: Math.min(...ranges.map(({ least }) => least)),
                greatest: Math.max(...ranges.map(({ greatest }) => greatest)),
              },
            }),
      });
    }
  }
  return { documents: all.reduce((sum, { documents }) => sum + documents, 0), facets: [...fields.values()] };
}

/** Filters by metadata, counted over what the query finds, and a filter in words. */
export function FacetPanel({
  state,
  change,
  chosen,
  open,
  onShut,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly chosen: readonly CollectionInfo[];
  readonly open: boolean;
  readonly onShut: () => void;
}): JSX.Element | null {
  const places = JSON.stringify(chosen.map(({ name, generation }) => [name, generation]));
  const count = async (options: object, signal: AbortSignal): Promise<Facets> =>
    together(await Promise.all(chosen.map(({ name }) => client(name).facets({ values: VALUES, signal, ...options }))));
  const all = useLoaded(`facets ${places}`, (signal) => count({}, signal));
  const filter = filterOf(state);
  const query = state.like === undefined ? state.query.trim() : '';
  // Of each field, what would be there if nothing were chosen of it: so that other values can be added.
  const now = useLoaded(
    filter === undefined && query === '' ? undefined : JSON.stringify([places, filter, query]),
    (signal) =>
      count(
        {
          disjunctive: true,
          ...(filter === undefined ? {} : { filter }),
          ...(query === '' ? {} : { query }),
        },
        signal,
      ),
    PAUSE,
  );
  const facets = (all.value?.facets ?? [])
    .filter((facet) => worthwhile(facet) || state.facets.some(({ field }) => field === facet.field))
    .sort((a, b) => order(a.field) - order(b.field))
    .slice(0, MOST);
  const isFiltered = state.facets.length > 0 || state.where !== '';
  const counted = filter === undefined && query === '' ? all.value : (now.value ?? undefined);
  const shut = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open && getComputedStyle(shut.current!).display !== 'none') shut.current?.focus();
  }, [open]);
  return (
    <aside
      id="facets"
      class={open ? 'facets open' : 'facets'}
      aria-label="Filters"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onShut();
      }}
    >
      <button type="button" class="shut narrow-only" ref={shut} onClick={onShut}>
        {counted === undefined ? 'Done' : `Show ${plural(counted.documents, 'document')}`}
      </button>
      {isFiltered && (
        <div class="applied">
          <ul class="chips">
            {state.facets.map((choice) => (
              <li key={JSON.stringify(choice)}>
                <button
                  type="button"
                  class="chip small on"
                  onClick={() => change({ facets: state.facets.filter((one) => one !== choice), page: 1 })}
                >
                  <bdi>
                    {visible(
                      'value' in choice
                        ? String(choice.value)
                        : `${choice.field} ${choice.from ?? '…'}–${choice.to ?? '…'}`,
                    )}
                  </bdi>{' '}
                  <span class="hidden">of {choice.field}: remove</span>
                  <Icon name="close" />
                </button>
              </li>
            ))}
          </ul>
          <button type="button" class="linklike" onClick={() => change({ facets: [], where: '', page: 1 })}>
            Clear
          </button>
        </div>
      )}
      {facets.map((facet) => (
        <FacetGroup
          key={facet.field}
          facet={facet}
          now={counted === all.value ? facet : counted?.facets.find(({ field }) => field === facet.field)}
          known={counted !== undefined}
          state={state}
          change={change}
        />
      ))}
      {all.value !== undefined && <WhereField where={state.where} change={change} />}
    </aside>
  );
}

function FacetGroup({
  facet,
  now,
  known,
  state,
  change,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly facet: Facet;
  /** The same over what the query finds; undefined where that has the field nowhere. */
  readonly now: Facet | undefined;
  /** Whether counts are there. */
  readonly known: boolean;
}): JSX.Element {
  const { field, range, distinct } = facet;
  const [long, setLong] = useState(false);
  const [wanted, setWanted] = useState('');
  const ranged = range !== undefined && distinct > 2;
  // What the query finds most comes first; what it does not find keeps its place behind.
  const counts = new Map((now?.values ?? []).map(({ value, documents }) => [value, documents]));
  const extra = (now?.values ?? []).filter(({ value }) => !facet.values.some((one) => one.value === value));
  const values = [...facet.values, ...extra]
    .map(({ value }, i) => ({ value, documents: counts.get(value) ?? 0, i }))
    .sort((a, b) => b.documents - a.documents || a.i - b.i)
    .filter(({ value }) => String(value).toLowerCase().includes(wanted.toLowerCase()));
  const shown = values.filter(
    ({ value }, i) => long || wanted !== '' || i < SHORT || isChosen(state.facets, field, value),
  );
  return (
    <fieldset class="facet">
      <legend>{visible(field)}</legend>
      {ranged ? (
        <RangeFields field={field} range={range} state={state} change={change} />
      ) : (
        <>
          {long && distinct > MANY && (
            <input
              type="text"
              class="find"
              aria-label={`Find a value of ${field}`}
              placeholder="Find"
              value={wanted}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          )}
          {shown.map(({ value, documents }) => (
            <label key={String(value)} class={known && documents === 0 ? 'spent' : undefined}>
              <input
                type="checkbox"
                checked={isChosen(state.facets, field, value)}
                onChange={() => change({ facets: toggle(state.facets, field, value), page: 1 })}
              />
              <span class="name" title={String(value).length > 24 ? visible(String(value)) : undefined}>
                <bdi>{visible(String(value))}</bdi>
              </span>
              <span class="count">{known ? number(documents) : ''}</span>
            </label>
          ))}
        </>
      )}
      {!ranged && values.length > SHORT && wanted === '' && (
        <button type="button" class="linklike" onClick={() => setLong(!long)}>
          {long ? 'Fewer' : `${number(values.length - SHORT)} more`}
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
  const set = (least: number | undefined, greatest: number | undefined): void =>
    change({ facets: setRange(state.facets, field, least, greatest), page: 1 });
  return (
    <div class="range">
      <input
        type="number"
        aria-label={`${field}, from`}
        placeholder={String(range.least)}
        value={from ?? ''}
        onChange={(event) => set(read(event.currentTarget.value), to)}
      />
      <span aria-hidden="true">to</span>
      <input
        type="number"
        aria-label={`${field}, to`}
        placeholder={String(range.greatest)}
        value={to ?? ''}
        onChange={(event) => set(from, read(event.currentTarget.value))}
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
        change({ where: text, page: 1 });
      }}
    >
      <label>
        Filter
        <input
          type="text"
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
