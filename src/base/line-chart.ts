/** An axis of a {@link lineChart}. */
export interface Axis {
  readonly label: string;
  /** Logarithmic; values must be above 0. Default false. */
  readonly log?: boolean;
}

/** Points of one colour. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Only dots, smaller and paler: the background that lines stand out from. Default false. */
  readonly faint?: boolean;
  /** One large ring instead of a line: what the chart is about. Default false. */
  readonly mark?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** Colours that stay apart for most kinds of colour blindness (Okabe & Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#8a8a00', '#555555'];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 480, 76, 24, 44, 56];
const LEGEND_LINE = 18;

/** A picture of lines over two axes, as an SVG document that stands on its own. Points that are not finite are left out. */
export function lineChart({ title, x, y, series }: LineChart): string {
  const finite = series.map((one) => ({ ...one, points: one.points.filter((point) => point.every(Number.isFinite)) }));
  const all = finite.flatMap(({ points }) => points);
  const across = scaleOf(
    x,
    all.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scaleOf(
    y,
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const height = HEIGHT + LEGEND_LINE * series.length + 8;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="${escapeText(title)}">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="24" font-size="14">${escapeText(title)}</text>`,
  ];
  for (const tick of across.ticks) {
    const at = fix(across.place(tick));
    parts.push(
      `<path d="M${at} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>`,
      `<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(tick)}</text>`,
    );
  }
  for (const tick of up.ticks) {
    const at = up.place(tick);
    parts.push(
      `<path d="M${LEFT} ${fix(at)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      `<text x="${LEFT - 8}" y="${fix(at + 4)}" text-anchor="end">${label(tick)}</text>`,
    );
  }
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  parts.push(
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - BOTTOM + 40}" text-anchor="middle">${escapeText(x.label)}</text>`,
    `<text x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${escapeText(y.label)}</text>`,
  );
  finite.forEach((one, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const places = one.points.map(([a, b]) => [fix(across.place(a)), fix(up.place(b))] as const);
    if (one.faint !== true && one.mark !== true && places.length > 1) {
      const path = places.map(([a, b], j) => `${j === 0 ? 'M' : 'L'}${a} ${b}`).join('');
      parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    }
    const look = one.mark
      ? `r="8" fill="none" stroke="${colour}" stroke-width="3"`
      : one.faint
        ? `r="2" fill="${colour}" opacity="0.4"`
        : `r="3.5" fill="${colour}"`;
    for (const [a, b] of places) parts.push(`<circle cx="${a}" cy="${b}" ${look}/>`);
    const line = HEIGHT + LEGEND_LINE * i;
    parts.push(
      `<circle cx="${LEFT}" cy="${line}" ${look}/>`,
      `<text x="${LEFT + 16}" y="${line + 4}" fill="#222">${escapeText(one.label)}</text>`,
    );
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

function scaleOf(axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const log = axis.log === true;
  const map = (value: number) => (log ? Math.log(value) : value);
  const mapped = values.filter((value) => !log || value > 0).map(map);
  let [low, high] = [Math.min(...mapped), Math.max(...mapped)];
  if (mapped.length === 0) [low, high] = [0, 1];
  const margin = high > low ? 0.04 * (high - low) : Math.max(0.01, 0.1 * Math.abs(high));
  low -= margin;
  high += margin;
  return {
    ticks: log ? logTicks(Math.exp(low), Math.exp(high)) : linearTicks(low, high),
    place: (value) => from + ((map(value) - low) / (high - low)) * (to - from),
  };
}

function linearTicks(low: number, high: number): number[] {
  const raw = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw)!;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
  return ticks;
}

/** 1, 2 and 5 times powers of ten; only powers where there are many. */
function logTicks(low: number, high: number): number[] {
  const steps = high / low > 1e4 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of steps) {
      const tick = step * 10 ** power;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

function label(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function fix(value: number): string {
  return value.toFixed(1);
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
