import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import {
  add,
  compareGradients,
  constantOf,
  Graph,
  gradients,
  multiply,
  type OnnxRuntimeModule,
  onnxRuntime,
  scale,
  softplus,
  sum,
  type Tensor,
  toOnnx,
  unitLength,
  type Value,
  where,
} from '../../tensor/index.ts';
import * as o from './index.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const random = new Random(4);
/** Cosine-like scores, far enough apart that a small step changes no order. */
const cosines = (...shape: number[]): Value => {
  const size = shape.reduce((a, b) => a * b, 1);
  const order = random.shuffle(Array.from({ length: size }, (_, i) => i));
  return { data: Float32Array.from(order, (i) => -0.8 + (1.6 * (i + 0.5)) / size), shape };
};
const normals = (...shape: number[]): Value => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  shape,
});
const fixed = (values: readonly number[], ...shape: number[]): Tensor =>
  constantOf(Float32Array.from(values), shape.length === 0 ? [values.length] : shape);
const whole = (...values: number[]): Tensor => constantOf(Int32Array.from(values), [values.length]);

async function value(build: (graph: Graph) => Tensor, inputs: Record<string, Value> = {}): Promise<number[]> {
  const graph = new Graph();
  graph.output('out', build(graph));
  const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
  const { data } = (await session.run(inputs))['out']!;
  await session.dispose();
  return Array.from(data as Float32Array, Number);
}

const relevant = fixed([1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1], 3, 4);
const grades = fixed([2, 0, 1, 0, 0, 1, 0, 0, 3, 0, 1, 1], 3, 4);
const teacher = fixed([0.9, 0.1, 0.4, 0, 0.2, 0.8, 0.1, 0.3, 0.5, 0.6, 0, 1], 3, 4);
const labels = whole(0, 0, 1, 1, 2, 2);
const warm = 0.3;

/** Log-probabilities of any numbers. */
const logSigmoid = (x: Tensor): Tensor => scale(softplus(scale(x, -1)), -1);

