import { cpus, totalmem } from 'node:os';
import { given } from '../../src/base/given.ts';
import { Random } from '../../src/base/random.ts';
import { mean } from '../../src/eval/index.ts';
import {
  type ClaimEvidence,
  declarationOf,
  type Evidence,
  type SideEvidence,
  type Tried,
  type UnitValue,
} from './evidence.ts';
import { judged } from './judging.ts';
import { type Lab, NeedsData, OutOfTime } from './lab.ts';
import { version } from './places.ts';
import type {
  Claim,
  ComparativeClaim,
  Config,
  Contestant,
  ExactClaim,
  ExactResult,
  Material,
  Paper,
  Split,
} from './types.ts';
import { judgeExact } from './verdict.ts';

/**
 * Checks all claims of a paper, in order. What is out of time or lacks data is recorded as such; other errors end the check.
 * @param others evidence of other papers, whose claims may share test units with these.
 */
export async function checkPaper(paper: Paper, given: Lab, others: Iterable<Evidence> = []): Promise<Evidence> {
  const lab = given.using(paper.encoder);
  const claims: ClaimEvidence[] = [];
  const code = lab.code.hashOf(paper.slug, lab.encoder);
  for (const claim of paper.claims) {
    lab.signal.throwIfAborted();
    lab.say(`${paper.slug}/${claim.id}: ${claim.statement}`);
    claims.push(await checkClaim(paper, claim, code, lab));
  }
  const measured: Evidence = {
    format: 2,
    paper: paper.slug,
    level: lab.level,
    encoder: lab.encoder,
    software: { sagitta: version, node: process.version },
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 2 ** 30),
    },
    recorded: new Date().toISOString(),
    claims,
  };
  return judged(measured, others);
}

async function checkClaim(paper: Paper, claim: Claim, code: string | undefined, lab: Lab): Promise<ClaimEvidence> {
  const start = performance.now();
  const processor = process.cpuUsage();
  const base = {
    id: claim.id,
    statement: claim.statement,
    declaration: declarationOf(claim),
    ...(code === undefined ? {} : { code }),
  };
  const took = (): Pick<ClaimEvidence, 'tookMs' | 'cpuMs'> => {
    const { user, system } = process.cpuUsage(processor);
    return { tookMs: Math.round(performance.now() - start), cpuMs: Math.round((user + system) / 1000) };
  };
  try {
    lab.checkTime();
    const found =
      claim.kind === 'exact'
        ? await exact(paper.slug, claim, code, lab)
        : await comparative(paper.slug, claim, code, lab);
    return { ...base, ...found, ...took() };
  } catch (error) {
    if (error instanceof NeedsData) return { ...base, verdict: 'needs-data', reasons: [error.message], ...took() };
    if (error instanceof OutOfTime) return { ...base, verdict: 'inconclusive', reasons: [error.message], ...took() };
    throw error;
  }
}

/** Evidence of a claim, but for what all have. */
type Measured = Omit<ClaimEvidence, 'id' | 'statement' | 'declaration' | 'code' | 'tookMs' | 'cpuMs'>;

