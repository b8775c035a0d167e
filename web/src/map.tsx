import './map.css';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { client, type MapAnswer } from './api.ts';
import type { ViewProps } from './app.tsx';
import { pipelineFor } from './asking.ts';
import { clustersOf, placesOf } from './clusters.ts';
import { DocumentPanel } from './document.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { MapCanvas } from './map-canvas.ts';
import { filterOf, quote } from './state.ts';
import { directionOf, number, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

type Point = MapAnswer['points'][number];

const POINTS = 2000;
/** Passages that a query is shown by. */
const HITS = 50;
/** Ids that a filter by lasso may name. */
const MOST_IDS = 200;

/** A map of the collection: passages as points, near each other when they mean similar things, with what a query finds. */
export function MapView({ state, change, close, info }: ViewProps): JSX.Element {
  const filter = filterOf(state);
  const where = filter === undefined ? {} : { filter };
  const loaded = useLoaded(`map ${info.name} ${info.generation} ${filter}`, (signal) =>
    client(info.name).map({ points: POINTS, signal, ...where }),
  );
  const map = loaded.value;
  const [query, setQuery] = useState(state.query);
  useEffect(() => setQuery(state.query), [state.query]);
  const found = useLoaded(
    state.query.trim() === ''
      ? undefined
      : `hits ${info.name} ${info.generation} ${filter} ${state.query} ${state.pipeline}`,
    async (signal) => {
      const pipeline = pipelineFor(info, state);
      const { hits } = await client(info.name).search(state.query, {
        k: HITS,
        collapse: true,
        pipeline,
        signal,
        ...where,
      });
      if (hits.length === 0) return { hits, vectors: new Float32Array(0) };
      const passages = hits.map(({ id, start }) => ({ id, start }));
      const placed = await client(info.name).mapHits({ passages, points: POINTS, ...where }, { signal });
      return { hits: placed.passages.map((place) => hits[place]!), vectors: decode(placed.vectors) };
    },
  );
  const fields = useMemo(() => fieldsOf(map?.points ?? []), [map]);
  const [field, setField] = useState<string | undefined>(undefined);
  const coloured = field ?? fields[0];
  const palette = useMemo(() => paletteFor(map?.points ?? [], coloured), [map, coloured]);
  const [hovered, setHovered] = useState<number | undefined>(undefined);
  const [lassoing, setLassoing] = useState(false);
  const [selected, setSelected] = useState<readonly number[]>([]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<MapCanvas | undefined>(undefined);
  const [positions, setPositions] = useState<{ readonly at: Float32Array; readonly settled: boolean } | undefined>(
    undefined,
  );
  const hits = useRef<readonly { readonly id: string; readonly start: number }[]>([]);
  const open = (id: string, start: number): void => change({ document: { id, start, collection: undefined } });
  const opener = useRef(open);
  opener.current = open;

  useEffect(() => {
    if (map === undefined || canvas.current === null) return undefined;
    const vectors = decode(map.vectors);
    const drawn = new MapCanvas(canvas.current, map.points.length, {
      onHover: setHovered,
      onOpen: (i) => opener.current(map.points[i]!.id, map.points[i]!.start),
      onHit: (i) => opener.current(hits.current[i]!.id, hits.current[i]!.start),
      onSelect: (points) => {
        setSelected(points);
        setLassoing(false);
      },
    });
    drawing.current = drawn;
    drawn.colour(palette.colours);
    setSelected([]);
    setPositions(undefined);
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<{ positions: Float32Array<ArrayBuffer>; done: boolean }>) => {
        drawn.place(data.positions);
        setPositions({ at: data.positions, settled: data.done });
      },
    );
    worker.postMessage({ vectors, dim: map.dim }, [vectors.buffer]);
    return () => {
      worker.terminate();
      drawn.stop();
    };
  }, [map]);
  useEffect(() => drawing.current?.colour(palette.colours), [palette]);
  useEffect(() => drawing.current?.lasso(lassoing), [lassoing]);
  useEffect(() => drawing.current?.select(selected), [selected]);
  useEffect(() => {
    if (positions?.settled !== true || map === undefined) return;
    drawing.current?.label(
      clustersOf(
        positions.at,
        map.points.map(({ title, text }) => `${title} ${text}`),
      ),
    );
  }, [positions, map]);
  useEffect(() => {
    const given = found.value;
    const asked = state.query.trim() !== '' && given !== undefined && map !== undefined && positions !== undefined;
    hits.current = asked ? given.hits : [];
    const places = asked ? placesOf(given.vectors, decode(map.vectors), positions.at, map.dim) : [];
    drawing.current?.mark(places.map(({ x, y }, i) => ({ x, y, rank: i + 1 })));
  }, [found.value, positions, map, state.query]);

  const point = hovered === undefined ? undefined : map?.points[hovered];
  const ids = [...new Set(selected.map((i) => map!.points[i]!.id))];
  const reading = state.document;
  return (
    <main id="main" tabIndex={-1} class={reading === undefined ? 'map' : 'map reading'}>
      <h1 class="hidden">Map of {info.name}</h1>
      <section class="chart" aria-label="Map of the collection">
        <div class="map-tools">
          <form
            class="field small"
            onSubmit={(event) => {
              event.preventDefault();
              change({ query, like: undefined, page: 1 });
            }}
          >
            <Icon name="search" />
            <input
              type="search"
              aria-label="Show on the map"
              placeholder="Show what a query finds"
              value={query}
              onInput={(event) => {
                const { value } = event.currentTarget;
                setQuery(value);
                if (value === '') change({ query: '' });
              }}
            />
          </form>
          {fields.length > 0 && (
            <label class="select">
              <span>Colour by</span>
              <select value={coloured} onChange={(event) => setField(event.currentTarget.value)}>
                {fields.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
          <span class="group">
            <button type="button" class="quiet" aria-pressed={lassoing} onClick={() => setLassoing(!lassoing)}>
              <Icon name="lasso" /> Lasso
            </button>
            <button type="button" class="quiet" aria-label="Zoom in" onClick={() => drawing.current?.zoom(1.5)}>
              <Icon name="plus" />
            </button>
            <button type="button" class="quiet" aria-label="Zoom out" onClick={() => drawing.current?.zoom(1 / 1.5)}>
              <Icon name="minus" />
            </button>
            <button type="button" class="quiet" aria-label="Show all" onClick={() => drawing.current?.fit()}>
              <Icon name="home" />
            </button>
          </span>
          <p class="faint" role="status">
            {map === undefined ? 'Gathering embeddings…' : note(map, positions?.settled === true)}
            {state.query.trim() !== '' && found.value !== undefined && ` · ${plural(found.value.hits.length, 'hit')}`}
          </p>
        </div>
        {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
        {found.trouble !== undefined && <TroubleBox trouble={found.trouble} again={found.again} />}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label="Points are passages. Arrow keys go from point to point, Enter opens one, plus and minus zoom."
          class={lassoing ? 'lassoing' : undefined}
        />
        <p class="hidden" aria-live="polite">
          {point === undefined ? '' : `${point.title}: ${point.text}`}
        </p>
        {point !== undefined && (
          <aside class="tip" aria-hidden="true">
            <strong dir={directionOf(point.title)}>{visible(point.title === '' ? point.id : point.title)}</strong>
            <p dir={directionOf(point.text)}>{visible(point.text)}</p>
            {coloured !== undefined && (
              <p class="faint">{`${coloured}: ${visible(shownValue(point, coloured) ?? 'none')}`}</p>
            )}
          </aside>
        )}
        {palette.legend.length > 0 && (
          <ul class="legend" aria-label={`Points by ${coloured}`}>
            {palette.legend.map(({ name, index, count }) => (
              <li key={name}>
                <span class={`dot c${index}`} />
                <bdi>{visible(name)}</bdi> <span class="faint">{number(count)}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      {selected.length > 0 && (
        <section class="selection" aria-label="Selected passages">
          <header>
            <h2>
              {plural(selected.length, 'passage')} of {plural(ids.length, 'document')}
            </h2>
            <button type="button" class="quiet" onClick={() => setSelected([])}>
              <Icon name="close" /> Clear
            </button>
          </header>
          {ids.length <= MOST_IDS ? (
            <button
              type="button"
              onClick={() => change({ view: 'search', where: `id in [${ids.map(quote).join(', ')}]`, facets: [] })}
            >
              Search within them
            </button>
          ) : (
            <p class="faint">Circle at most {MOST_IDS} documents to search within them.</p>
          )}
          <ul>
            {selected.slice(0, 60).map((i) => (
              <li key={i}>
                <button type="button" class="linklike" onClick={() => open(map!.points[i]!.id, map!.points[i]!.start)}>
                  <bdi>{visible(map!.points[i]!.title === '' ? map!.points[i]!.id : map!.points[i]!.title)}</bdi>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {reading !== undefined && (
        <DocumentPanel
          key={reading.id}
          info={info}
          target={reading}
          query={state.query}
          onGo={(id, start, how) => change({ document: { id, start, collection: undefined } }, how)}
          onClose={() => {
            close({ document: undefined });
            canvas.current?.focus();
          }}
        />
      )}
    </main>
  );
}

function note({ points, passages, documents }: MapAnswer, settled: boolean): string {
  const what =
    points.length < passages
      ? `${number(points.length)} of ${plural(passages, 'passage')}, ${plural(documents, 'document')}`
      : `${plural(passages, 'passage')}, ${plural(documents, 'document')}`;
  return settled ? what : `${what}, settling…`;
}

function decode(base64: string): Float32Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function shownValue(point: Point, field: string): string | undefined {
  const value = field === 'format' ? point.format : field === 'language' ? point.language : point.metadata[field];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? (value[0] === undefined ? undefined : String(value[0])) : String(value);
}

/** Fields that tell the points apart, the most telling first. */
function fieldsOf(points: readonly Point[]): string[] {
  const names = new Set(['format', 'language', ...points.flatMap(({ metadata }) => Object.keys(metadata))]);
  return [...names]
    .map((name) => {
      const values = new Set(points.map((point) => shownValue(point, name)));
      const known = points.filter((point) => shownValue(point, name) !== undefined).length;
      return { name, distinct: values.size, known };
    })
    .filter(
      ({ distinct, known }) => distinct > 1 && distinct < Math.max(3, points.length / 3) && known > points.length / 20,
    )
    .sort((a, b) => b.known - a.known || Math.abs(a.distinct - 7) - Math.abs(b.distinct - 7))
    .map(({ name }) => name)
    .slice(0, 20);
}

/** Colours that are told apart, by most people with colour blindness too; what is rarer than the first nine is grey. */
const DISTINCT = 9;

function paletteFor(
  points: readonly Point[],
  field: string | undefined,
): { colours: Uint8Array; legend: { name: string; index: number; count: number }[] } {
  const colours = new Uint8Array(points.length).fill(DISTINCT);
  if (field === undefined) return { colours: colours.fill(0), legend: [] };
  const counts = new Map<string, number>();
  for (const point of points) {
    const value = shownValue(point, field);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const frequent = [...counts].sort(([, a], [, b]) => b - a).slice(0, DISTINCT);
  const index = new Map(frequent.map(([name], i) => [name, i]));
  points.forEach((point, i) => {
    const value = shownValue(point, field);
    const colour = value === undefined ? undefined : index.get(value);
    if (colour !== undefined) colours[i] = colour;
  });
  const legend = frequent.map(([name, count], i) => ({ name, index: i, count }));
  const rest = points.length - frequent.reduce((sum, [, count]) => sum + count, 0);
  return { colours, legend: rest > 0 ? [...legend, { name: 'others', index: DISTINCT, count: rest }] : legend };
}
