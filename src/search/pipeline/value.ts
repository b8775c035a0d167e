import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { WalkOptions } from '../walk.ts';
import { formatSteps } from './format.ts';
import { operatorsWith } from './operators.ts';
import { parseSteps } from './parse.ts';
import type { Extensions, ParameterValue, PipelineStep } from './types.ts';

/** A step as it may be given: pipelines inside in any of their forms. */
export interface StepInput {
  readonly op: string;
  readonly of?: readonly PipelineInput[];
  readonly [parameter: string]: ParameterValue | readonly PipelineInput[] | undefined;
}

/** A pipeline in any of its forms: text, data, or built. */
export type PipelineInput = string | Pipeline | StepInput | readonly StepInput[];

/** Settings of `fuse`; the operator says what they mean. */
export interface FuseParameters {
  readonly weights?: readonly number[];
  readonly by?: 'convex' | 'rrf';
  readonly normalize?: 'limit' | 'max' | 'min-max';
  readonly floors?: readonly number[];
  readonly bests?: readonly number[];
  readonly constant?: number;
  readonly candidates?: number;
}

/** How often a text names steps inside steps, and how many steps there may be. */
const DEEPEST = 16;
const MOST_STEPS = 64;

/**
 * How a collection is searched, as a value: steps, each of which works on what the one before ranked. Text, data and what the builder makes
 * are the same thing: `String(pipeline)` is the text, `JSON.stringify(pipeline)` the data, and {@link pipeline} reads both.
 */
export class Pipeline {
  /** @param steps checked; use {@link pipeline}. */
  constructor(readonly steps: readonly PipelineStep[]) {}

  /** Joins this ranking with those of others. */
  fuse(...others: [...PipelineInput[], FuseParameters] | PipelineInput[]): Pipeline {
    const last = others.at(-1);
    const isSettings =
      typeof last === 'object' && !Array.isArray(last) && !(last instanceof Pipeline) && !('op' in (last as object));
    const inputs = (isSettings ? others.slice(0, -1) : others) as PipelineInput[];
    const of = [this.steps, ...inputs.map((input) => pipeline(input).steps)];
    return new Pipeline([{ op: 'fuse', of, ...(isSettings ? (last as FuseParameters) : {}) } as PipelineStep]);
  }

  /** Ranks the first candidates again. @param by a reranker, a field by which passages are scored, or a language model (`listwise`, `pointwise`). */
  rerank(
    by: string,
    parameters: {
      readonly depth?: number;
      readonly weight?: number;
      readonly ms?: number;
      readonly otherwise?: 'keep' | 'fail';
      readonly model?: string;
      readonly window?: number;
    } = {},
  ): Pipeline {
    return this.step('rerank', { by, ...parameters });
  }

  /** Keeps what is probably relevant. */
  cut(parameters: { readonly least?: number; readonly score?: number } = {}): Pipeline {
    return this.step('cut', parameters);
  }

  /** Keeps the best passages of each document. @param most how many; default 1. */
  group(most?: number): Pipeline {
    return this.step('group', { most });
  }

  /** Ranks the first candidates again by what their neighbours say. */
  neighbours(
    parameters: {
      readonly field?: string;
      readonly depth?: number;
      readonly neighbours?: number;
      readonly beta?: number;
    } = {},
  ): Pipeline {
    return this.step('neighbours', parameters);
  }

  /** Finds more by rare names that passages share with the first ones (`walk`). */
  walk(
    parameters: WalkOptions & {
      readonly share?: number;
    } = {},
  ): Pipeline {
    return this.step('walk', { ...parameters });
  }

  /** Asks again with words or the mean vector of the first passages added to the query. @param by `rm3`, `bo1` or `rocchio`. */
  prf(
    by: 'rm3' | 'bo1' | 'rocchio',
    parameters: {
      readonly fb_docs?: number;
      readonly fb_terms?: number;
      readonly original?: number;
      readonly field?: string;
    } = {},
  ): Pipeline {
    return this.step('prf', { by, ...parameters });
  }

