import {
  type ClaimEvidence,
  type Evidence,
  readEvidence,
  type SideEvidence,
  type UnitValue,
  writeEvidence,
} from './evidence.ts';
import { confidenceFor, judgeComparison, type SideValues, settle } from './verdict.ts';

/**
 * Evidence with the verdicts that the rules give its comparisons, as far as what was recorded allows: from the values of every unit and seed
 * where they are there, and otherwise from the intervals.
 * @param all evidence there is, for what shares test units; with or without this one.
 */
export function judged(evidence: Evidence, all: Iterable<Evidence>): Evidence {
  const others = [...all].filter(({ paper }) => paper !== evidence.paper);
  return {
    ...evidence,
    claims: evidence.claims.map((claim) => judgedClaim(evidence, claim, sharing(evidence, claim, others))),
  };
}

/** Judges anew what is recorded in a folder, where other claims share its test units than when it was judged. @returns papers that changed. */
export async function judgeAgain(folder: string): Promise<string[]> {
  const all = await readEvidence(folder);
  const changed: string[] = [];
  for (const [paper, evidence] of all) {
    const again = judged(evidence, all.values());
    if (JSON.stringify(again) === JSON.stringify(evidence)) continue;
    await writeEvidence(folder, again);
    changed.push(paper);
  }
  return changed;
}

/** Why verdicts do not keep the rules as they are now, in a sentence, where what was recorded does not allow to judge anew. */
export function unjudged(evidence: Evidence, all: Iterable<Evidence>): string | undefined {
  const others = [...all].filter(({ paper }) => paper !== evidence.paper);
  for (const claim of evidence.claims) {
    // A wider interval leaves open what a narrower one does.
    if (claim.effect === undefined || claim.values !== undefined || claim.verdict === 'inconclusive') continue;
    const claims = sharing(evidence, claim, others);
    if (claim.effect.interval.confidence < confidenceFor(claims) - 1e-9)
      return `${claims} claims share the test units of "${claim.id}", and its interval is of ${(100 * claim.effect.interval.confidence).toFixed(1)}% where ${(100 * confidenceFor(claims)).toFixed(1)}% are due.`;
  }
  return undefined;
}

function judgedClaim(evidence: Evidence, claim: ClaimEvidence, claims: number): ClaimEvidence {
  const { sides, effect, margin, values, seeds = [] } = claim;
  if (sides === undefined || margin === undefined) return claim;
  const remarks = edges(sides);
  if (values === undefined) {
    return effect === undefined || (claim.verdict === 'inconclusive' && !/^The interval/.test(claim.reasons[0] ?? ''))
      ? claim
      : withVerdict(claim, settle(effect, margin), remarks);
  }
  if (effect !== undefined && effect.interval.confidence === confidenceFor(claims)) return claim;
  const valuesOf = (side: SideEvidence, at: number): SideValues => ({
    name: side.name,
    // Rates beyond the declared ones are followed on both sides by the same rule.
    tried:
      side.untunable === true
        ? Number.POSITIVE_INFINITY
        : Math.max(1, side.tuning.filter(({ beyond }) => beyond === undefined).length),
    values: side.bySeed.map((_, seed) => Float64Array.from(values, (row) => unitAt(row[at + 1] as UnitValue, seed))),
  });
  const [baseline, method, ...controls] = sides.map(valuesOf);
  const rivals = controls.filter((_, i) => sides[i + 2]!.rival === true);
  const context = { margin, claims, seeded: seeds.length > 0, level: evidence.level };
  const { effect: found, ...judgement } = judgeComparison(baseline!, method!, rivals, context);
  return withVerdict({ ...claim, sharing: claims, effect: found }, judgement, remarks);
}

function withVerdict(
  claim: ClaimEvidence,
  { verdict, reasons }: Pick<ClaimEvidence, 'verdict' | 'reasons'>,
  remarks: readonly string[],
): ClaimEvidence {
  return { ...claim, verdict, reasons: [...reasons, ...remarks] };
}

function unitAt(value: UnitValue, seed: number): number {
  const one = typeof value === 'number' || value === null ? value : value[seed];
  return one ?? Number.NaN;
}

/** How many comparisons share test units with a claim, which counts: units of the same name, from the same files. */
function sharing(evidence: Evidence, claim: ClaimEvidence, others: readonly Evidence[]): number {
  const own = unitsOf(claim);
  const files = new Set(Object.values(claim.sources ?? {}));
  let count = 0;
  for (const { paper, claims } of [evidence, ...others]) {
    for (const other of claims) {
      if (paper === evidence.paper && other.id === claim.id) count++;
      else if (other.sides !== undefined && together(other, paper === evidence.paper)) count++;
    }
  }
  return count;

  function together(other: ClaimEvidence, samePaper: boolean): boolean {
    const theirs = Object.values(other.sources ?? {});
    const sameFiles = theirs.some((file) => files.has(file)) || (samePaper && theirs.length === 0 && files.size === 0);
    if (!sameFiles) return false;
    for (const unit of unitsOf(other)) if (own.has(unit)) return true;
    return false;
  }
}

function unitsOf({ values, means }: ClaimEvidence): Set<string> {
  return new Set([...(values ?? means ?? [])].map(([unit]) => unit));
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