const cases: Record<string, [inputs: Value[], loss: (...x: Tensor[]) => Tensor]> = {
  infoNCE: [[cosines(3, 5)], (s) => o.infoNCE(s!, { temperature: warm })],
  'infoNCE, symmetric, with exclusions': [
    [cosines(3, 3)],
    (s) => o.infoNCE(s!, { temperature: warm, symmetric: true, exclude: fixed([0, 1, 0, 0, 0, 1, 0, 0, 0], 3, 3) }),
  ],
  'infoNCE without false negatives': [
    [cosines(3, 5)],
    (s) => o.infoNCE(s!, { temperature: warm, falseNegatives: 0.9 }),
  ],
  'infoNCE with weights': [[cosines(3, 5)], (s) => o.infoNCE(s!, { temperature: warm, weights: fixed([0.5, 2, 0.5]) })],
  'infoNCE with a temperature per query': [
    [cosines(3, 5)],
    (s) => o.infoNCE(s!, { temperature: fixed([0.2, 0.3, 0.4], 3, 1) }),
  ],
  ownNegativesNCE: [[cosines(3, 4)], (s) => o.ownNegativesNCE(s!, warm)],
  conjunctive: [[cosines(3, 4)], (s) => o.multiPositiveNCE(s!, relevant, 'conjunctive', warm)],
  disjunctive: [[cosines(3, 4)], (s) => o.multiPositiveNCE(s!, relevant, 'disjunctive', warm)],
  summed: [[cosines(3, 4)], (s) => o.multiPositiveNCE(s!, relevant, 'summed', warm)],
  'sibling exclusion': [[cosines(3, 4)], (s) => o.multiPositiveNCE(s!, relevant, 'sibling-exclusion', warm)],
  hardestPositiveNCE: [
    [cosines(3, 4)],
    (s) => sum(multiply(o.hardestPositiveNCE(s!, relevant, warm), fixed([1, 2, 3]))),
  ],
  comparativeLoss: [[cosines(4, 3)], (s) => o.comparativeLoss(s!)],
  listwiseKL: [[cosines(3, 4)], (s) => o.listwiseKL(s!, teacher, { student: warm })],
  listNet: [[cosines(3, 4)], (s) => o.listNet(s!, grades)],
  maxSimScores: [
    [normals(2, 3, 4), normals(3, 2, 4)],
    (q, d) =>
      o.listNet(
        o.maxSimScores(q!, d!, fixed([1, 1, 0, 1, 0, 0], 2, 3), fixed([1, 1, 1, 0, 1, 1], 3, 2)),
        fixed([1, 0, 0, 0, 2, 1], 2, 3),
      ),
  ],
  marginMSE: [[cosines(3, 4)], (s) => o.marginMSE(s!, teacher)],
  rankNet: [[cosines(3, 4)], (s) => o.rankNet(s!, grades, warm)],
  lambdaRank: [[cosines(3, 4)], (s) => o.lambdaRank(s!, grades, warm)],
  pairwiseAUC: [[cosines(4), cosines(6)], (p, n) => o.pairwiseAUC(p!, n!, warm)],
  batchAUC: [[cosines(3, 5)], (s) => o.batchAUC(s!, warm, fixed([0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 3, 5))],
  'pairwiseAUC with a mask': [
    [cosines(2), cosines(2, 3)],
    (p, n) => o.pairwiseAUC(p!, n!, warm, fixed([0, 1, 1, 1, 0, 1], 2, 3)),
  ],
  cosineDistillation: [[normals(3, 4)], (s) => o.cosineDistillation(s!, teacher)],
  mseDistillation: [[normals(3, 4)], (s) => o.mseDistillation(s!, teacher)],
  queryDistillation: [[normals(3, 4)], (s) => o.queryDistillation(s!, teacher)],
  pearsonLoss: [[cosines(6)], (s) => o.pearsonLoss(s!, fixed([0.1, 0.5, 0.5, 1, 0, 0.3]))],
  rankKL: [[cosines(6)], (s) => o.rankKL(s!, fixed([0.1, 0.5, 0.5, 1, 0, 0.3]), warm)],
  preferenceRanking: [[cosines(6)], (s) => o.preferenceRanking(s!, fixed([0.1, 0.5, 0.5, 1, 0, 0.3]), warm)],
  oddsRatioPreference: [
    [normals(4), normals(4)],
    (a, b) => o.oddsRatioPreference(logSigmoid(a!), logSigmoid(b!), { factors: fixed([1, 2, 1, 5]) }),
  ],
  gradedSimilarity: [[cosines(6)], (s) => o.gradedSimilarity(s!, fixed([0.1, 0.5, 0.5, 1, 0, 0.3]), {}, warm)],
  'weightedSum of rowCosines': [
    [normals(3, 4), normals(3, 4)],
    (a, b) => o.weightedSum([1, sum(o.rowCosines(a!, b!))], [0.5, sum(multiply(a!, a!))], [0, sum(a!)]),
  ],
  ownLists: [[cosines(2, 8)], (s) => o.listNet(o.ownLists(s!, 3), fixed([1, 0, 0, 0, 2, 1], 2, 3))],
  cosent: [[cosines(6)], (s) => o.cosent(s!, fixed([0.1, 0.5, 0.5, 1, 0, 0.3]), warm)],
  multiSimilarity: [[normals(6, 4)], (x) => o.multiSimilarity(unitLength(x!), labels, { beta: 5, margin: null })],
  contrastivePairs: [[normals(6, 4)], (x) => o.contrastivePairs(unitLength(x!), labels, 0.1)],
  binomialDeviance: [[normals(6, 4)], (x) => o.binomialDeviance(unitLength(x!), labels, { beta: 5 })],
  liftedStructure: [[normals(6, 4)], (x) => o.liftedStructure(unitLength(x!), labels, { temperature: 0.5 })],
  batchHardTriplet: [[normals(6, 4)], (x) => o.batchHardTriplet(unitLength(x!), labels)],
  thresholdConsistentMargin: [[normals(6, 4)], (x) => o.thresholdConsistentMargin(unitLength(x!), labels)],
  groupCentroids: [
    [normals(5, 3)],
    (x) => o.mseDistillation(o.groupCentroids(x!, whole(0, 1, 1, 2, 1), 3), fixed([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3)),
  ],
  tripletLoss: [[normals(4, 3), normals(4, 3), normals(4, 3)], (a, p, n) => o.tripletLoss(a!, p!, n!, 2)],
  centroidTriplet: [[normals(4, 3), normals(4, 3)], (a, p) => o.centroidTriplet(a!, p!, { margin: 2 })],
  'centroidTriplet, nearest': [
    [normals(4, 3), normals(4, 3)],
    (a, p) => o.centroidTriplet(a!, p!, { margin: 2, negatives: 'nearest' }),
  ],
  setTriplet: [[normals(9, 3)], (x) => o.setTriplet(x!, whole(0, 0, 1, 1, 2, 2, 3, 3, 4), 2, { margin: 3 })],
  neighbourTriplet: [[normals(6, 3)], (x) => o.neighbourTriplet(x!, 2, 3)],
  marginSoftmax: [
    [normals(4, 3), normals(3, 3)],
    (x, c) =>
      o.marginSoftmax(unitLength(x!), c!, whole(0, 1, 2, 0), {
        temperature: warm,
        margin: fixed([0.1, 0.2, 0.3, 0.4]),
      }),
  ],
};

describe('objectives have the gradients that differences say:', () => {
  for (const [name, [inputs, build]] of Object.entries(cases)) {
    it(name, async () => {
      const pairs = await compareGradients(runtime, inputs, build, 0.005);
      for (const { analytic, numeric } of pairs) {
        expect(Math.abs(analytic - numeric)).toBeLessThan(4e-3 * (1 + Math.abs(numeric)));
      }
      expect(pairs.some(({ analytic }) => Math.abs(analytic) > 1e-3)).toBe(true);
    });
  }
});

describe('objectives have the values that their formulas say:', () => {
  it('late interaction is the mean of the best, over tokens that are there', async () => {
    const queries = fixed([1, 0, 0, 1, 0.6, 0.8, 9, 9], 2, 2, 2);
    const documents = fixed([1, 0, 0, 1, 0.8, 0.6, 9, 9], 2, 2, 2);
    const scores = await value(() =>
      o.maxSimScores(queries, documents, fixed([1, 1, 1, 0], 2, 2), fixed([1, 1, 1, 0], 2, 2)),
    );
    // Both words of the first query are in the first document; in the second one they are 0.8 and 0.6 of its only token.
    for (const [i, expected] of [1, 0.7, 0.8, 0.96].entries()) expect(scores[i]).toBeCloseTo(expected, 5);
  });

  it('lists are those of their own queries, and sums leave out what weighs nothing', async () => {
    const [a, b] = [fixed([1, 0, 0, 1], 2, 2), fixed([0.6, 0.8, 0.8, 0.6], 2, 2)];
    expect(await value(() => o.rowCosines(a, b))).toEqual([0.6, 0.6].map(Math.fround));
    const scored = fixed([9, 9, 1, 2, 9, 9, 9, 9, 9, 9, 3, 4], 2, 6);
    expect(await value(() => o.ownLists(scored, 2))).toEqual([1, 2, 3, 4]);
    expect(await value(() => o.weightedSum([2, fixed([1, 2])], [0, fixed([Number.NaN, 1])]))).toEqual([2, 4]);
    expect(() => o.weightedSum([0, fixed([1])])).toThrow('Give one a weight that is not 0.');
  });

  const s = [0.9, 0.2, 0.5, 0.1, 0.6, 0.4];
  const scores = () => fixed(s, 2, 3);
  const nce = (positive: number, negatives: readonly number[], t: number) =>
    -Math.log(Math.exp(positive / t) / [positive, ...negatives].reduce((sum, x) => sum + Math.exp(x / t), 0));

  it('of several versions of a query the richer is compared with each poorer, by its lowest positive', async () => {
    const losses = fixed([3, 1, 2, 0, 1, 4], 2, 3);
    // The first query: 3 is above 1 and 2 by 2 and 1; the second: none is above a later one.
    expect((await value(() => o.comparativeLoss(losses)))[0]).toBeCloseTo(3 / 6, 5);
    expect(await value(() => o.comparativeLoss(fixed([3, 1], 2, 1)))).toEqual([0]);
    const both = await value(() => o.hardestPositiveNCE(scores(), fixed([1, 1, 0, 0, 0, 1], 2, 3), 0.2));
    expect(both[0]).toBeCloseTo(nce(0.2, [0.5], 0.2), 5);
    expect(both[1]).toBeCloseTo(nce(0.4, [0.1, 0.6], 0.2), 5);
    const beside = fixed([0, 0, 0, 0, 1, 0], 2, 3);
    const without = await value(() => o.hardestPositiveNCE(scores(), fixed([1, 1, 0, 0, 0, 1], 2, 3), 0.2, beside));
    expect(without[1]).toBeCloseTo(nce(0.4, [0.1], 0.2), 5);
  });

  it('infoNCE and its options', async () => {
    const plain = (nce(0.9, [0.2, 0.5], 0.2) + nce(0.6, [0.1, 0.4], 0.2)) / 2;
    expect((await value(() => o.infoNCE(scores(), { temperature: 0.2 })))[0]).toBeCloseTo(plain, 5);
    const without = (nce(0.9, [0.2], 0.2) + nce(0.6, [0.1, 0.4], 0.2)) / 2;
    const exclude = fixed([1, 0, 1, 0, 0, 0], 2, 3);
    expect((await value(() => o.infoNCE(scores(), { temperature: 0.2, exclude })))[0]).toBeCloseTo(without, 5);
    // 0.5 is above 0.55 of 0.9, 0.4 above 0.55 of 0.6.
    const kept = (nce(0.9, [0.2], 0.2) + nce(0.6, [0.1], 0.2)) / 2;
    expect((await value(() => o.infoNCE(scores(), { temperature: 0.2, falseNegatives: 0.55 })))[0]).toBeCloseTo(
      kept,
      5,
    );
    // Weighing by exp(hardness s) has the value of a lower temperature for negatives, but the gradient of the old one.
    const hard = await value(() => o.infoNCE(scores(), { temperature: 0.2, hardness: 3 }));
    const byHand = (positive: number, negatives: readonly number[]) =>
      Math.log(1 + negatives.reduce((sum, x) => sum + Math.exp(x / 0.2 + 3 * x - positive / 0.2), 0));
    expect(hard[0]).toBeCloseTo((byHand(0.9, [0.2, 0.5]) + byHand(0.6, [0.1, 0.4])) / 2, 5);
    const huge = fixed([1, -1, -1, 1], 2, 2);
    expect((await value(() => o.infoNCE(huge, { temperature: 0.01 })))[0]).toBeCloseTo(0, 6);
  });

  it('a shift per query leaves InfoNCE as it is, and changes the pairwise AUC loss', async () => {
    const shift = fixed([0.3, -0.2], 2, 1);
    const both = async (loss: (scores: Tensor) => Tensor) => [
      (await value(() => loss(scores())))[0]!,
      (await value(() => loss(add(scores(), shift))))[0]!,
    ];
    const [before, after] = await both((x) => o.infoNCE(x, { temperature: 0.1 }));
    expect(after).toBeCloseTo(before!, 5);
    const positivesOf = (x: Tensor) => o.pairwiseAUC(o.groupCentroids(x, whole(0, 1), 2), x, 0.1);
    const [first, second] = await both(positivesOf);
    expect(Math.abs(first! - second!)).toBeGreaterThan(0.05);
  });

  it("the AUC loss of a batch sets every positive against every query's negatives", async () => {
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const pairs = [0.9, 0.6].flatMap((positive) =>
      [0.2, 0.5, 0.4].map((negative) => softplus((negative - positive) / 0.1)),
    );
    const byHand = pairs.reduce((sum, x) => sum + x, 0) / pairs.length;
    const found = await value(() => o.batchAUC(scores(), 0.1, fixed([0, 0, 0, 1, 0, 0], 2, 3)));
    expect(found[0]).toBeCloseTo(byHand, 5);
  });
  it('the centroid triplet holds an item against the next gallery, or the nearest', async () => {
    const [a, p] = [fixed([0, 0, 4, 0, 0, 3], 3, 2), fixed([1, 0, 4, 1, 0, 1], 3, 2)];
    // Own distances 1, 1, 2; to the next gallery 17^0.5, 17^0.5, 10^0.5; to the nearest other 1, 3, 20^0.5.
    const next = await value(() => o.centroidTriplet(a, p, { margin: 2 }));
    expect(next[0]).toBeCloseTo((4 - 10 ** 0.5) / 3, 5);
    const nearest = await value(() => o.centroidTriplet(a, p, { margin: 2.5, negatives: 'nearest' }));
    expect(nearest[0]).toBeCloseTo((2.5 + 0.5 + (4.5 - 10 ** 0.5)) / 3, 5);
  });
  it('several positives, in four ways', async () => {
    const mask = fixed([1, 0, 1, 0, 1, 0], 2, 3);
    const p = (row: readonly number[], i: number) =>
      nce(
        row[i]!,
        row.filter((_, j) => j !== i),
        0.2,
      );
    const rows = [s.slice(0, 3), s.slice(3)];
    const expected = {
      conjunctive: ((p(rows[0]!, 0) + p(rows[0]!, 2)) / 2 + p(rows[1]!, 1)) / 2,
      summed: (p(rows[0]!, 0) + p(rows[0]!, 2) + p(rows[1]!, 1)) / 2,
      disjunctive: (-Math.log(Math.exp(-p(rows[0]!, 0)) + Math.exp(-p(rows[0]!, 2))) + p(rows[1]!, 1)) / 2,
      'sibling-exclusion': ((nce(0.9, [0.2], 0.2) + nce(0.5, [0.2], 0.2)) / 2 + nce(0.6, [0.1, 0.4], 0.2)) / 2,
    } as const;
    for (const [variant, loss] of Object.entries(expected)) {
      const found = await value(() => o.multiPositiveNCE(scores(), mask, variant as o.MultiPositive, 0.2));
      expect(found[0]).toBeCloseTo(loss, 5);
    }
  });

  it('several positives, one drawn and the others left out: neither pulled nor pushed', async () => {
    const [drawn, others] = [fixed([1, 0, 0, 0, 1, 0], 2, 3), fixed([1, 0, 1, 0, 0, 0], 2, 3)];
    const rows = [s.slice(0, 3), s.slice(3)];
    const expected =
      (nce(rows[0]![0]!, [rows[0]![1]!], 0.2) + nce(rows[1]![1]!, [rows[1]![0]!, rows[1]![2]!], 0.2)) / 2;
    for (const variant of ['conjunctive', 'disjunctive', 'summed', 'sibling-exclusion'] as const) {
      const found = await value(() => o.multiPositiveNCE(scores(), drawn, variant, 0.2, others));
      expect(found[0]).toBeCloseTo(expected, 5);
    }
  });

  it('of a preferred text the odds are held against those of the other', async () => {
    const [chosen, rejected] = [
      [-0.2, -1.5],
      [-0.9, -1e-9],
    ] as const;
    const odds = (l: number) => l - Math.log(-Math.expm1(Math.min(l, -1e-5)));
    const byHand = (factors: readonly number[], weight: number) =>
      chosen.reduce((sum, l, i) => {
        const ratio = factors[i]! * (odds(l) - odds(rejected[i]!));
        return sum - l + weight * Math.log1p(Math.exp(-ratio));
      }, 0) / 2;
    const given = () => [fixed(chosen), fixed(rejected)] as const;
    expect((await value(() => o.oddsRatioPreference(...given())))[0]).toBeCloseTo(byHand([1, 1], 2.5), 1);
    const near = await value(() => o.oddsRatioPreference(fixed([-0.2, -1.5]), fixed([-0.9, -0.4]), { weight: 0 }));
    expect(near[0]).toBeCloseTo(0.85, 5);
    const factors = await value(() =>
      o.oddsRatioPreference(fixed([-0.2]), fixed([-0.9]), { weight: 1, factors: fixed([3]) }),
    );
    expect(factors[0]).toBeCloseTo(0.2 + Math.log1p(Math.exp(-3 * (odds(-0.2) - odds(-0.9)))), 4);
  });

  it('lambda weights are the changes of nDCG', async () => {
    const relevance = [0, 2, 1];
    const weights = await value(() => o.lambdaWeights(fixed([0.9, 0.5, 0.7], 1, 3), fixed(relevance, 1, 3)));
    const ranks = [1, 3, 2];
    const ideal = 3 / Math.log2(2) + 1 / Math.log2(3);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const gain = Math.abs(2 ** relevance[i]! - 2 ** relevance[j]!);
        const discount = Math.abs(1 / Math.log2(1 + ranks[i]!) - 1 / Math.log2(1 + ranks[j]!));
        expect(weights[i * 3 + j]).toBeCloseTo(relevance[i]! > relevance[j]! ? (gain * discount) / ideal : 0, 5);
      }
    }
  });

  it('perfect predictions cost nothing', async () => {
    const y = fixed([0.1, 0.9, 0.4]);
    expect((await value(() => o.pearsonLoss(scale(y, 3), y)))[0]).toBeCloseTo(0, 5);
    expect((await value(() => o.rankKL(fixed([0, 1, 0.5]), y)))[0]).toBeCloseTo(0, 5);
    expect((await value(() => o.cosineDistillation(scale(teacher, 2), teacher)))[0]).toBeCloseTo(0, 5);
    expect((await value(() => o.listwiseKL(teacher, teacher, { student: 0.3 })))[0]).toBeCloseTo(0, 5);
    expect((await value(() => o.pearsonLoss(y, fixed([0.5, 0.5, 0.5]))))[0]).toBeCloseTo(1, 5);
  });

  it('the miner keeps what its rule says, and an anchor without hard pairs costs nothing', async () => {
    const s3 = fixed([1, 0.8, 0.75, 0.8, 1, 0.2, 0.75, 0.2, 1], 3, 3);
    const pairs = o.pairsOf(whole(0, 0, 1));
    const mined = o.minePairs(s3, pairs, 0.1);
    expect(await value(() => where(mined.negatives, 1, 0))).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(await value(() => where(mined.positives, 1, 0))).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0]);
    const apart = fixed([1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0], 4, 3);
    const graph = new Graph();
    const x = graph.input('x', 'float32', [4, 3]);
    const loss = o.multiSimilarity(unitLength(add(x, scale(apart, 1))), whole(0, 0, 1, 1));
    graph.output('loss', loss);
    graph.output('gradient', gradients(loss, [x])[0]!);
    const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
    const out = await session.run({ x: { data: new Float32Array(12), shape: [4, 3] } });
    expect(Number(out['loss']!.data[0])).toBe(0);
    expect([...out['gradient']!.data].map(Number).every((v) => v === 0)).toBe(true);
  });

  it('multi-similarity weighs pairs as its closed form says', async () => {
    const [alpha, beta, lambda] = [2, 5, 0.5];
    const x = { data: Float32Array.from(normals(6, 4).data as Float32Array), shape: [6, 4] };
    const groups = [0, 0, 1, 1, 2, 2];
    const run = async (loss: (unit: Tensor) => Tensor) => {
      const graph = new Graph();
      const given = graph.input('x', 'float32', [6, 4]);
      const unit = unitLength(given);
      graph.output('gradient', gradients(loss(unit), [given])[0]!);
      graph.output('cosines', o.cosines(unit, unit));
      const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
      const out = await session.run({ x });
      return { gradient: [...out['gradient']!.data].map(Number), cosines: [...out['cosines']!.data].map(Number) };
    };
    const direct = await run((unit) => o.multiSimilarity(unit, labels, { alpha, beta, lambda, margin: null }));
    const terms = direct.cosines.map((s, at) => {
      const [i, j] = [Math.floor(at / 6), at % 6];
      if (i === j) return 0;
      return groups[i] === groups[j] ? -Math.exp(-alpha * (s - lambda)) : Math.exp(beta * (s - lambda));
    });
    // Wang et al. 2019, equations 13 and 14: an exponential over one more than the sum of its kind.
    const weights = terms.map((term, at) => {
      const row = terms.slice(6 * Math.floor(at / 6), 6 * Math.floor(at / 6) + 6);
      const kind = row.filter((other) => other * term > 0).reduce((sum, other) => sum + Math.abs(other), 0);
      return term / (1 + kind) / 6;
    });
    const byPairs = await run((unit) => sum(multiply(fixed(weights, 6, 6), o.cosines(unit, unit))));
    direct.gradient.forEach((value, at) => {
      expect(value).toBeCloseTo(byPairs.gradient[at]!, 5);
    });
    expect(Math.max(...direct.gradient)).toBeGreaterThan(0.01);
  });
  it('weights by difficulty move from easy to hard and have mean 1', async () => {
    const four = cosines(4, 6);
    const at = (progress: number) =>
      value(
        (graph) => o.progressiveWeights(graph.input('s', 'float32', [4, 6]), fixed([progress], 1), { hardest: 2 }),
        {
          s: four,
        },
      );
    const [early, middle, late] = [await at(0), await at(0.5), await at(1)];
    for (const weights of [early, middle, late]) {
      expect(weights.reduce((a, b) => a + b) / 4).toBeCloseTo(1, 5);
    }
    expect(middle.every((w) => Math.abs(w - 1) < 1e-5)).toBe(true);
    expect(early.indexOf(Math.max(...early))).toBe(late.indexOf(Math.min(...late)));
  });

  it('a guard makes light of queries whose negatives beat their positive, once it is on', async () => {
    // Query 0 is beaten by its negatives, 1 and 2 are not.
    const s33 = fixed([0.2, 0.6, 0.5, 0.1, 0.9, 0.3, 0.2, 0.4, 0.8], 3, 3);
    const at = (progress: number, schedule?: (p: Tensor) => Tensor) =>
      value(() =>
        o.progressiveWeights(s33, fixed([progress], 1), {
          hardest: 2,
          guard: { after: 0.1, factor: 0.1 },
          schedule: schedule ?? ((p) => scale(p, 0)),
        }),
      );
    expect((await at(0.05)).every((w) => Math.abs(w - 1) < 1e-5)).toBe(true);
    const on = await at(0.5);
    expect(on[0]! / on[1]!).toBeCloseTo(0.1, 4);
    expect(on.reduce((a, b) => a + b) / 3).toBeCloseTo(1, 5);
    const weights = await value(() => o.progressiveWeights(s33, fixed([1], 1), { hardest: 2, relative: true }));
    expect(weights.indexOf(Math.max(...weights))).toBe(0);
    const excluded = await value(() =>
      o.progressiveWeights(s33, fixed([1], 1), { hardest: 1, exclude: fixed([0, 1, 1, 0, 0, 0, 0, 0, 0], 3, 3) }),
    );
    expect(excluded.indexOf(Math.min(...excluded))).toBe(0);
  });
  it('rarer classes get wider margins', () => {
    expect([...o.frequencyMargins([1, 16])]).toEqual([0.5, 0.25]);
  });
});
