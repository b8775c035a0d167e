import { Vectors } from '../../base/vectors.ts';
import { embeddingText } from '../../corpus/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
import type { Trainable } from '../../encode/trainable.ts';
import { type AdapterShape, trainableAdapter } from '../../encode/tuned/adapter.ts';
import type { TunedFiles } from '../../encode/tuned/description.ts';
import { formOf, openTrainable } from '../../encode/tuned/trainable.ts';
import type { EncoderTuning } from '../../encode/tuning.ts';
import {
  add,
  type Batch,
  type FitObjective,
  type ParameterGroup,
  type Parameters,
  type PartialShape,
  partOf,
  prefixed,
  type Runtime,
  type Scope,
  scale,
  type Tensor,
  type Tensors,
  toValue,
  withParts,
} from '../../tensor/index.ts';
import { cosines, infoNCE, learnedTemperature, listwiseKL } from '../objectives/index.ts';
import type { TuneCorpus } from './corpus.ts';
import { remembered } from './remembered.ts';

/**
 * What is trained.
 *
 * - `adapter`: a small correction of query vectors; works with every encoder, passages keep their vectors
 * - `query`: a copy of the encoder for queries; passages keep their vectors
 * - `encoder`: the encoder for queries and passages, which are encoded again
 * - `table`: a token table (`static`); fast, and passages are encoded again
 */
export type TuneTarget = 'adapter' | 'query' | 'encoder' | 'table';

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
  const { what, base, baseId, versions, tuning, seed, queries, runtime } = input;
  if (what === 'adapter') {
    const remembering = remembered(base);
    const options = { role: 'query', ...(input.signal === undefined ? {} : { signal: input.signal }) } as const;
    const vectors = await remembering.encode(queries, options);
    const trainable = trainableAdapter({ base: remembering, shape: input.adapter, runtime, seed });
    return learnerOf(
      input,
      trainable,
      queries.map((_, i) => vectors.row(i)),
    );
  }
  const start = what === 'table' && (await formOf(baseId, versions)) !== 'static' ? 'static' : baseId;
  // A table that moves for words of the training queries only leaves the other words behind.
  const trainable = await openTrainable(start, { versions, tuning, trainTable: what === 'encoder', seed });
  return learnerOf(input, trainable, queries, (number) => {
    const { title, headings, text } = input.corpus.passage(number);
    return embeddingText(title, headings, text);
  });
}

/** @param asked what the queries are to it. @param answer what a passage is to it, where passages get other vectors. */
function learnerOf<In>(
  { what, corpus, base, baseId }: LearnerInput,
  trainable: Trainable<In>,
  asked: readonly In[],
  answer?: (number: number) => In & string,
): Learner {
  const answered = what === 'encoder' || what === 'table' ? answer : undefined;
  const model = withParts(trainable, ['q:', 'd:']);
  return {
    parameters: model.parameters,
    groups: model.groups,
    shapes: model.shapes,
    encodesPassages: answered !== undefined,
    learningRate: trainable.learningRate,
    scores: (scope, batch) =>
      cosines(
        trainable.forward(scope, partOf('q:', batch)),
        answered === undefined ? batch['documents']! : trainable.forward(scope, partOf('d:', batch)),
      ),
    batch: (chosen, passages) => ({
      ...prefixed(
        'q:',
        trainable.batch(
          chosen.map((query) => asked[query]!),
          'query',
        ),
      ),
      ...(answered === undefined
        ? { documents: toValue(vectorsOf(corpus, passages)) }
        : prefixed('d:', trainable.batch(passages.map(answered)))),
    }),
    serve: () => {
      const served = trainable.serve('training');
      const how = (role: 'query' | 'document', signal: AbortSignal | undefined) => ({
        role,
        ...(signal === undefined ? {} : { signal }),
      });
      return {
        encodeQueries: (texts, signal) => served.encode(texts, how('query', signal)),
        encodePassages: async (numbers, signal) =>
          answered === undefined
            ? vectorsOf(corpus, numbers)
            : served.encode(numbers.map(answered), how('document', signal)),
        dispose: async () => served.dispose?.(),
      };
    },
    files: async (training, denseShare) => ({
      description: {
        form: trainable.form,
        ...(answered === undefined ? { of: 'queries' } : {}),
        base: baseId,
        dim: trainable.dim,
        ...(base.languages === undefined ? {} : { languages: base.languages }),
        ...(Object.keys(trainable.tuning).length > 0 ? { tuning: trainable.tuning } : {}),
        denseShare,
        training,
      },
      files: await trainable.save(),
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
