/** An axis of a chart. */
export interface Axis {
  readonly label: string;
  /** Logarithmic; values must be above 0. Default false. */
  readonly log?: boolean;
}

/** How values become places on paper. */
export interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** The scale on which `values`, with a small margin, fill `from` to `to`; values that it cannot show are left out of account. */
export function scaleOf(axis: Pick<Axis, 'log'>, values: readonly number[], from: number, to: number): Scale {
  const log = axis.log === true;
  const map = (value: number) => (log ? Math.log(value) : value);
  const mapped = values.filter((value) => Number.isFinite(value) && (!log || value > 0)).map(map);
  let [low, high] = mapped.length === 0 ? [0, 1] : [Math.min(...mapped), Math.max(...mapped)];
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
