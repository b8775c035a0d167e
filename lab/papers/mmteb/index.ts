import { Random } from '../../../src/base/random.ts';
import { MemorySections } from '../../../src/base/sections.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import {
  agreement,
  evaluate,
  hardNegativePool,
  mean,
  type RankedList,
  type Run,
  restrictRun,
} from '../../../src/eval/index.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../../src/index/index.ts';
import { LinearMap } from '../../../src/math/index.ts';
import { analyzerFor } from '../../../src/text/index.ts';
import { greatest } from '../../../src/train/index.ts';
import { contentOf, type Embedded, embed } from '../../datasets/embeddings.ts';
import type { Lab, Paper } from '../../grading/index.ts';
import { taskSelection } from './tasks.ts';

/** Documents of a full run: enough to fill ten places after most of the corpus has been taken away. */
const DEPTH = 1000;
const POOL_DEPTH = 50;

interface Systems {
  readonly embedded: Embedded;
  readonly names: readonly string[];
  readonly runs: readonly Run[];
  /** nDCG@10 of each on the whole corpus. */
  readonly full: readonly number[];
}

/** Lexical and dense systems of graded quality on SciFact. */
function load(lab: Lab): Promise<Systems> {
  return lab.once('mmteb systems', async () => {
    const embedded = await embed(lab, 'scifact');
    const ids = embedded.queryIds.slice(0, lab.pick(40, 300));
    const systems: [string, Run][] = [];
    for (const [name, words, stem] of [
      ['BM25', 10_000, true],
      ['BM25, first 30 words', 30, true],
      ['BM25, no stems', 10_000, false],
      ['BM25, titles', 0, true],
    ] as const) {
      lab.checkTime();
      systems.push([name, lexical(embedded, ids, words, stem)]);
    }
    for (const kept of [512, 64, 24, 8]) {
      lab.checkTime();
      systems.push([`${lab.encoder}, ${kept} components`, await dense(embedded, ids, kept)]);
    }
    const runs = systems.map(([, run]) => run);
    return { embedded, names: systems.map(([name]) => name), runs, full: runs.map((run) => ndcg(run, embedded, ids)) };
  });
}

function lexical({ documents, collection }: Embedded, ids: readonly string[], words: number, stem: boolean): Run {
  const analyzer = analyzerFor('en', { stem });
  const builder = new InvertedIndexBuilder({ k1: 0.9, b: 0.4 });
  for (const document of documents) {
    const text = words === 0 ? document.title : contentOf(document, words);
    builder.add([{ terms: analyzer.terms(text), boost: 1 }]);
  }
  const index = InvertedIndex.open(new MemorySections(builder.build()));
  return new Map(
    ids.map((id): [string, RankedList] => {
      const terms = analyzer.terms(collection.queries.get(id)!).map((term) => ({ term, weight: 1 }));
      const hits = index.search(terms, { k: DEPTH });
      return [id, { ids: Array.from(hits.ids, (row) => documents[row]!.id), scores: hits.scores }];
    }),
  );
}

async function dense(
  { documents, vectors, queries, queryIds }: Embedded,
  ids: readonly string[],
  kept: number,
): Promise<Run> {
  const pca = new PrincipalComponents(vectors.dim, kept);
  await pca.train(vectors, { seed: 1 });
  const reduced = pca.apply(vectors);
  const map = new LinearMap(reduced.data, kept);
  const rows = new Map(queryIds.map((id, row) => [id, row]));
  return new Map(
    ids.map((id): [string, RankedList] => {
      const { query } = pca.project(queries.row(rows.get(id)!));
      const scores = map.apply(new Vectors(query, kept)).data;
      const best = greatest(scores, DEPTH);
      return [
        id,
        { ids: Array.from(best, (row) => documents[row]!.id), scores: Array.from(best, (row) => scores[row]!) },
      ];
    }),
  );
}

function ndcg(run: Run, { judgements }: Embedded, ids: readonly string[]): number {
  const asked = new Map(ids.map((id) => [id, judgements.get(id)!]));
  return evaluate(run, asked, { metrics: ['ndcg@10'], pooled: false }).mean('ndcg@10');
}

