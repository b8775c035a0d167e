import { InvalidArgumentError, RemoteNotAllowedError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { type Corpus, type Field, type FieldParams, MEANING } from '../../corpus/index.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import type { LanguageModelKind } from '../../generate/open-model.ts';
import { byField } from '../by-field.ts';
import { defaultRelevance } from '../relevance-defaults.ts';
import type { Retriever } from '../types.ts';
import { OPERATORS, operatorsWith } from './operators.ts';
import { stepError } from './parse.ts';
import type { Extensions, Judging, Operator, OperatorParameter, OperatorScope, PipelineStep } from './types.ts';
import { Pipeline, type PipelineInput, pipeline } from './value.ts';

/** Names that pipelines have everywhere. */
export const BUILT_IN: Readonly<Record<'bm25' | 'dense' | 'hybrid', string>> = {
  bm25: 'words',
  dense: 'meaning',
  hybrid: 'fuse(words, meaning)',
};

/** What a pipeline runs with. */
export interface PipelineEnvironment {
  readonly corpus: Corpus;
  /** Pipelines that may be named, besides `bm25`, `dense` and `hybrid`. */
  readonly names?: ReadonlyMap<string, PipelineInput>;
  readonly extensions?: Extensions;
  /** Whether pipelines of a collection may send texts to other machines, by parts that do. Default true. */
  readonly allowRemote?: boolean;
  /** Whether the pipeline itself is one of a collection, and not of who searches. Default false. */
  readonly stored?: boolean;
  /** What relevance is judged by. Default: what comes with the software for the corpus' encoder. */
  readonly relevance?: () => Promise<Judging | undefined>;
  /** Of fields of vectors that a pipeline says nothing of. */
  readonly params?: Pick<FieldParams, 'refine' | 'nprobe'>;
}

/** A pipeline that is ready to run on a corpus. */
export interface CompiledPipeline {
  readonly retriever: Retriever;
  /** The fields that it searches, names resolved. */
  readonly fields: readonly Field[];
}

/**
 * Looks up the names in a pipeline and makes a retriever of it.
 * @throws InvalidArgumentError for a name that nothing has, saying where it stands and what it may have meant; an operator over the wrong
 * kind of field; parameters out of their range; names that lead round in a circle.
 */
export async function compilePipeline(
  input: PipelineInput,
  environment: PipelineEnvironment,
): Promise<CompiledPipeline> {
  const compiler = new Compiler(environment);
  const { steps } = pipeline(input, environment.extensions);
  // Data get places by way of their text.
  const placed =
    typeof input === 'string' ? steps : pipeline(String(new Pipeline(steps)), environment.extensions).steps;
  const retriever = await compiler.compile(placed, []);
  return { retriever, fields: [...compiler.fields] };
}

const FIELD_PARAMETERS: Readonly<Record<string, OperatorParameter>> = {
  refine: { kind: 'number', least: 1, help: 'Candidates scored again more exactly, as a multiple of k.' },
  nprobe: {
    kind: 'whole',
    least: 1,
    help: 'Lists scanned where vectors have a compressed index; of token vectors, for each token.',
  },
};

/** Language models that pipelines named, each opened once. */
const opened = new WeakMap<LanguageModelKind, LanguageModel>();

class Compiler {
  readonly fields = new Set<Field>();
  /** Errors that say where they stand. */
  readonly #told = new WeakSet<InvalidArgumentError>();
  readonly #corpus: Corpus;
  readonly #operators: ReadonlyMap<string, Operator>;
  readonly #scope: Omit<OperatorScope, 'fail' | 'fields' | 'model' | 'agreed'>;

  constructor(private readonly environment: PipelineEnvironment) {
    const { corpus, extensions = {} } = environment;
    const { rerankers = [], feedbacks = [] } = extensions;
    this.#corpus = corpus;
    this.#operators = operatorsWith(extensions);
    this.#scope = {
      corpus,
      rerankers: new Map(rerankers.map((one) => [one.id, one])),
      feedbacks: new Map(feedbacks.map((one) => [one.id, one])),
      relevance: environment.relevance ?? (async () => shippedRelevance(corpus)),
    };
  }

  /** @param within names whose pipelines these steps are part of, outermost first. */
  async compile(steps: readonly PipelineStep[], within: readonly string[]): Promise<Retriever> {
    let ranking: Retriever | undefined;
    for (const step of steps) ranking = await this.#compileStep(step, ranking, within);
    return ranking!;
  }

  async #compileStep(step: PipelineStep, before: Retriever | undefined, within: readonly string[]): Promise<Retriever> {
    const { op, of = [], ...parameters } = step;
    const fail = (problem: string, remedy: string): never => {
      const named = within.length === 0 ? '' : `, in the pipeline "${within.at(-1)}"`;
      const error = stepError(step, `${problem}${named}`, remedy);
      this.#told.add(error);
      throw error;
    };
    const operator = this.#operators.get(op);
    if (operator?.takes === 'ranking') {
      if (before === undefined)
        return fail(`"${op}" works on a ranking, and none stands before it`, `Write "words > ${op}".`);
      return await this.#make(operator, [before], parameters, within, fail);
    }
    const field = this.#corpus.fields.find(({ name }) => name === op);
    const named = this.#named(op);
    if (operator === undefined && field === undefined && named === undefined) return this.#unknown(op, before, fail);
    if (before !== undefined) {
      return fail(
        `"${op}" begins a ranking, and cannot work on the one before it`,
        `Write fuse(..., ${op}) to join both.`,
      );
    }
    if (operator !== undefined) {
      if (of.length === 0) return fail(`"${op}" joins pipelines, and none is given`, `Write ${op}(words, meaning).`);
      const inputs: Retriever[] = [];
      for (const inner of of) inputs.push(await this.compile(inner, within));
      return await this.#make(operator, inputs, parameters, within, fail);
    }
    if (of.length > 0) return fail(`"${op}" takes no pipelines`, 'Leave them out.');
    if (field !== undefined) return this.#field(field, parameters, fail);
    if (Object.keys(parameters).length > 0) return fail(`the pipeline "${op}" takes no parameters`, 'Leave them out.');
    if (within.includes(op)) {
      const circle = [...within.slice(within.indexOf(op)), op].join(' > ');
      return fail(`the names lead round in a circle (${circle})`, 'Let one of them name no other.');
    }
    return await this.compile(pipeline(named!, this.environment.extensions).steps, [...within, op]);
  }

  /** What an operator refuses by itself, such as a field of another kind, says where it stands too. */
  async #make(
    operator: Operator,
    inputs: readonly Retriever[],
    parameters: Parameters<typeof checkParameters>[2],
    within: readonly string[],
    fail: OperatorScope['fail'],
  ): Promise<Retriever> {
    const checked = checkParameters(operator.name, operator.parameters, parameters, fail);
    try {
      return await operator.make(inputs, checked, this.#scopeOf(within, fail));
    } catch (error) {
      if (!(error instanceof InvalidArgumentError) || this.#told.has(error)) throw error;
      const problem = error.message.slice(0, -error.remedy.length).trim().replace(/\.$/, '');
      return fail(
        problem.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()),
        error.remedy,
      );
    }
  }

  #scopeOf(within: readonly string[], fail: OperatorScope['fail']): OperatorScope {
    const { stored = false, allowRemote = true, names } = this.environment;
    const isStored = stored || within.some((name) => names?.has(name) === true);
    const agreed: OperatorScope['agreed'] = (kind, { id, remote }) => {
      if (remote === true && isStored && !allowRemote) throw new RemoteNotAllowedError(id, kind);
    };
    return { ...this.#scope, fields: [...this.fields], fail, agreed, model: (name) => this.#model(name, agreed, fail) };
  }

  #model(name: string | undefined, agreed: OperatorScope['agreed'], fail: OperatorScope['fail']): LanguageModel {
    const kinds = this.environment.extensions?.languageModels ?? [];
    const kind = name === undefined && kinds.length === 1 ? kinds[0] : kinds.find((one) => one.name === name);
    if (kind === undefined) {
      const known = kinds.map((one) => one.name);
      const guess = name === undefined ? undefined : nearest(name, known);
      return fail(
        name === undefined ? 'it takes a language model, and names none' : `there is no language model "${name}"`,
        known.length === 0
          ? 'Give one first: see "Language models" in docs/ranking.md.'
          : guess === undefined
            ? `Write model=${known[0]}${known.length > 1 ? `; there are ${known.join(', ')}` : ''}.`
            : `Did you mean "${guess}"?`,
      );
    }
    agreed('language model', { id: kind.name, ...(kind.remote === undefined ? {} : { remote: kind.remote }) });
    let model = opened.get(kind);
    if (model === undefined) {
      model = kind.open('', kind.name);
      opened.set(kind, model);
    }
    return model;
  }

  #named(name: string): PipelineInput | undefined {
    if (Object.hasOwn(BUILT_IN, name)) return BUILT_IN[name as keyof typeof BUILT_IN];
    return this.environment.names?.get(name);
  }

  #field(field: Field, parameters: Readonly<Record<string, unknown>>, fail: OperatorScope['fail']): Retriever {
    this.fields.add(field);
    const { name, kind } = field;
    const isOfVectors = kind === 'vector' || kind === 'vectors';
    const checked = checkParameters(name, isOfVectors ? FIELD_PARAMETERS : {}, parameters, fail);
    return byField(this.#corpus, field, { ...this.environment.params, ...checked });
  }

  #unknown(name: string, before: Retriever | undefined, fail: OperatorScope['fail']): never {
    if (name === MEANING && !this.#corpus.fields.some(({ kind }) => kind === 'vector')) {
      fail(
        'this collection has no embeddings, so there is no field "meaning"',
        'Search by words, or index again into a new collection with an encoder.',
      );
    }
    const fitting = [...this.#operators.values()].filter(
      ({ takes }) => (takes === 'ranking') === (before !== undefined),
    );
    const known = [
      ...fitting.map((one) => one.name),
      ...(before === undefined
        ? [
            ...this.#corpus.fields.map((one) => one.name),
            ...Object.keys(BUILT_IN),
            ...(this.environment.names?.keys() ?? []),
          ]
        : []),
    ];
    const guess = nearest(name, known);
    const what = before === undefined ? 'field, operator or pipeline' : 'operator';
    return fail(
      `there is no ${what} "${name}"`,
      guess === undefined ? `There are ${known.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
}

/** Whether a name is one that a pipeline of a collection may have. @throws InvalidArgumentError saying what is wrong with it. */
export function checkPipelineName(name: string, { fields }: Pick<Corpus, 'fields'>): void {
  const taken = OPERATORS.has(name) || Object.hasOwn(BUILT_IN, name) || fields.some((field) => field.name === name);
  if (!taken && /^[a-z][\w-]{0,63}$/i.test(name)) return;
  throw new InvalidArgumentError(
    `"${name}" cannot be the name of a pipeline.`,
    taken
      ? 'A field, an operator or a pipeline that comes with the software has it; choose another.'
      : 'Use letters, digits, "-" and "_", a letter first, at most 64.',
  );
}

/** What relevance is judged by in a corpus that has not learned it: what comes with the software for its encoder. */
export function shippedRelevance({ fields }: Pick<Corpus, 'fields'>): Judging | undefined {
  const meaning = fields.find(({ name }) => name === MEANING);
  const parameters = defaultRelevance(meaning?.kind === 'vector' ? meaning.encoder : 'none');
  return parameters === undefined ? undefined : { parameters, isOwn: false };
}

/** @throws what `fail` throws, for a parameter that is not known, missing, of another kind or out of range. */
function checkParameters(
  op: string,
  known: Readonly<Record<string, OperatorParameter>>,
  given: Readonly<Record<string, unknown>>,
  fail: OperatorScope['fail'],
): Record<string, number | string | boolean | readonly (number | string)[]> {
  const checked: Record<string, number | string | boolean | readonly (number | string)[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const parameter = Object.hasOwn(known, name) ? known[name]! : undefined;
    if (parameter === undefined) {
      const guess = nearest(name, Object.keys(known));
      const names = Object.keys(known).join(', ');
      const remedy = names === '' ? 'Leave it out.' : `It takes ${names}.`;
      fail(`"${op}" has no parameter "${name}"`, guess === undefined ? remedy : `Did you mean "${guess}"?`);
    }
    checked[name] = checkParameter(op, name, parameter!, value, fail) as number;
  }
  const missing = Object.keys(known).find((name) => known[name]!.required === true && !Object.hasOwn(checked, name));
  if (missing !== undefined) fail(`"${op}" needs "${missing}"`, `Give "${missing}": ${known[missing]!.help}`);
  return checked;
}

function checkParameter(
  op: string,
  name: string,
  { kind, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, choices = [] }: OperatorParameter,
  value: unknown,
  fail: OperatorScope['fail'],
): unknown {
  const wrong = (wanted: string): never =>
    fail(
      `"${name}" of "${op}" is ${typeof value === 'string' ? `"${value}"` : JSON.stringify(value)}`,
      `Give ${wanted}.`,
    );
  const isNumber = (one: unknown): boolean => typeof one === 'number' && one >= least && one <= most;
  const range = `${least === Number.NEGATIVE_INFINITY ? '' : ` from ${least}`}${most === Number.POSITIVE_INFINITY ? '' : ` to ${most}`}`;
  switch (kind) {
    case 'number':
      return isNumber(value) ? value : wrong(`a number${range}`);
    case 'whole':
      return isNumber(value) && Number.isInteger(value) ? value : wrong(`a whole number${range}`);
    case 'numbers':
      return Array.isArray(value) && value.length > 0 && value.every(isNumber)
        ? value
        : wrong(`a list of numbers${range}`);
    case 'name':
      return typeof value === 'string' && value !== '' ? value : wrong('a name');
    case 'choice': {
      if (choices.includes(value as string)) return value;
      const guess = typeof value === 'string' ? nearest(value, choices) : undefined;
      return wrong(guess === undefined ? choices.join(' or ') : `${choices.join(' or ')}; did you mean "${guess}"`);
    }
  }
}
