import { Vectors } from '../../base/vectors.ts';
import { embeddingText } from '../../collection/embedding-text.ts';
import type { Encoder } from '../../encode/encoder.ts';
import type { TrainableEncoder } from '../../encode/trainable.ts';
import { type AdapterShape, adapter, adapterGraph } from '../../encode/tuned/adapter.ts';
import { keepsDocuments, modelName, type TunedFiles, type TunedForm } from '../../encode/tuned/description.ts';
import { type OpenTrainable, openTrainable } from '../../encode/tuned/trainable.ts';
import type { EncoderTuning } from '../../encode/tuning.ts';
import {
  add,
  type Batch,
  type FitObjective,
  type ParameterGroup,
  Parameters,
  type PartialShape,
  type Runtime,
  type Scope,
  scale,
  type Tensor,
  type Tensors,
  toOnnx,
  toValue,
  type Value,
} from '../../tensor/index.ts';
import { cosines, infoNCE, learnedTemperature, listwiseKL } from '../objectives/index.ts';
import type { TuneCorpus } from './corpus.ts';

/**
 * What is trained.
 *
 * - `adapter`: a small correction of query vectors; works with every encoder, passages keep their vectors
 * - `query`: a copy of the encoder for queries; passages keep their vectors
 * - `encoder`: the encoder for queries and passages, which are encoded again
 * - `table`: a token table (`static`); fast, and passages are encoded again
 */
export type TuneTarget = 'adapter' | 'query' | 'encoder' | 'table';

/** One query of a batch: its number among the queries, its passage, and passages that are not relevant. */
export interface BatchItem {
  readonly query: number;
  readonly positive: number;
  readonly negatives: readonly number[];
}

/** What is being trained, to the loop that trains it. */
export interface Learner {
  readonly parameters: Parameters;
  readonly groups: readonly ParameterGroup[];
  readonly shapes: Readonly<Record<string, PartialShape>>;
  /** Whether passages get other vectors too. */
  readonly encodesPassages: boolean;
  /** Peak learning rate that suits it where none is named. */
  readonly learningRate: number;
  /** Cosines `[queries, passages]` of a batch. */
  scores(scope: Scope, batch: Tensors): Tensor;
  /** The arrays of queries and passages. */
  batch(queries: readonly number[], passages: readonly number[]): Batch;
  /** The encoder with the parameters as they are, as it would be deployed. */
  serve(): ServedLearner;
  /** What is deployed. @param training how it was trained, for people. @param denseShare see `Encoder.denseShare`. */
  files(training: Readonly<Record<string, unknown>>, denseShare: number): Promise<TunedFiles>;
}

/** What was trained so far, at work. */
export interface ServedLearner {
  encodeQueries(queries: readonly string[], signal?: AbortSignal): Promise<Vectors>;
  /** Vectors of passages; their own where they stay. */
  encodePassages(numbers: readonly number[], signal?: AbortSignal): Promise<Vectors>;
  dispose(): Promise<void>;
}

/** What a learner is made from. */
export interface LearnerInput {
  readonly what: TuneTarget;
  readonly corpus: TuneCorpus;
  readonly queries: readonly string[];
  /** The collection's encoder, what its manifest calls it, and where trained versions lie. */
  readonly base: Encoder;
  readonly baseId: string;
  readonly versions: string;
  readonly seed: number;
  readonly adapter: AdapterShape;
  readonly tuning: EncoderTuning;
  readonly runtime: Runtime;
  readonly signal?: AbortSignal;
}

/** @throws InvalidArgumentError when the collection's encoder cannot be trained that way. */
export async function createLearner(input: LearnerInput): Promise<Learner> {
  const { what, baseId } = input;
  if (what === 'adapter') return adapterLearner(input);
  const { versions, seed } = input;
  // A table that moves for words of the training queries only leaves the other words behind.
  const trainTable = what === 'encoder';
  const isStatic = /^(static|tuned:static-)/.test(baseId);
  const start = what === 'table' && !isStatic ? 'static' : baseId;
  const opened = await openTrainable(start, { versions, tuning: input.tuning, trainTable, seed });
  const form = what === 'query' && opened.form !== 'static' ? (`${opened.form}-query` as const) : opened.form;
  return encoderLearner({ ...input, tuning: opened.tuning }, opened, form);
}

