import { Vectors } from '../../src/base/vectors.ts';
import { mean } from '../../src/eval/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Fitted, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { type Items, type Learned, mergedModel } from './learning.ts';
import { examplesOf, type Pairs, rowsOf } from './pairs.ts';
import { type PairContestant, pairMaterial, rankingMetric, type Scores, scorer } from './rankings.ts';
import { FROZEN, fitOf, type PairRecipe } from './recipes.ts';

/** A recipe as a contestant. */
export function pairContestant(data: Pairs, recipe: PairRecipe, lab: Lab): PairContestant {
  const { name, configs, trained = 'both' } = recipe;
  if (recipe === FROZEN) {
    return {
      name,
      configs,
      untunable: true,
      fit: async () => ({ answer: scorer(data, data.queries, data.documents) }),
    };
  }
  return {
    name,
    configs,
    ...(recipe.steps === 0 ? { untunable: true } : {}),
    fit: async (config, context) => {
      const learned = await fitOf(data, recipe, lab)(config, context);
      return {
        ...(await answering(data, learned, trained)),
        costs: { parameters: learned.parameters.size, 's to train': learned.seconds },
      };
    },
  };
}

/** Models that a recipe trained with several settings, merged into one. @param settings of the models, for a setting of the whole. */
export function mergedSide<Setting extends Config>(
  name: string,
  recipe: PairRecipe,
  configs: readonly Setting[],
  settings: (config: Setting) => readonly Config[],
  rule: 'uniform' | 'delta' = 'uniform',
): PairSide {
  return (data, lab) => ({
    name,
    configs,
    fit: async (config, context) => {
      const trained: Learned[] = [];
      for (const one of settings(config as Setting)) trained.push(await fitOf(data, recipe, lab)(one, context));
      const model = await mergedModel(data.learner.start, data.learner.documents, trained, rule, context);
      return { ...(await answering(data, model)), costs: { 's to train': model.seconds } };
    },
  });
}

/** Vectors of whatever is asked, and of all documents, by a model; as answers. */
export async function answering(
  data: Pairs,
  model: { encode(items: Items, rows?: readonly number[]): Promise<Vectors> },
  trained: 'both' | 'queries' = 'both',
): Promise<Fitted<Scores>> {
  const asked = [...rowsOf(data, 'dev'), ...rowsOf(data, 'test')];
  const parts = data.tasks ?? [{ queries: [0, data.queryIds.length], documents: [0, data.documents.count] } as const];
  let queries: Vectors | undefined;
  const documents: Vectors[] = [];
  for (const part of parts) {
    const own = asked.filter((row) => row >= part.queries[0] && row < part.queries[1]);
    const vectors = await model.encode(data.learner.queries, own);
    queries ??= Vectors.zeros(data.queryIds.length, vectors.dim);
    for (const [i, row] of own.entries()) queries.row(row).set(vectors.row(i));
    const rows = Array.from({ length: part.documents[1] - part.documents[0] }, (_, i) => part.documents[0] + i);
    if (trained === 'both') documents.push(await model.encode(data.learner.documents, rows));
  }
  return { answer: scorer(data, queries!, trained === 'both' ? Vectors.concat(documents) : data.documents) };
}

/**
 * A map of query vectors that is found without steps, from those of training queries and their documents: it sees no others. Documents keep
 * their vectors.
 */
export function closedSide<Setting extends Config>(
  name: string,
  configs: readonly Setting[],
  map: (from: Vectors, to: Vectors, config: Setting) => (queries: Vectors) => Vectors,
): PairSide {
  return (data) => ({
    name,
    configs,
    fit: async (config) => {
      const examples = examplesOf(data);
      const from = data.queries.pick(examples.map(({ query }) => query));
      const to = data.documents.pick(examples.map(({ document }) => document));
      return { answer: scorer(data, map(from, to, config as Setting)(data.queries), data.documents) };
    },
  });
}

/** A side of a claim: a recipe, or a contestant of another kind. */
export type PairSide = PairRecipe | ((data: Pairs, lab: Lab) => PairContestant | Promise<PairContestant>);

/** What a claim about rankings says, and what it compares on which pairs. */
export interface PairClaim extends Said, Sides<PairSide> {
  /** As it is shown, e.g. `nDCG@10`; or `pooled AUC`, see {@link pooledAreas}. */
  readonly metric: string;
  readonly data: (lab: Lab) => Promise<Pairs>;
  readonly notes?: (data: Pairs, lab: Lab) => Promise<string[]> | string[];
}

/** A claim about rankings, over three seeds. */
export function pairClaim(claim: PairClaim): ComparativeClaim {
  const { metric, notes } = claim;
  return comparison(claim, metric, async (lab) => {
    const data = await claim.data(lab);
    return {
      material: { ...pairMaterial(data, metric), ...(notes === undefined ? {} : { notes: await notes(data, lab) }) },
      contestant: (side) => (typeof side === 'function' ? side(data, lab) : pairContestant(data, side, lab)),
    };
  });
}

/** Values on test queries by seed of what a recipe learned with the setting that development queries choose, for claims that are no comparison. */
export async function tunedValues(data: Pairs, recipe: PairRecipe, metric: string, lab: Lab): Promise<number[][]> {
  const [contestant, measure] = [pairContestant(data, recipe, lab), rankingMetric(metric.toLowerCase())];
  const valuesOf = async (config: Config, seed: number, split: Split) => {
    lab.checkTime();
    const fitted = await contestant.fit(config, { seed, train: new Map(), signal: lab.signal });
    const values: number[] = [];
    for (const row of rowsOf(data, split))
      values.push(measure(data.relevant[row]!, await fitted.answer(data.queryIds[row]!)));
    return values;
  };
  let [best, most] = [recipe.configs[0]!, Number.NEGATIVE_INFINITY];
  for (const config of lab.pick(recipe.configs.slice(0, 1), recipe.configs)) {
    const value = mean(await valuesOf(config, 1, 'dev'));
    if (value > most) [best, most] = [config, value];
  }
  const bySeed: number[][] = [];
  for (const seed of [1, 2, 3]) bySeed.push(await valuesOf(best, seed, 'test'));
  return bySeed;
}
