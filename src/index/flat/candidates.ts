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
  /** Its inner product with the query by int8 codes. */
  readonly approximate: number;
  /** At full precision; undefined until it is computed. */
  exact: number | undefined;
}

/** The `most` best of several scans, best first; of equal scores those of earlier parts come first. */
export function rankedCandidates(scans: readonly RowScan[], most: number): Candidate[] {
  const ranked: Candidate[] = [];
  const next = new Uint32Array(scans.length);
  while (ranked.length < most) {
    let best = -1;
    for (let part = 0; part < scans.length; part++) {
      const { scores } = scans[part]!;
      if (next[part]! >= scores.length) continue;
      if (best < 0 || scores[next[part]!]! > scans[best]!.scores[next[best]!]!) best = part;
    }
    if (best < 0) break;
    const { rows, scores, step } = scans[best]!;
    const at = next[best]!++;
    ranked.push({ part: best, row: rows[at]!, approximate: scores[at]! * step, exact: undefined });
  }
  return ranked;
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
