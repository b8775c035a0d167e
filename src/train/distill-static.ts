import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { PrincipalComponents } from '../codec/pca.ts';
import type { WordPieces } from '../encode/bert/wordpiece.ts';
import { WordPieceTokenizer } from '../encode/bert/wordpiece.ts';
import type { Encoder } from '../encode/encoder.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { quantizeTable, type StaticTable } from '../encode/static/table.ts';
import { trainableStatic } from '../encode/static/trainable.ts';
import { scaleToUnit } from '../encode/unit.ts';
import { adamW, add, dealt, fit, scale, toValue } from '../tensor/index.ts';
import { cosineDistillation, cosines, listwiseKL } from './objectives/index.ts';

/** Smooth inverse frequency: weight `a / (a + p)` of a token of probability `p` (Arora et al. 2017, equation 2). */
const SMOOTHING = 5e-4;

/** Options of {@link distillStatic}. */
export interface DistillOptions {
  /** Components of the table's vectors, at most the teacher's. Default 256. */
  readonly dim?: number;
  /** Passes over the texts; 0 leaves the table as it begins. Default 8. */
  readonly epochs?: number;
  /** Texts of a step. Default 256. */
  readonly batchSize?: number;
  /** Highest learning rate. Default 2e-3. */
  readonly learningRate?: number;
  /** Share of the listwise loss beside the cosine one. Default 1. */
  readonly listwise?: number;
  /** Temperature of both lists of cosines. Default 0.05. */
  readonly temperature?: number;
  /** Tokens of a text that are read in training. Default 128. */
  readonly maxLength?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: number, steps: number, loss: number) => void;
}

/**
 * A token table that takes a slower encoder's place (after Model2Vec's recipe: van Dongen and Tulkens 2024, and Tokenlearn). It begins with the
 * teacher's vector of each token by itself, in the principal components of the teacher's vectors of texts, weighted by smooth inverse
 * frequency; then it is trained on those vectors: each text's cosine to the teacher's, and each text's cosines to the others of its batch
 * against the teacher's, as lists (`listwiseKL`).
 *
 * @param texts and the teacher's vectors of them. @returns the table in 8 bits.
 */
export async function distillStatic(
  pieces: WordPieces,
  teacher: Encoder,
  texts: readonly string[],
  vectors: Vectors,
  options: DistillOptions = {},
): Promise<StaticTable> {
  const { dim = 256, epochs = 8, batchSize = 256, learningRate = 2e-3, maxLength = 128, seed = 1 } = options;
  const { signal, onProgress } = options;
  if (texts.length !== vectors.count || vectors.dim !== teacher.dim) {
    throw new InvalidArgumentError(
      `${vectors.count} vectors of ${vectors.dim} components are not those of ${texts.length} texts by ${teacher.id}.`,
      'Give one vector of the teacher for each text.',
    );
  }
  const project = await projection(vectors, dim, seed);
  const start = await firstTable(pieces, teacher, texts, project, dim);
  if (epochs === 0) return start;
  const targets = project(vectors);
  const student = trainableStatic(start, { maxLength });
  const deck = batchesOf(texts, batchSize, new Random(seed));
  const { listwise = 1, temperature = 0.05 } = options;
  await fit(
    student,
    dealt(
      (random) => random.shuffle([...deck]),
      (chosen) => {
        const rows = targets.pick(chosen);
        return {
          ...student.batch(chosen.map((i) => texts[i]!)),
          targets: toValue(rows),
        };
      },
    ),
    (forward, batch) => {
      const own = forward(batch);
      const lists = listwiseKL(cosines(own, own), cosines(batch['targets']!, batch['targets']!), {
        student: temperature,
        teacher: temperature,
      });
      return add(cosineDistillation(own, batch['targets']!), scale(lists, listwise));
    },
    {
      runtime: await nativeRuntime(),
      epochs,
      learningRate,
      optimizer: adamW({ weightDecay: 0 }),
      clip: Number.POSITIVE_INFINITY,
      seed: seed + 1,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: ({ step, steps, loss }) => onProgress(step, steps, loss) }),
    },
  );
  return quantizeTable(student.parameters.get('tokens/table').data, dim, start);
}

/** Onto principal components of the texts' vectors, without moving the origin, since cosines are kept from there; unit length. */
async function projection(vectors: Vectors, dim: number, seed: number): Promise<(rows: Vectors) => Vectors> {
  const pca = new PrincipalComponents(vectors.dim, dim);
  await pca.train(vectors, { seed });
  const origin = pca.apply(Vectors.zeros(1, vectors.dim)).data;
  return (rows) => {
    const result = pca.apply(rows);
    for (let i = 0; i < result.count; i++) {
      const row = result.row(i);
      for (let d = 0; d < dim; d++) row[d]! -= origin[d]!;
      scaleToUnit(row);
    }
    return result;
  };
}

async function firstTable(
  pieces: WordPieces,
  teacher: Encoder,
  texts: readonly string[],
  project: (rows: Vectors) => Vectors,
  dim: number,
): Promise<StaticTable> {
  const words = pieces.tokens.map((token) => token.replace('##', ''));
  const rows = project(await teacher.encode(words)).data;
  const tokenizer = WordPieceTokenizer.from(pieces);
  const counts = new Float64Array(words.length);
  let total = 0;
  for (const text of texts) {
    for (const token of tokenizer.encode(text, 256)) {
      counts[token]!++;
      total++;
    }
  }
  for (let token = 0; token < words.length; token++) {
    // What is unknown has no vote.
    const weight = token === 0 ? 0 : SMOOTHING / (SMOOTHING + counts[token]! / total);
    for (let d = token * dim; d < (token + 1) * dim; d++) rows[d]! *= weight;
  }
  const { languages } = teacher;
  return quantizeTable(rows, dim, { pieces, ...(languages === undefined ? {} : { languages }) });
}

/** Texts of similar length together, so that little is padded. */
function batchesOf(texts: readonly string[], size: number, random: Random): number[][] {
  const window = 16 * size;
  const order = random.shuffle(texts.map((_, i) => i));
  const batches: number[][] = [];
  for (let from = 0; from < order.length; from += window) {
    const part = order.slice(from, from + window).sort((a, b) => texts[a]!.length - texts[b]!.length);
    for (let at = 0; at + size <= part.length; at += size) batches.push(part.slice(at, at + size));
  }
  return batches;
}
