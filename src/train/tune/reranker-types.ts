import type { FitPoint } from '../../tensor/index.ts';
import type { CrossObjective } from '../train-cross.ts';
import type { PartTuneOptions, PartTuneReport } from './types.ts';

/** Options of `tuneReranker`; those that it shares with `tune` are as there. */
export interface RerankerTuneOptions extends PartTuneOptions {
  /** Rank of what the body learns (LoRA). Default 16. */
  readonly lora?: number;
  /** Default `listwise`. */
  readonly objective?: CrossObjective;
  /** Candidates of a query that it is to rank. Default 20. */
  readonly depth?: number;
  /** Passes over the queries, at most. Default 3. */
  readonly epochs?: number;
  /** Peak learning rate. Default 5e-4. */
  readonly learningRate?: number;
  /** Lists of a step. Default 4. */
  readonly batchSize?: number;
  /** Passages that are no answer, of each list. Default 7. */
  readonly negatives?: number;
  /** Tokens of a pair that are read. Default 192. */
  readonly maxLength?: number;
}

/** What `tuneReranker` did and found. */
export interface RerankerTuneReport extends PartTuneReport {
  readonly what: 'reranker';
  readonly base: string;
  readonly stoppedEarly: boolean;
  readonly bestStep: number;
  /** nDCG@10 of the validation queries, with the best weight. */
  readonly curve: readonly FitPoint[];
  /** The pipeline that found the candidates. */
  readonly pipeline: string;
  /** Candidates that are ranked again, and what the new scores count, which validation chose. */
  readonly depth: number;
  readonly weight: number;
  /** Median milliseconds of a search without and with it. */
  readonly ms: { readonly before: number; readonly after: number };
  /** Whether the collection has it now. */
  readonly deployed: boolean;
  readonly learningRate: number;
}
