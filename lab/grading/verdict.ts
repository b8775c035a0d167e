import { Random } from '../../src/base/random.ts';
import { mean, quantile, randomisationTest } from '../../src/eval/index.ts';
import type { Margin, Verdict } from './types.ts';

/**
 * How a claim is judged. The rules are here and nowhere else; a claim cannot choose them.
 *
 * The effect is `method - baseline`, averaged over test units and seeds; the excess is what is left of it beyond the margin,
 * `method - (1 + relative) * baseline - absolute`. Intervals come from a bootstrap that draws units and seeds independently (Owen 2007,
 * "The pigeonhole bootstrap"), at 95% divided by the number of claims that share test units, those of other papers too (Bonferroni).
 * What they say is in {@link settle}; where one of the rules below is broken, the verdict is `inconclusive` whatever they say.
 */
export const RULES = {
  /** Seeds of everything random. What is not random is run twice, and must give the same values. */
  leastSeeds: 3,
  /** Test units: fewer cannot carry a verdict. */
  leastUnits: 50,
  /** Of the level of significance, before it is divided by the number of claims. */
  level: 0.05,
  resamples: 10_000,
  /** Differences up to this, of metrics from 0 to 1, are none, where a claim has no margin that says what counts. */
  same: 0.01,
} as const;

/** Values of one side: by seed, then by test unit. */
export interface SideValues {
  readonly name: string;
  /** Configurations tried on development units; infinite where there is nothing to tune. */
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

/** A verdict, and why, in sentences. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

export interface JudgeContext {
  readonly margin: Margin;
  /** Claims that share test units with this one, which counts. */
  readonly claims: number;
  /** Whether seeds were given; without them both sides must be deterministic. */
  readonly seeded: boolean;
  readonly level: 'quick' | 'full';
}

/** Confidence of the interval of a claim, where so many claims share test units. */
export function confidenceFor(claims: number): number {
  return 1 - RULES.level / Math.max(1, claims);
}

/**
 * @param baseline values of the same units in the same order, for the same seeds, as `method` and `rivals` have.
 * @param rivals controls that keep the claim from holding when they are better than the method.
 */
export function judgeComparison(
  baseline: SideValues,
  method: SideValues,
  rivals: readonly SideValues[],
  context: JudgeContext,
): Judgement & { readonly effect: Effect } {
  const confidence = confidenceFor(context.claims);
  const effect = effectOf(baseline.values, method.values, context.margin, confidence);
  const broken = brokenRules(baseline, method, rivals, context);
  if (broken.length > 0) return { effect, verdict: 'inconclusive', reasons: broken };
  const settled = settle(effect, context.margin);
  if (settled.verdict !== 'holds') return { effect, ...settled };
  for (const rival of rivals) {
    const against = effectOf(rival.values, method.values, {}, confidence);
    if (against.difference >= 0) continue;
    const { verdict, reasons } = settle(against, {});
    return {
      effect,
      verdict,
      reasons: [...settled.reasons, `But ${rival.name}, a rival, is better. Against it: ${reasons.join(' ')}`],
    };
  }
  return { effect, ...settled };
}

/**
 * What the intervals say.
 *
 * - `holds`: all of the excess is above 0.
 * - `smaller`: all of the effect is above 0, and none of the excess: a gain, but below the margin.
 * - `worse`: all of the effect is below 0, and none of the excess above it: with a margin below 0, more is lost than it allows.
 * - `no difference`: the effect is around 0, and all of it within the margin on both sides, or within `RULES.same` where the margin is 0.
 * - `inconclusive`: anything else; the interval is too wide.
 */
