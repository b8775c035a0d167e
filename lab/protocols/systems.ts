import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { PrincipalComponents } from '../../src/codec/index.ts';
import { openEncoder } from '../../src/encode/index.ts';
import {
  agreement,
  evaluate,
  hardNegativePool,
  mean,
  type RankedList,
  type Run,
  restrictRun,
  selectTasks,
  subsetAgreement,
  type TestDocument,
} from '../../src/eval/index.ts';
import { analyzerFor } from '../../src/text/index.ts';
import { exactTop } from '../../src/train/index.ts';
import { contentOf, type Embedded, embed, sourcesOf } from '../datasets/embeddings.ts';
import { type LexicalOptions, lexical } from '../datasets/lexical.ts';
import type { Lab } from '../grading/lab.ts';

/** What systems rank. */
export interface Task {
  readonly documents: readonly TestDocument[];
  readonly language: string;
  /** Texts by id. */
  readonly queries: ReadonlyMap<string, string>;
}

/** Ranks the documents of a task for its queries. @param depth of the rankings. */
export interface System {
  readonly name: string;
  readonly run: (task: Task, depth: number) => Promise<Run>;
}

/** Terms of a text. */
export type Terms = (text: string, language: string) => string[];

/** Words of a language, or their stems. */
export const words =
  (stem: boolean): Terms =>
  (text, language) =>
    analyzerFor(language, { stem }).terms(text);

/** Runs of letters. */
export const letters =
  (length: number): Terms =>
  (text) => {
    const characters = [...text.toLowerCase()];
    return characters.map((_, i) => characters.slice(i, i + length).join('')).filter((run) => run.length >= length);
  };

/** BM25 over the first words of documents; none: titles alone. */
export function bm25(name: string, terms: Terms, options: Pick<LexicalOptions, 'k1' | 'b'> = {}, most = 80): System {
  return {
    name,
    run: async ({ documents, queries, language }, depth) => {
      const texts = documents.map((document) => (most === 0 ? document.title : contentOf(document, most)));
      const search = lexical(texts, { ...options, terms: (text) => terms(text, language) });
      return runOf(queries, documents, (text) => search(text, depth));
    },
  };
}

/** Cosines of hashed words. */
export function hashed(dim: number): System {
  return {
    name: `hashed words, ${dim}`,
    run: async ({ documents, queries }, depth) => {
      const encoder = await openEncoder(`hash:${dim}`);
      const rows = await encoder.encode(documents.map((document) => contentOf(document)));
      const asked = await encoder.encode([...queries.values()], { role: 'query' });
      return bestOf(queries, documents, exactTop(rows, asked, depth));
    },
  };
}

/** Inner products of the first principal components of a collection's vectors. */
export function components(name: string, kept: number, { vectors, queries: own, queryIds }: Embedded): System {
  return {
    name,
    run: async ({ documents, queries }, depth) => {
      const pca = new PrincipalComponents(vectors.dim, kept);
      await pca.train(vectors, { seed: 1 });
      const asked = Vectors.fromRows(
        [...queries.keys()].map((id) => pca.project(own.row(queryIds.indexOf(id))).query),
        kept,
      );
      return bestOf(queries, documents, exactTop(pca.apply(vectors), asked, depth));
    },
  };
}

/** The mean of the ranks of several systems. */
export function fused(name: string, parts: readonly System[]): System {
  return {
    name,
    run: async (task, depth) => {
      const runs = await Promise.all(parts.map((part) => part.run(task, depth)));
      return new Map(
        [...task.queries.keys()].map((id): [string, RankedList] => {
          const sums = new Map<string, number>();
          for (const run of runs) {
            run.get(id)!.ids.forEach((document, rank) => {
              sums.set(document, (sums.get(document) ?? 0) + 1 / (60 + rank));
            });
          }
          return [id, { ids: [...sums.keys()], scores: [...sums.values()] }];
        }),
      );
    },
  };
}

