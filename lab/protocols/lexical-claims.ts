import type { Judgements } from '../../src/eval/index.ts';
import { documentsOf, sourcesOf } from '../datasets/embeddings.ts';
import { lexical } from '../datasets/lexical.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { listValue } from './list-value.ts';

/** Documents in words alone, and queries for them. */
export interface WordTask {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  readonly queries: ReadonlyMap<string, string>;
  readonly judgements: Judgements;
  readonly sources: Readonly<Record<string, string>>;
}

/** Queries of a smoke test. */
const QUICK = 60;

/** A collection. @param most queries that are taken. @param typed what becomes of a query, by its number. @throws NeedsData. */
export function wordTask(
  lab: Lab,
  name: string,
  most: number,
  typed: (query: string, number: number) => string = (query) => query,
): Promise<WordTask> {
  return lab.once(`word task ${name} ${typed.name}`, async () => {
    const collection = await lab.collection(name);
    const ids = [...collection.queries.keys()]
      .filter((id) => collection.judgements.has(id))
      .slice(0, lab.pick(QUICK, most));
    const needed = new Set(ids.flatMap((id) => [...collection.judgements.get(id)!.keys()]));
    const documents = await documentsOf(lab, collection, needed);
    return {
      ids: documents.map(({ id }) => id),
      texts: documents.map(({ title, text }) => `${title} ${text}`.trim()),
      queries: new Map(ids.map((id, number) => [id, typed(collection.queries.get(id)!, number)])),
      judgements: collection.judgements,
      sources: sourcesOf(collection),
    };
  });
}

/** BM25 over terms of one's own. */
export interface TermSide {
  readonly name: string;
  readonly terms: (text: string) => string[];
}

/** Values of b that every side is tuned over. */
const CONFIGS = [0.4, 0.75].map((b) => ({ k1: 0.9, b }));

/** A claim about what terms are good for. */
export function termClaim({
  data,
  metric = 'ndcg@10',
  ...claim
}: Said &
  Sides<TermSide> & {
    /** Default `ndcg@10`. */
    readonly metric?: 'ndcg@10' | 'recall@5';
    readonly data: (lab: Lab) => Promise<WordTask>;
  }): ComparativeClaim {
  return comparison<TermSide, TermSide, ReadonlyMap<string, number>, readonly string[]>(
    claim,
    metric,
    async (lab) => {
      const { ids, texts, queries, judgements, sources } = await data(lab);
      return {
        material: {
          truth: new Map([...queries.keys()].map((id) => [id, judgements.get(id)!])),
          sources,
          measure: (truth, found) => listValue(metric, truth, found),
        },
        contestant: ({ name, terms }) => ({
          name,
          configs: CONFIGS,
          fit: async (config) => {
            const search = lexical(texts, { ...config, terms });
            return { answer: (unit) => Array.from(search(queries.get(unit)!, 100).ids, (row) => ids[row]!) };
          },
        }),
      };
    },
    [],
  );
}