async function exact(slug: string, claim: ExactClaim, code: string | undefined, lab: Lab): Promise<Measured> {
  // Kept as trials are, see there.
  const check = async (round: number): Promise<ExactResult> => {
    const key = [version, slug, claim.id, declarationOf(claim), code ?? '', lab.level, round];
    const { value, ...found } = await lab.remember([JSON.stringify(key)], async () => claim.check(lab));
    return { ...found, value: value ?? Number.NaN };
  };
  const { metric, value, atLeast, atMost, units, seeds, notes, sources } = await check(0);
  const twice = claim.of === 'data' && seeds === undefined && lab.level === 'full';
  const { bound, ...judgement } = judgeExact({
    value,
    of: claim.of,
    level: lab.level,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
    ...(units === undefined ? {} : { units }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(twice ? { again: (await check(1)).value } : {}),
  });
  return {
    ...judgement,
    metric,
    value,
    bound,
    of: claim.of,
    ...(units === undefined ? {} : { measuredOn: { units, seeds: seeds ?? 0 } }),
    ...(sources === undefined ? {} : { sources }),
    ...(notes === undefined ? {} : { notes }),
  };
}

/** Seed of the splits that the lab draws: never that of a contestant. */
const SPLIT_SEED = 4_711;

async function comparative(
  slug: string,
  claim: ComparativeClaim,
  code: string | undefined,
  lab: Lab,
): Promise<Measured> {
  const material = await claim.load(lab);
  const splits = split(material);
  // Without seeds everything is run twice, to see that it is the same.
  const seeds = claim.seeds === undefined ? [1, 1] : lab.pick(claim.seeds.slice(0, 1), claim.seeds);
  // What was kept holds as long as the declaration and the code that it reaches are what they were.
  const declared = [declarationOf(claim), code ?? ''].join();
  const trials = new Trials(`${slug}/${claim.id}`, declared, material, splits, lab);
  const sides: (SideEvidence & { perUnit: Float64Array[] })[] = [];
  const roles = [
    ['baseline', material.baseline],
    ['method', material.method],
    ...(material.controls ?? []).map((control) => ['control', control] as const),
  ] as const;
  for (const [role, contestant] of roles) {
    const { config, tuning } = await tune(contestant, trials, seeds[0]!);
    const perUnit: Float64Array[] = [];
    let costs: Record<string, number> | undefined;
    for (const [round, seed] of seeds.entries()) {
      const trial = await trials.run(contestant, config, seed, 'test', claim.seeds === undefined ? round : 0);
      perUnit.push(Float64Array.from(trial.values, (value) => value ?? Number.NaN));
      costs ??= trial.costs;
    }
    const bySeed = perUnit.map((values) => mean(values));
    sides.push({
      role,
      ...(role === 'control' && contestant.rival === true ? { rival: true as const } : {}),
      name: contestant.name,
      ...(contestant.untunable === true ? { untunable: true as const } : {}),
      config,
      tuning,
      bySeed,
      mean: mean(bySeed),
      ...(costs === undefined ? {} : { costs }),
      perUnit,
    });
  }
  return {
    // Judged when all claims of the paper are measured.
    verdict: 'inconclusive',
    reasons: [],
    metric: claim.metric,
    margin: claim.margin,
    sides: sides.map(({ perUnit: _, ...side }) => side),
    seeds: claim.seeds === undefined ? [] : seeds,
    units: { train: splits.train.length, dev: splits.dev.length, test: splits.test.length },
    values: splits.test.map((unit, i) => [unit, ...sides.map(({ perUnit }) => unitValue(perUnit, i))]),
    sources: material.sources,
    ...(material.notes === undefined ? {} : { notes: material.notes }),
  };
}

function unitValue(bySeed: readonly Float64Array[], unit: number): UnitValue {
  const values = bySeed.map((values) => (Number.isNaN(values[unit]) ? null : Number(values[unit]!.toPrecision(6))));
  return values.every((value) => value === values[0]) ? values[0]! : values;
}

async function tune(
  contestant: Contestant,
  trials: Trials,
  seed: number,
): Promise<{ config: Config; tuning: SideEvidence['tuning'] }> {
  const [first] = contestant.configs;
  // A smoke test tunes nothing.
  if (contestant.configs.length === 1 || trials.level === 'quick') return { config: first!, tuning: [] };
  const tuning: Tried[] = [];
  const attempt = async (config: Config, beyond?: true): Promise<void> => {
    const { values } = await trials.run(contestant, config, seed, 'dev');
    const dev = mean(Float64Array.from(values, (value) => value ?? Number.NaN));
    tuning.push({ config, dev, ...given({ beyond }) });
  };
  for (const config of contestant.configs) await attempt(config);
  for (let step = 0; step < BEYOND; step++) for (const config of ratesBeyond(tuning)) await attempt(config, true);
  return { config: bestOf(tuning).config, tuning };
}

/** Of equal ones the first; what has no value is the best only where nothing has one. */
function bestOf(tuning: readonly Tried[]): Tried {
  return tuning.reduce((a, b) => (b.dev > a.dev || (Number.isNaN(a.dev) && !Number.isNaN(b.dev)) ? b : a));
}

/** How many steps rates are followed beyond those that are declared. */
const BEYOND = 4;
const RATE = /(rate|decay)$/i;

/**
 * What to try next: where the best learning rate or decay of weights is the least or the greatest of those tried, a better one may lie beyond. The next one continues the scale (1e-4, 3e-4,
 * 1e-3 go on with 3e-3), with the other settings of the best. None where it lies within.
 */
function ratesBeyond(tuning: readonly Tried[]): Config[] {
  const { config } = bestOf(tuning);
  return Object.entries(config).flatMap(([name, value]) => {
    if (!RATE.test(name)) return [];
    const tried = new Set(tuning.map((one) => Number(one.config[name])).filter((rate) => rate > 0));
    const rates = [...tried].sort((a, b) => a - b);
    if (value !== rates[0]) rates.reverse();
    const [last, inner, further] = rates;
    if (value !== last || inner === undefined) return [];
    const step = further === undefined ? last / inner : inner / further;
    return [{ ...config, [name]: Number((last * step).toPrecision(2)) }];
  });
}

type Splits = Readonly<Record<Split, readonly string[]>>;

function split({ truth, split: given, trainShare = 0 }: Material): Splits {
  const units = [...truth.keys()];
  if (given !== undefined) {
    const of = (wanted: Split): string[] => units.filter((unit) => given(unit) === wanted);
    return { train: of('train'), dev: of('dev'), test: of('test') };
  }
  const shuffled = new Random(SPLIT_SEED).shuffle(units);
  const train = Math.round(shuffled.length * trainShare);
  const dev = Math.round((shuffled.length - train) * DEV_SHARE);
  return {
    train: shuffled.slice(0, train),
    dev: shuffled.slice(train, train + dev),
    test: shuffled.slice(train + dev),
  };
}

/** Share of units, after those for training, that configurations are chosen on. */
const DEV_SHARE = 1 / 3;

interface Trial {
  /** Null stands for NaN, which JSON has not. */
  readonly values: (number | null)[];
  readonly costs?: Record<string, number>;
}

/** Runs contestants, and keeps what they did: a check that was interrupted goes on where it stopped. */
class Trials {
  constructor(
    private readonly name: string,
    private readonly declared: string,
    private readonly material: Material,
    private readonly splits: Splits,
    private readonly lab: Lab,
  ) {}

  get level(): Lab['level'] {
    return this.lab.level;
  }

  run(contestant: Contestant, config: Config, seed: number, part: 'dev' | 'test', round = 0): Promise<Trial> {
    const { name, declared, material, splits, lab } = this;
    const key = [
      version,
      name,
      declared,
      lab.level,
      contestant.name,
      config,
      seed,
      part,
      round,
      material.sources,
      splits,
    ];
    return lab.remember([JSON.stringify(key)], async () => {
      lab.checkTime();
      lab.say(
        `${name}: ${contestant.name} ${JSON.stringify(config)}, seed ${seed}, ${splits[part].length} ${part} units`,
      );
      const train = new Map(splits.train.map((unit) => [unit, material.truth.get(unit)]));
      const fitted = await contestant.fit(config, { seed, train, signal: lab.signal });
      const answers = new Map<string, unknown>();
      for (const unit of splits[part]) {
        lab.signal.throwIfAborted();
        answers.set(unit, await fitted.answer(unit));
      }
      const measured = graded(material, answers);
      const values = splits[part].map((unit) => {
        const value = measured.get(unit) ?? Number.NaN;
        return Number.isNaN(value) ? null : value;
      });
      return { values, ...(fitted.costs === undefined ? {} : { costs: { ...fitted.costs } }) };
    });
  }
}

/** What answers are worth, by what the lab knows and a contestant does not. */
function graded({ truth, measure, measureAll }: Material, answers: ReadonlyMap<string, unknown>) {
  if (measureAll !== undefined) {
    return measureAll(new Map([...answers.keys()].map((unit) => [unit, truth.get(unit)])), answers);
  }
  return new Map([...answers].map(([unit, answer]) => [unit, measure!(truth.get(unit), answer)]));
}
