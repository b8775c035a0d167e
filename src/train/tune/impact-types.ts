import type { Comparison } from '../../eval/index.ts';
import type { FitPoint } from '../../tensor/index.ts';
import type { PartTuneOptions, PartTuneReport } from './types.ts';

/** Options of `tuneImpact`; those that it shares with `tune` are as there. */
export interface ImpactTuneOptions extends PartTuneOptions {
  /** Weight of the regularisation. Default 0.01. */
  readonly flops?: number;
  /** Passes over the queries, at most. Default 10. */
  readonly epochs?: number;
  /** Peak learning rate. Default 0.02. */
  readonly learningRate?: number;
  /** Queries of a step. Default 16. */
  readonly batchSize?: number;
  /** Passages of each query that are no answer, in a step. Default 3. */
  readonly negatives?: number;
}

/** What `tuneImpact` did and found. */
export interface ImpactTuneReport extends PartTuneReport {
  readonly what: 'impact';
  readonly base: string;
  readonly stoppedEarly: boolean;
  readonly bestStep: number;
  /** nDCG@10 of the validation queries, whose first candidates are ranked by impacts alone. */
  readonly curve: readonly FitPoint[];
  /** How the collection is searched, and the same with impacts in place of words. */
  readonly pipeline: { readonly before: string; readonly after: string };
  /** On the test queries: impacts by themselves against BM25. */
  readonly alone: Comparison;
  /** Impacts of all passages, and how many of them are at the greatest value there is. */
  readonly impacts: { readonly count: number; readonly full: number };
  /** The encoder's id where the field has it now. */
  readonly deployed?: string;
}