function runOf(
  queries: Task['queries'],
  documents: Task['documents'],
  search: (text: string) => { readonly ids: ArrayLike<number>; readonly scores: ArrayLike<number> },
): Run {
  return new Map(
    [...queries].map(([id, text]): [string, RankedList] => {
      const { ids, scores } = search(text);
      return [id, { ids: Array.from(ids, (row) => documents[row]!.id), scores: Array.from(scores) }];
    }),
  );
}

function bestOf(queries: Task['queries'], documents: Task['documents'], best: readonly ArrayLike<number>[]): Run {
  let at = 0;
  return runOf(queries, documents, () => {
    const ids = best[at++]!;
    return { ids, scores: Array.from(ids, (_, rank) => -rank) };
  });
}

function ndcg(run: Run, judgements: Embedded['judgements']): number {
  return evaluate(run, judgements, { metrics: ['ndcg@10'], pooled: false }).mean('ndcg@10');
}

/** Documents of a full run: enough to fill ten places after most of the corpus has been taken away. */
const DEPTH = 1000;

/** How systems rank on a pool of a few best documents of some of them, and on random ones of the same number. */
export interface PoolComparison {
  readonly systems: number;
  readonly queries: number;
  readonly draws: number;
  /** Rank correlation with all documents, and how much better all look, on the pool and on random ones (means of draws). */
  readonly pooled: { readonly spearman: number; readonly inflation: number };
  readonly random: { readonly spearman: number; readonly inflation: number };
  readonly sources: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Random sub-corpora. */
const DRAWS = 5;

/** Compares on SciFact. @param pooledFrom numbers of the systems whose best make the pool. */
export async function comparePools(
  lab: Lab,
  systemsOf: (embedded: Embedded) => readonly System[],
  pooledFrom: readonly number[],
  depth: number,
): Promise<PoolComparison> {
  return lab.once(`pools ${depth}`, async () => {
    const embedded = await embed(lab, 'scifact');
    const ids = embedded.queryIds.slice(0, lab.pick(40, 300));
    const queries = new Map(ids.map((id) => [id, embedded.collection.queries.get(id)!]));
    const judgements = new Map(ids.map((id) => [id, embedded.judgements.get(id)!]));
    const systems = systemsOf(embedded);
    const runs: Run[] = [];
    for (const { run } of systems) {
      lab.checkTime();
      runs.push(await run({ documents: embedded.documents, language: 'en', queries }, DEPTH));
    }
    const pool = hardNegativePool(
      pooledFrom.map((i) => runs[i]!),
      judgements,
      depth,
    );
    const relevant = hardNegativePool([], judgements);
    const others = embedded.documents.map(({ id }) => id).filter((id) => !relevant.has(id));
    const draws = Array.from(
      { length: DRAWS },
      (_, i) => new Set([...relevant, ...new Random(i + 1).shuffle([...others]).slice(0, pool.size - relevant.size)]),
    );
    const scoresOn = (kept?: ReadonlySet<string>) =>
      runs.map((run) => ndcg(kept === undefined ? run : restrictRun(run, kept), judgements));
    const [full, pooled, random] = [scoresOn(), scoresOn(pool), draws.map((kept) => scoresOn(kept))];
    const byDraw = random.map((scores) => agreement(full, scores));
    const four = (value: number): string => value.toFixed(4);
    const drawn = {
      spearman: mean(byDraw.map((one) => one.spearman)),
      inflation: mean(byDraw.map((one) => one.inflation)),
    };
    return {
      systems: systems.length,
      queries: ids.length,
      draws: DRAWS,
      pooled: agreement(full, pooled),
      random: drawn,
      sources: embedded.sources,
      notes: [
        [
          `${pool.size} of ${embedded.documents.length} documents in the pool (the first ${depth} of ${pooledFrom.length} systems, and everything relevant); random ones of the same size, mean of ${DRAWS}:`,
          '',
          '| system | nDCG@10, all documents | pool | random |',
          '|---|---|---|---|',
          ...systems.map(
            ({ name }, i) =>
              `| ${name} | ${four(full[i]!)} | ${four(pooled[i]!)} | ${four(mean(random.map((scores) => scores[i]!)))} |`,
          ),
          '',
          `Rank correlation with all documents: pool ${four(agreement(full, pooled).spearman)}, random ${four(drawn.spearman)}.`,
        ].join('\n'),
      ],
    };
  });
}

/** A small collection, or one of its languages. */
export interface TaskSource {
  readonly name: string;
  readonly kind: string;
  readonly language: string;
  readonly corpus?: string;
  readonly queries?: string;
}

/** Queries of a task, and splits of the systems: by half of them tasks are chosen, and the other half is ranked. */
const [QUERIES, HALVES] = [150, 40];

/** Tasks chosen by one half of the systems, judged by the other: means over many halves. */
export async function compareTasks(lab: Lab, all: readonly TaskSource[], systems: readonly System[]) {
  const { table, tasks, sources } = await scoresOf(lab, all, systems);
  const kinds = tasks.map(({ kind }) => kind);
  const random = new Random(7);
  const halves = Array.from({ length: HALVES }, (_, half) => {
    const order = random.shuffle([...table.keys()]);
    const [seen, unseen] = [order.slice(0, order.length / 2), order.slice(order.length / 2)];
    const pick = (rows: readonly number[]) => rows.map((row) => table[row]!);
    const { kept } = selectTasks(pick(seen), { kinds });
    const { kept: chosen, random: drawn } = subsetAgreement(pick(unseen), kept, half);
    return { kept: kept.length, chosen: chosen.spearman, drawn: drawn.spearman };
  });
  const over = (of: 'chosen' | 'drawn' | 'kept'): number => mean(halves.map((one) => one[of]));
  const { kept, leftOut } = selectTasks(table, { kinds });
  const names = tasks.map(({ name, language }) => (language === 'en' ? name : `${name} ${language}`));
  const three = (of: 'correlation' | 'error') => mean(leftOut.map((one) => one[of])).toFixed(3);
  return {
    chosen: over('chosen'),
    drawn: over('drawn'),
    units: tasks.length,
    seeds: HALVES,
    sources,
    notes: [
      [
        `${table.length} systems on ${tasks.length} tasks of ${lab.pick(30, QUERIES)} queries. By half of the systems ${over('kept').toFixed(1)} tasks are kept (mean of ${HALVES} halves); the mean over them ranks the other half with Spearman ${over('chosen').toFixed(4)} as that over all tasks does, and with as many tasks at random ${over('drawn').toFixed(4)}.`,
        `By all systems ${kept.length} are kept: ${kept.map((task) => names[task]).join(', ')}. Those left out were foretold with a rank correlation of ${three('correlation')} and a squared error of ${three('error')} of their variance.`,
      ].join(' '),
    ],
  };
}

/** nDCG@10 of every system (rows) on every task. */
function scoresOf(lab: Lab, all: readonly TaskSource[], systems: readonly System[]) {
  return lab.once('scores of tasks', async () => {
    const sources: Record<string, string> = {};
    const tasks = lab.pick(
      all.filter((_, i) => i % 8 === 0),
      all,
    );
    const table: number[][] = systems.map(() => []);
    for (const { name, language, corpus, queries } of tasks) {
      lab.checkTime();
      const files = { ...(corpus === undefined ? {} : { corpus }), ...(queries === undefined ? {} : { queries }) };
      const collection = await lab.collection(name, files);
      Object.assign(sources, sourcesOf(collection));
      const documents: TestDocument[] = [];
      for await (const document of collection.documents()) documents.push(document);
      const ids = new Random(1).shuffle([...collection.queries.keys()]).slice(0, lab.pick(30, QUERIES));
      const task = { documents, language, queries: new Map(ids.map((id) => [id, collection.queries.get(id)!])) };
      const judgements = new Map(ids.map((id) => [id, collection.judgements.get(id)!]));
      lab.say(`${systems.length} systems on ${name}, ${language}`);
      for (const [s, system] of systems.entries()) table[s]!.push(ndcg(await system.run(task, 10), judgements));
    }
    return { table, tasks, sources };
  });
}
