import { createHash } from 'node:crypto';
import type { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import {
  add,
  type Batch,
  bottleneckAdapter,
  connectedAdapters,
  embedding,
  linear,
  meanPooling,
  normal,
  normalize,
  type ParameterGroup,
  Parameters,
  paddingMask,
  type Scope,
  type Tensor,
  type Tensors,
  transformerBlock,
  unitLength,
  withLora,
} from '../../src/tensor/index.ts';
import { cosines, infoNCE } from '../../src/train/index.ts';
import type { Lab } from '../lab/index.ts';
import { encodeBy, trainModel } from '../lab/training.ts';

/** Size of the transformer: words are hashed into rows of a table. */
const [LAYERS, WIDTH, HEADS, HIDDEN, ROWS] = [4, 64, 4, 128, 8192];
/** Words of a query and of a document that are read. */
const QUERY = 12;
const DOCUMENT = 32;
const BATCH = 64;
const TEMPERATURE = 0.05;

/** What is trained for the task, beside or instead of the body. */
export type Tuning = 'full' | 'layers' | 'biases' | 'lora' | 'adapters' | 'connected';

/**
 * Ranks that give about as many trained numbers, 1.2% of the model: adapters of rank 16 have 8,192, those of rank 8 with a side path of 8
 * have 8,216, low-rank updates of rank 2 have 6,400. `trainedCount` counts them.
 */
const RANKS = { adapters: 16, connected: 8, lora: 2 } as const;

const TRAINED: Readonly<Record<Tuning, RegExp>> = {
  full: /^/,
  layers: /^(?!words\/)/,
  biases: /(^|\/)(bias|offset)$/,
  lora: /_[ab]$/,
  adapters: /^adapters\//,
  connected: /^adapters\//,
};

/** Words of a text as rows of the table. Row 0 is for padding. */
export function wordsOf(text: string): number[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(
    (word) => 1 + (createHash('md5').update(word).digest().readUInt32LE() % (ROWS - 1)),
  );
}

/** Texts as what the model reads: `NAME` `[texts, length]` and `NAME-present`. */
function inputs(name: string, texts: readonly (readonly number[])[], length: number): Batch {
  const [ids, present] = [new Int32Array(texts.length * length), new Float32Array(texts.length * length)];
  texts.forEach((words, i) => {
    const read = words.slice(0, length);
    ids.set(read, i * length);
    present.fill(1, i * length, i * length + Math.max(1, read.length));
  });
  const shape = [texts.length, length];
  return { [name]: { data: ids, shape }, [`${name}-present`]: { data: present, shape } };
}

/** Pre-norm transformer blocks over words and places, a module after each where there are some; mean, map, unit length. */
function encode(scope: Scope, batch: Tensors, name: string, tuning: Tuning): Tensor {
  const [ids, present] = [batch[name]!, batch[`${name}-present`]!];
  const length = Number(ids.shape[1]);
  const body = tuning === 'lora' ? withLora(scope, { rank: RANKS.lora }) : scope;
  const places = body.parameter(`places${length}`, [1, length, WIDTH], normal(0.02));
  const mask = paddingMask(present);
  const connected = connectedAdapters(scope.at('adapters'), { rank: RANKS.connected });
  let states = add(embedding(body.at('words'), ids, ROWS, WIDTH), places);
  for (let layer = 0; layer < LAYERS; layer++) {
    states = transformerBlock(body.at(`layer${layer}`), states, { heads: HEADS, hidden: HIDDEN, mask });
    if (tuning === 'connected') states = connected(states);
    if (tuning === 'adapters') {
      states = bottleneckAdapter(scope.at('adapters').at(layer), states, { rank: RANKS.adapters });
    }
  }
  return unitLength(linear(body.at('map'), meanPooling(normalize(body.at('last'), states), present), WIDTH));
}

/** Positive pairs of texts, as words: what is asked, and what answers it. */
export type TextPair = readonly [query: readonly number[], document: readonly number[]];

/** How a model is trained. */
export interface TextTraining {
  readonly tuning: Tuning;
  /** Draws a pair. */
  readonly draw: (random: Random) => TextPair;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Trains in place by InfoNCE within batches of 64. @returns seconds. */
export function trainTexts(parameters: Parameters, training: TextTraining): Promise<number> {
  const { tuning, draw, ...how } = training;
  const frozen: ParameterGroup[] = tuning === 'full' ? [] : [{ match: TRAINED[tuning] }, { match: /^/, frozen: true }];
  return trainModel({
    ...how,
    parameters,
    groups: frozen,
    loss: (scope, batch) =>
      infoNCE(cosines(encode(scope, batch, 'query', tuning), encode(scope, batch, 'document', tuning)), {
        temperature: TEMPERATURE,
      }),
    batch: (random) => {
      const pairs = Array.from({ length: BATCH }, () => draw(random));
      return {
        ...inputs(
          'query',
          pairs.map(([query]) => query),
          QUERY,
        ),
        ...inputs(
          'document',
          pairs.map(([, document]) => document),
          DOCUMENT,
        ),
      };
    },
  });
}

/** Vectors of texts. */
export function encodeTexts(
  parameters: Parameters,
  tuning: Tuning,
  side: 'query' | 'document',
  texts: readonly (readonly number[])[],
): Promise<Vectors> {
  const batches: Batch[] = [];
  const size = 500;
  for (let from = 0; from < texts.length; from += size) {
    batches.push(inputs(side, texts.slice(from, from + size), side === 'query' ? QUERY : DOCUMENT));
  }
  return encodeBy(parameters, (scope, batch) => encode(scope, batch, side, tuning), batches);
}

/** How many numbers a tuning trains. */
export function trainedCount(parameters: Parameters, tuning: Tuning): number {
  return parameters.names
    .filter((name) => TRAINED[tuning].test(name))
    .reduce((sum, name) => sum + parameters.get(name).data.length, 0);
}

/**
 * Parameters after pre-training by the inverse cloze task, kept by the lab as one row.
 * @returns copies; modules beside the body will start from the seed given.
 */
export async function pretrained(
  lab: Lab,
  key: readonly string[],
  texts: readonly (readonly number[])[],
  steps: number,
): Promise<(seed: number) => Parameters> {
  const fresh = new Parameters(1);
  // Asks for every parameter once, so that they all exist.
  await encodeTexts(fresh, 'full', 'query', [[1]]);
  await encodeTexts(fresh, 'full', 'document', [[1]]);
  const row = await lab.vectors(['connected-peft', ...key, String(steps)], async () => {
    lab.say(`pre-training on ${texts.length} texts, ${steps} steps`);
    await trainTexts(fresh, {
      tuning: 'full',
      draw: (random) => cloze(texts[random.below(texts.length)]!, random),
      steps,
      learningRate: 2e-3,
      seed: 1,
      signal: lab.signal,
    });
    const all = new Float32Array(fresh.size);
    let at = 0;
    for (const name of fresh.names) {
      all.set(fresh.get(name).data, at);
      at += fresh.get(name).data.length;
    }
    return new Vectors(all, all.length);
  });
  return (seed) => {
    const copy = new Parameters(seed);
    let at = 0;
    for (const name of fresh.names) {
      const { data, shape } = fresh.get(name);
      copy.set(name, row.data.slice(at, at + data.length), shape);
      at += data.length;
    }
    return copy;
  };
}

/** A run of words as the query, the words around it as the document (Lee et al. 2019, ICT). */
function cloze(words: readonly number[], random: Random): TextPair {
  const length = Math.max(1, Math.min(8, words.length >> 1));
  const from = random.below(words.length - length + 1);
  return [words.slice(from, from + length), [...words.slice(0, from), ...words.slice(from + length)]];
}
