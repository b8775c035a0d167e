import { fuse as fused } from '../fuse.ts';
import { convex, type Fusion, type Normalization, rrf } from '../fusions.ts';
import type { Retriever } from '../types.ts';
import type { Operator, OperatorScope, ParameterValue } from './types.ts';

export const fuse: Operator = {
  name: 'fuse',
  help: 'ranks the candidates of several pipelines together',
  takes: 'pipelines',
  parameters: {
    weights: {
      kind: 'numbers',
      least: 0,
      help: 'One for each pipeline. Default: a field of vectors has the share of its encoder, the others share the rest.',
    },
    by: { kind: 'choice', choices: ['convex', 'rrf'], help: 'Scores (convex, the default) or ranks alone (rrf).' },
    normalize: {
      kind: 'choice',
      choices: ['limit', 'max', 'min-max'],
      help: 'Scores are divided by what the query could reach (limit, the default) or by the best, or taken from the worst candidate to the best.',
    },
    floors: {
      kind: 'numbers',
      help: 'The score of each pipeline that counts nothing, e.g. -1 of a cosine. Default 0.',
    },
    bests: { kind: 'numbers', help: 'The score of each pipeline that counts in full. Default: that of its best.' },
    constant: { kind: 'number', least: 0, most: 1e6, help: 'Of rrf: dampens the first ranks. Default 60.' },
    candidates: {
      kind: 'whole',
      least: 1,
      most: 10_000,
      help: 'Candidates of each pipeline that are ranked together, whatever k. Default 50.',
    },
  },
  make: async (inputs, parameters, { fail }) => {
    const { weights, candidates } = parameters as { weights?: readonly number[]; candidates?: number };
    for (const name of ['weights', 'floors', 'bests'] as const) {
      const list = parameters[name] as readonly number[] | undefined;
      if (list === undefined || list.length === inputs.length) continue;
      fail(`${list.length} ${name} for ${inputs.length} pipelines`, 'Give one for each.');
    }
    if (weights?.every((weight) => weight === 0))
      fail('all weights are 0', 'Give numbers of 0 or more, at least one of them positive.');
    return fused(inputs, fusionOf(parameters, inputs.length, fail), {
      weights: weights ?? (await shares(inputs)),
      ...(candidates === undefined ? {} : { candidates }),
    });
  },
};

function fusionOf(
  { by = 'convex', normalize, floors, bests, constant }: Readonly<Record<string, ParameterValue>>,
  count: number,
  fail: OperatorScope['fail'],
): Fusion {
  const ends = floors !== undefined || bests !== undefined;
  if (by === 'rrf') {
    if (ends || normalize !== undefined) fail('rrf goes by ranks, and scores were to be normalised', 'Leave one out.');
    return rrf(constant as number | undefined);
  }
  if (constant !== undefined) fail('"constant" is of rrf', 'Write by=rrf, or leave it out.');
  if (ends && normalize !== undefined) fail('"normalize" and ends of one\'s own exclude each other', 'Leave one out.');
  if (!ends) return convex({ normalize: (normalize as 'max' | undefined) ?? 'limit' });
  const of = (list: ParameterValue | undefined, i: number): number | undefined => (list as number[] | undefined)?.[i];
  return convex({
    normalize: Array.from({ length: count }, (_, i): Normalization => {
      const [floor, best] = [of(floors, i), of(bests, i)];
      return { ...(floor === undefined ? {} : { floor }), ...(best === undefined ? {} : { best }) };
    }),
  });
}

/**
 * Weights of rankings. One by vectors has the share of its encoder, the others have equal parts of the rest; of several by vectors each
 * stands to a ranking by words as its share to what is left of 1.
 */
export async function shares(inputs: readonly Retriever[]): Promise<number[]> {
  const own = await Promise.all(inputs.map((input) => input.share?.()));
  const [share, ...more] = own.filter((one) => one !== undefined);
  if (share === undefined || inputs.length === 1) return inputs.map(() => 1);
  if (more.length === 0) return own.map((one) => one ?? (1 - share) / (inputs.length - 1));
  const all = own.some((one) => one === 1);
  return own.map((one) => {
    if (all) return one === 1 ? 1 : 0;
    return one === undefined ? 1 : one / (1 - one);
  });
}
