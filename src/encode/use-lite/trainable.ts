import { join } from 'node:path';
import { InvalidArgumentError } from '../../base/errors.ts';
import { type Batch, Parameters, readParameters, type Scope, type Tensors, toOnnx } from '../../tensor/index.ts';
import { raggedInputs, raggedOf, raggedShapes } from '../ragged.ts';
import { type EncoderForm, rateOf, type SavedEncoder, type Trainable } from '../trainable.ts';
import { type EncoderTuning, frozen } from '../tuning.ts';
import { ADDED, completeGraph, EMBEDDING, MAX_LENGTH, TABLE, TIMING, TOKENS, useLiteModel, WIDTH } from './graph.ts';
import { UnigramTokenizer } from './unigram.ts';
import { useLite } from './use-lite.ts';
import { readVocabulary, readWeights, tunedWeights, weightsFolder } from './weights.ts';

/** Options of {@link trainableUseLite}. */
export interface TrainableUseLiteOptions {
  /** Weights to start from. Default: those that were published. They are trained in place. */
  readonly parameters?: Parameters;
  /**
   * Train only modules beside the weights, which stay as they are. Default: train all weights. `useLiteTuning` of the
   * encoder that serves them must be the same.
   */
  readonly tuning?: EncoderTuning;
  /** Whether the embedding table is trained too, where the weights are. Default true. */
  readonly trainTable?: boolean;
  /** Tokens of a text that are read, at most 128. Fewer make training faster; the encoder served reads 128. */
  readonly maxLength?: number;
  /** Folder of the published weights and of the vocabulary. Default: the package. */
  readonly folder?: string;
  readonly seed?: number;
}

/** use-lite with parameters that can be trained: in full, or by LoRA or side-connected adapters. */
export async function trainableUseLite(options: TrainableUseLiteOptions = {}): Promise<Trainable> {
  const { tuning = {}, trainTable = true, maxLength = MAX_LENGTH, folder = weightsFolder(), seed = 0 } = options;
  const tokenizer = new UnigramTokenizer(await readVocabulary(folder, TOKENS), join(folder, 'vocab.json'));
  const parameters = options.parameters ?? new Parameters(seed);
  const weights = options.parameters === undefined ? await readWeights(folder) : await tunedWeights(options.parameters);
  const isPartial = tuning.lora !== undefined || tuning.side !== undefined;
  // Asks for every parameter once, so that they all exist and are copies of their own.
  completeGraph(parameters, weights, tuning);
  for (const name of parameters.names) {
    const { data, shape } = parameters.get(name);
    parameters.set(name, data.slice(), shape);
  }
  const weightNames = parameters.names.filter((name) => !ADDED.test(name));

  return {
    form: 'use-lite',
    dim: WIDTH,
    parameters,
    groups: [frozen(isPartial ? weightNames : [TIMING, ...(trainTable ? [] : [TABLE])])],
    shapes: raggedShapes('', 'mean'),
    tuning,
    learningRate: rateOf(tuning, 1e-4),

    batch(texts): Batch {
      // The graph knows no empty text: a space is the nearest thing to it.
      const lists = texts.map((text) => tokenizer.encode(text === '' ? ' ' : text, maxLength));
      const { tokens, ...inputs } = raggedInputs(lists, 'mean');
      return { ...inputs, tokens: { data: tokens, shape: [tokens.length] } };
    },

    forward(scope: Scope, batch: Tensors) {
      const embeddings = scope.lookup(TABLE, [TOKENS, EMBEDDING], batch['tokens']!, () =>
        weights.get(TABLE, [TOKENS, EMBEDDING]),
      );
      return useLiteModel(scope, { ...raggedOf(batch, ''), embeddings }, 'mean', weights, tuning);
    },

    serve: (id) => useLite({ folder, tuned: { id, parameters: parameters.clone(), tuning } }),
    save: async () => new Map([[FILE, toOnnx(completeGraph(parameters, weights, tuning))]]),
  };
}

const FILE = 'model.onnx';

const parametersOf = async (saved: SavedEncoder) =>
  readParameters((await saved.files()).get(FILE) ?? new Uint8Array(), join(saved.folder, FILE));

/** Universal Sentence Encoder Lite: `use-lite`. */
export const form: EncoderForm = {
  name: 'use-lite',
  async start(spec, rest, options) {
    if (rest !== '') throw new InvalidArgumentError(`The encoder "${spec}" is not known.`, 'Write `use-lite`.');
    return trainableUseLite(options);
  },
  resume: async (saved, options) =>
    trainableUseLite({
      ...options,
      tuning: { ...saved.tuning, ...options.tuning },
      parameters: await parametersOf(saved),
    }),
  open: async (saved, id) => useLite({ tuned: { id, parameters: await parametersOf(saved), tuning: saved.tuning } }),
};
