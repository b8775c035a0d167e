import { mean } from '../../src/eval/index.ts';
import { type Curriculum, infoNCE, progressiveWeights } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { Config, ExactClaim } from '../grading/types.ts';
import { exactClaim } from './claims.ts';
import {
  type Confirmed,
  type Curated,
  confirmed,
  curatedDraw,
  curriculumDraw,
  filterShares,
  type Mined,
} from './curation.ts';
import { grid } from './learning.ts';
import { tunedValues } from './pair-claims.ts';
import { rowsOf } from './pairs.ts';
import { type PairRecipe, pairRecipe } from './recipes.ts';

const STEPS = 150;
/** As many settings for all. */
const TEMPERATURES = grid({ temperature: [0.03, 0.06, 0.12, 0.24], learningRate: [1e-4, 3e-4, 1e-3, 3e-3] });
/** Where something else is tuned as well; rates are followed beyond these. */
const FEW = { temperature: [0.06, 0.12], learningRate: [3e-4, 1e-3] } as const;

/** InfoNCE in batches of some of the pairs. @param guard see `progressiveWeights`. */
export function trainedOn(
  name: string,
  some: (data: Curated) => Curated,
  guard?: { readonly after: number; readonly factor: number },
): PairRecipe {
  return pairRecipe({
    name,
    steps: STEPS,
    configs: TEMPERATURES,
    draw: (data) => curatedDraw(some(data as Curated)),
    loss: (scores, { exclude, progress }, { temperature }) =>
      infoNCE(scores, {
        temperature,
        exclude,
        ...(guard === undefined
          ? {}
          : { weights: progressiveWeights(scores, progress, { schedule: 'even', guard, exclude }) }),
      }),
  });
}

/** The same on pairs that pass a filter, whose bounds are tuned. */
export function trainedOnConfirmed<const Bounds extends Readonly<Record<string, readonly number[]>>>(
  name: string,
  bounds: Bounds,
  by: (config: { readonly [Name in keyof Bounds]: number }) => Confirmed,
): PairRecipe {
  return pairRecipe({
    name,
    steps: STEPS,
    configs: grid({ ...bounds, temperature: [0.12], learningRate: FEW.learningRate }) as Config[],
    draw: (data, config) => curatedDraw(confirmed(data as Curated, by(config as { [Name in keyof Bounds]: number }))),
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature: Number(temperature), exclude }),
  });
}

/** InfoNCE with four negatives of each query beside those of the batch. @param settings of the curriculum, which are tuned. */
export function trainedWith<const Settings extends Readonly<Record<string, readonly number[]>>>(
  name: string,
  settings: Settings,
  curriculum: (config: { readonly [Name in keyof Settings]: number }) => Curriculum,
  rule: keyof Mined['candidates'] = 'below',
): PairRecipe {
  return pairRecipe({
    name,
    steps: STEPS,
    configs: Object.keys(settings).length === 0 ? TEMPERATURES : (grid({ ...settings, ...FEW }) as Config[]),
    draw: (data, config) =>
      curriculumDraw(data as Mined, rule, curriculum(config as { [Name in keyof Settings]: number })),
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature: Number(temperature), exclude }),
  });
}

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

/** What a filter leaves out, of wrong pairs or of others; and beside it what other filters leave out. */
export function sharesClaim(
  of: 'removed' | 'lost',
  statement: string,
  bound: { readonly atLeast: number } | { readonly atMost: number },
  load: (lab: Lab) => Promise<Curated>,
  [filter, ...others]: readonly [Confirmed, ...Confirmed[]],
): ExactClaim {
  return exactClaim('data', {
    id: of,
    statement,
    check: async (lab) => {
      const data = await load(lab);
      const units = { removed: data.wrong.size, lost: rowsOf(data, 'train').length - data.wrong.size };
      const found = others.map((by) => {
        const { removed, lost } = filterShares(data, by);
        const rank = by.rank === Number.POSITIVE_INFINITY ? 'any rank' : `rank ${by.rank}`;
        const score = 'score' in by ? `, cosine ${by.score}` : '';
        return `${rank}${by.by === 'words' ? ' by words' : ''}${score}: ${percent(removed)} and ${percent(lost)}`;
      });
      return {
        metric: `share of ${of === 'removed' ? 'wrong' : 'other'} pairs that are left out`,
        value: filterShares(data, filter)[of],
        ...bound,
        units: units[of],
        sources: data.sources,
        notes: [`What other filters leave out, of wrong and of other pairs: ${found.join('; ')}.`],
      };
    },
  });
}

/** The part of the way from one recipe to another that a third one goes, by MRR@10. */
export async function partOfTheWay(data: Curated, recipes: readonly [PairRecipe, PairRecipe, PairRecipe], lab: Lab) {
  const means: number[] = [];
  for (const recipe of recipes) means.push(mean((await tunedValues(data, recipe, 'MRR@10', lab)).map(mean)));
  const [from, at, to] = means as [number, number, number];
  return {
    metric: 'part of the gain',
    value: (at - from) / (to - from),
    units: rowsOf(data, 'test').length,
    seeds: 3,
    sources: data.sources,
    notes: [`MRR@10: ${recipes.map(({ name }, i) => `${name} ${means[i]!.toFixed(4)}`).join(', ')}.`],
  };
}
