import type { AdapterShape } from '../../encode/tuned/adapter.ts';
import type { EncoderTuning } from '../../encode/tuning.ts';
import type { Comparison } from '../../eval/index.ts';
import type { PipelineInput } from '../../search/index.ts';
import type { FitPoint, FitProgress } from '../../tensor/index.ts';
import type { Consistency } from '../consistency.ts';
import type { Curriculum } from '../curriculum.ts';
import type { TuneExample } from './examples.ts';
import type { TuneTarget } from './learners.ts';

/** Options of `tune`. */
export interface TuneOptions {
  /** Queries with their documents, or `synthetic`: queries made from the documents themselves. */
  readonly examples: readonly TuneExample[] | 'synthetic';
  /** Queries to test on. Default: a quarter of the examples, held out. */
  readonly test?: readonly TuneExample[];
  /** Default `adapter`. */
  readonly what?: TuneTarget;
  /** Passes over the examples, at most. Default 60 for `adapter`, else 6. */
  readonly epochs?: number;
  /**
   * Peak learning rate. Default 1e-3 for `adapter`, 3e-3 for a token table; of encoders, 5e-5 for the weights of a BERT and 1e-4 for those of
   * `use-lite`, 5e-4 for LoRA, 1e-3 for a side path.
   */
  readonly learningRate?: number;
  /** Queries of a batch. Default 64 for `adapter`, else 32; no more than a quarter of the training queries. */
  readonly batchSize?: number;
  /**
   * Mined negatives per query, from passages that are relevant to other queries. Default 2 for `adapter`, `query` and with a `curriculum`,
   * else 0: in-batch ones alone.
   */
  readonly negatives?: number;
  /**
   * Where negatives are mined: by the collection's vectors, leaving out what scores above 0.95 of the positive (default
   * for `adapter`, `query` and with a `curriculum`), or by `bm25`.
   */
  readonly mine?: 'bm25' | 'dense';
  /**
   * Train only on pairs that the collection's encoder confirms, among the passages of all documents of training: see `consistentPairs`. For
   * labels that nobody looked at. Queries for validation and test stay as they are. Default: train on all.
   */
  readonly consistency?: Consistency;
  /**
   * Draw the mined negatives anew for every batch, from up to 100 candidates of a query, by their cosines with the collection's encoder and a temperature that falls over
   * `epochs`: see `drawNegatives`. Where training stops before the last epoch, the temperature has not come to its end. Default: always the hardest.
   */
  readonly curriculum?: Curriculum;
  /**
   * How the collection is searched: what is decided on, and what `distill` learns from unless there is a `teacher`. It has to search the field `meaning`. Default: the
   * collection's own pipeline, or `hybrid`.
   */
  readonly pipeline?: PipelineInput;
  /** Learn from the graded scores of the teacher too, by listwise distillation. Default: whether there is a `teacher`. */
  readonly distill?: boolean;
  /**
   * Whose graded scores are learned: a pipeline that costs more than searches may, such as one that has a language model write (`hybrid > expand(hyde)`), or that
   * ranks by a cross-encoder (`hybrid > rerank(cross)`). Searches then do without it. Default: `pipeline`.
   */
  readonly teacher?: PipelineInput;
  /** Default 0.05. */
  readonly temperature?: number | 'learned';
  /** For `adapter`. */
  readonly adapter?: AdapterShape;
  /** For `query` and `encoder`: train modules beside the weights. Default: the weights. */
  readonly tuning?: EncoderTuning;
  /** Validations without improvement after which training stops. Default 3. */
  readonly patience?: number;
  /** Level of significance that a gain must have to be deployed. Default 0.05. */
  readonly level?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Train and test, but change nothing. Default false. */
  readonly dryRun?: boolean;
  /** Go on with the run of the same options that was interrupted. Default false: start anew. */
  readonly resume?: boolean;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** How far a run is: the loop's own report, between what comes before and after it. `validation` is nDCG@10. */
export interface TuneProgress extends Omit<FitProgress, 'phase'> {
  readonly phase: 'preparing' | FitProgress['phase'] | 'testing' | 'deploying';
}

/** One validation: nDCG@10 of the validation queries, among the passages of the validation. */
export type CurvePoint = FitPoint;

/** What `tune` did and found. */
export interface TuneReport {
  readonly what: TuneTarget;
  /** The collection's encoder before. */
  readonly base: string;
  readonly queries: { readonly train: number; readonly validation: number; readonly test: number };
  readonly duplicates: number;
  /** Pairs of training that were left out as inconsistent; absent where none was to be. */
  readonly inconsistent?: number;
  readonly steps: number;
  /** Step of the interrupted run that this one went on from; absent when it started anew. */
  readonly resumedFrom?: number;
  /** Whether training ended before its last epoch, as validation stopped improving. */
  readonly stoppedEarly: boolean;
  /** Step of the parameters that were kept. */
  readonly bestStep: number;
  readonly parameters: number;
  readonly curve: readonly CurvePoint[];
  /** On the test queries: dense retrieval before and after. */
  readonly dense: Comparison;
  /**
   * The same on the test queries none of whose relevant documents was one of training: what was learned beyond those
   * documents. Absent when there are fewer than two such queries.
   */
  readonly denseUnseen?: Comparison;
  /** `dense` for searches by the pipeline, each with its own share of the dense ranking. */
  readonly served: Comparison;
  /** `denseUnseen` for searches by the pipeline. */
  readonly servedUnseen?: Comparison;
  /** Share of the dense ranking beside BM25, before and after; the latter was chosen on the validation queries. */
  readonly denseShare: { readonly before: number; readonly after: number };
  /** BM25 alone on the test queries, nDCG@10. */
  readonly bm25: number;
  /** Searches by the pipeline after training against BM25 alone. */
  readonly servedOverBm25: Comparison;
  /** The pipeline that was decided on. */
  readonly decidedOn: string;
  /** Whether that became significantly better, and neither it nor dense retrieval significantly worse on queries for other documents. */
  readonly better: boolean;
  /** The encoder that the collection now has; absent when nothing was changed. */
  readonly deployed?: string;
  /** Why nothing was changed, one sentence. */
  readonly reason?: string;
  readonly trainedMs: number;
  readonly tookMs: number;
  /** Its peak. */
  readonly learningRate: number;
  readonly seed: number;
}

/** What tuning of a part beside the encoder takes, a reranker or weights of words: what is shared with {@link TuneOptions} is as there. */
export interface PartTuneOptions
  extends Pick<
    TuneOptions,
    'examples' | 'test' | 'pipeline' | 'patience' | 'level' | 'seed' | 'dryRun' | 'threads' | 'signal' | 'onProgress'
  > {
  /** Encoder that it starts from: `minilm` (the default), or `bert:FOLDER`. */
  readonly base?: string;
}

/** What tuning of a part beside the encoder did and found. */
export interface PartTuneReport {
  readonly queries: TuneReport['queries'];
  readonly duplicates: number;
  readonly steps: number;
  /** Numbers that were learned. */
  readonly parameters: number;
  /** On the test queries: searches without and with it. */
  readonly served: Comparison;
  /** The same on the test queries none of whose relevant documents was one of training; absent when there are fewer than two. */
  readonly servedUnseen?: Comparison;
  readonly better: boolean;
  /** Why nothing was changed, one sentence. */
  readonly reason?: string;
  readonly trainedMs: number;
  readonly tookMs: number;
  readonly seed: number;
}
