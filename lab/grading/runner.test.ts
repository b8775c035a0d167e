import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { tokensOf, vectorsOf } from '../datasets/embeddings.ts';
import type { SideEvidence } from './evidence.ts';
import {
  type ComparativeClaim,
  type Config,
  checkPaper,
  declarationOf,
  type Evidence,
  judgeAgain,
  Lab,
  type LabOptions,
  material,
  NeedsData,
  type Paper,
  readEvidence,
  SourceCode,
  unjudged,
  writeEvidence,
} from './index.ts';
import type { ExactClaim, ExactResult } from './types.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-lab-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lab = (options: LabOptions = {}): Lab =>
  new Lab({ cache: join(folder, 'cache'), data: join(folder, 'data'), ...options });

interface Toy {
  readonly units?: number;
  /** Advantage of the method. */
  readonly gain?: number;
  readonly margin?: ComparativeClaim['margin'];
  readonly seeds?: readonly number[] | undefined;
  readonly baselineConfigs?: readonly Config[];
  readonly methodConfigs?: readonly Config[];
  readonly noise?: number;
  readonly onFit?: (name: string, config: Config, train: ReadonlyMap<string, number>) => void;
  readonly onAnswer?: (unit: string) => void;
  readonly random?: () => number;
  /** What a setting is worth. Default: its `bonus`. */
  readonly bonus?: (name: string, config: Config) => number;
  readonly trainShare?: number;
  readonly control?: { readonly gain: number; readonly rival: boolean };
  /** Whether there is nothing to tune in the baseline. */
  readonly untunable?: boolean;
  /** Whether values are those of all units at once: how many answers a unit's is above, as a share. */
  readonly together?: boolean;
  readonly slug?: string;
  /** Of the names of units. */
  readonly prefix?: string;
}

/** Truth is a number per unit; answers are guesses, and quality is how close they are. */
function toy(options: Toy = {}): Paper {
  const {
    units = 90,
    gain = 0.1,
    margin = {},
    baselineConfigs = [{ a: 1 }],
    methodConfigs = [{ a: 1 }],
    noise = 0.05,
    prefix = 'u',
  } = options;
  const seeds = 'seeds' in options ? options.seeds : [1, 2, 3];
  const side = (name: string, configs: readonly Config[], level: number) => ({
    name,
    configs,
    fit: async (config: Config, { seed, train }: { seed: number; train: ReadonlyMap<string, number> }) => {
      options.onFit?.(name, config, train);
      const random = new Random(seed * 7919 + name.length);
      const noises = new Map(Array.from({ length: units }, (_, i) => [`${prefix}${i}`, noise * random.normal()]));
      return {
        answer: (unit: string) => {
          options.onAnswer?.(unit);
          return (
            level +
            (options.bonus?.(name, config) ?? 0.1 * Number(config['bonus'] ?? 0)) +
            (seeds === undefined ? 0 : noises.get(unit)!) +
            (options.random?.() ?? 0)
          );
        },
      };
    },
  });
  return {
    slug: options.slug ?? 'muvera',
    summary: '',
    parts: [],
    departures: [],
    seconds: { quick: 1, full: 1 },
    reach: { byDefault: false },
    claims: [
      {
        id: 'toy',
        kind: 'comparative',
        statement: 'The method is better.',
        metric: 'quality',
        margin,
        ...(seeds === undefined ? {} : { seeds }),
        load: async () =>
          material<number, number>({
            truth: new Map(Array.from({ length: units }, (_, i) => [`${prefix}${i}`, i / units])),
            sources: { 'toys.jsonl': 'abc' },
            ...(options.together === true
              ? {
                  measureAll: (truth, answers) => {
                    const mean = [...answers.values()].reduce((a, b) => a + b, 0) / answers.size;
                    return new Map([...truth].map(([unit, value]) => [unit, mean + value]));
                  },
                }
              : { measure: (truth, answer) => answer + truth }),
            ...(options.trainShare === undefined ? {} : { trainShare: options.trainShare }),
            baseline: {
              ...side('baseline', baselineConfigs, 0.3),
              ...(options.untunable === undefined ? {} : { untunable: options.untunable }),
            },
            method: side('method', methodConfigs, 0.3 + gain),
            ...(options.control === undefined
              ? {}
              : {
                  controls: [
                    { ...side('control', [{ a: 1 }], 0.3 + options.control.gain), rival: options.control.rival },
                  ],
                }),
          }),
      },
    ],
  };
}

