import type { PartTuneOptions, PartTuneReport } from './types.ts';

/** Options of `tuneFeedback`; those that it shares with `tune` are as there. */
export interface FeedbackTuneOptions extends Omit<PartTuneOptions, 'base' | 'patience'> {
  /** Passages that it reads, the first of the pipeline's, 1 to 10. Default 5. */
  readonly passages?: number;
  /** Passes over the queries. Default: as many as 400 steps are. */
  readonly epochs?: number;
  /** Queries of a step. Default 32; no more than a quarter of the training queries. */
  readonly batchSize?: number;
  /** Peak learning rate. Default: of 3e-4, 1e-3 and 3e-3 that with which validation queries are answered best. */
  readonly learningRate?: number;
}

/** nDCG@10 of queries. */
export interface Quality {
  readonly all: number;
  /** Of those none of whose relevant documents was trained on; absent where they are fewer than ten. */
  readonly unseen?: number;
}

/** What a rate and a share came to. */
export interface Tried extends Quality {
  readonly learningRate: number;
  /** What the query takes of what the network adds to it, 0 to 1. */
  readonly share: number;
}

/** What `tuneFeedback` did and found; `steps` are those of each rate that was tried. */
export interface FeedbackTuneReport extends PartTuneReport {
  readonly what: 'feedback';
  /** The encoder whose vectors it reads and makes. */
  readonly encoder: string;
  /** Passages that it reads. */
  readonly passages: number;
  /** The validation queries without it, and with what each rate made, of which the query takes a share. That counts whose lesser gain, of all and of the unseen, is greatest. */
  readonly validation: { readonly without: Quality; readonly tried: readonly Tried[] };
  /** How the collection is searched, and the same with feedback. */
  readonly pipeline: { readonly before: string; readonly after: string };
  /** Median milliseconds of a search by the one and by the other. */
  readonly ms: { readonly before: number; readonly after: number };
  /** Whether the collection has it now. */
  readonly deployed: boolean;
  /** The rate that was chosen, and the share. */
  readonly learningRate: number;
  readonly share: number;
}
