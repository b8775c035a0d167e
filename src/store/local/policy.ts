/** What the choice of merges looks at. */
export interface MergeCandidate {
  /** Bytes of its files. */
  readonly bytes: number;
  readonly documents: number;
  readonly deadDocuments: number;
  /** Bytes that nothing reads any more although its documents live. Default 0. */
  readonly unusedBytes?: number;
}

export interface PolicyOptions {
  /** Merge everything, as far as `maxBytes` allows. */
  readonly full: boolean;
  /** A merge takes no more bytes than this, dead ones not counted; larger segments stay as they are. */
  readonly maxBytes: number;
}

/** Segments of one size class that are merged into one of the next. */
export const MERGE_FACTOR = 8;
/** Smaller segments count as this large: they cost an open file each, whatever they hold. */
const FLOOR_BYTES = 1 << 20;
/** A segment with a greater part of dead documents, or of bytes that nothing reads, is written anew even if it is alone. */
const DEAD_FRACTION = 0.5;

/**
 * Chooses which segments become one, the first such group, or undefined when nothing pays. Tiered, like Lucene's
 * default policy: classes of size grow by a factor of {@link MERGE_FACTOR}, and as many segments of one class become
 * one of the next. So the number of segments stays logarithmic in the size of the collection, and each document is
 * copied a logarithmic number of times.
 *
 * @returns ascending positions in `segments`.
 */
export function chooseMerge(segments: readonly MergeCandidate[], options: PolicyOptions): number[] | undefined {
  const live = segments.map(
    ({ bytes, documents, deadDocuments, unusedBytes = 0 }) => (bytes - unusedBytes) * (1 - deadDocuments / documents),
  );
  if (options.full) return chooseFull(segments, live, options.maxBytes);

  const classes = new Map<number, number[]>();
  live.forEach((bytes, position) => {
    if (bytes > options.maxBytes / 2) return;
    const size = Math.floor(Math.log2(Math.max(bytes, FLOOR_BYTES) / FLOOR_BYTES) / Math.log2(MERGE_FACTOR));
    classes.set(size, [...(classes.get(size) ?? []), position]);
  });
  for (const [, members] of [...classes].sort(([a], [b]) => a - b)) {
    if (members.length < MERGE_FACTOR) continue;
    // The smallest first; all of the class when they fit.
    const chosen = fitting(
      members.sort((a, b) => live[a]! - live[b]! || a - b),
      live,
      options.maxBytes,
    );
    if (chosen.length > 1) return chosen.sort((a, b) => a - b);
  }
  const wasteful = segments.findIndex(
    ({ bytes, documents, deadDocuments, unusedBytes = 0 }, i) =>
      (deadDocuments > DEAD_FRACTION * documents || unusedBytes > DEAD_FRACTION * bytes) &&
      live[i]! <= options.maxBytes,
  );
  return wasteful < 0 ? undefined : [wasteful];
}

/**
 * Neighbours that fit together, so that documents keep their order; else a segment with dead documents or unused bytes, of
 * any size.
 */
function chooseFull(
  segments: readonly MergeCandidate[],
  live: readonly number[],
  maxBytes: number,
): number[] | undefined {
  for (let from = 0; from < segments.length; ) {
    const rest = Array.from({ length: segments.length - from }, (_, i) => from + i);
    const group = fitting(rest, live, maxBytes);
    if (group.length > 1) return group;
    const { deadDocuments, unusedBytes = 0 } = segments[from]!;
    if (deadDocuments > 0 || unusedBytes > 0) return [from];
    from++;
  }
  return undefined;
}

/** The longest beginning of `positions` whose live bytes together are at most `maxBytes`. */
function fitting(positions: readonly number[], live: readonly number[], maxBytes: number): number[] {
  let sum = 0;
  const end = positions.findIndex((position) => {
    sum += live[position]!;
    return sum > maxBytes;
  });
  return positions.slice(0, end < 0 ? positions.length : end);
}
