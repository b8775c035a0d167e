import { Vectors } from '../../src/base/vectors.ts';
import { PrincipalComponents } from '../../src/codec/index.ts';
import { unitRows } from '../../src/math/index.ts';
import { exactTop } from '../../src/train/index.ts';
import { embed } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import { type CodeData, codeData, TOP } from './codes.ts';

/** As {@link CodeData}, with vectors of 128 principal components, so that a tower is trained in seconds. */
export interface SmallCodeData extends CodeData {
  /** Rows of the relevant documents of each query. */
  readonly relevant: ReadonlyMap<string, ReadonlySet<number>>;
  /** The same map for vectors of other texts. */
  readonly reduce: (vectors: Vectors, components?: number) => Vectors;
}

export const COMPONENTS = 128;

/** Vectors of SciFact in {@link COMPONENTS} principal components, and what the claims' judgements say. */
export function smallCodeData(lab: Lab): Promise<SmallCodeData> {
  return lab.once('small code data', async () => {
    const data = await codeData(lab);
    const pca = new PrincipalComponents(data.documents.dim, COMPONENTS);
    await pca.train(data.documents);
    const reduce = (vectors: Vectors, components = COMPONENTS): Vectors => {
      const all = pca.apply(vectors);
      return unitRows(components === COMPONENTS ? all : firstComponents(all, components));
    };
    const documents = reduce(data.documents);
    const queries = reduce(data.queries);
    const best = exactTop(documents, queries, TOP);
    const relevant = new Map<string, ReadonlySet<number>>();
    for (const split of ['test', 'train'] as const) {
      const { rows, judgements } = await embed(lab, 'scifact', split === 'test' ? {} : { split });
      for (const [query, grades] of judgements) {
        if (!data.rows.has(query)) continue;
        const found = [...grades].flatMap(([id, grade]) => (grade > 0 && rows.has(id) ? [rows.get(id)!] : []));
        relevant.set(query, new Set(found.filter((row) => row < documents.count)));
      }
    }
    return {
      ...data,
      documents,
      queries,
      sentences: reduce(data.sentences),
      truth: new Map([...data.rows].map(([unit, row]) => [unit, best[row]!])),
      relevant: new Map([...relevant].filter(([, rows]) => rows.size > 0)),
      reduce,
    };
  });
}

function firstComponents(vectors: Vectors, components: number): Vectors {
  const data = new Float32Array(vectors.count * components);
  for (let i = 0; i < vectors.count; i++) data.set(vectors.row(i).subarray(0, components), i * components);
  return new Vectors(data, components);
}

/** Share of the relevant rows that are in the answer. */
export function recallOf(relevant: ReadonlySet<number>, answer: Uint32Array): number {
  let found = 0;
  for (const row of answer) if (relevant.has(row)) found++;
  return found / relevant.size;
}

/** 1 over the rank of the first relevant row among the first ten, 0 where there is none. */
export function reciprocalRank(relevant: ReadonlySet<number>, answer: Uint32Array): number {
  const rank = answer.subarray(0, TOP).findIndex((row) => relevant.has(row));
  return rank < 0 ? 0 : 1 / (rank + 1);
}