/** Agreement of the pooled sub-corpus, and of random ones of the same size (mean of five). */
async function compare(lab: Lab) {
  const { embedded, names, runs, full } = await load(lab);
  const ids = [...runs[0]!.keys()];
  const judgements = new Map(ids.map((id) => [id, embedded.judgements.get(id)!]));
  const pool = hardNegativePool([runs[0]!, runs[4]!, runs[5]!], judgements, POOL_DEPTH);
  const scoresOn = (kept: ReadonlySet<string>): number[] =>
    runs.map((run) => ndcg(restrictRun(run, kept), embedded, ids));
  const pooled = scoresOn(pool);
  const relevant = hardNegativePool([], judgements);
  const random = [1, 2, 3, 4, 5].map((seed) => {
    const others = new Random(seed).shuffle(embedded.documents.map(({ id }) => id).filter((id) => !relevant.has(id)));
    return scoresOn(new Set([...relevant, ...others.slice(0, pool.size - relevant.size)]));
  });
  const randomAgreement = random.map((scores) => agreement(full, scores));
  const four = (value: number): string => value.toFixed(4);
  return {
    systems: names.length,
    queries: ids.length,
    draws: random.length,
    pooled: agreement(full, pooled),
    random: {
      spearman: mean(randomAgreement.map((one) => one.spearman)),
      inflation: mean(randomAgreement.map((one) => one.inflation)),
    },
    sources: embedded.sources,
    notes: [
      [
        `${pool.size} of ${embedded.documents.length} documents in the pool (the first ${POOL_DEPTH} of three systems, and everything relevant); random ones of the same size, mean of five:`,
        '',
        '| system | nDCG@10, all documents | pool | random |',
        '|---|---|---|---|',
        ...names.map(
          (name, i) =>
            `| ${name} | ${four(full[i]!)} | ${four(pooled[i]!)} | ${four(mean(random.map((scores) => scores[i]!)))} |`,
        ),
        '',
        `Rank correlation with all documents: pool ${four(agreement(full, pooled).spearman)}, random ${four(mean(randomAgreement.map((one) => one.spearman)))}.`,
      ].join('\n'),
    ],
  };
}

export const paper: Paper = {
  slug: 'mmteb',
  summary:
    'Cheaper evaluation that ranks systems as the full one does: sub-corpora of hard negatives, and tasks that foretell others.',
  parts: ['eval/pools', 'eval/task-selection', 'math/correlation'],
  departures: [
    'Systems are variants of BM25 and of use-lite; the paper has models of many makers.',
    'Runs of the full corpus are cut down, which equals searching the sub-corpus where scores do not depend on it; BM25 statistics stay those of the full one.',
    'Two of the eight systems besides BM25 are among those pooled from.',
    'Tasks are chosen by sixteen systems of words, letters and hashed words, none of which was trained; a ridge of a tenth of the variance stands where the paper has least squares, as there are more tasks than systems.',
  ],
  reach: {
    commands: ['sagitta pool DIR RUN...', 'sagitta subset REPORT...'],
    exports: ['eval/hardNegativePool', 'eval/selectTasks'],
    byDefault: false,
  },
  claims: [
    {
      id: 'order',
      kind: 'exact',
      of: 'data',
      statement: 'Eight systems rank on the pool as on all documents: Spearman at least 0.9.',
      seconds: { quick: 15, full: 60 },
      check: async (lab) => {
        const { pooled, systems, notes, sources } = await compare(lab);
        return { metric: 'Spearman', value: pooled.spearman, atLeast: 0.9, units: systems, notes, sources };
      },
    },
    {
      id: 'inflation',
      kind: 'exact',
      of: 'data',
      statement: 'Random documents of the same number flatter all systems more than the pool does.',
      seconds: { quick: 10, full: 30 },
      check: async (lab) => {
        const { pooled, random, queries, draws, sources } = await compare(lab);
        return {
          metric: 'inflation of nDCG@10, random less pool',
          value: random.inflation - pooled.inflation,
          atLeast: 0.001,
          units: queries,
          seeds: draws,
          sources,
        };
      },
    },
    {
      id: 'tasks',
      kind: 'exact',
      of: 'data',
      statement:
        'Tasks that half of the systems would keep rank the other half as all tasks do: Spearman at least 0.9, mean over many halves.',
      seconds: { quick: 10, full: 90 },
      check: async (lab) => {
        const { chosen, tasks, halves, notes, sources } = await taskSelection(lab);
        return { metric: 'Spearman', value: chosen, atLeast: 0.9, units: tasks, seeds: halves, notes, sources };
      },
    },
    {
      id: 'tasks-random',
      kind: 'exact',
      of: 'data',
      statement: 'They rank the other half better than as many tasks drawn at random.',
      seconds: { quick: 1, full: 1 },
      check: async (lab) => {
        const { chosen, drawn, tasks, halves, sources } = await taskSelection(lab);
        return {
          metric: 'Spearman, less that of random tasks',
          value: chosen - drawn,
          atLeast: 0.001,
          units: tasks,
          seeds: halves,
          sources,
        };
      },
    },
  ],
};
