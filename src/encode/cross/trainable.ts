import {
  type Batch,
  constantsOf,
  type FitModel,
  Graph,
  gather,
  type ParameterGroup,
  Parameters,
  type Scope,
  type Tensor,
  type Tensors,
} from '../../tensor/index.ts';
import { partsOf } from '../bert/folder.ts';
import { updated } from '../bert/low-rank.ts';
import { bertStates, WORDS } from '../bert/model.ts';
import { headOf, relevanceHead } from '../bert/relevance-head.ts';
import { WordPieceTokenizer } from '../bert/wordpiece.ts';
import { declareRagged, type Ragged, raggedInputs, raggedOf, raggedShapes } from '../ragged.ts';
import { type EncoderTuning, frozen } from '../tuning.ts';
import type { CrossEncoder, CrossOptions } from './cross.ts';
import { baseOf, serveCross } from './open.ts';
import { limitsOf, type PairLimits, pairTokens } from './pairs.ts';
import type { CrossWeights } from './weights.ts';

/** Options of {@link trainableCross}; of a pair 192 tokens are read by default. */
export interface TrainableCrossOptions extends PairLimits {
  /** Low-rank updates of the body, which itself stays as it is. Default: rank and alpha 16. */
  readonly lora?: NonNullable<EncoderTuning['lora']>;
  /** What was learned before, to go on from; then `lora` and the limits are its own. */
  readonly start?: CrossWeights;
  readonly seed?: number;
}

/** Tokens of a pair that are read in training, and then: with as many as a text has, it takes twice as long. */
const READ = 192;

/** A query and a passage. */
export type Pair = readonly [query: string, passage: string];

/** A cross-encoder that can be trained: `forward` gives one score for each pair of a batch, `[pairs]`. */
export interface TrainableCross extends FitModel {
  readonly groups: readonly ParameterGroup[];
  /** Highest learning rate that suits it. */
  readonly learningRate: number;
  /** Pairs as arrays. */
  batch(pairs: readonly Pair[]): Batch;
  /** A cross-encoder with the parameters as they are now. */
  serve(id: string, options?: CrossOptions): CrossEncoder;
  /** What was learned, to be written as a file. @param made how, for people. */
  learned(made?: Readonly<Record<string, unknown>>): CrossWeights;
}

/** Parameters that are trained beside a body that stays as it is: its updates, the head, and what tells the two texts apart. */
const LEARNED = /_[ab]$|^head\/|^embeddings\/types$/;

/**
 * A cross-encoder (Nogueira and Cho 2019, arXiv 1901.04085) to be trained: a BERT that reads a query and a passage as one input, told apart by their
 * types, and a head that makes a score of the first token's state. The body learns by LoRA (Hu et al. 2021), so that what is learned of 22 million weights
 * is less than a million numbers, and is kept beside them.
 *
 * @param base `minilm`, or `bert:FOLDER`. @throws what opening that throws.
 */
export async function trainableCross(base: string, options: TrainableCrossOptions = {}): Promise<TrainableCross> {
  const { seed = 0 } = options;
  const description = await baseOf(base);
  const { shape } = description;
  const { start } = options;
  const lora = start?.lora ?? options.lora ?? { rank: 16, alpha: 16 };
  const limits =
    start?.limits ??
    limitsOf({ ...options, maxLength: options.maxLength ?? Math.min(READ, description.maxLength) }, description);
  const tokenizer = await WordPieceTokenizer.open(description.tokenizer);
  const parameters = new Parameters(seed);
  const { parameters: body } = await partsOf(description);
  for (const name of body.names) parameters.set(name, body.get(name).data, body.get(name).shape);
  for (const [name, { data, shape: extents }] of start?.arrays ?? headOf(description)) {
    parameters.set(name, data.slice(), extents);
  }

  const scores = (scope: Scope, inputs: Ragged & { readonly words: Tensor; readonly types: Tensor }): Tensor => {
    const states = bertStates(updated(scope, lora), inputs, shape);
    return relevanceHead(scope, gather(states, inputs.chosen!));
  };
  const table = (scope: Scope, tokens: Tensor) =>
    scope.lookup(WORDS, [shape.vocabulary, shape.width], tokens, () => parameters.get(WORDS).data);
  // Asks for every parameter once, so that modules exist before the first step.
  const graph = new Graph();
  const asking = constantsOf(graph, parameters);
  scores(asking, {
    ...declareRagged(graph, 'cls'),
    types: graph.input('types', 'int32', ['tokens']),
    words: table(asking, graph.input('tokens', 'int32', ['tokens'])),
  });
  const learnedNames = parameters.names.filter((name) => LEARNED.test(name));
  const learned = (made?: Readonly<Record<string, unknown>>): CrossWeights => ({
    base,
    lora,
    limits,
    arrays: new Map(
      learnedNames.map((name) => [
        name,
        { data: parameters.get(name).data.slice(), shape: parameters.get(name).shape },
      ]),
    ),
    ...(made === undefined ? {} : { made }),
  });

  return {
    parameters,
    learningRate: 5e-4,
    groups: [frozen(parameters.names.filter((name) => !LEARNED.test(name)))],
    shapes: { ...raggedShapes('', 'cls'), types: ['tokens'] },
    batch(pairs): Batch {
      const read = pairs.map(([query, passage]) => pairTokens(tokenizer, description, query, passage, limits));
      const { tokens, ...inputs } = raggedInputs(
        read.map((pair) => pair.tokens),
        'cls',
      );
      const types = new Int32Array(tokens.length);
      let at = 0;
      for (const pair of read) {
        types.fill(1, at + pair.second, at + pair.tokens.length);
        at += pair.tokens.length;
      }
      return {
        ...inputs,
        tokens: { data: tokens, shape: [tokens.length] },
        types: { data: types, shape: [types.length] },
      };
    },
    forward: (scope: Scope, batch: Tensors) =>
      scores(scope, {
        ...raggedOf(batch, ''),
        types: batch['types']!,
        words: table(scope, batch['tokens']!),
      }),
    serve: (id, served = {}) => serveCross(id, description, learned(), served),
    learned,
  };
}
