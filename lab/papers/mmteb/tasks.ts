import { Random } from '../../../src/base/random.ts';
import { MemorySections } from '../../../src/base/sections.ts';
import { openEncoder } from '../../../src/encode/index.ts';
import {
  evaluate,
  mean,
  type RankedList,
  type Run,
  selectTasks,
  subsetAgreement,
  type TestCollection,
  type TestDocument,
} from '../../../src/eval/index.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../../src/index/index.ts';
import { analyzerFor } from '../../../src/text/index.ts';
import { exactTop } from '../../../src/train/index.ts';
import { contentOf, sourcesOf } from '../../datasets/embeddings.ts';
import type { Lab } from '../../grading/index.ts';

/** A small collection, or one of its languages. */
interface TaskSource {
  readonly name: string;
  readonly kind: string;
  readonly language: string;
  readonly corpus?: string;
  readonly queries?: string;
}

const XQUAD = ['ar', 'de', 'el', 'en', 'es', 'hi', 'ro', 'ru', 'th', 'tr', 'vi', 'zh'];
const STAMPS = ['de', 'es', 'fr', 'it'];
const SOURCES: readonly TaskSource[] = [
  { name: 'clapnq_dev', kind: 'questions', language: 'en' },
  { name: 'hotpotqa_100', kind: 'questions', language: 'en' },
  { name: 'pubmedqa', kind: 'questions', language: 'en' },
  { name: 'mtrag_un', kind: 'conversations', language: 'en' },
  { name: 'gorilla_apibench', kind: 'tools', language: 'en' },
  { name: 'metatool', kind: 'tools', language: 'en' },
  { name: 'openclipart', kind: 'captions', language: 'en' },
  { name: 'emoji', kind: 'captions', language: 'en', queries: 'queries.en.jsonl' },
  { name: 'pquad', kind: 'questions', language: 'fa' },
  ...XQUAD.map((language) => ({
    name: 'xquad',
    kind: 'questions',
    language,
    corpus: `corpus.${language}.jsonl`,
    queries: `queries.${language}.jsonl`,
  })),
  ...STAMPS.map((language) => ({
    name: 'tuxpaint_stamps',
    kind: 'captions',
    language,
    queries: `queries.${language}.jsonl`,
  })),
];

/** Queries of a task, and documents of a run. */
const [QUERIES, DEPTH] = [150, 10];

/** How a system ranks: words or runs of letters by BM25, hashed words by cosine, or the mean of two ranks. */
interface System {
  readonly name: string;
  readonly run: (task: Task) => Promise<Run>;
}

interface Task {
  readonly source: TaskSource;
  readonly documents: readonly TestDocument[];
  readonly queries: ReadonlyMap<string, string>;
  readonly collection: TestCollection;
}

type Terms = (text: string, language: string) => string[];

function bm25(name: string, k1: number, b: number, terms: Terms, words = 80): System {
  return {
    name,
    run: async ({ source, documents, queries }) => {
      const builder = new InvertedIndexBuilder({ k1, b });
      for (const document of documents) {
        builder.add([{ terms: terms(contentOf(document, words), source.language), boost: 1 }]);
      }
      const index = InvertedIndex.open(new MemorySections(builder.build()));
      return new Map(
        [...queries].map(([id, text]): [string, RankedList] => {
          const asked = terms(text, source.language).map((term) => ({ term, weight: 1 }));
          const hits = index.search(asked, { k: DEPTH });
          return [id, { ids: Array.from(hits.ids, (row) => documents[row]!.id), scores: hits.scores }];
        }),
      );
    },
  };
}

function hashed(dim: number): System {
  return {
    name: `hashed words, ${dim}`,
    run: async ({ documents, queries }) => {
      const encoder = await openEncoder(`hash:${dim}`);
      const rows = await encoder.encode(documents.map((document) => contentOf(document)));
      const asked = await encoder.encode([...queries.values()], { role: 'query' });
      const best = exactTop(rows, asked, DEPTH);
      return new Map(
        [...queries.keys()].map((id, q): [string, RankedList] => [
          id,
          { ids: Array.from(best[q]!, (row) => documents[row]!.id), scores: Array.from(best[q]!, (_, r) => -r) },
        ]),
      );
    },
  };
}

const words =
  (stem: boolean): Terms =>
  (text, language) =>
    analyzerFor(language, { stem }).terms(text);