/** A paper with one exact claim. */
function exactToy(statement: string, check: ExactClaim['check'], of: ExactClaim['of'] = 'code'): Paper {
  return { ...toy(), claims: [{ id: 'c', kind: 'exact', of, statement, check }] };
}

async function verdictOf(paper: Paper, options: LabOptions = {}) {
  const { claims } = await checkPaper(paper, lab(options));
  return claims[0]!;
}

/** Nothing that was kept is used, since it does not depend on gains. */
const fresh = (options: Toy) => verdictOf(toy(options), { fresh: true });

describe('the rules of a verdict', () => {
  it('let a clear advantage hold', async () => {
    const claim = await verdictOf(toy());
    expect(claim.verdict, claim.reasons.join()).toBe('holds');
    expect(claim.effect!.difference).toBeCloseTo(0.1, 1);
    expect(claim.effect!.interval.low).toBeGreaterThan(0.05);
    expect(claim.units).toEqual({ train: 0, dev: 30, test: 60 });
    expect(claim.values).toHaveLength(60);
  });

  it('tell a disadvantage from an advantage below the margin', async () => {
    expect((await verdictOf(toy({ gain: -0.1 }))).verdict).toBe('worse');
    expect((await verdictOf(toy({ margin: { absolute: 0.2 } }))).verdict).toBe('smaller');
    expect((await verdictOf(toy({ margin: { relative: 0.5 } }))).verdict).toBe('smaller');
    expect((await verdictOf(toy({ margin: { relative: 0.05 } }))).verdict).toBe('holds');
  });

  it('call it no difference when nothing that counts can be there', async () => {
    expect((await fresh({ gain: 0, noise: 0.005 })).verdict).toBe('no difference');
    expect((await fresh({ gain: 0, margin: { absolute: 0.1 } })).verdict).toBe('no difference');
    // As little is lost as may be, or too much.
    expect((await fresh({ gain: -0.1, margin: { absolute: -0.05 } })).verdict).toBe('worse');
    expect((await fresh({ gain: -0.05, noise: 0.3, margin: { absolute: -0.05 } })).verdict).toBe('inconclusive');
  });

  it('let a rival that is better keep a claim from holding', async () => {
    expect((await fresh({ control: { gain: 0.3, rival: false } })).verdict).toBe('holds');
    expect((await fresh({ control: { gain: 0.05, rival: true } })).verdict).toBe('holds');
    const { verdict, reasons, sides } = await fresh({ control: { gain: 0.3, rival: true } });
    expect(verdict).toBe('worse');
    expect(reasons.join(' ')).toMatch(
      /But control, a rival, is better\. Against it: The interval of the advantage, .*, is below 0\./,
    );
    expect(sides![2]).toMatchObject({ role: 'control', rival: true });
    // One that is level with the method is no reason to hold either.
    const level = await fresh({ control: { gain: 0.101, rival: true }, noise: 0.005 });
    expect(level.verdict).toBe('no difference');
  });

  it('do not ask for the tuning of what has nothing to tune', async () => {
    const methodConfigs = [{ bonus: 0 }, { bonus: 1 }];
    const { verdict, sides } = await fresh({ methodConfigs, untunable: true });
    expect(verdict).toBe('holds');
    expect(sides![0]!.untunable).toBe(true);
    expect((await fresh({ methodConfigs })).verdict).toBe('inconclusive');
  });

  it('measure answers together where values depend on each other', async () => {
    const { verdict, sides } = await fresh({ together: true });
    expect(verdict).toBe('holds');
    // Truth is from 0 to 1 by unit, its mean one half; with it the mean of all answers.
    expect(sides![1]!.mean - sides![0]!.mean).toBeCloseTo(0.1, 1);
  });

  it('leave open what the interval leaves open', async () => {
    expect((await verdictOf(toy({ gain: 0.002, noise: 0.4 }))).verdict).toBe('inconclusive');
  });

  it('allow "no worse than": a negative margin', async () => {
    expect((await verdictOf(toy({ gain: 0, margin: { absolute: -0.1 } }))).verdict).toBe('holds');
  });

  it.each<[string, Toy, RegExp]>([
    [
      'a baseline that was tuned less',
      { methodConfigs: [{ a: 1 }, { a: 2 }] },
      /tuned less.*1 configurations against 2/,
    ],
    ['a single seed', { seeds: [1] }, /1 seeds are fewer than 3/],
    ['few units', { units: 60 }, /40 test units are fewer than 50/],
  ])('refuse %s', async (_, options, reason) => {
    const claim = await verdictOf(toy(options));
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.reasons.join(' ')).toMatch(reason);
  });

  it('refuse a claim without seeds that is random after all', async () => {
    const random = new Random(5);
    const claim = await verdictOf(toy({ seeds: undefined, random: () => 0.01 * random.normal() }));
    expect(claim.reasons.join(' ')).toMatch(/two results in two runs/);
    expect((await verdictOf(toy({ seeds: undefined, units: 91 }))).verdict).toBe('holds');
  });

  it('give a quick run no verdict', async () => {
    expect((await verdictOf(toy(), { level: 'quick' })).reasons.join()).toMatch(/smoke test/);
  });
});