  /** Asks with a query that a language model wrote more to. */
  expand(
    by: 'hyde' | 'ensemble' | 'fusion' | 'parts',
    parameters: {
      readonly n?: number;
      readonly original?: number;
      readonly as?: string;
      readonly model?: string;
      readonly ms?: number;
      readonly otherwise?: 'keep' | 'fail';
    } = {},
  ): Pipeline {
    return this.step('expand', { by, ...parameters });
  }

  /** Asks with a query that is understood without the conversation before it. */
  rewrite(
    by: 'standalone' | 'turns',
    parameters: {
      readonly n?: number;
      readonly model?: string;
      readonly ms?: number;
      readonly otherwise?: 'keep' | 'fail';
    } = {},
  ): Pipeline {
    return this.step('rewrite', { by, ...parameters });
  }

  /** Asks again with a query that was refined by the first ranking. */
  feedback(by: string, parameters: { readonly depth?: number } = {}): Pipeline {
    return this.step('feedback', { by, ...parameters });
  }

  /** Adds any step, also of an operator of one's own. */
  step(op: string, parameters: Readonly<Record<string, ParameterValue | undefined>> = {}): Pipeline {
    return new Pipeline([...this.steps, { op, ...given(parameters) } as PipelineStep]);
  }

  toString(): string {
    return formatSteps(this.steps);
  }

  toJSON(): readonly PipelineStep[] {
    return this.steps;
  }
}

/**
 * A pipeline from any of its forms. Names of fields, rerankers and other pipelines are looked up when it runs; everything else is checked.
 *
 * @param extensions with operators of one's own.
 * @throws InvalidArgumentError for a text with a mistake, saying where; for data that are no pipeline.
 */
export function pipeline(input: PipelineInput, extensions: Extensions = {}): Pipeline {
  if (input instanceof Pipeline) return input;
  const steps =
    typeof input === 'string'
      ? parseSteps(input, operatorsWith(extensions))
      : stepsOf(input, 'pipeline', extensions, 0);
  let count = 0;
  const look = (some: readonly PipelineStep[], depth: number): void => {
    if (depth > DEEPEST)
      throw new InvalidArgumentError(`A pipeline nested deeper than ${DEEPEST} levels.`, 'Name its parts.');
    for (const { of = [] } of some) {
      count++;
      for (const inner of of) look(inner, depth + 1);
    }
  };
  look(steps, 0);
  if (count > MOST_STEPS) {
    throw new InvalidArgumentError(`A pipeline of ${count} steps.`, `Make do with ${MOST_STEPS}.`);
  }
  return new Pipeline(steps);
}

/** Checks the shape of data that came from outside. @param path for messages. */
function stepsOf(value: unknown, path: string, extensions: Extensions, depth: number): readonly PipelineStep[] {
  const fail = (problem: string): never => {
    throw new InvalidArgumentError(
      `${path}: ${problem}.`,
      'Write a text such as "fuse(words, meaning) > cut", or steps such as {"op": "rerank", "by": "NAME"}.',
    );
  };
  if (depth > DEEPEST) fail(`nested deeper than ${DEEPEST} levels`);
  if (value instanceof Pipeline) return value.steps;
  if (typeof value === 'string') return parseSteps(value, operatorsWith(extensions));
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) fail('it has no step');
  return list.map((step: unknown, i): PipelineStep => {
    const where = Array.isArray(value) ? `${path}[${i}]` : path;
    if (typeof step !== 'object' || step === null || Array.isArray(step)) return fail(`step ${i + 1} is not an object`);
    const { op, of, ...parameters } = step as Record<string, unknown>;
    if (typeof op !== 'string' || op === '') return fail(`step ${i + 1} names no operator in "op"`);
    for (const [name, given] of Object.entries(parameters)) {
      const members = Array.isArray(given) ? given : [given];
      const sound = members.every((one) => typeof one === 'string' || typeof one === 'boolean' || Number.isFinite(one));
      if (!sound) fail(`"${name}" of step ${i + 1} is neither a number, a text, true or false, nor a list of them`);
    }
    if (of !== undefined && !Array.isArray(of)) return fail(`"of" of step ${i + 1} is not a list of pipelines`);
    const inner = of?.map((one: unknown, j: number) => stepsOf(one, `${where}.of[${j}]`, extensions, depth + 1));
    return { op, ...(inner === undefined ? {} : { of: inner }), ...parameters } as PipelineStep;
  });
}
