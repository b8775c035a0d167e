import type { Content, Query } from '../../content/index.ts';
import type { Corpus, Field } from '../../corpus/index.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import type { LanguageModelKind } from '../../generate/open-model.ts';
import type { Feedback } from '../feedback/index.ts';
import type { RelevanceParameters } from '../relevance.ts';
import type { Retriever } from '../types.ts';

/** A value of a parameter. */
export type ParameterValue = number | string | boolean | readonly (number | string)[];

/**
 * One step of a pipeline, as data (it travels as JSON): a field, a name of another pipeline, or an operator with its parameters. Operators
 * that join rankings have those of other pipelines in `of`.
 */
export interface PipelineStep {
  readonly op: string;
  readonly of?: readonly (readonly PipelineStep[])[];
  readonly [parameter: string]: ParameterValue | readonly (readonly PipelineStep[])[] | undefined;
}

/** What a parameter of an operator may be. */
export interface OperatorParameter {
  readonly kind: 'number' | 'whole' | 'numbers' | 'name' | 'choice';
  readonly least?: number;
  readonly most?: number;
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** Meaning, unit and default, one sentence. */
  readonly help: string;
}

/** A step that makes a ranking out of others. Its result for k must be the head of its result for any larger k. */
export interface Operator {
  /** Letters, digits and `-`, a letter first. */
  readonly name: string;
  /** What it does, one sentence. */
  readonly help: string;
  /** Whether it joins the rankings of pipelines that are its arguments, or works on the one ranking before it. */
  readonly takes: 'pipelines' | 'ranking';
  /** In the order in which they may be given without their names. */
  readonly parameters: Readonly<Record<string, OperatorParameter>>;
  /** @param inputs one for each pipeline, or the one before. @param parameters checked; absent where not given. */
  make(
    inputs: readonly Retriever[],
    parameters: Readonly<Record<string, ParameterValue>>,
    scope: OperatorScope,
  ): Retriever | Promise<Retriever>;
}

/** What an operator works with. */
export interface OperatorScope {
  readonly corpus: Corpus;
  /** Fields that the pipelines before it search. */
  readonly fields: readonly Field[];
  readonly rerankers: ReadonlyMap<string, Reranker>;
  readonly feedbacks: ReadonlyMap<string, Feedback>;
  /**
   * A language model of those that there are. @param name default: the only one.
   * Refuses the step where there is none of that name, or none that is meant.
   */
  readonly model: (name?: string) => LanguageModel;
  /** Refuses the step where a collection names it, and it would send texts to another machine, to which nobody agreed. */
  readonly agreed: (kind: string, part: { readonly id: string; readonly remote?: boolean }) => void;
  /** What relevance is judged by here; undefined where nobody has learned it. */
  readonly relevance: () => Promise<Judging | undefined>;
  /** Refuses the step, saying where it stands. */
  readonly fail: (problem: string, remedy: string) => never;
}

/** Scores candidates anew, by looking at each of them with the query. */
export interface Reranker {
  /** What it is called by in pipelines. */
  readonly id: string;
  /** Whether it sends texts to another machine: a collection's own pipelines may then run it only where that was agreed to. */
  readonly remote?: boolean;
  /** Milliseconds that it may take where a pipeline says nothing else. Default: as long as it takes. */
  readonly budgetMs?: number;
  /** Candidates that it ranks where a pipeline says nothing else. Default 50. */
  readonly depth?: number;
  /** What its scores count beside those before where a pipeline says nothing else, from 0 to 1. Default 1: they alone. */
  readonly weight?: number;
  /** One score for each candidate, NaN for one of which it says nothing, greater being better. A candidate is its title, heading and text. */
  score(query: Query, candidates: readonly Content[], options: RerankOptions): Promise<ArrayLike<number>>;
}

export interface RerankOptions {
  readonly corpus: Corpus;
  /** The candidates' ordinals in the corpus, in their order. */
  readonly passages: Uint32Array;
  /** Aborted when its time is over as well: it may then still give what it has, at once. */
  readonly signal?: AbortSignal;
  /** Says something for the trace. */
  readonly note?: (text: string) => void;
}

/** Parts of one's own, by which pipelines may be made. */
export interface Extensions {
  readonly rerankers?: readonly Reranker[];
  readonly feedbacks?: readonly Feedback[];
  readonly operators?: readonly Operator[];
  /** Language models, by the name that they are opened by: what reranks by one, and what writes queries, names it. */
  readonly languageModels?: readonly LanguageModelKind[];
}

/** What relevance is judged by. */
export interface Judging {
  readonly parameters: RelevanceParameters;
  /** Whether the collection learned it itself; what comes with the software gives way to words alone where vectors have no say. */
  readonly isOwn: boolean;
}
