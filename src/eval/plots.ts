import { type Html, html } from './html.ts';

/** Colours that stay apart for most kinds of colour blindness (Okabe & Ito). */
export const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#8a8a00',
  '#555555',
] as const;

export function colour(i: number): string {
  return COLOURS[i % COLOURS.length]!;
}

const WIDTH = 640;

/** One line of an {@link intervalPlot}. */
export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A dot with its interval for each row, on one axis. */
export function intervalPlot(title: string, rows: readonly IntervalRow[]): Html {
  const [left, right, line] = [150, WIDTH - 60, 28];
  const height = rows.length * line + 34;
  const [low, high] = range(rows.flatMap((row) => [row.low, row.high]));
  const x = (value: number): number => left + ((value - low) / (high - low)) * (right - left);
  return html`<figure><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
${ticks(low, high, 5).map(
  (tick) => html`<line class="grid" x1="${fix(x(tick))}" x2="${fix(x(tick))}" y1="4" y2="${height - 24}"/>
<text class="tick" x="${fix(x(tick))}" y="${height - 8}" text-anchor="middle">${label(tick)}</text>`,
)}
${rows.map((row, i) => {
  const y = 18 + i * line;
  return html`<text x="${left - 10}" y="${y + 4}" text-anchor="end">${row.label}</text>
<line x1="${fix(x(row.low))}" x2="${fix(x(row.high))}" y1="${y}" y2="${y}" stroke="${colour(i)}" stroke-width="3"/>
<circle cx="${fix(x(row.value))}" cy="${y}" r="5" fill="${colour(i)}"/>
<text x="${fix(x(row.high) + 8)}" y="${y + 4}">${row.value.toFixed(3)}</text>`;
})}</svg></figure>`;
}

/** A line of a {@link linePlot}. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlotOptions {
  readonly x: string;
  readonly y: string;
  /** Logarithmic x axis. Default false. */
  readonly log?: boolean;
  /** Only dots, each with its series' label. Default false. */
  readonly scatter?: boolean;
}

/** Lines, or labelled dots, over two axes. */
export function linePlot(title: string, series: readonly Series[], options: LinePlotOptions): Html {
  const [left, right, top, bottom, height] = [56, WIDTH - 16, 10, 250, 292];
  const scale = (value: number): number => (options.log === true ? Math.log2(value) : value);
  const [x0, x1] = range(series.flatMap(({ points }) => points.map(([x]) => scale(x))));
  const [y0, y1] = range(series.flatMap(({ points }) => points.map(([, y]) => y)));
  const px = (value: number): number => left + ((scale(value) - x0) / (x1 - x0)) * (right - left);
  const py = (value: number): number => bottom - ((value - y0) / (y1 - y0)) * (bottom - top);
  const marks = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const xTicks = marks.length <= 12 ? marks : ticks(x0, x1, 8).map((tick) => (options.log === true ? 2 ** tick : tick));
  return html`<figure><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
${ticks(y0, y1, 5).map(
  (tick) => html`<line class="grid" x1="${left}" x2="${right}" y1="${fix(py(tick))}" y2="${fix(py(tick))}"/>
<text class="tick" x="${left - 6}" y="${fix(py(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
)}
${xTicks.map((tick) => html`<text class="tick" x="${fix(px(tick))}" y="${bottom + 16}" text-anchor="middle">${label(tick)}</text>`)}
<text class="tick" x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${options.x}</text>
<text class="tick" x="12" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 12 ${(top + bottom) / 2})">${options.y}</text>
${series.map(({ points }, i) => [
  options.scatter === true
    ? html``
    : html`<polyline fill="none" stroke="${colour(i)}" stroke-width="2" points="${points.map(([x, y]) => `${fix(px(x))},${fix(py(y))}`).join(' ')}"/>`,
  points.map(([x, y]) => html`<circle cx="${fix(px(x))}" cy="${fix(py(y))}" r="3.5" fill="${colour(i)}"/>`),
  options.scatter === true
    ? points.map(
        ([x, y]) => html`<text class="tick" x="${fix(px(x) + 6)}" y="${fix(py(y) - 6)}">${series[i]!.label}</text>`,
      )
    : html``,
])}</svg>${options.scatter === true ? html`` : legend(series.map((one) => one.label))}</figure>`;
}

/** Differences by query, sorted: what was won stands above the axis, what was lost below. */
export function differencePlot(title: string, differences: ArrayLike<number>): Html {
  const sorted = Float64Array.from(differences).sort().reverse();
  const [left, right, top, bottom] = [46, WIDTH - 10, 8, 188];
  const bound = Math.max(1e-9, ...sorted.map(Math.abs));
  const y = (value: number): number => (top + bottom) / 2 - (value / bound) * ((bottom - top) / 2);
  const wide = (right - left) / Math.max(1, sorted.length);
  const won = sorted.filter((value) => value > 0).length;
  const lost = sorted.filter((value) => value < 0).length;
  return html`<figure><figcaption>${title}: ${won} won, ${sorted.length - won - lost} equal, ${lost} lost</figcaption>
<svg viewBox="0 0 ${WIDTH} 196" role="img" aria-label="${title}">
${[bound, 0, -bound].map(
  (tick) => html`<line class="grid" x1="${left}" x2="${right}" y1="${fix(y(tick))}" y2="${fix(y(tick))}"/>
<text class="tick" x="${left - 6}" y="${fix(y(tick) + 4)}" text-anchor="end">${tick === 0 ? '0' : tick.toFixed(2)}</text>`,
)}
<path class="won" d="${area(0, won)}"/><path class="lost" d="${area(sorted.length - lost, sorted.length)}"/></svg></figure>`;

  function area(from: number, to: number): string {
    if (from === to) return '';
    let path = `M${fix(left + from * wide)} ${fix(y(0))}`;
    for (let i = from; i < to; i++) {
      path += `L${fix(left + i * wide)} ${fix(y(sorted[i]!))}L${fix(left + (i + 1) * wide)} ${fix(y(sorted[i]!))}`;
    }
    return `${path}L${fix(left + to * wide)} ${fix(y(0))}Z`;
  }
}

function legend(labels: readonly string[]): Html {
  return html`<p class="legend">${labels.map((text, i) => html`<span><i style="background:${colour(i)}"></i>${text}</span> `)}</p>`;
}

function range(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length === 0) return [0, 1];
  const margin = high > low ? (high - low) * 0.06 : Math.max(0.01, Math.abs(high) * 0.1);
  return [low - margin, high + margin];
}

function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw)!;
  const marks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) marks.push(tick);
  return marks;
}

function label(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function fix(value: number): string {
  return value.toFixed(1);
}
