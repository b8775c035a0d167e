import { Random } from '../../src/base/random.ts';
import { mean, quantile, randomisationTest } from '../../src/eval/index.ts';
import type { Margin, Verdict } from './types.ts';

/**
 * How a comparison is judged. The rules are here and nowhere else; a claim cannot choose them.
 *
 * The effect is `method - (1 + relative) * baseline - absolute`, averaged over test units and seeds. Its interval comes from a
 * bootstrap that draws units and seeds independently (Owen 2007, "The pigeonhole bootstrap"), at 95% divided by the number of the
 * paper's claims (Bonferroni). `holds`: the whole interval is above 0. `fails`: no part of it is. `inconclusive`: 0 lies inside, or
 * one of the rules below is broken, whatever the figures say.
 */
export const RULES = {
  /** Seeds of everything random. What is not random is run twice, and must give the same values. */
  leastSeeds: 3,
  /** Test units: fewer cannot carry a verdict. */
  leastUnits: 50,
  /** Of the level of significance, before it is divided by the number of claims. */
  level: 0.05,
  resamples: 4_000,
} as const;

/** Values of one side: by seed, then by test unit. */
export interface SideValues {
  readonly name: string;
  /** Configurations tried on development units. */
  readonly tried: number;
  readonly values: readonly Float64Array[];
}

/** The numbers of a verdict. */
export interface Effect {
  readonly baseline: number;
  readonly method: number;
  readonly difference: number;
  /** Of `difference`. */
  readonly interval: { readonly low: number; readonly high: number; readonly confidence: number };
  /** Two-sided p-value of `difference` being 0: paired randomisation over test units, means over seeds. */
  readonly p: number;
  /** `difference` less the margin, and its interval: what is compared with 0. */
  readonly excess: { readonly value: number; readonly low: number; readonly high: number };
}

export interface Judgement extends Effect {
  readonly verdict: Verdict;
  /** Why, in sentences. */
  readonly reasons: readonly string[];
}

export interface JudgeContext {
  readonly margin: Margin;
  /** Claims of the paper. */
  readonly claims: number;
  /** Whether seeds were given; without them both sides must be deterministic. */
  readonly seeded: boolean;
  readonly level: 'quick' | 'full';
}

/** @param baseline, method values of the same units in the same order, for the same seeds. */
export function judgeComparison(baseline: SideValues, method: SideValues, context: JudgeContext): Judgement {
  const confidence = 1 - RULES.level / Math.max(1, context.claims);
  const effect = effectOf(baseline.values, method.values, context.margin, confidence);
  const broken = brokenRules(baseline, method, context);
  const { excess } = effect;
  const shown = `[${excess.low.toFixed(4)}, ${excess.high.toFixed(4)}]`;
  if (broken.length > 0) return { ...effect, verdict: 'inconclusive', reasons: broken };
  if (excess.low > 0) {
    return {
      ...effect,
      verdict: 'holds',
      reasons: [`The interval of the advantage beyond the margin, ${shown}, is above 0.`],
    };
  }
  if (excess.high <= 0) {
    return {
      ...effect,
      verdict: 'fails',
      reasons: [`The interval of the advantage beyond the margin, ${shown}, does not reach above 0.`],
    };
  }
  return {
    ...effect,
    verdict: 'inconclusive',
    reasons: [`The interval of the advantage beyond the margin, ${shown}, holds 0.`],
  };
}

function brokenRules(baseline: SideValues, method: SideValues, context: JudgeContext): string[] {
  const broken: string[] = [];
  const seeds = method.values.length;
  const units = method.values[0]?.length ?? 0;
  if (context.level === 'quick') broken.push('A quick run is a smoke test: it carries no verdict.');
  if (context.seeded && seeds < RULES.leastSeeds) {
    broken.push(`${seeds} seeds are fewer than ${RULES.leastSeeds}.`);
  }
  if (!context.seeded) {
    for (const { name, values } of [baseline, method]) {
      if (values.some((one) => one.some((value, i) => !Object.is(value, values[0]![i])))) {
        broken.push(`${name} gave two results in two runs, but the claim declares no seeds.`);
      }
    }
  }
  if (units < RULES.leastUnits) broken.push(`${units} test units are fewer than ${RULES.leastUnits}.`);
  if (baseline.tried < method.tried) {
    broken.push(
      `The baseline was tuned less than the method: ${baseline.tried} configurations against ${method.tried}.`,
    );
  }
  for (const { name, values } of [baseline, method]) {
    if (values.some((one) => one.some(Number.isNaN))) broken.push(`${name} has values that are not numbers.`);
  }
  return broken;
}

function effectOf(
  baseline: readonly Float64Array[],
  method: readonly Float64Array[],
  { relative = 0, absolute = 0 }: Margin,
  confidence: number,
): Effect {
  const seeds = method.length;
  const units = method[0]?.length ?? 0;
  const random = new Random(20_07);
  const differences = new Float64Array(RULES.resamples);
  const excesses = new Float64Array(RULES.resamples);
  const grand = means(
    baseline,
    method,
    Uint32Array.from({ length: seeds }, (_, i) => i),
    Uint32Array.from({ length: units }, (_, i) => i),
  );
  const [chosenSeeds, chosenUnits] = [new Uint32Array(seeds), new Uint32Array(units)];
  for (let round = 0; round < RULES.resamples; round++) {
    for (let i = 0; i < seeds; i++) chosenSeeds[i] = random.below(seeds);
    for (let i = 0; i < units; i++) chosenUnits[i] = random.below(units);
    const drawn = means(baseline, method, chosenSeeds, chosenUnits);
    differences[round] = drawn.method - drawn.baseline;
    excesses[round] = excessOf(drawn);
  }
  const tail = (1 - confidence) / 2;
  return {
    baseline: grand.baseline,
    method: grand.method,
    difference: grand.method - grand.baseline,
    interval: { low: quantile(differences, tail), high: quantile(differences, 1 - tail), confidence },
    p: randomisationTest(
      Float64Array.from({ length: units }, (_, i) => mean(method.map((one, seed) => one[i]! - baseline[seed]![i]!))),
    ),
    excess: { value: excessOf(grand), low: quantile(excesses, tail), high: quantile(excesses, 1 - tail) },
  };

  function excessOf(values: { baseline: number; method: number }): number {
    return values.method - (1 + relative) * values.baseline - absolute;
  }
}

function means(
  baseline: readonly Float64Array[],
  method: readonly Float64Array[],
  seeds: Uint32Array,
  units: Uint32Array,
): { baseline: number; method: number } {
  let [b, m] = [0, 0];
  for (const seed of seeds) {
    const [from, to] = [baseline[seed]!, method[seed]!];
    for (const unit of units) {
      b += from[unit]!;
      m += to[unit]!;
    }
  }
  const count = seeds.length * units.length;
  return { baseline: b / count, method: m / count };
}

/** A paper's verdict is that of its weakest claim. */
export function weakest(verdicts: readonly Verdict[]): Verdict {
  for (const verdict of ['fails', 'inconclusive', 'needs-data'] as const)
    if (verdicts.includes(verdict)) return verdict;
  return 'holds';
}
