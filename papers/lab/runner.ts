import { cpus, totalmem } from 'node:os';
import { Random } from '../../src/base/random.ts';
import { mean } from '../../src/eval/index.ts';
import { SourceCode } from './code.ts';
import { type ClaimEvidence, declarationOf, type Evidence, type SideEvidence } from './evidence.ts';
import { type Lab, NeedsData, OutOfTime } from './lab.ts';
import { packageVersion } from './places.ts';
import type { Claim, ComparativeClaim, Config, Contestant, ExactClaim, Material, Paper, Split } from './types.ts';
import { judgeComparison, type SideValues } from './verdict.ts';

/** Checks all claims of a paper, in order. What is out of time or lacks data is recorded as such; other errors end the check. */
export async function checkPaper(paper: Paper, given: Lab): Promise<Evidence> {
  const lab = given.using(paper.encoder);
  const claims: ClaimEvidence[] = [];
  const code = (await SourceCode.open())?.hashOf(paper.slug, lab.encoder);
  for (const claim of paper.claims) {
    lab.signal.throwIfAborted();
    lab.say(`${paper.slug}/${claim.id}: ${claim.statement}`);
    claims.push(await checkClaim(paper, claim, code, lab));
  }
  return {
    format: 1,
    paper: paper.slug,
    level: lab.level,
    encoder: lab.encoder,
    software: { sagitta: packageVersion(), node: process.version },
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 2 ** 30),
    },
    recorded: new Date().toISOString(),
    claims,
  };
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
    const found = claim.kind === 'exact' ? await exact(claim, lab) : await comparative(paper, claim, code, lab);
    return { ...base, ...found, ...took() };
  } catch (error) {
    if (error instanceof NeedsData) return { ...base, verdict: 'needs-data', reasons: [error.message], ...took() };
    if (error instanceof OutOfTime) return { ...base, verdict: 'inconclusive', reasons: [error.message], ...took() };
    throw error;
  }
}

/** Evidence of a claim, but for what all have. */
type Measured = Omit<ClaimEvidence, 'id' | 'statement' | 'declaration' | 'code' | 'tookMs' | 'cpuMs'>;

async function exact(claim: ExactClaim, lab: Lab): Promise<Measured> {
  const { metric, value, atLeast, atMost, notes, sources } = await claim.check(lab);
  const bound = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(', ');
  const holds = value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
  const quick = lab.level === 'quick' && bound !== '';
  return {
    verdict: bound === '' || Number.isNaN(value) || quick ? 'inconclusive' : holds ? 'holds' : 'fails',
    reasons: quick
      ? [`It is ${value}, and was to be ${bound}; a quick run carries no verdict.`]
      : [bound === '' ? 'The claim states no bound.' : `It is ${value}, and was to be ${bound}.`],
    metric,
    value,
    bound,
    ...(sources === undefined ? {} : { sources }),
    ...(notes === undefined ? {} : { notes }),
  };
}

/** Seed of the splits that the lab draws: never that of a contestant. */
const SPLIT_SEED = 4_711;

async function comparative(
  paper: Paper,
  claim: ComparativeClaim,
  code: string | undefined,
  lab: Lab,
): Promise<Measured> {
  const material = await claim.load(lab);
  const splits = split(material);
  // Without seeds everything is run twice, to see that it is the same.
  const seeds = claim.seeds === undefined ? [1, 1] : lab.pick(claim.seeds.slice(0, 1), claim.seeds);
  // What was kept holds as long as the declaration and the code that it reaches are what they were.
  const version = [declarationOf(claim), code ?? ''].join();
  const trials = new Trials(`${paper.slug}/${claim.id}`, version, material, splits, lab);
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
      name: contestant.name,
      config,
      tuning,
      bySeed,
      mean: mean(bySeed),
      ...(costs === undefined ? {} : { costs }),
      perUnit,
    });
  }
  const valuesOf = (side: (typeof sides)[number]): SideValues => ({
    name: side.name,
    tried: Math.max(1, side.tuning.length),
    values: side.perUnit,
  });
  const { verdict, reasons, ...effect } = judgeComparison(valuesOf(sides[0]!), valuesOf(sides[1]!), {
    margin: claim.margin,
    claims: paper.claims.length,
    seeded: claim.seeds !== undefined,
    level: lab.level,
  });
  return {
    verdict,
    reasons: [...reasons, ...edges(sides)],
    metric: claim.metric,
    margin: claim.margin,
    effect,
    sides: sides.map(({ perUnit: _, ...side }) => side),
    seeds: claim.seeds === undefined ? [] : seeds,
    units: { train: splits.train.length, dev: splits.dev.length, test: splits.test.length },
    values: splits.test.map((unit, i) => [
      unit,
      ...sides.map(({ perUnit }) => Number(mean(perUnit.map((values) => values[i]!)).toPrecision(6))),
    ]),
    sources: material.sources,
    ...(material.notes === undefined ? {} : { notes: material.notes }),
  };
}

async function tune(
  contestant: Contestant,
  trials: Trials,
  seed: number,
): Promise<{ config: Config; tuning: SideEvidence['tuning'] }> {
  const [first] = contestant.configs;
  if (contestant.configs.length === 1) return { config: first!, tuning: [] };
  const tuning: { config: Config; dev: number }[] = [];
  for (const config of contestant.configs) {
    const { values } = await trials.run(contestant, config, seed, 'dev');
    tuning.push({ config, dev: mean(Float64Array.from(values, (value) => value ?? Number.NaN)) });
  }
  const best = tuning.reduce((a, b) => (b.dev > a.dev ? b : a));
  return { config: best.config, tuning };
}

/** Where the best value of a numeric setting is the last one tried, a better one may lie beyond. */
function edges(sides: readonly SideEvidence[]): string[] {
  return sides.flatMap(({ role, name, config, tuning }) => {
    if (role === 'control') return [];
    return Object.entries(config).flatMap(([setting, value]) => {
      const tried = [...new Set(tuning.map((one) => one.config[setting]))];
      const numbers = tried.filter((one): one is number => typeof one === 'number');
      if (typeof value !== 'number' || numbers.length < 3) return [];
      const atEdge = value === Math.min(...numbers) || value === Math.max(...numbers);
      return atEdge ? [`Remark: the best ${setting} of ${name}, ${value}, is at the edge of what was tried.`] : [];
    });
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
    private readonly version: string,
    private readonly material: Material,
    private readonly splits: Splits,
    private readonly lab: Lab,
  ) {}

  run(contestant: Contestant, config: Config, seed: number, part: 'dev' | 'test', round = 0): Promise<Trial> {
    const { name, version, material, splits, lab } = this;
    const key = [
      packageVersion(),
      name,
      version,
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
      const values: (number | null)[] = [];
      for (const unit of splits[part]) {
        lab.signal.throwIfAborted();
        const value = material.measure(material.truth.get(unit), await fitted.answer(unit));
        values.push(Number.isNaN(value) ? null : value);
      }
      return { values, ...(fitted.costs === undefined ? {} : { costs: { ...fitted.costs } }) };
    });
  }
}

/** Expected seconds of a paper's check. */
export function expectedSeconds(paper: Paper, level: 'quick' | 'full'): number {
  return paper.claims.reduce((sum, claim) => sum + claim.seconds[level], 0);
}