function encoderLearner(input: LearnerInput, opened: OpenTrainable, form: TunedForm): Learner {
  const { encoder } = opened;
  const { corpus, queries, baseId } = input;
  const encodesPassages = !keepsDocuments(form);
  const textOf = (number: number) => {
    const { title, headings, text } = corpus.passage(number);
    return embeddingText(title, headings, text);
  };
  const options = (role: 'query' | 'document', signal: AbortSignal | undefined) => ({
    role,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    parameters: encoder.parameters,
    groups: encoder.groups,
    shapes: { ...encoder.shapes('q:'), ...(encodesPassages ? encoder.shapes('d:') : {}) },
    encodesPassages,
    learningRate: rateFor(opened.form, input.tuning),
    scores: (scope, batch) =>
      cosines(
        encoder.encode(scope, batch, 'q:'),
        encodesPassages ? encoder.encode(scope, batch, 'd:') : batch['documents']!,
      ),
    batch: (chosen, passages) => ({
      ...encoder.batch(
        chosen.map((query) => queries[query]!),
        'q:',
      ),
      ...(encodesPassages ? encoder.batch(passages.map(textOf), 'd:') : { documents: rowsOf(corpus, passages) }),
    }),
    serve: () => {
      const served = encoder.serve('training');
      return {
        encodeQueries: (texts, signal) => served.encode(texts, options('query', signal)),
        encodePassages: async (numbers, signal) =>
          encodesPassages
            ? served.encode(numbers.map(textOf), options('document', signal))
            : vectorsOf(corpus, numbers),
        dispose: async () => served.dispose?.(),
      };
    },
    files: async (training, denseShare) => ({
      description: {
        form,
        base: baseId,
        dim: encoder.dim,
        ...(input.base.languages === undefined ? {} : { languages: input.base.languages }),
        ...(Object.keys(input.tuning).length > 0 ? { tuning: input.tuning } : {}),
        denseShare,
        training,
      },
      ...(await contentOf(encoder, form)),
    }),
  };
}

/** Weights that were trained beforehand move little; what is added to them starts at nothing and moves more. */
function rateFor(form: OpenTrainable['form'], { lora, side }: EncoderTuning): number {
  if (form === 'static') return 3e-3;
  if (side !== undefined) return 1e-3;
  if (lora !== undefined) return 5e-4;
  return form === 'bert' ? 5e-5 : 1e-4;
}

/** The model of an encoder, and the files beside it. */
async function contentOf(encoder: TrainableEncoder, form: TunedForm): Promise<Pick<TunedFiles, 'model' | 'others'>> {
  const others = new Map(await encoder.save?.());
  const name = modelName(form);
  const model = others.get(name) ?? encoder.toOnnx();
  others.delete(name);
  return { model, ...(others.size === 0 ? {} : { others }) };
}

async function adapterLearner(input: LearnerInput): Promise<Learner> {
  const { corpus, queries, base, baseId, seed, adapter: shape, runtime, signal } = input;
  const { dim } = base;
  const parameters = new Parameters(seed);
  // Also makes the parameters, so that the adapter can be served before its first step.
  const model = () => toOnnx(adapterGraph(parameters, dim, shape));
  model();
  const options = { role: 'query', ...(signal === undefined ? {} : { signal }) } as const;
  const known = new Map<string, Float32Array>();
  const frozen = async (texts: readonly string[]): Promise<Vectors> => {
    const missing = [...new Set(texts)].filter((text) => !known.has(text));
    const fresh = await base.encode(missing, options);
    missing.forEach((text, i) => {
      known.set(text, fresh.row(i));
    });
    return Vectors.fromRows(
      texts.map((text) => known.get(text)!),
      dim,
    );
  };
  const own = await frozen(queries);
  return {
    parameters,
    groups: [],
    shapes: {},
    encodesPassages: false,
    learningRate: 1e-3,
    scores: (scope, batch) => cosines(adapter(scope, batch['given']!, shape), batch['documents']!),
    batch: (chosen, passages) => ({
      given: toValue(Vectors.fromRows(chosen.map((query) => own.row(query)))),
      documents: rowsOf(corpus, passages),
    }),
    serve: () => {
      const session = runtime.createSession(model());
      // Its failure is that of whoever uses it.
      session.catch(() => undefined);
      return {
        async encodeQueries(texts) {
          const { data, count } = await frozen(texts);
          const { vectors } = await (await session).run({ given: { data, shape: [count, dim] } });
          return new Vectors(vectors!.data as Float32Array, dim);
        },
        encodePassages: async (numbers) => vectorsOf(corpus, numbers),
        dispose: async () => (await session).dispose(),
      };
    },
    files: async (training, denseShare) => ({
      description: {
        form: 'adapter',
        base: baseId,
        dim,
        ...(base.languages === undefined ? {} : { languages: base.languages }),
        denseShare,
        training,
      },
      model: model(),
    }),
  };
}

/** How a batch is judged. */
export interface TuneObjective {
  /** Default 0.05. `learned` starts there. */
  readonly temperature: number | 'learned';
  /** Share of the distillation from the teacher's scores, which the batch then holds as `teacher`; 0 for none. */
  readonly distill: boolean;
}

/**
 * The loss of a batch: InfoNCE, or listwise distillation with a tenth of it (Tamber et al. 2025). `exclude` marks known
 * positives and copies.
 */
export function tuneObjective({ temperature, distill }: TuneObjective): FitObjective {
  return (forward, batch, scope) => {
    const scores = forward(batch);
    const contrast = infoNCE(scores, {
      temperature: temperature === 'learned' ? learnedTemperature(scope.at('objective')) : temperature,
      exclude: batch['exclude']!,
    });
    if (!distill) return contrast;
    return add(listwiseKL(scores, batch['teacher']!), scale(contrast, 0.1));
  };
}

function vectorsOf(corpus: TuneCorpus, numbers: readonly number[]): Vectors {
  return Vectors.fromRows(
    numbers.map((number) => corpus.vectors.row(number)),
    corpus.vectors.dim,
  );
}

function rowsOf(corpus: TuneCorpus, numbers: readonly number[]): Value {
  return toValue(vectorsOf(corpus, numbers));
}