const letters =
  (length: number): Terms =>
  (text) => {
    const characters = [...text.toLowerCase()];
    return characters.map((_, i) => characters.slice(i, i + length).join('')).filter((run) => run.length >= length);
  };

function fused(name: string, parts: readonly System[]): System {
  return {
    name,
    run: async (task) => {
      const runs = await Promise.all(parts.map((part) => part.run(task)));
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

const stems = bm25('BM25', 0.9, 0.4, words(true));
const small = hashed(256);
const SYSTEMS: readonly System[] = [
  stems,
  bm25('BM25, k1 1.2, b 0.75', 1.2, 0.75, words(true)),
  bm25('BM25, k1 2, b 1', 2, 1, words(true)),
  bm25('BM25, no stems', 0.9, 0.4, words(false)),
  bm25('BM25, no stems, k1 2, b 1', 2, 1, words(false)),
  bm25('BM25, 20 words', 0.9, 0.4, words(true), 20),
  bm25('BM25, three letters', 0.9, 0.4, letters(3)),
  bm25('BM25, four letters', 0.9, 0.4, letters(4)),
  bm25('BM25, five letters', 0.9, 0.4, letters(5)),
  ...[32, 64, 128].map(hashed),
  small,
  hashed(1024),
  fused('BM25 with hashed words', [stems, small]),
  fused('BM25 with four letters', [stems, bm25('', 0.9, 0.4, letters(4))]),
];

/** nDCG@10 of every system (rows) on every task. */
function scores(lab: Lab) {
  return lab.once('mmteb tasks', async () => {
    const sources: Record<string, string> = {};
    const chosen = lab.pick(
      SOURCES.filter((_, i) => i % 8 === 0),
      SOURCES,
    );
    const table: number[][] = SYSTEMS.map(() => []);
    for (const source of chosen) {
      lab.checkTime();
      const { corpus, queries } = source;
      const collection = await lab.collection(source.name, {
        ...(corpus === undefined ? {} : { corpus }),
        ...(queries === undefined ? {} : { queries }),
      });
      Object.assign(sources, sourcesOf(collection));
      const documents: TestDocument[] = [];
      for await (const document of collection.documents()) documents.push(document);
      const ids = new Random(1).shuffle([...collection.queries.keys()]).slice(0, lab.pick(30, QUERIES));
      const task = {
        source,
        documents,
        collection,
        queries: new Map(ids.map((id) => [id, collection.queries.get(id)!])),
      };
      const judgements = new Map(ids.map((id) => [id, collection.judgements.get(id)!]));
      lab.say(`${SYSTEMS.length} systems on ${source.name}, ${source.language}`);
      for (const [s, system] of SYSTEMS.entries()) {
        const run = await system.run(task);
        table[s]!.push(evaluate(run, judgements, { metrics: ['ndcg@10'], pooled: false }).mean('ndcg@10'));
      }
    }
    return { table, tasks: chosen, sources };
  });
}

/** Splits of the systems: by half of them tasks are chosen, and the other half is ranked. */
const HALVES = 40;

/** Tasks chosen by one half of the systems, judged by the other: means over many halves. */
export async function taskSelection(lab: Lab) {
  const { table, tasks, sources } = await scores(lab);
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
  const all = selectTasks(table, { kinds });
  const names = tasks.map(({ name, language }) => (language === 'en' ? name : `${name} ${language}`));
  return {
    chosen: over('chosen'),
    drawn: over('drawn'),
    tasks: tasks.length,
    halves: HALVES,
    sources,
    notes: [
      [
        `${table.length} systems on ${tasks.length} tasks of ${lab.pick(30, QUERIES)} queries. By half of the systems ${over('kept').toFixed(1)} tasks are kept (mean of ${HALVES} halves); the mean over them ranks the other half with Spearman ${over('chosen').toFixed(4)} as that over all tasks does, and with as many tasks at random ${over('drawn').toFixed(4)}.`,
        `By all systems ${all.kept.length} are kept: ${all.kept.map((task) => names[task]).join(', ')}. Those left out were foretold with a rank correlation of ${mean(all.leftOut.map((one) => one.correlation)).toFixed(3)} and a squared error of ${mean(all.leftOut.map((one) => one.error)).toFixed(3)} of their variance.`,
      ].join(' '),
    ],
  };
}
