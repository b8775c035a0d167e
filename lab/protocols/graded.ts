import { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import { spearman } from '../../src/eval/index.ts';
import { dot } from '../../src/math/index.ts';
import { concat, type Tensor, type Tensors } from '../../src/tensor/index.ts';
import { cosines, infoNCE, rowCosines, taskBatches, weightedSum } from '../../src/train/index.ts';
import { type Graded, type GradedPair, gradedTitles } from '../datasets/graded.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, Split } from '../grading/types.ts';
import { type Arena, comparison, type Said, type Sides } from './claims.ts';
import { Deck, type Draw, fittingOnce, type Items, type Learned, lastLayer, mergedModel } from './learning.ts';
import { examplesOf, type Pairs, rowsOf } from './pairs.ts';
import { rankingMetric, type Scores, scorer } from './rankings.ts';
import { toolPairs } from './tools.ts';

/** Examples of a step; in mixed batches half of them are of either task. */
const SIZE = 32;
/** Pairs whose rank correlation is one value: a batch of the paper. */
const GROUP = 32;
/** Development units of either task, so that both count the same in what settings are chosen by. */
const CHOSEN_BY = 150;
/** Overlap from which on joint InfoNCE takes a pair for right. */
const RIGHT = 0.5;

export type GradedTask = 'retrieval' | 'similarity';

/** Requests with tools, and titles with graded pairs of them, for one model. */
interface TwoTasks {
  readonly requests: Pairs;
  readonly graded: Graded;
  readonly titles: Items;
  /** Pairs of the groups, by unit. */
  readonly groups: ReadonlyMap<string, readonly GradedPair[]>;
  readonly splits: ReadonlyMap<string, Split>;
  readonly sources: Readonly<Record<string, string>>;
}

function twoTasks(lab: Lab): Promise<TwoTasks> {
  return lab.once('two tasks', async () => {
    const requests = await toolPairs(lab, { perTool: 12, learn: 'encoder' });
    const graded = await gradedTitles(lab);
    const groups = new Map<string, readonly GradedPair[]>();
    const splits = new Map<string, Split>();
    const addGroup = (split: Split, pairs: readonly GradedPair[]) => {
      const unit = `pairs:${split}:${groups.size}`;
      groups.set(unit, pairs);
      splits.set(unit, split);
    };
    const { dev, test } = graded.pairs;
    // Tests are of pairs of their own; development groups are drawn again and again, to be as many as development queries.
    for (let from = 0; from + GROUP <= test.length; from += GROUP) addGroup('test', test.slice(from, from + GROUP));
    const deck = new Deck(dev.length, new Random(3));
    for (let i = 0; i < CHOSEN_BY; i++)
      addGroup(
        'dev',
        deck.next(GROUP).map((at) => dev[at]!),
      );
    for (const split of ['dev', 'test'] as const) {
      const rows = rowsOf(requests, split);
      for (const row of split === 'dev' ? rows.slice(0, CHOSEN_BY) : rows)
        splits.set(`query:${requests.queryIds[row]}`, split);
    }
    const titles = await (await lastLayer(lab)).items(graded.titles, 'query');
    return { requests, graded, titles, groups, splits, sources: { ...requests.sources, ...graded.sources } };
  });
}

/** A loss of pairs by their cosines and grades, both `[pairs]`. */
export type SimilarityLoss = (similarities: Tensor, scores: Tensor) => Tensor;

/** How one model learns both tasks. Declared once, it is trained once for each configuration and seed. */
export interface GradedRecipe {
  readonly name: string;
  readonly configs: readonly GradedSetting[];
  readonly steps: number;
  /** Batches of one task each, of both, or of one task only. */
  readonly batches: 'single-task' | 'mixed' | GradedTask;
  /** Of graded pairs. `infoNCE`, in mixed batches: one for both tasks, where pairs of at least half of their keywords in common are right. */
  readonly similarity: SimilarityLoss | 'infoNCE';
}

/** How fast and how sharply; how many times the examples of either task are gone through for one time of the other's, by number. */
export interface GradedSetting extends Config {
  readonly temperature: number;
  readonly learningRate: number;
}

/** As many passes over requests and over pairs: alike, or three of one for one of the other. */
const PASSES = { even: [1, 1], requests: [3, 1], pairs: [1, 3] } as const;
export type Passes = keyof typeof PASSES;

/** Steps with lists `queries` and `documents`; `a` and `b`; or all of them. */
function draw({ requests, graded, titles }: TwoTasks, { batches, similarity }: GradedRecipe, { passes }: Config): Draw {
  const examples = examplesOf(requests);
  const pairs = graded.pairs.train.filter(({ score }) => similarity !== 'infoNCE' || score >= RIGHT);
  const { learner } = requests;
  // In a joint InfoNCE the texts of pairs come after requests and tools, as further rows and columns.
  const size = batches === 'mixed' && similarity === 'infoNCE' ? SIZE : undefined;
  const retrieval = (chosen: readonly number[]) => {
    const own = chosen.map((i) => examples[i]!);
    const columns = size ?? own.length;
    const exclude = new Float32Array(columns * columns);
    own.forEach(({ query }, i) => {
      own.forEach(({ document }, j) => {
        if (i !== j && requests.relevant[query]!.has(document)) exclude[i * columns + j] = 1;
      });
    });
    return {
      lists: {
        queries: { of: learner.queries, rows: own.map(({ query }) => query) },
        documents: { of: learner.documents, rows: own.map(({ document }) => document) },
      },
      arrays: { exclude: { data: exclude, shape: [columns, columns] } },
    };
  };
  const similar = (chosen: readonly number[]) => {
    const own = chosen.map((i) => pairs[i]!);
    return {
      lists: { a: { of: titles, rows: own.map(({ a }) => a) }, b: { of: titles, rows: own.map(({ b }) => b) } },
      arrays: { scores: { data: Float32Array.from(own, ({ score }) => score), shape: [own.length] } },
    };
  };
  const counts = [examples.length, pairs.length] as const;
  const times = PASSES[(passes as Passes | undefined) ?? 'even'];
  const tasks = counts.flatMap((count, task) => new Array<string>(times[task]! * count).fill(String(task)));
  let decks: readonly [Deck, Deck] | undefined;
  let waiting: ReturnType<typeof taskBatches> = [];
  return (random) => {
    decks ??= [new Deck(counts[0], random), new Deck(counts[1], random)];
    if (batches === 'mixed') {
      const [first, second] = [retrieval(decks[0].next(SIZE / 2)), similar(decks[1].next(SIZE / 2))];
      return { lists: { ...first.lists, ...second.lists }, arrays: { ...first.arrays, ...second.arrays } };
    }
    if (batches !== 'single-task')
      return batches === 'retrieval' ? retrieval(decks[0].next(SIZE)) : similar(decks[1].next(SIZE));
    if (waiting.length === 0) waiting = taskBatches(tasks, SIZE, random);
    const { task, batch } = waiting.pop()!;
    return task === '0'
      ? retrieval(batch.map((place) => place % counts[0]))
      : similar(batch.map((place) => (place - times[0] * counts[0]) % counts[1]));
  };
}

function loss({ similarity }: GradedRecipe, { temperature }: GradedSetting, encoded: Tensors, arrays: Tensors): Tensor {
  const { queries, documents, a, b } = encoded;
  const options = { temperature, ...(arrays['exclude'] === undefined ? {} : { exclude: arrays['exclude'] }) };
  if (similarity === 'infoNCE')
    return infoNCE(cosines(concat([queries!, a!], 0), concat([documents!, b!], 0)), options);
  const retrieval = () => infoNCE(cosines(queries!, documents!), options);
  const pairs = () => similarity(rowCosines(a!, b!), arrays['scores']!);
  return queries === undefined ? pairs() : a === undefined ? retrieval() : weightedSum([1, retrieval()], [1, pairs()]);
}

/** Answers a unit with its scores, or with the cosines of its pairs. */
type Answer = Scores | Float64Array;
type Truth = ReadonlySet<number> | readonly GradedPair[];

/** A recipe; three models that saw the tasks in other proportions, merged; or the vectors as they are, which are not trained. */
export type GradedSide =
  | GradedRecipe
  | { readonly name: string; readonly merged: GradedRecipe; readonly rule: 'uniform' | 'delta' }
  | 'frozen';

function side(data: TwoTasks, given: GradedSide, lab: Lab): Contestant<Truth, Answer> {
  const { requests, graded, titles, groups } = data;
  const answers = (queries: Vectors, documents: Vectors, texts: Vectors) => {
    const score = scorer(requests, queries, documents);
    return (unit: string): Answer => {
      const pairs = groups.get(unit);
      if (pairs === undefined) return score(unit.slice('query:'.length));
      return Float64Array.from(pairs, ({ a, b }) => dot(texts.row(a), texts.row(b)));
    };
  };
  if (given === 'frozen') {
    return {
      name: 'frozen vectors',
      configs: [{}],
      untunable: true,
      fit: async () => ({ answer: answers(requests.queries, requests.documents, graded.vectors) }),
    };
  }
  const recipe = 'merged' in given ? given.merged : given;
  const train = fittingOnce(recipe, data, (config) => ({
    start: requests.learner.start,
    lists: ['queries', 'documents', 'a', 'b'],
    draw: draw(data, recipe, config),
    loss: (encoded, arrays) => loss(recipe, config as GradedSetting, encoded, arrays),
    steps: lab.pick(6, recipe.steps),
    learningRate: Number(config['learningRate']),
  }));
  return {
    name: given.name,
    configs: recipe.configs,
    fit: async (config, context) => {
      let model: Learned;
      if ('merged' in given) {
        const trained: Learned[] = [];
        for (const passes of Object.keys(PASSES)) trained.push(await train({ ...config, passes }, context));
        model = await mergedModel(requests.learner.start, titles, trained, given.rule, context);
      } else model = await train(config, context);
      const encode = (items: Items) => model.encode(items);
      const { learner } = requests;
      return {
        answer: answers(await encode(learner.queries), await encode(learner.documents), await encode(titles)),
        costs: { 's to train': model.seconds },
      };
    },
  };
}

/** What a claim about both tasks says, and what it compares. Both tasks choose settings; `tested` says what is reported. */
export interface GradedClaim extends Said, Sides<GradedSide> {
  readonly tested: GradedTask | 'both';
}

const METRICS = {
  retrieval: 'nDCG@10',
  similarity: "Spearman's rho",
  both: "mean of nDCG@10 and Spearman's rho",
} as const;

/** A claim about nDCG@10 of tools, Spearman's correlation in groups of 32 pairs, or the mean of both, over three seeds. */
export function gradedClaim(claim: GradedClaim): ComparativeClaim {
  return comparison(claim, METRICS[claim.tested], async (lab): Promise<Arena<GradedSide, Truth, Answer>> => {
    const data = await twoTasks(lab);
    const { requests, groups, splits, sources } = data;
    const ndcg = rankingMetric('ndcg@10');
    const truth = new Map<string, Truth>(groups);
    for (const [row, query] of requests.queryIds.entries()) truth.set(`query:${query}`, requests.relevant[row]!);
    const units = [...truth.keys()].filter((unit) => splits.get(unit) === 'test');
    const [pairs, queries] = [units.filter((unit) => groups.has(unit)), units.filter((unit) => !groups.has(unit))];
    const alike = [...pairs, ...queries.slice(0, pairs.length)];
    const reported = new Set({ retrieval: queries, similarity: pairs, both: alike }[claim.tested]);
    return {
      material: {
        truth,
        split: (unit) => (splits.get(unit) !== 'test' || reported.has(unit) ? splits.get(unit) : undefined),
        sources,
        measure: (given, answer) =>
          answer instanceof Float64Array
            ? spearman(
                answer,
                (given as readonly GradedPair[]).map(({ score }) => score),
              )
            : ndcg(given as ReadonlySet<number>, answer),
      },
      contestant: (given) => side(data, given, lab),
    };
  });
}
