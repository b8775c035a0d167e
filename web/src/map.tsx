import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { client, type MapAnswer } from './api.ts';
import type { ViewProps } from './app.tsx';
import { DocumentPanel } from './document.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { MapCanvas } from './map-canvas.ts';
import { filterOf, quote } from './state.ts';
import { number, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

type Point = MapAnswer['points'][number];

const POINTS = 2000;
/** Ids that a filter by lasso may name. */
const MOST_IDS = 200;

/** A map of the collection: passages as points, near each other when they mean similar things. */
export function MapView({ state, change, info }: ViewProps): JSX.Element {
  const filter = filterOf(state);
  const loaded = useLoaded(`map ${info.name} ${info.generation} ${filter}`, (signal) =>
    client(info.name).map({ points: POINTS, signal, ...(filter === undefined ? {} : { filter }) }),
  );
  const map = loaded.value;
  const fields = useMemo(() => fieldsOf(map?.points ?? []), [map]);
  const [field, setField] = useState<string | undefined>(undefined);
  const coloured = field ?? fields[0];
  const palette = useMemo(() => paletteFor(map?.points ?? [], coloured), [map, coloured]);
  const [hovered, setHovered] = useState<number | undefined>(undefined);
  const [lassoing, setLassoing] = useState(false);
  const [selected, setSelected] = useState<readonly number[]>([]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<MapCanvas | undefined>(undefined);
  const [settled, setSettled] = useState(false);

  useEffect(() => {
    if (map === undefined || canvas.current === null) return;
    const vectors = decode(map.vectors);
    const drawn = new MapCanvas(canvas.current, map.points.length, {
      onHover: setHovered,
      onOpen: (i) => change({ document: { id: map.points[i]!.id, start: map.points[i]!.start } }),
      onSelect: (points) => {
        setSelected(points);
        setLassoing(false);
      },
    });
    drawing.current = drawn;
    drawn.colour(palette.colours);
    setSelected([]);
    setSettled(false);
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<{ positions: Float32Array<ArrayBuffer>; done: boolean }>) => {
        drawn.place(data.positions);
        setSettled(data.done);
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

  const point = hovered === undefined ? undefined : map?.points[hovered];
  const ids = [...new Set(selected.map((i) => map!.points[i]!.id))];
  return (
    <main class={state.document === undefined ? 'map' : 'map reading'}>
      <section class="chart" aria-label="Map of the collection">
        <div class="map-tools">
          {fields.length > 0 && (
            <label>
              Colour by{' '}
              <select value={coloured} onChange={(event) => setField(event.currentTarget.value)}>
                {fields.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
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
          <p class="faint" role="status">
            {map === undefined ? 'Gathering embeddings…' : note(map, settled)}
          </p>
        </div>
        {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
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
            <strong>
              <bdi>{visible(point.title === '' ? point.id : point.title)}</bdi>
            </strong>
            <p>
              <bdi>{visible(point.text)}</bdi>
            </p>
            {coloured !== undefined && (
              <p class="faint">{`${coloured}: ${visible(shownValue(point, coloured) ?? 'none')}`}</p>
            )}
          </aside>
        )}
        {palette.legend.length > 0 && (
          <ul class="legend">
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
            <h2>{plural(ids.length, 'document')} selected</h2>
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
                <button
                  type="button"
                  class="linklike"
                  onClick={() => change({ document: { id: map!.points[i]!.id, start: map!.points[i]!.start } })}
                >
                  <bdi>{visible(map!.points[i]!.title === '' ? map!.points[i]!.id : map!.points[i]!.title)}</bdi>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {state.document !== undefined && (
        <DocumentPanel
          key={state.document.id}
          info={info}
          target={state.document}
          onClose={() => {
            change({ document: undefined });
            canvas.current?.focus();
          }}
        />
      )}
    </main>
  );
}

function note({ points, passages }: MapAnswer, settled: boolean): string {
  const what =
    points.length < passages
      ? `${number(points.length)} of ${number(passages)} passages`
      : plural(points.length, 'passage');
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
