export type { QueryWriter, WriteOptions } from './types.ts';
export {
  type EnsembleOptions,
  ensemble,
  type HydeOptions,
  hyde,
  type PartsOptions,
  parts,
  standalone,
  userTurns,
} from './writers.ts';
