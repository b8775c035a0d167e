import type { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { nativeRuntime, type Trainable, trainableTransformer } from '../../../src/encode/index.ts';
import { drawn, fit, Parameters, partOf, prefixed, withParts } from '../../../src/tensor/index.ts';
import { cosines, infoNCE } from '../../../src/train/index.ts';
import type { Lab } from '../../grading/index.ts';

const BATCH = 64;
const TEMPERATURE = 0.05;

/** What is trained for the task, beside or instead of the body. */
export type Tuning = 'full' | 'layers' | 'biases' | 'lora' | 'adapters' | 'connected';

/**
 * Modules of ranks that give about as many trained numbers, 1.2% of the model: adapters of rank 16 have 8,192, those of rank 8 with a side path of
 * 8 have 8,216, low-rank updates of rank 2 have 6,400. `trainedCount` counts them.
 */
const TUNINGS = {
  full: {},
  layers: { trained: /^(?!words\/)/ },
  biases: { trained: /(^|\/)(bias|offset)$/ },
  lora: { lora: { rank: 2 } },
  adapters: { adapters: { rank: 16 } },
  connected: { side: { rank: 8 } },
} as const;

/** The model with what is trained of it. @param parameters trained in place. */
export function model(parameters: Parameters, tuning: Tuning): Trainable {
  return trainableTransformer({ parameters, ...TUNINGS[tuning] });
}

/** Positive pairs of texts: what is asked, and what answers it. */
export type TextPair = readonly [query: string, document: string];

/** How a model is trained. */
export interface TextTraining {
  /** Draws a pair. */
  readonly draw: (random: Random) => TextPair;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Trains in place by InfoNCE within batches of 64. @returns seconds. */
export async function trainTexts(trainable: Trainable, { draw, steps, ...how }: TextTraining): Promise<number> {
  const { tookMs } = await fit(
    withParts(trainable, ['q:', 'd:']),
    drawn(steps, (random) => {
      const pairs = Array.from({ length: BATCH }, () => draw(random));
      const [queries, documents] = [pairs.map(([query]) => query), pairs.map(([, document]) => document)];
      return { ...prefixed('q:', trainable.batch(queries, 'query')), ...prefixed('d:', trainable.batch(documents)) };
    }),
    (forward, batch) =>
      infoNCE(cosines(forward(partOf('q:', batch)), forward(partOf('d:', batch))), { temperature: TEMPERATURE }),
    { ...how, runtime: await nativeRuntime(), threads: 1 },
  );
  return tookMs / 1000;
}

/** How many numbers are trained. */
export function trainedCount({ parameters, groups }: Trainable): number {
  return parameters.names
    .filter((name) => !groups.some(({ match }) => match.test(name)))
    .reduce((sum, name) => sum + parameters.get(name).data.length, 0);
}

/**
 * Parameters after pre-training by the inverse cloze task, kept by the lab as one row.
 * @returns copies; modules beside the body will start from the seed given.
 */
export async function pretrained(
  lab: Lab,
  key: readonly string[],
  texts: readonly (readonly string[])[],
  steps: number,
): Promise<(seed: number) => Parameters> {
  const fresh = new Parameters(1);
  const body = model(fresh, 'full');
  const row = await lab.vectors(['connected-peft', ...key, String(steps)], async () => {
    lab.say(`pre-training on ${texts.length} texts, ${steps} steps`);
    await trainTexts(body, {
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
function cloze(words: readonly string[], random: Random): TextPair {
  const length = Math.max(1, Math.min(8, words.length >> 1));
  const from = random.below(words.length - length + 1);
  return [
    words.slice(from, from + length).join(' '),
    [...words.slice(0, from), ...words.slice(from + length)].join(' '),
  ];
}
