import { Random } from '../../src/base/random.ts';
import { analyzerFor } from '../../src/text/index.ts';
import type { Lab } from '../grading/lab.ts';
import { contentOf, sourcesOf } from './embeddings.ts';
import { readWritten } from './written.ts';

/** A request with the tool that serves it. */
export interface LabelledRequest {
  readonly id: string;
  readonly text: string;
  readonly label: string;
}

/** Requests that somebody has labelled, and others to find the label of. */
export interface LabelledRequests {
  readonly pool: readonly LabelledRequest[];
  readonly dev: readonly LabelledRequest[];
  readonly test: readonly LabelledRequest[];
  /** Ids of those of `test` that claims of other papers report on; they are for these alone. */
  readonly elsewhere: ReadonlySet<string>;
  /** What each label says of itself. */
  readonly descriptions: ReadonlyMap<string, string>;
  /** Requests that were left out of the pool as they say nearly the same as one to be labelled. */
  readonly duplicates: number;
  readonly sources: Readonly<Record<string, string>>;
}

/** How many: of the pool before duplicates are left out. */
const SIZES = { quick: { test: 60, dev: 60, pool: 300 }, full: { test: 1200, dev: 400, pool: 3000 } } as const;
/** Claims of other papers test on the first requests of each tool, and on more of ten: these are for the pool alone. */
const OTHERS = { usual: 30, large: 100, tools: 10 } as const;
/** Others report on requests that something was written for, and on those of this part of an order of their own. */
const ATTACKED = [8000, 12_000] as const;
/** Two requests that share as much of their words say nearly the same. */
const SAME = 0.6;

/** MetaTool's requests for one tool, drawn at random, tools as frequent as they are. @throws NeedsData. */
export function labelledRequests(lab: Lab): Promise<LabelledRequests> {
  return lab.once('labelled requests', async () => {
    const collection = await lab.collection('metatool');
    const descriptions = new Map<string, string>();
    for await (const document of collection.documents()) descriptions.set(document.id, contentOf(document));
    const labelOf = (id: string) => [...collection.judgements.get(id)!.keys()][0]!;
    const totals = new Map<string, number>();
    for (const id of collection.judgements.keys()) totals.set(labelOf(id), (totals.get(labelOf(id)) ?? 0) + 1);
    const large = new Set(
      [...totals]
        .sort(([, a], [, b]) => b - a)
        .slice(0, OTHERS.tools)
        .map(([label]) => label),
    );
    const counts = new Map<string, number>();
    const taken = new Set<string>();
    for (const id of new Random(29).shuffle([...collection.judgements.keys()])) {
      const label = labelOf(id);
      const count = counts.get(label) ?? 0;
      counts.set(label, count + 1);
      if (count < (large.has(label) ? OTHERS.large : OTHERS.usual)) taken.add(id);
    }
    const seen = new Set<string>();
    const all = new Random(41).shuffle([...collection.judgements.keys()]).flatMap((id): LabelledRequest[] => {
      const text = collection.queries.get(id)!;
      const key = text.toLowerCase().replace(/\W+/g, ' ').trim();
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ id, text, label: labelOf(id) }];
    });
    const { test, dev, pool } = SIZES[lab.level];
    const elsewhere = new Set([
      ...(readWritten('metatool', lab.folder('llm')) ?? []).map(({ id }) => id),
      ...new Random(31).shuffle([...collection.judgements.keys()]).slice(...ATTACKED),
    ]);
    const asked = all.filter(({ id }) => !taken.has(id)).slice(0, test + dev);
    const asking = new Set(asked);
    const rest = all.filter((one) => !asking.has(one)).slice(0, pool);
    const termsOf = ({ text }: LabelledRequest) => new Set(analyzerFor('en').terms(text));
    const askedTerms = asked.map(termsOf);
    const kept = rest.filter((one) => {
      const terms = termsOf(one);
      return askedTerms.every((other) => overlap(terms, other) < SAME);
    });
    return {
      pool: kept,
      test: asked.slice(0, test),
      dev: asked.slice(test),
      elsewhere,
      descriptions,
      duplicates: rest.length - kept.length,
      sources: sourcesOf(collection),
    };
  });
}

/** Jaccard's coefficient. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared++;
  return shared / Math.max(1, a.size + b.size - shared);
}