describe('the lab', () => {
  it('shows contestants the truth of training units only, tunes on others, and reports on yet others', async () => {
    const fits: { name: string; train: number }[] = [];
    const trained = new Set<string>();
    const answered: string[] = [];
    const claim = await verdictOf(
      toy({
        units: 150,
        trainShare: 1 / 3,
        baselineConfigs: [{ bonus: 0 }, { bonus: 1 }, { bonus: 2 }],
        methodConfigs: [{ bonus: 0 }, { bonus: 2 }],
        onFit: (name, _, train) => {
          fits.push({ name, train: train.size });
          for (const unit of train.keys()) trained.add(unit);
        },
        onAnswer: (unit) => answered.push(unit),
      }),
    );
    expect(claim.units).toEqual({ train: 50, dev: 33, test: 67 });
    expect(fits.every(({ train }) => train === 50)).toBe(true);
    expect(answered.some((unit) => trained.has(unit))).toBe(false);
    // Both were tuned, and both found the same bonus.
    const [baseline, method] = claim.sides!;
    expect(baseline).toMatchObject({ config: { bonus: 2 } });
    expect(baseline!.tuning.map(({ config }) => config)).toEqual([{ bonus: 0 }, { bonus: 1 }, { bonus: 2 }]);
    expect(method).toMatchObject({ config: { bonus: 2 } });
    expect(claim.reasons.join(' ')).toMatch(/best bonus of baseline, 2, is at the edge/);
    // 3 + 2 configurations once, and 3 seeds of each choice.
    expect(fits).toHaveLength(5 + 6);
    const development = new Set(answered.slice(0, 33));
    expect(claim.values!.some(([unit]) => development.has(unit))).toBe(false);
  });

  it('follows learning rates beyond those declared until the best lies within, on both sides', async () => {
    const rates = [1e-4, 3e-4, 1e-3].map((learningRate) => ({ learningRate, a: 1 }));
    const claim = await verdictOf(
      toy({
        baselineConfigs: [...rates, { learningRate: 0, a: 1 }],
        methodConfigs: rates,
        // The better the nearer to 1e-2, and to 1e-3.
        bonus: (name, { learningRate }) =>
          -Math.abs(Math.log10(Number(learningRate) || 1) + (name === 'baseline' ? 3 : 2)) / 20,
      }),
    );
    const [baseline, method] = claim.sides!;
    const triedBy = ({ tuning }: SideEvidence, beyond: boolean) =>
      tuning.filter((tried) => (tried.beyond ?? false) === beyond).map(({ config }) => config['learningRate']);
    expect(baseline).toMatchObject({ config: { learningRate: 1e-3, a: 1 } });
    expect(triedBy(baseline!, true)).toEqual([3e-3]);
    expect(method).toMatchObject({ config: { learningRate: 1e-2, a: 1 } });
    expect(triedBy(method!, false)).toEqual([1e-4, 3e-4, 1e-3]);
    expect(triedBy(method!, true)).toEqual([3e-3, 1e-2, 3e-2]);
    // What is tried beyond does not count as tuning harder.
    expect(claim.reasons.join(' ')).not.toMatch(/tuned less|at the edge/);
  });

  it('gives up following a rate after some steps, and says that the best may lie beyond', async () => {
    const rates = [1e-4, 3e-4, 1e-3].map((learningRate) => ({ learningRate }));
    const claim = await verdictOf(
      toy({ methodConfigs: rates, baselineConfigs: rates, bonus: (_, { learningRate }) => -Number(learningRate) }),
    );
    expect(claim.sides![1]).toMatchObject({ config: { learningRate: 1e-6 } });
    expect(claim.reasons.join(' ')).toMatch(/best learningRate of method, 0.000001, is at the edge/);
  });

  it('resumes where it was interrupted, and comes to the same figures', async () => {
    let fits = 0;
    const controller = new AbortController();
    const options: Toy = {
      onFit: () => {
        if (++fits === 3) controller.abort();
      },
    };
    await expect(verdictOf(toy(options), { signal: controller.signal })).rejects.toThrow(/abort/i);
    expect(fits).toBe(3);
    const resumed = await verdictOf(toy(options));
    // The third was cut off and is done again; the first two are kept.
    expect(fits).toBe(3 + 4);
    rmSync(join(folder, 'cache'), { recursive: true });
    const whole = await verdictOf(toy());
    const timeless = { tookMs: 0, cpuMs: 0 };
    expect({ ...resumed, ...timeless }).toEqual({ ...whole, ...timeless });
  });

  it('stops when time is over, and says how to go on', async () => {
    const claim = await verdictOf(toy(), { budget: 0 });
    expect(claim).toMatchObject({
      verdict: 'inconclusive',
      reasons: [expect.stringMatching(/Run the same command again/)],
    });
  });

  it('says what would supply missing data', async () => {
    const paper = exactToy('It is never reached.', async (l) => {
      await l.collection('scifact');
      throw new Error('unreachable');
    });
    expect(await verdictOf(paper)).toMatchObject({
      verdict: 'needs-data',
      reasons: [expect.stringMatching(/SAGITTA_DATA.*scifact/)],
    });
    expect(() => lab().packageFile('no-such-package', 'package.json')).toThrow(NeedsData);
  });

  it('judges exact claims by their bound', async () => {
    const exact = (value: number): Paper =>
      exactToy(`It is ${value}.`, async () => ({ metric: 'm', value, atLeast: 0.9 }));
    expect((await verdictOf(exact(0.9))).verdict).toBe('holds');
    expect((await verdictOf(exact(0.89))).verdict).toBe('worse');
    expect((await verdictOf(exact(Number.NaN))).verdict).toBe('inconclusive');
    for (const value of [0.9, 0.89]) {
      const { verdict, reasons } = await verdictOf(exact(value), { level: 'quick' });
      expect(verdict).toBe('inconclusive');
      expect(reasons.join()).toMatch(`It is ${value}, and was to be at least 0.9; a quick run carries no verdict.`);
    }
  });
});

