import {
  HIT_SCORES,
  hitScores,
  LIST_FEATURES,
  listFeatures,
  numbersOfMap,
  type QueryHead,
  queryComponents,
  type RelevanceGrounds,
  type RelevanceMap,
  type RelevanceParameters,
} from '../../search/index.ts';
import {
  add,
  affine,
  type Batch,
  constantly,
  constantOf,
  drawn,
  fit,
  given,
  linear,
  mean,
  multiply,
  Parameters,
  type Scope,
  scale,
  square,
  type Tensor,
  type Tensors,
  tanh,
  zeros,
} from '../../tensor/index.ts';
import { componentsOf } from './components.ts';
import { calibrationLoss } from './objective.ts';
import { rounded } from './rounding.ts';
import type { JudgedList, RelevanceOptions } from './types.ts';

/** Everything that is learned but the threshold. */
export type LearnedMap = Omit<RelevanceParameters, 'threshold'>;

/** Learns the weights of the lists' features, and a head over the queries' embeddings where it has a say. */
export async function learnMap(
  lists: readonly JudgedList[],
  options: RelevanceOptions & { readonly by: RelevanceGrounds; readonly map: RelevanceMap },
): Promise<LearnedMap> {
  const { by, map, depth = 20, steps = 300, learningRate = 0.05, seed = 1, signal, runtime } = options;
  const { width = 16, decay = 0.1 } = options.head ?? {};
  const base = by === 'list' ? undefined : await componentsOf(lists, options);
  const numbers = numbersOfMap(map);
  const parameters = new Parameters(seed);
  const shape = [LIST_FEATURES, numbers];
  const thetaOf = (scope: Scope, { features, components }: Tensors): Tensor => {
    const weights = scope.parameter('weights', shape, constantly(0));
    const constants = scope.parameter('constants', [numbers], given(startOf(map)));
    const own = affine(features!, masked(weights, options), constants);
    return components === undefined ? own : add(own, head(scope, components, width, numbers));
  };
  const batch = batchOf(lists, depth, by, map, base);
  if (options.scores !== undefined) keepOnly(batch, options.scores);
  await fit(
    { parameters, forward: thetaOf },
    drawn(steps, () => batch),
    (forward, inputs, scope) => {
      const { components, scores, targets, present } = inputs;
      const weights = scope.parameter('weights', shape, constantly(0));
      const loss = add(
        calibrationLoss(forward(inputs), scores!, targets!, present!, map, options.listWeight),
        scale(mean(square(weights)), WEIGHT_DECAY),
      );
      return components === undefined ? loss : add(loss, scale(headWeight(scope, components, width, numbers), decay));
    },
    {
      runtime,
      threads: 1,
      learningRate,
      schedule: 'constant',
      clip: Number.POSITIVE_INFINITY,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  const rows = (weight: string, bias: string): number[][] => {
    const { data, shape: size } = parameters.get(weight);
    const [from, to] = size as [number, number];
    const constants = parameters.get(bias).data;
    return Array.from({ length: to }, (_, row) =>
      rounded([...Array.from({ length: from }, (_, i) => data[i * to + row]!), constants[row]!]),
    );
  };
  return {
    weights: onlySlopesOf(rows('weights', 'constants'), options.scores),
    ...(map === 'linear' ? {} : { map }),
    ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
    ...(base === undefined
      ? {}
      : {
          query: {
            ...base,
            hidden: rows('hidden/weight', 'hidden/bias'),
            output: rows('output/weight', 'output/bias'),
          },
        }),
  };
}

/** Of the list's features only those that are allowed count, and only for the offset, where the scores are chosen. */
function masked(weights: Tensor, { scores, features = [] }: RelevanceOptions): Tensor {
  if (scores === undefined) return weights;
  const [from, to] = weights.shape as [number, number];
  const mask = new Float32Array(from * to);
  for (const feature of features) mask[feature * to + HIT_SCORES] = 1;
  return multiply(weights, constantOf(mask, [from, to]));
}

/** Sets the scores that are not learned from to 0. */
function keepOnly({ scores }: Batch, kept: readonly number[]): void {
  scores!.data.forEach((_, i) => {
    if (!kept.includes(i % HIT_SCORES)) scores!.data[i] = 0;
  });
}

/** Of scores that were not learned from. */
const NO_SLOPE = -30;

function onlySlopesOf(weights: number[][], kept: readonly number[] | undefined): number[][] {
  if (kept === undefined) return weights;
  return weights.map((row, i) =>
    i >= HIT_SCORES || kept.includes(i) ? row : row.map((_, at) => (at < LIST_FEATURES ? 0 : NO_SLOPE)),
  );
}

/** Of the weights of the list's features: what the head's are given by its options. */
const WEIGHT_DECAY = 1e-3;

/** Slopes of about 1, few hits relevant, and an exponent of about 1. */
function startOf(map: RelevanceMap): Float32Array {
  const start = new Float32Array(numbersOfMap(map)).fill(0.5);
  start[HIT_SCORES] = -3;
  return start;
}

/** See `QueryHead`; the output starts at 0, so that all queries begin with the same map. */
function head(scope: Scope, components: Tensor, width: number, numbers: number): Tensor {
  const hidden = tanh(linear(scope.at('hidden'), components, width));
  return linear(scope.at('output'), hidden, numbers, { initializer: zeros });
}

function headWeight(scope: Scope, components: Tensor, width: number, numbers: number): Tensor {
  const hidden = scope.at('hidden').parameter('weight', [components.shape[1] as number, width], zeros);
  const output = scope.at('output').parameter('weight', [width, numbers], zeros);
  return add(mean(square(hidden)), mean(square(output)));
}

function batchOf(
  lists: readonly JudgedList[],
  depth: number,
  by: RelevanceGrounds,
  map: RelevanceMap,
  base: Pick<QueryHead, 'encoder' | 'mean' | 'components'> | undefined,
): Batch {
  const count = lists.length;
  const features = new Float32Array(count * LIST_FEATURES);
  const scores = new Float32Array(count * depth * HIT_SCORES);
  const targets = new Float32Array(count * depth);
  const present = new Float32Array(count * depth);
  const rank = base?.components.length ?? 0;
  const components = new Float32Array(count * rank);
  lists.forEach((list, q) => {
    const { hits, relevant, vector } = list;
    if (by !== 'query') features.set(listFeatures(list), q * LIST_FEATURES);
    if (base !== undefined && vector !== undefined) components.set(queryComponents(base, vector), q * rank);
    hitScores(hits, map === 'standard')
      .slice(0, depth)
      .forEach((values, i) => {
        scores.set(values, (q * depth + i) * HIT_SCORES);
        targets[q * depth + i] = relevant[i] ? 1 : 0;
        present[q * depth + i] = 1;
      });
  });
  return {
    features: { data: features, shape: [count, LIST_FEATURES] },
    ...(base === undefined ? {} : { components: { data: components, shape: [count, rank] } }),
    scores: { data: scores, shape: [count, depth * HIT_SCORES] },
    targets: { data: targets, shape: [count, depth] },
    present: { data: present, shape: [count, depth] },
  };
}
