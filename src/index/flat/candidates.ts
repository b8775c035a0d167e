/** The best rows of one part by int8 score, best first. */
export interface RowScan {
  readonly rows: Uint32Array;
  readonly scores: Float32Array;
  readonly examined: number;
  /** What a score is to be multiplied by to be about the inner product. */
  readonly step: number;
}

/** A row that may be among the best. */
export interface Candidate {
  readonly part: number;
  readonly row: number;
  /** By int8 codes, in steps of the query. */
  readonly score: number;
  /** Its inner product with the query by int8 codes. */
  readonly approximate: number;
  /** At full precision; undefined until it is computed. */
  exact: number | undefined;
}

/** The `most` best of candidates and of a further part's scan, best first; of equal scores those of earlier parts come first. */
export function mergedCandidates(
  candidates: readonly Candidate[],
  part: number,
  { rows, scores, step }: RowScan,
  most: number,
): Candidate[] {
  const merged: Candidate[] = [];
  let at = 0;
  let next = 0;
  while (merged.length < most && (at < candidates.length || next < rows.length)) {
    const before = candidates[at];
    if (before !== undefined && (next === rows.length || before.score >= scores[next]!)) {
      merged.push(before);
      at++;
    } else {
      const score = scores[next]!;
      merged.push({ part, row: rows[next]!, score, approximate: score * step, exact: undefined });
      next++;
    }
  }
  return merged;
}

/** By part, with rows in ascending order, so that neighbours are read together. */
export function byPart(candidates: readonly Candidate[]): Map<number, Candidate[]> {
  const parts = new Map<number, Candidate[]>();
  for (const candidate of candidates) {
    const own = parts.get(candidate.part);
    if (own === undefined) parts.set(candidate.part, [candidate]);
    else own.push(candidate);
  }
  for (const own of parts.values()) own.sort((a, b) => a.row - b.row);
  return parts;
}

/** Rounding of sums and of scores, relative to their size, with room to spare. */
const ROUNDING = 1e-5;

/**
 * How far the inner product of a query with a row may be from that with its codes, by the row's scale `s`: components of the row are
 * off by `s / 2` at most, those of the query by half its own step.
 *
 * @param step of the query's components. @returns a function of the scale.
 */
export function errorBound(query: Float32Array, step: number): (scale: number) => number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += Math.abs(query[i]!);
  const perScale = (sum / 2 + (step / 2) * 127 * query.length) * (1 + ROUNDING) + ROUNDING * 127 * sum;
  return (scale) => scale * perScale;
}
