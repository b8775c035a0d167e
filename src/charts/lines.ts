import { colour, fix, gridLine, label, picture, text } from './picture.ts';
import { type Axis, type Scale, scaleOf } from './scale.ts';

/** Points of one colour. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Only dots, smaller and paler: the background that lines stand out from. Default false. */
  readonly faint?: boolean;
  /** One large ring instead of a line: what the chart is about. Default false. */
  readonly mark?: boolean;
  /** Measured on the axis at the right. Default false. */
  readonly right?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** A second scale, at the right, for the series that say so. */
  readonly right?: Axis;
  readonly series: readonly Series[];
  /** A dashed line across, at a value of the x axis. */
  readonly rule?: number;
  /** Width in pixels, legend included in the height. Default 760; narrower charts stay readable on small screens. */
  readonly width?: number;
  /** Height without the legend. Default 480. */
  readonly height?: number;
}

const [LEFT, TOP, BOTTOM, LEGEND_LINE] = [76, 44, 56, 18];

/** A picture of lines over two axes, as SVG. Points that are not finite are left out. */
export function lineChart(chart: LineChart): string {
  const { title, x, y, right, rule, width = 760, height = 480 } = chart;
  const end = width - (right === undefined ? 24 : LEFT);
  const floor = height - BOTTOM;
  const series = chart.series.map((one) => ({
    ...one,
    points: one.points.filter((point) => point.every(Number.isFinite)),
  }));
  const across = scaleOf(x, [...values(series, 0), ...(rule === undefined ? [] : [rule])], LEFT, end);
  const sides = { left: series.filter((one) => one.right !== true), right: series.filter((one) => one.right === true) };
  const up = scaleOf(y, values(sides.left, 1), floor, TOP);
  const upRight = right === undefined ? up : scaleOf(right, values(sides.right, 1), floor, TOP);
  const middle = (TOP + floor) / 2;
  const parts = [
    text(LEFT, 24, title, { class: 'title' }),
    ...across.ticks.flatMap((tick) => [
      gridLine(`M${fix(across.place(tick))} ${TOP}V${floor}`),
      text(across.place(tick), floor + 18, label(tick), { anchor: 'middle' }),
    ]),
    ...up.ticks.flatMap((tick) => [
      gridLine(`M${LEFT} ${fix(up.place(tick))}H${end}`),
      text(LEFT - 8, up.place(tick) + 4, label(tick), { anchor: 'end' }),
    ]),
    text((LEFT + end) / 2, floor + 40, x.label, { anchor: 'middle' }),
    text(16, middle, y.label, { anchor: 'middle', upwards: true }),
  ];
  if (rule !== undefined) parts.push(gridLine(`M${fix(across.place(rule))} ${TOP}V${floor}`, true));
  if (right !== undefined) {
    parts.push(
      ...upRight.ticks.map((tick) => text(end + 8, upRight.place(tick) + 4, label(tick))),
      text(width - 8, middle, right.label, { anchor: 'middle', upwards: true }),
    );
  }
  series.forEach((one, i) => {
    parts.push(...drawn(one, colour(i), across, one.right === true ? upRight : up));
    const line = height + LEGEND_LINE * i;
    parts.push(`<circle cx="${LEFT}" cy="${line}" ${look(one, colour(i))}/>`, text(LEFT + 16, line + 4, one.label));
  });
  return picture(title, width, height + LEGEND_LINE * series.length + 8, parts);
}

function values(series: readonly Series[], coordinate: 0 | 1): number[] {
  return series.flatMap(({ points }) => points.map((point) => point[coordinate]));
}

function drawn(one: Series, stroke: string, across: Scale, up: Scale): string[] {
  const places = one.points.map(([a, b]) => [fix(across.place(a)), fix(up.place(b))] as const);
  const dots = places.map(([a, b]) => `<circle cx="${a}" cy="${b}" ${look(one, stroke)}/>`);
  if (one.faint === true || one.mark === true || places.length < 2) return dots;
  const points = places.map((place) => place.join(',')).join(' ');
  return [`<polyline points="${points}" fill="none" stroke="${stroke}" stroke-width="2"/>`, ...dots];
}

function look(one: Series, stroke: string): string {
  if (one.mark === true) return `r="8" fill="none" stroke="${stroke}" stroke-width="3"`;
  return one.faint === true ? `r="2" fill="${stroke}" opacity="0.4"` : `r="3.5" fill="${stroke}"`;
}
