import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import { exactTop, unitRows } from '../../math/index.ts';
import type { QueryUpdate } from '../../search/feedback/index.ts';
import { type Batch, Parameters, type Scope, type Tensors, toValue } from '../../tensor/index.ts';
import { cosines, infoNCE } from '../objectives/index.ts';
import { type LearningOptions, learn } from '../quantize/learning.ts';
import { checkRows, passageArrays, queryUpdateGraph, queryUpdateOf } from './network.ts';

/** Settings of {@link trainHops}. */
export interface TrainHopsOptions extends LearningOptions {
  /**
   * Passages that are not to be found next, rows for each question, such as others of its context. Default: what the question itself finds first, and what is most like the passages of the
   * chain, without these.
   */
  readonly negatives?: readonly ArrayLike<number>[];
  /** Negatives of a step for each question, drawn anew each time; those of all its questions count for each of them, as do the passages that the others seek. Default 5. */
  readonly negativesEach?: number;
  /** What query and passage count in the sum that the gate adds to. Default 1 and -1: what a passage answers is taken from the query. */
  readonly sum?: readonly [query: number, passage: number];
  /** Units of the gate. Default 256. */
  readonly width?: number;
  /** Questions of a step. Default 32. */
  readonly questions?: number;
  /** Of the softmax, in units of the cosine. Default 0.05; the paper has 0.15. */
  readonly temperature?: number;
  /** Reached after 20 steps, then falling linearly to 0. Default 1e-3. */
  readonly learningRate?: number;
  /** Default 600. */
  readonly steps?: number;
  /** Same seed, same threads: same result. Default 1. */
  readonly seed?: number;
  /** Specification of the encoder of the vectors, which is then checked where it serves. */
  readonly encoder?: string;
}

/** First ranks of a question, and of each passage of its chain, that negatives come from where none are given. */
const NEGATIVE_DEPTH = 20;

/**
 * Trains the next question of questions that need several passages one after the other: a gated network that makes the vector of the next search of the query's and a passage's (Li et al.
 * 2025, TreeHop, https://arxiv.org/abs/2504.20114). Each passage of a chain but the first is to be found by the vector that the passages before it lead to (InfoNCE, over negatives of one's own and those of the others). Passages keep their vectors.
 *
 * @param chains rows of the passages of each question, in the order in which they lead to each other; those of fewer than two are passed over.
 * @returns what `learnedFeedback` serves, as feedback of pipelines, as `next` of hops, and in `hopSearch`; `writeQueryUpdate` writes it.
 * @throws InvalidArgumentError for lists of another number than questions, rows that are not there, and too few chains.
 */
export async function trainHops(
  passages: Vectors,
  questions: Vectors,
  chains: readonly ArrayLike<number>[],
  options: TrainHopsOptions,
): Promise<QueryUpdate> {
  const { negativesEach = 5, sum: kept, width = 256, questions: size = 32, temperature = 0.05 } = options;
  const { learningRate = 1e-3, steps = 600, seed = 1, encoder } = options;
  const { dim } = passages;
  checkRows('chains', chains, questions.count, passages.count);
  const most = chains.reduce((longest, { length }) => Math.max(longest, length), 0) - 1;
  // What is read, and what is to be found next.
  const edges = chains.flatMap((chain, question) =>
    Array.from(chain).flatMap((target, i, all) => (i === 0 ? [] : [{ question, read: all.slice(0, i), target }])),
  );
  if (edges.length < size || passages.count < NEGATIVE_DEPTH) {
    throw new InvalidArgumentError(
      `There are ${edges.length} passages that others lead to, and ${passages.count} in all: too few to learn from, ${size} a step.`,
      'Give more chains of two passages or more, or make steps smaller (questions).',
    );
  }
  const others = options.negatives ?? likely(passages, questions, chains);
  checkRows('negatives', others, questions.count, passages.count);
  const needed = chains.map((chain) => new Set(Array.from(chain)));
  const wrong = needed.map((own, question) => Array.from(others[question]!).filter((row) => !own.has(row)));
  const [units, asked] = [unitRows(passages), unitRows(questions)];
  const shape = given({ form: 'gate' as const, dim, width, sum: kept });
  const parameters = new Parameters(seed);
  const random = new Random(seed);
  const drawn = (question: number): number[] =>
    Array.from({ length: negativesEach }, () => {
      const list = wrong[question]!;
      return list.length > 0 ? list[random.below(list.length)]! : random.below(passages.count);
    });
  let waiting: typeof edges = [];
  const batch = (): Batch => {
    if (waiting.length < size) waiting = random.shuffle([...edges]);
    const chosen = waiting.splice(-size);
    const rows = [...chosen.map(({ target }) => target), ...chosen.flatMap(({ question }) => drawn(question))];
    const exclude = Float32Array.from(
      chosen.flatMap(({ question }) => rows.map((row) => Number(needed[question]!.has(row)))),
    );
    return {
      queries: toValue(asked.pick(chosen.map(({ question }) => question))),
      ...passageArrays(
        units,
        chosen.map(({ read }) => read),
        most,
      ),
      documents: toValue(units.pick(rows)),
      exclude: { data: exclude, shape: [size, rows.length] },
    };
  };
  const loss = (scope: Scope, inputs: Tensors) => {
    const next = queryUpdateGraph(scope, shape, inputs['queries']!, inputs['passages']!, inputs['present']!);
    return infoNCE(cosines(next, inputs['documents']!), { temperature, exclude: inputs['exclude']! });
  };
  await learn({ parameters, loss, batch, steps, learningRate }, options);
  const made = { by: 'trainHops', chains: edges.length, steps, learningRate, seed };
  return queryUpdateOf(shape, parameters, given({ passages: 1, encoder, made }));
}

/** What each question finds first, and what is like the passages that it needs. */
function likely(passages: Vectors, questions: Vectors, chains: readonly ArrayLike<number>[]): number[][] {
  const needed = [...new Set(chains.flatMap((chain) => Array.from(chain)))];
  const alike = exactTop(passages, passages.pick(needed), NEGATIVE_DEPTH);
  const places = new Map(needed.map((row, place) => [row, place]));
  return exactTop(passages, questions, NEGATIVE_DEPTH).map((found, question) => [
    ...found,
    ...Array.from(chains[question]!).flatMap((row) => [...alike[places.get(row)!]!]),
  ]);
}
