import { readFile } from 'node:fs/promises';
import {
  type Batch,
  connectedAdapters,
  constantsOf,
  Graph,
  Parameters,
  type Scope,
  type Tensor,
  type Tensors,
  unitLength,
} from '../../tensor/index.ts';
import type { Encoder } from '../encoder.ts';
import { withPrefix } from '../prefixes.ts';
import { declareRagged, type Ragged, raggedInputs, raggedOf, raggedShapes } from '../ragged.ts';
import { parseSettings } from '../spec.ts';
import { type EncoderForm, rateOf, type Trainable } from '../trainable.ts';
import { type EncoderTuning, frozen } from '../tuning.ts';
import { bertEncoder } from './bert.ts';
import { type BertDescription, describedFiles, readDescription } from './description.ts';
import { bertFolder, partsOf, partsWithSide, SIDE_FILE } from './folder.ts';
import type { BertOptions } from './loaded.ts';
import { updated, withUpdates } from './low-rank.ts';
import { miniLmDescription } from './minilm.ts';
import { type BertModules, bertStates, POSITIONS, pooled, TYPES, WORDS } from './model.ts';
import { writeSafetensors } from './safetensors.ts';
import { toTensors } from './weights.ts';
import { WordPieceTokenizer } from './wordpiece.ts';
import { wordsOf } from './words.ts';

/** Options of {@link trainableBert}. */
export interface TrainableBertOptions {
  /** Weights to start from, trained in place. Default: those of the description. */
  readonly parameters?: Parameters;
  readonly tuning?: EncoderTuning;
  /** Whether the table of word pieces is trained too, where the weights are. Default true. */
  readonly trainTable?: boolean;
  /** Tokens of a text that are read in training, at most those that the encoder reads. Fewer make training faster. Default 128. */
  readonly maxLength?: number;
  readonly seed?: number;
}

/** A trainable BERT, which can be served in 8 bits (the default, as it is when it was saved) or in floats. */
export interface TrainableBert extends Trainable {
  serve(id: string, options?: BertOptions): Encoder;
}

/** Parameters beside the weights. */
const ADDED = /_[ab]$|^side\//;

/**
 * A BERT with parameters that can be trained: in full, or by LoRA or side-connected adapters.
 */
export async function trainableBert(
  description: BertDescription,
  options: TrainableBertOptions = {},
): Promise<TrainableBert> {
  const { tuning = {}, trainTable = true, seed = 0 } = options;
  const maxLength = Math.min(options.maxLength ?? 128, description.maxLength);
  const { shape, pooling, normalize } = description;
  const tokenizer = await WordPieceTokenizer.open(description.tokenizer);
  const parameters = new Parameters(seed);
  const given = options.parameters ?? (await partsOf(description)).parameters;
  for (const name of given.names) parameters.set(name, given.get(name).data.slice(), given.get(name).shape);
  const isPartial = tuning.lora !== undefined || tuning.side !== undefined;

  const modules = (scope: Scope): BertModules =>
    tuning.side === undefined ? {} : { after: connectedAdapters(scope.at('side'), tuning.side) };
  const vectors = (scope: Scope, inputs: Ragged & { readonly words: Tensor }): Tensor => {
    const tuned = updated(scope, tuning.lora);
    const states = bertStates(tuned, inputs, shape, modules(scope));
    const result = pooled(states, inputs, pooling);
    return normalize ? unitLength(result) : result;
  };
  const table = (scope: Scope, tokens: Tensor) =>
    scope.lookup(WORDS, [shape.vocabulary, shape.width], tokens, () => parameters.get(WORDS).data);
  // Asks for every parameter once, so that modules exist before the first step.
  const graph = new Graph();
  const asking = constantsOf(graph, parameters);
  vectors(asking, {
    ...declareRagged(graph, pooling),
    words: table(asking, graph.input('tokens', 'int32', ['tokens'])),
  });

  const weights = parameters.names.filter((name) => !ADDED.test(name));
  // Places and types are a few rows that pairs of short texts would only bend.
  const kept = isPartial ? weights : [POSITIONS, TYPES, ...(trainTable ? [] : [WORDS])];
  const prompted = (texts: readonly string[], role: 'query' | 'document') => {
    const inputs = withPrefix(texts, description.prompts, { role });
    return description.lowerCase ? inputs.map((text) => text.toLowerCase()) : inputs;
  };
  const merged = (): Parameters => withUpdates(parameters, parameters, shape, tuning.lora);

  return {
    form: 'bert',
    dim: shape.width,
    parameters,
    groups: [frozen(kept)],
    shapes: raggedShapes('', pooling),
    tuning,
    learningRate: rateOf(tuning, 5e-5),

    batch(texts, role = 'document'): Batch {
      const { cls, sep } = tokenizer;
      const lists = prompted(texts, role).map((text) => [cls, ...tokenizer.encode(text, maxLength - 2), sep]);
      const { tokens, ...inputs } = raggedInputs(lists, pooling);
      return { ...inputs, tokens: { data: tokens, shape: [tokens.length] } };
    },

    forward: (scope: Scope, batch: Tensors) =>
      vectors(scope, { ...raggedOf(batch, ''), words: table(scope, batch['tokens']!) }),

    serve: (id, served: BertOptions = {}) => {
      const own = merged();
      return bertEncoder(
        {
          id,
          description,
          words: async () => wordsOf(own.get(WORDS).data, shape.width),
          parts: async () => ({ shape, pooling, normalize, parameters: own, modules }),
        },
        served,
      );
    },

    async save() {
      const own = merged();
      const files = new Map<string, Uint8Array>(describedFiles(description));
      files.set('tokenizer.json', await readFile(description.tokenizer));
      files.set('model.safetensors', writeSafetensors(toTensors(own, description), { format: 'pt' }));
      if (tuning.side !== undefined) {
        const added = own.names.filter((name) => name.startsWith('side/'));
        files.set(SIDE_FILE, writeSafetensors(new Map(added.map((name) => [name, own.get(name)]))));
      }
      return files;
    },
  };
}

/** The BERT family: `minilm`, `bert:<folder>`. */
export const form: EncoderForm = {
  name: 'bert',
  async start(spec, rest, options) {
    const { name, settings } = parseSettings(spec, rest.replace(/^:/, ''), ['precision', 'length']);
    const read = name === '' ? miniLmDescription() : await readDescription(name);
    const maxLength = settings.length === undefined ? read.maxLength : Number(settings.length);
    return trainableBert({ ...read, maxLength }, options);
  },
  async resume({ folder, tuning: { side } }, options) {
    const description = await readDescription(folder);
    // Low-rank updates are part of the weights by now.
    if (side === undefined) return trainableBert(description, options);
    const { parameters } = await partsWithSide(description, side);
    return trainableBert(description, { ...options, tuning: { ...options.tuning, side }, parameters });
  },
  open: ({ folder, tuning: { side } }, id) => bertFolder(folder, { id, ...(side === undefined ? {} : { side }) }),
};