describe('exact claims', () => {
  const exact = (result: Partial<ExactResult>, of: 'code' | 'data' = 'data', values = [0.95]): Paper => {
    let runs = 0;
    const check = async () => ({ metric: 'm', value: values[runs++ % values.length]!, atLeast: 0.9, ...result });
    return exactToy(`It is so by ${JSON.stringify(result)}.`, check, of);
  };

  it('about data keep the rules of units and seeds', async () => {
    expect((await verdictOf(exact({ units: 50, seeds: 3 }))).verdict).toBe('holds');
    expect((await verdictOf(exact({ units: 50 }))).verdict).toBe('holds');
    for (const [result, reason] of [
      [{}, /0 units are fewer than 50/],
      [{ units: 8, seeds: 3 }, /8 units are fewer than 50/],
      [{ units: 50, seeds: 1 }, /1 seeds are fewer than 3/],
    ] as const) {
      const { verdict, reasons } = await verdictOf(exact(result));
      expect(verdict).toBe('inconclusive');
      expect(reasons.join()).toMatch(reason);
    }
  });

  it('about data that declare no seeds are run twice', async () => {
    const { verdict, reasons } = await verdictOf(exact({ units: 50 }, 'data', [0.95, 0.96]));
    expect(verdict).toBe('inconclusive');
    expect(reasons.join()).toMatch(/a second run gave 0\.96/);
  });

  it('are kept as trials are, until what is declared changes', async () => {
    let checks = 0;
    const check = async () => ({ metric: 'm', value: ++checks, atLeast: 1 });
    expect((await verdictOf(exactToy('One.', check))).value).toBe(1);
    expect((await verdictOf(exactToy('One.', check))).value).toBe(1);
    expect((await verdictOf(exactToy('Another.', check))).value).toBe(2);
    expect((await verdictOf(exactToy('One.', check), { fresh: true })).value).toBe(3);
  });

  it('about the code say so', async () => {
    const { verdict, reasons, of } = await verdictOf(exact({}, 'code'));
    expect({ verdict, of }).toEqual({ verdict: 'holds', of: 'code' });
    expect(reasons.join()).toMatch(/A property of the code/);
  });
});

