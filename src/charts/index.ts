export { differenceChart, type IntervalRow, intervalChart } from './comparisons.ts';
export { type LineChart, lineChart, type Series } from './lines.ts';
export type { Axis } from './scale.ts';
