import { Vectors } from '../../base/vectors.ts';
import type { Query, Representation, WeightedTerm } from '../../content/index.ts';
import type { Corpus } from '../../corpus/index.ts';
import type { Feedback } from '../feedback/index.ts';
import { encode, termsOf } from '../represent.ts';
import type { Retriever } from '../types.ts';

/** How a query is refined. */
interface Refining {
  /** What the trace calls it. */
  readonly stage: string;
  readonly feedback: Feedback;
  /** Hits of the first ranking that the feedback sees, whatever k. */
  readonly depth: number;
}

/**
 * What stands before, asked twice: for the hits that a query is refined by, and with the refined query. Where there is nothing to refine it by, the
 * query passes as it is.
 */
export function refining(input: Retriever, corpus: Corpus, { stage, feedback, depth }: Refining): Retriever {
  return sharing(input, async (query, params) => {
    const { signal } = params;
    const first = await input(query, { ...params, k: depth });
    const start = performance.now();
    const refined = await feedback.refine(query, first, corpus, signal === undefined ? {} : { signal });
    const note = refined === query ? undefined : await describe(query, refined, corpus);
    const tookMs = performance.now() - start;
    const found = await input(refined, params);
    const before = new Set(first.hits.map(({ passage }) => passage));
    const shown = found.hits.slice(0, depth);
    const fresh = shown.filter(({ passage }) => !before.has(passage)).length;
    return {
      ...found,
      trace: {
        stage,
        tookMs,
        examined: first.hits.length,
        returned: found.hits.length,
        note:
          note === undefined
            ? `nothing to refine the query by in ${first.hits.length} hits; it passes as it is`
            : `${fresh} of the first ${shown.length} were not there before${note}`,
        inputs: [first.trace, found.trace],
      },
    };
  });
}

/** What asks another retriever deserves in a fusion what that one does. */
export function sharing({ share }: Retriever, retriever: Retriever): Retriever {
  return share === undefined ? retriever : Object.assign(retriever, { share });
}

/** What was made of the query, for people. */
export async function describe(query: Query, refined: Query, corpus: Corpus): Promise<string> {
  const parts: string[] = [];
  if (refined.content !== query.content) parts.push(`it now asks "${refined.content.slice(0, 200)}"`);
  for (const [name, now] of refined.encoded ?? []) {
    const field = corpus.fields.find((one) => one.name === name);
    if (field === undefined || query.encoded?.get(name) === now) continue;
    if (field.kind === 'terms') parts.push(`${name}: ${termChanges(termsOf(field, query), now as WeightedTerm[])}`);
    else if (field.kind !== 'impacts') {
      const before = (await encode(field, query)).query;
      if (before !== undefined) parts.push(`${name}: ${vectorChange(before, now)}`);
    }
  }
  return parts.map((part) => `; ${part}`).join('');
}

const SHOWN = 16;

/** `ice^2.1 (2) +winter^0.4 -gull`: what there was has its former weight in brackets where that was another. */
function termChanges(before: readonly WeightedTerm[], now: readonly WeightedTerm[]): string {
  const known = new Map(before.map(({ term, weight }) => [term, weight]));
  const kept = new Set(now.map(({ term }) => term));
  const written = [...now]
    .sort((a, b) => b.weight - a.weight)
    .map(({ term, weight }) => {
      const was = known.get(term);
      if (was === undefined) return `+${term}^${rounded(weight)}`;
      return rounded(was) === rounded(weight)
        ? `${term}^${rounded(weight)}`
        : `${term}^${rounded(weight)} (${rounded(was)})`;
    });
  const gone = before.filter(({ term }) => !kept.has(term)).map(({ term }) => `-${term}`);
  const all = [...written, ...gone];
  return all.slice(0, SHOWN).join(' ') + (all.length > SHOWN ? ` and ${all.length - SHOWN} more` : '');
}

function vectorChange(before: Representation, now: Representation): string {
  if (before instanceof Float32Array && now instanceof Float32Array && before.length === now.length) {
    const [ab, aa, bb] = before.reduce(
      ([xy, xx, yy], x, i) => [xy + x * now[i]!, xx + x * x, yy + now[i]! * now[i]!] as [number, number, number],
      [0, 0, 0] as [number, number, number],
    );
    return `cosine ${(ab / Math.sqrt(aa * bb)).toFixed(3)} with the vector before`;
  }
  return now instanceof Vectors ? `${now.count} vectors` : 'another representation';
}

function rounded(weight: number): string {
  return String(Number(weight.toPrecision(3)));
}
