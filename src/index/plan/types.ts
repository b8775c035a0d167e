import type { Metric } from '../../math/index.ts';

/** What an index may cost, and what it must find. All that are given hold together; at least one must be. */
export interface Budget {
  /** Most bytes of memory for a vector: codes, ids, centroids, and whatever candidates are refined with in memory. */
  readonly bytes?: number;
  /** Least recall@10 against exact search, 0 to 1. */
  readonly recall?: number;
  /** Most milliseconds for a search of ten, at the 95th percentile, on this machine and one thread. */
  readonly p95?: number;
}

/** Why nothing keeps a budget. */
export interface Unmet {
  readonly why: string;
  /** For each part of the budget, the point that comes nearest to it while keeping the others, or nearest at all. */
  readonly nearest: readonly OperatingPoint[];
}

/** An index and how it is searched, measured. */
export interface OperatingPoint {
  readonly spec: string;
  readonly search: { readonly nprobe: number; readonly refine: number };
  /** Memory in bytes for a vector. */
  readonly bytes: number;
  /** Share of the 10, and of the 100, truly nearest that are found; 100 are asked for in the second case. */
  readonly recall10: number;
  /** On the first 100 queries; NaN where another setting of the index is better in every way. */
  readonly recall100: number;
  /** Standard deviation of `recall10` between queries. */
  readonly deviation: number;
  /** Milliseconds of a search of ten. */
  readonly p50: number;
  readonly p95: number;
}

/** What the chosen point did on the queries that took no part in choosing it. */
export interface Proof extends Pick<OperatingPoint, 'recall10' | 'recall100' | 'p50' | 'p95'> {
  /** Half the width of the 95 % confidence interval of `recall10`. */
  readonly margin: number;
  /** Whether `recall10` is at most 0.02 below what was measured when choosing, and the budget is met up to that. */
  readonly holds: boolean;
}

export interface Plan {
  readonly budget: Budget;
  readonly vectors: number;
  readonly dim: number;
  readonly metric: Metric;
  /** Queries that took part in choosing, and those that did not. */
  readonly queries: { readonly seen: number; readonly unseen: number };
  /** Everything measured. */
  readonly points: readonly OperatingPoint[];
  /** Those that no other beats in bytes, recall and time together, by ascending bytes. */
  readonly frontier: readonly OperatingPoint[];
  /** The point that keeps the budget best; absent when none does. */
  readonly choice?: { readonly point: OperatingPoint; readonly why: string; readonly proof: Proof };
  /** Why there is no choice, and what comes nearest. */
  readonly unmet?: Unmet;
  /** Specifications that there was no time for, or that cannot be built from these vectors, with the reason. */
  readonly skipped: readonly { readonly spec: string; readonly reason: string }[];
  readonly tookMs: number;
}
