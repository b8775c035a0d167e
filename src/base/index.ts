export * from './bits.ts';
export * from './errors.ts';
export * from './hits.ts';
export * from './nearest.ts';
export type { Parallel, Team, Work } from './parallel.ts';
export * from './random.ts';
export * from './sections.ts';
export * from './vectors.ts';