export function settle({ baseline, interval, excess }: Effect, { relative = 0, absolute = 0 }: Margin): Judgement {
  const margin = relative * baseline + absolute;
  const [gain, beyond] = [shown(interval), shown(excess)];
  if (excess.low > 0) {
    return { verdict: 'holds', reasons: [`The interval of the advantage beyond the margin, ${beyond}, is above 0.`] };
  }
  if (interval.high < 0 && excess.high <= 0) {
    const allowed = margin < 0 ? `, and beyond the margin, ${beyond}, does not reach above it` : '';
    return { verdict: 'worse', reasons: [`The interval of the advantage, ${gain}, is below 0${allowed}.`] };
  }
  if (interval.low > 0 && excess.high <= 0) {
    return {
      verdict: 'smaller',
      reasons: [
        `The interval of the advantage, ${gain}, is above 0; beyond the margin, ${beyond}, it does not reach above 0.`,
      ],
    };
  }
  const same = margin > 0 ? margin : RULES.same;
  const around = interval.low <= 0 && interval.high >= 0;
  if (margin >= 0 && around && interval.low > -same && (margin > 0 ? excess.high <= 0 : interval.high < same)) {
    return {
      verdict: 'no difference',
      reasons: [
        `The interval of the advantage, ${gain}, holds 0 and nothing beyond ${Number(same.toPrecision(3))} on either side.`,
      ],
    };
  }
  return {
    verdict: 'inconclusive',
    reasons: [`The interval of the advantage, ${gain}, beyond the margin ${beyond}, is too wide to tell.`],
  };
}

/** What was measured for an exact claim. */
export interface ExactValue {
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Of a property of the code; or of data, and then on so many units, with so many seeds (none: nothing is random). */
  readonly of: 'code' | 'data';
  readonly units?: number;
  readonly seeds?: number;
  /** The value of a second run, where nothing is to be random. */
  readonly again?: number;
  readonly level: 'quick' | 'full';
}

/** An exact claim holds within its bound, and is `worse` outside. One about data keeps the rules of units and seeds. */
export function judgeExact({ value, atLeast, atMost, of, units = 0, seeds, again, level }: ExactValue): Judgement & {
  readonly bound: string;
} {
  const bound = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(', ');
  const is = `It is ${value}, and was to be ${bound}`;
  const broken: string[] = [];
  if (bound === '') broken.push('The claim states no bound.');
  else if (level === 'quick') broken.push(`${is}; a quick run carries no verdict.`);
  else if (of === 'data') {
    if (units < RULES.leastUnits) broken.push(`${is}; but ${units} units are fewer than ${RULES.leastUnits}.`);
    if (seeds !== undefined && seeds < RULES.leastSeeds)
      broken.push(`${is}; but ${seeds} seeds are fewer than ${RULES.leastSeeds}.`);
    if (again !== undefined && !Object.is(again, value))
      broken.push(`${is}; but a second run gave ${again}, and the claim declares no seeds.`);
  }
  if (Number.isNaN(value)) broken.push('The value is not a number.');
  if (broken.length > 0) return { bound, verdict: 'inconclusive', reasons: broken };
  const holds = value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
  return {
    bound,
    verdict: holds ? 'holds' : 'worse',
    reasons: [of === 'code' ? `${is}. A property of the code.` : `${is}.`],
  };
}

function brokenRules(
  baseline: SideValues,
  method: SideValues,
  rivals: readonly SideValues[],
  context: JudgeContext,
): string[] {
  const broken: string[] = [];
  const seeds = method.values.length;
  const units = method.values[0]?.length ?? 0;
  if (context.level === 'quick') broken.push('A quick run is a smoke test: it carries no verdict.');
  if (context.seeded && seeds < RULES.leastSeeds) {
    broken.push(`${seeds} seeds are fewer than ${RULES.leastSeeds}.`);
  }
  if (!context.seeded) {
    for (const { name, values } of [baseline, method, ...rivals]) {
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
  for (const { name, values } of [baseline, method, ...rivals]) {
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

function shown({ low, high }: { readonly low: number; readonly high: number }): string {
  return `[${low.toFixed(4)}, ${high.toFixed(4)}]`;
}

/** From the most to the least that speaks against a claim. */
export const VERDICTS = [
  'worse',
  'no difference',
  'smaller',
  'inconclusive',
  'needs-data',
  'holds',
] as const satisfies readonly Verdict[];

/** A paper's verdict is that of its weakest claim. */
export function weakest(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'holds';
}
