import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { WeightedTerm } from '../content/index.ts';
import type { ImpactHead } from '../encode/index.ts';
import { GREATEST_IMPACT } from '../index/index.ts';
import {
  adamW,
  add,
  type Batch,
  dealt,
  type FitModel,
  type FitOptions,
  type FitReport,
  fit,
  gather,
  given,
  matmul,
  max,
  multiply,
  Parameters,
  relu,
  type Scope,
  scale,
  scatterAdd,
  square,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { byTerm, type ImpactText, type ImpactTexts, MOST_ROWS } from './impact-texts.ts';
import { infoNCE } from './objectives/index.ts';

/** What a head learns from: a query, and texts that are relevant to it or are not although they rank high, by their numbers. */
export interface ImpactExample {
  /** Its terms with what they tell, as a search weighs them. */
  readonly query: readonly WeightedTerm[];
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

/** Options of {@link trainImpact}. */
export interface TrainImpactOptions extends Omit<FitOptions, 'learningRate' | 'groups' | 'shapes' | 'validation'> {
  /** Queries of a step; each sees the texts of all of them. Default 16. */
  readonly batchSize?: number;
  /** Texts of each query that are not relevant, drawn anew in each epoch. Default 3. */
  readonly negatives?: number;
  /** What scores, which are sums like those of BM25, are divided by. Default 2. */
  readonly temperature?: number;
  /**
   * Weight of the regularisation by FLOPS (Paria et al. 2020, arXiv 2004.05665; Formal et al. 2021, SPLADE, equation 4): the sum, over terms, of the squared mean of a term's
   * impacts. It makes impacts small where they are of no use, and postings few. Default 0.01.
   */
  readonly flops?: number;
  /** Highest learning rate. Default 0.02. */
  readonly learningRate?: number;
  /** Measured with the head as it is; greater is better. */
  readonly validation?: {
    readonly measure: (head: ImpactHead) => number | Promise<number>;
    readonly patience?: number;
  };
}

const WEIGHTS = 'impact/weights';
const BIAS = 'impact/bias';

/**
 * Trains a head that weighs words (DeepImpact: Mallia et al. 2021; uniCOIL: Lin and Ma 2021), over token vectors that stay as they are: a query's text is to have a greater sum of matched impacts
 * than the texts of the other queries of a step and than its own negatives (softmax cross entropy). It begins as BM25, a factor of 1 for every word, and ends so that one in a thousand impacts at most is greater than what is kept.
 *
 * @throws InvalidArgumentError for fewer examples than a step has.
 */
export async function trainImpact(
  texts: ImpactTexts,
  examples: readonly ImpactExample[],
  options: TrainImpactOptions,
): Promise<{ readonly head: ImpactHead; readonly report: FitReport }> {
  const {
    batchSize = 16,
    negatives = 3,
    temperature = 2,
    flops = 0.01,
    learningRate = 0.02,
    validation,
    ...rest
  } = options;
  const usable = examples.filter(({ query, positives }) => query.length > 0 && positives.length > 0);
  if (usable.length < batchSize || batchSize < 2) {
    throw new InvalidArgumentError(
      `${usable.length} queries with words and a relevant text are too few for steps of ${batchSize}.`,
      'Give more queries, or smaller steps of at least two.',
    );
  }
  const { width, numbers } = texts;
  const parameters = new Parameters();
  parameters.set(WEIGHTS, new Float32Array(width), [width, 1]);
  parameters.set(BIAS, Float32Array.of(1), [1]);
  const headNow = (): ImpactHead => ({
    ...texts.head,
    width,
    weights: parameters.get(WEIGHTS).data.slice(),
    bias: parameters.get(BIAS).data[0]!,
  });
  const model: FitModel = { parameters, forward: (scope, { rows }) => factors(scope, rows!, parameters) };
  const report = await fit(
    model,
    dealt(
      (random) => dealtSteps(usable, batchSize, negatives, random),
      (step): Batch => batchOf(texts, step),
      rest.seed,
    ),
    (forward, batch) => {
      const { loss, regularisation } = impactLoss(forward({ rows: batch['rows']! }), batch, {
        temperature,
        terms: numbers.size,
      });
      return { loss: add(loss, scale(regularisation, flops)), metrics: { loss, flops: regularisation } };
    },
    {
      optimizer: adamW({ weightDecay: 0 }),
      ...rest,
      learningRate,
      shapes: {
        rows: ['rows', null],
        places: ['terms', null],
        shares: ['terms'],
        numbers: ['terms'],
        asked: [null, 'terms'],
        owners: ['terms', null],
      },
      ...(validation === undefined
        ? {}
        : { validation: { ...validation, measure: async () => validation.measure(headNow()) } }),
    },
  );
  return { head: withinReach(headNow(), texts), report };
}

/** Share of impacts that may be above what is kept of them. */
const CLIPPED = 0.001;

/** The same ranking by smaller factors, where too many impacts would be clipped. */
function withinReach(head: ImpactHead, texts: ImpactTexts): ImpactHead {
  const impacts = texts.texts.flatMap((_, number) => [...texts.impacts(number, head)]).sort((a, b) => b - a);
  const great = impacts[Math.floor(CLIPPED * impacts.length)] ?? 0;
  if (great <= GREATEST_IMPACT) return head;
  const factor = GREATEST_IMPACT / great;
  return { ...head, weights: head.weights.map((weight) => weight * factor), bias: head.bias * factor };
}

/** `max(0, vector . weights + bias)` of each row, `[rows]`. */
function factors(scope: Scope, rows: Tensor, start: Parameters): Tensor {
  const weights = scope.parameter(WEIGHTS, start.get(WEIGHTS).shape, given(start.get(WEIGHTS).data));
  const bias = scope.parameter(BIAS, [1], given(start.get(BIAS).data));
  return relu(add(sum(matmul(rows, weights), 1), bias));
}

/** Arrays of a step, beside the rows whose factors are given. */
export type ImpactTensors = Readonly<Record<string, Tensor>>;

/**
 * The loss of a step and its regularisation.
 *
 * @param factors `[rows]`. @param batch `places` `[terms, most]`, the rows of each term of each text, repeated where there are fewer; `shares` `[terms]`; `owners` `[terms, texts]`, 1 where the term is of the
 * text; `asked` `[queries, terms]`, what the term weighs in the query; `exclude` `[queries, texts]`; `numbers` `[terms]`, below `terms`. The text of query `i` is text `i`.
 */
export function impactLoss(
  factors: Tensor,
  batch: ImpactTensors,
  { temperature, terms }: { readonly temperature: number; readonly terms: number },
): { readonly loss: Tensor; readonly regularisation: Tensor } {
  const impacts = multiply(max(gather(factors, batch['places']!), 1), batch['shares']!);
  const scores = matmul(multiply(batch['asked']!, impacts), batch['owners']!);
  const texts = batch['owners']!.shape[1] as number;
  const means = scale(scatterAdd(impacts, batch['numbers']!, terms), 1 / texts);
  return { loss: infoNCE(scores, { temperature, exclude: batch['exclude']! }), regularisation: sum(square(means)) };
}

/** A query with the texts that it sees in a step. */
interface Drawn {
  readonly example: ImpactExample;
  readonly positive: number;
  readonly negatives: readonly number[];
}

function dealtSteps(examples: readonly ImpactExample[], size: number, negatives: number, random: Random): Drawn[][] {
  const order = random.shuffle([...examples]);
  return Array.from({ length: Math.floor(order.length / size) }, (_, step) =>
    order.slice(step * size, (step + 1) * size).map((example) => ({
      example,
      positive: example.positives[random.below(example.positives.length)]!,
      negatives: drawnNegatives(example, negatives, random),
    })),
  );
}

/** As many for every query, so that all steps have one shape: a query with few has them more than once, one without any its own text, which does not count. */
function drawnNegatives({ positives, negatives }: ImpactExample, count: number, random: Random): number[] {
  const from = random.shuffle(negatives.length > 0 ? [...negatives] : [positives[0]!]);
  return Array.from({ length: count }, (_, i) => from[i % from.length]!);
}

function batchOf({ texts, width, numbers }: ImpactTexts, step: readonly Drawn[]): Batch {
  const chosen = [...step.map(({ positive }) => positive), ...step.flatMap(({ negatives }) => negatives)];
  const queries = step.map(({ example }) => byTerm(example.query));
  const owners = chosen.flatMap((number, column) => texts[number]!.terms.map(() => column));
  const terms = owners.length;
  // The first row is nothing's: a word that is not read has the bias.
  let rows = 1;
  for (const number of chosen) rows += texts[number]!.scales.length;
  const arrays = {
    rows: new Float32Array(rows * width),
    places: new Int32Array(terms * MOST_ROWS),
    shares: new Float32Array(terms),
    numbers: new Int32Array(terms),
    owners: new Float32Array(terms * chosen.length),
    asked: new Float32Array(queries.length * terms),
    exclude: new Float32Array(queries.length * chosen.length),
  };
  let row = 1;
  let at = 0;
  for (const [column, number] of chosen.entries()) {
    const text = texts[number]!;
    text.terms.forEach((term, i) => {
      arrays.shares[at] = text.shares[i]!;
      arrays.numbers[at] = numbers.get(term)!;
      arrays.owners[at * chosen.length + column] = 1;
      for (const [q, query] of queries.entries()) arrays.asked[q * terms + at] = query.get(term) ?? 0;
      const [from, to] = [i === 0 ? 0 : text.ends[i - 1]!, text.ends[i]!];
      for (let p = 0; p < MOST_ROWS; p++) {
        arrays.places[at * MOST_ROWS + p] = from === to ? 0 : row + Math.min(from + p, to - 1);
      }
      at++;
    });
    decode(text, width, arrays.rows.subarray(row * width));
    row += text.scales.length;
    for (const [q, { example }] of step.entries()) {
      if (example.positives.includes(number)) arrays.exclude[q * chosen.length + column] = 1;
    }
  }
  return {
    rows: { data: arrays.rows, shape: [rows, width] },
    places: { data: arrays.places, shape: [terms, MOST_ROWS] },
    shares: { data: arrays.shares, shape: [terms] },
    numbers: { data: arrays.numbers, shape: [terms] },
    owners: { data: arrays.owners, shape: [terms, chosen.length] },
    asked: { data: arrays.asked, shape: [queries.length, terms] },
    exclude: { data: arrays.exclude, shape: [queries.length, chosen.length] },
  };
}

function decode({ codes, scales }: ImpactText, width: number, target: Float32Array): void {
  for (let at = 0; at < codes.length; at++) target[at] = codes[at]! * scales[Math.floor(at / width)]!;
}
