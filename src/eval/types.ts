/**
 * Relevance judgements: query to document to grade. 1 and more is relevant (see `EvaluateOptions.relevanceLevel`), 0 is judged and
 * not relevant, negative grades count as not judged, as in trec_eval. A document that is not there was not judged.
 */
export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** What a system returned for one query. Order does not matter: scores decide, see {@link rankedOrder}. */
export interface RankedList {
  /** Documents, each at most once. */
  readonly ids: readonly string[];
  /** Greater is better; as many as `ids`, none of them NaN. */
  readonly scores: Float32Array | Float64Array | readonly number[];
}

/** What a system returned: query to list. */
export type Run = ReadonlyMap<string, RankedList>;

/** Something about a file or a run that a reader of the figures must know; counted, and never mended in silence. */
export interface Finding {
  readonly kind: FindingKind;
  /** One sentence without the count. */
  readonly what: string;
  readonly count: number;
  /** The first few of them, as `file:line` or as ids. */
  readonly examples: readonly string[];
}

export type FindingKind =
  | 'dangling-document'
  | 'dangling-query'
  | 'query-without-relevant'
  | 'query-not-judged'
  | 'query-not-in-run'
  | 'duplicate-document'
  | 'duplicate-query'
  | 'duplicate-judgement'
  | 'rank-contradicts-score'
  | 'document-not-in-collection'
  | 'empty-text'
  | 'abstained'
  | 'collection-changed';

/** Collects findings by kind: how many, and the first few. */
export class Findings {
  readonly #found = new Map<string, { kind: FindingKind; what: string; count: number; examples: string[] }>();

  /** @param example an id or a place. */
  add(kind: FindingKind, what: string, example: string): void {
    const key = `${kind} ${what}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = { kind, what, count: 0, examples: [] };
      this.#found.set(key, found);
    }
    found.count++;
    if (found.examples.length < EXAMPLES) found.examples.push(example);
  }

  addAll(findings: Iterable<Finding>): void {
    for (const { kind, what, count, examples } of findings) {
      examples.forEach((example) => {
        this.add(kind, what, example);
      });
      this.#found.get(`${kind} ${what}`)!.count += count - examples.length;
    }
  }

  list(): Finding[] {
    return [...this.#found.values()];
  }
}

/** Findings about one of several systems, with its name before each. */
export function findingsOf(name: string, findings: readonly Finding[] = []): Finding[] {
  return findings.map((finding) => ({ ...finding, what: `${name}: ${finding.what}` }));
}

const EXAMPLES = 5;
