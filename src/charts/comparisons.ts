import { colour, fix, gridLine, label, picture, text } from './picture.ts';
import { scaleOf } from './scale.ts';

/** One line of an {@link intervalChart}. */
export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const WIDTH = 480;
const TITLE = 36;
const ROW = 28;
/** Longer names are cut; the table beside the chart has them in full. */
const NAME = 22;

/** A dot with its interval for each row, on one axis; as SVG. */
export function intervalChart(title: string, rows: readonly IntervalRow[]): string {
  const names = rows.map((row) => (row.label.length > NAME ? `${row.label.slice(0, NAME - 1)}…` : row.label));
  const left = 24 + 7 * Math.max(4, ...names.map((name) => name.length));
  const height = TITLE + rows.length * ROW + 28;
  const x = scaleOf(
    {},
    rows.flatMap((row) => [row.low, row.high]),
    left,
    WIDTH - 64,
  );
  return picture(title, WIDTH, height, [
    text(12, 22, title, { class: 'title' }),
    ...x.ticks.flatMap((tick) => [
      gridLine(`M${fix(x.place(tick))} ${TITLE}V${height - 24}`),
      text(x.place(tick), height - 8, label(tick), { anchor: 'middle' }),
    ]),
    ...rows.flatMap((row, i) => {
      const y = TITLE + 14 + i * ROW;
      return [
        text(left - 12, y + 4, names[i]!, { anchor: 'end' }),
        `<path d="M${fix(x.place(row.low))} ${y}H${fix(x.place(row.high))}" stroke="${colour(i)}" stroke-width="3"/>`,
        `<circle cx="${fix(x.place(row.value))}" cy="${y}" r="5" fill="${colour(i)}"/>`,
        text(x.place(row.high) + 8, y + 4, row.value.toFixed(3)),
      ];
    }),
  ]);
}

/** Differences by query, sorted: what was won stands above the axis, what was lost below; as SVG. */
export function differenceChart(title: string, differences: ArrayLike<number>): string {
  const sorted = Float64Array.from(differences).sort().reverse();
  const [left, right, top, bottom] = [52, WIDTH - 10, TITLE, TITLE + 180];
  const bound = Math.max(1e-9, ...sorted.map(Math.abs));
  const y = (value: number): number => (top + bottom) / 2 - (value / bound) * ((bottom - top) / 2);
  const wide = (right - left) / Math.max(1, sorted.length);
  const won = sorted.filter((value) => value > 0).length;
  const lost = sorted.filter((value) => value < 0).length;
  const heading = `${title}: ${won} won, ${sorted.length - won - lost} equal, ${lost} lost`;
  return picture(heading, WIDTH, bottom + 10, [
    text(12, 22, heading, { class: 'title' }),
    ...[bound, 0, -bound].flatMap((tick) => [
      gridLine(`M${left} ${fix(y(tick))}H${right}`),
      text(left - 8, y(tick) + 4, tick === 0 ? '0' : tick.toFixed(2), { anchor: 'end' }),
    ]),
    `<path fill="${colour(2)}" d="${area(0, won)}"/>`,
    `<path fill="${colour(1)}" d="${area(sorted.length - lost, sorted.length)}"/>`,
  ]);

  function area(from: number, to: number): string {
    if (from === to) return '';
    let path = `M${fix(left + from * wide)} ${fix(y(0))}`;
    for (let i = from; i < to; i++) {
      path += `L${fix(left + i * wide)} ${fix(y(sorted[i]!))}L${fix(left + (i + 1) * wide)} ${fix(y(sorted[i]!))}`;
    }
    return `${path}L${fix(left + to * wide)} ${fix(y(0))}Z`;
  }
}