describe('claims that share test units', () => {
  it('divide the level of significance, across papers, and are judged again when others join', async () => {
    const at = (evidence: Evidence): [number | undefined, number] => {
      const [claim] = evidence.claims;
      return [claim!.sharing, Number(claim!.effect!.interval.confidence.toFixed(4))];
    };
    const first = await checkPaper(toy(), lab());
    expect(at(first)).toEqual([1, 0.95]);
    await writeEvidence(folder, first);
    // Other units of the same file share nothing.
    await writeEvidence(folder, await checkPaper(toy({ slug: 'tcm', prefix: 'v' }), lab(), [first]));
    expect(await judgeAgain(folder)).toEqual([]);
    const second = await checkPaper(toy({ slug: 'bebr' }), lab(), [first]);
    expect(at(second)).toEqual([2, 0.975]);
    await writeEvidence(folder, second);
    expect(await judgeAgain(folder)).toEqual(['muvera']);
    const again = (await readEvidence(folder)).get('muvera')!;
    expect(at(again)).toEqual([2, 0.975]);
    expect(again.claims[0]!.effect!.interval.low).toBeLessThan(first.claims[0]!.effect!.interval.low);
  });

  it('cannot be judged again from means over seeds', async () => {
    const [first, second] = [await checkPaper(toy(), lab()), await checkPaper(toy({ slug: 'bebr' }), lab())];
    const { values, ...claim } = first.claims[0]!;
    const old: Evidence = { ...first, claims: [{ ...claim, means: values!.map(([unit]) => [unit, 0.5, 0.6]) }] };
    expect(unjudged(old, [old])).toBeUndefined();
    expect(unjudged(old, [old, second])).toMatch(
      /2 claims share the test units of "toy", .* 95\.0% where 97\.5% are due/,
    );
    expect(unjudged(first, [first, second])).toBeUndefined();
  });
});

describe('evidence', () => {
  it('carries the hash of the code that it reaches, and the processor time', async () => {
    const { claims } = await checkPaper(toy(), lab());
    expect(claims[0]!.cpuMs).toBeGreaterThan(0);
    expect(claims[0]!.code).toBe(new SourceCode().hashOf('muvera', 'minilm'));
  });

  it('is read back as written, and another declaration is noticed', async () => {
    const evidence = await checkPaper(toy(), lab());
    await writeEvidence(folder, evidence);
    expect((await readEvidence(folder)).get('muvera')).toEqual(evidence);
    const [before, after] = [toy().claims[0]!, toy({ margin: { absolute: 0.01 } }).claims[0]!];
    expect(declarationOf(before)).toBe(evidence.claims[0]!.declaration);
    expect(declarationOf(after)).not.toBe(declarationOf(before));
  });
});

describe('the encoder of the lab', () => {
  it('is a setting, makes what papers ask for, and is named by the evidence', async () => {
    const paper = (encoder?: string): Paper => ({
      ...exactToy('A text has components.', async (l) => ({
        metric: 'components',
        value: (await vectorsOf(l, ['a text'], 'query')).dim,
        atLeast: 1,
      })),
      ...(encoder === undefined ? {} : { encoder }),
    });
    const check = async (options: LabOptions, own?: string) => {
      const { encoder, claims } = await checkPaper(paper(own), lab(options));
      return [encoder, claims[0]!.value];
    };
    expect(await check({ encoder: 'hash:64' })).toEqual(['hash:64', 64]);
    // What was kept of one encoder is not taken for that of another.
    expect(await check({ encoder: 'hash:32' })).toEqual(['hash:32', 32]);
    expect(await check({ encoder: 'hash:32' }, 'hash:16')).toEqual(['hash:16', 16]);
    expect(lab().encoder).toBe('minilm');
    await expect(check({ encoder: 'no-such' })).rejects.toThrow(/no encoder "no-such"/);
  });

  it('may give no vectors of tokens, which is missing material', async () => {
    await expect(tokensOf(lab({ encoder: 'http:http://localhost:1#model?dim=4' }), ['a'])).rejects.toThrow(NeedsData);
  });
});
