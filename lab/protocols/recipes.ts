import { type Scope, type Tensor, type Tensors, toValue } from '../../src/tensor/index.ts';
import { cosines, exactTop } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { Config } from '../grading/types.ts';
import { Deck, type Draw, fittingOnce, type Start } from './learning.ts';
import { examplesOf, type Pairs, type PairTask } from './pairs.ts';

/** Hard negatives: documents near to a query by the frozen vectors, of these ranks from 0; so many are drawn for each query of a batch. */
export interface HardNegatives {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Hard negatives that were found otherwise: rows by query. */
export interface GivenNegatives {
  of(data: Pairs): readonly (readonly number[])[];
  readonly count: number;
}

const found = new WeakMap<object, Map<string, number[][]>>();

/** Documents near to each query that do not answer it, as far as training knows. */
export function hardNegatives(data: Pairs, window: Omit<HardNegatives, 'count'>): number[][] {
  const own = found.get(data) ?? new Map<string, number[][]>();
  found.set(data, own);
  const key = `${window.from} ${window.to}`;
  const near = own.get(key) ?? nearMisses(data, window);
  own.set(key, near);
  return near;
}

function nearMisses(data: Pairs, { from, to }: Omit<HardNegatives, 'count'>): number[][] {
  const { relevant, seen = relevant } = data;
  const most = Math.max(...seen.map(({ size }) => size));
  return exactTop(data.documents, data.queries, to + most).map((top, query) =>
    [...top].filter((document) => !seen[query]!.has(document)).slice(from, to),
  );
}

export type Columns = 'batch' | 'corpus' | 'answered';

/** How a model learns from pairs. Declared once, it is trained once for each configuration and seed, whatever claims ask for it. */
export interface PairRecipe<Setting extends Config = Config> {
  readonly name: string;
  readonly configs: readonly Setting[];
  readonly steps: number;
  /** Queries of a batch. Default 32. */
  readonly size?: number;
  readonly hard?: HardNegatives | GivenNegatives;
  /** Other known answers and copies are no negatives: `exclude` says so. Default true. */
  readonly mask?: boolean;
  /** Documents of a batch: those of its queries, all there are, or all that answer some training query. Default `batch`. */
  columns?(config: Setting): Columns;
  /** What learns: one model for both sides, or one for queries, while documents keep their frozen vectors. Default `both`. */
  readonly trained?: 'both' | 'queries';
  /** What is trained instead of the data's own. */
  start?(config: Setting, data: Pairs): Start;
  /** Shares of steps of each task, where there are several; a step is of one. Default: alike. */
  mixture?(config: Setting): readonly number[];
  /** Steps of its own. */
  draw?(data: Pairs, config: Setting): Draw;
  /** @param scores cosines `[queries, documents]`. @param batch see {@link pairDraw}. */
  loss(scores: Tensor, batch: PairArrays, config: Setting, scope: Scope): Tensor;
}

/** What a loss is given beside scores. */
export interface PairArrays extends Tensors {
  /** `[queries, documents]`, 1 where a document is no negative of the query. */
  readonly exclude: Tensor;
  /** `[queries, documents]`, 1 where it answers the query, as training knows. */
  readonly relevant: Tensor;
  /** `[1]`, from 0 to 1. */
  readonly progress: Tensor;
  /** `[queries]` number of the task. */
  readonly task: Tensor;
}

/** Infers the settings of a recipe. */
export function pairRecipe<Setting extends Config>(recipe: PairRecipe<Setting>): PairRecipe {
  return recipe as unknown as PairRecipe;
}

/** Vectors as they are, which learn nothing. */
export const FROZEN: PairRecipe = { name: 'frozen vectors', configs: [{}], steps: 0, loss: (scores) => scores };

/** Batches of a recipe without end: lists `queries` and, unless they keep their vectors, `documents`; of these document `i` answers query `i`. */
export function pairDraw<Setting extends Config>(data: Pairs, recipe: PairRecipe<Setting>, config: Setting): Draw {
  const { size = 32, hard, mask = true, trained = 'both' } = recipe;
  const columns = recipe.columns?.(config) ?? 'batch';
  const { relevant, seen = relevant, learner } = data;
  const examples = examplesOf(data);
  const near = hard === undefined ? [] : 'of' in hard ? hard.of(data) : hardNegatives(data, hard);
  const shares = recipe.mixture?.(config) ?? data.tasks?.map(() => 1) ?? [1];
  const ofTask = ({ queries: [from, to] }: PairTask) => examples.filter(({ query }) => query >= from && query < to);
  const groups = data.tasks?.map(ofTask) ?? [examples];
  const fixed =
    columns === 'corpus'
      ? [...Array(data.documents.count).keys()]
      : columns === 'answered'
        ? [...new Set(examples.map(({ document }) => document))]
        : undefined;
  const decks: Deck[] = [];
  return (random, _, progress) => {
    let task = 0;
    if (groups.length > 1) {
      let left = random.next() * shares.reduce((total, share) => total + share, 0);
      while (task < groups.length - 1 && left >= shares[task]!) left -= shares[task++]!;
    }
    decks[task] ??= new Deck(groups[task]!.length, random);
    const chosen = decks[task]!.next(Math.min(size, groups[task]!.length)).map((i) => groups[task]![i]!);
    const rows = [...(fixed ?? chosen.map(({ document }) => document))];
    if (hard !== undefined) {
      for (const { query } of chosen) {
        const own = near[query]!;
        for (let i = 0; i < hard.count; i++) rows.push(own[random.below(own.length)]!);
      }
    }
    const shape = [chosen.length, rows.length];
    const [exclude, known] = [new Float32Array(shape[0]! * shape[1]!), new Float32Array(shape[0]! * shape[1]!)];
    chosen.forEach(({ query, document }, i) => {
      rows.forEach((other, j) => {
        const answers = seen[query]!.has(other);
        if (answers) known[i * rows.length + j] = 1;
        if (mask && fixed === undefined && j !== i && (other === document || answers)) exclude[i * rows.length + j] = 1;
      });
    });
    const queries = { of: learner.queries, rows: chosen.map(({ query }) => query) };
    return {
      lists: trained === 'both' ? { queries, documents: { of: learner.documents, rows } } : { queries },
      arrays: {
        ...(trained === 'both' ? {} : { documents: toValue(data.documents.pick(rows)) }),
        exclude: { data: exclude, shape },
        relevant: { data: known, shape },
        progress: { data: Float32Array.of(progress), shape: [1] },
        task: { data: new Int32Array(chosen.length).fill(task), shape: [chosen.length] },
      },
    };
  };
}

/** Trains a recipe. */
export function fitOf(data: Pairs, recipe: PairRecipe, lab: Lab) {
  return fittingOnce(recipe, data, (config) => ({
    start: recipe.start?.(config, data) ?? data.learner.start,
    lists: recipe.trained === 'queries' ? ['queries'] : ['queries', 'documents'],
    draw: recipe.draw?.(data, config) ?? pairDraw(data, recipe, config),
    loss: (encoded, arrays, scope) =>
      recipe.loss(
        cosines(encoded['queries']!, encoded['documents'] ?? arrays['documents']!),
        arrays as unknown as PairArrays,
        config,
        scope,
      ),
    steps: recipe.steps === 0 ? 0 : lab.pick(4, recipe.steps),
    learningRate: Number(config['learningRate'] ?? 0),
  }));
}
