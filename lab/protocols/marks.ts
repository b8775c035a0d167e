import type { Random } from '../../src/base/random.ts';
import { exactTop } from '../../src/train/index.ts';
import { lexicalTop } from '../datasets/lexical.ts';
import type { Lab } from '../grading/lab.ts';
import { Deck, type Draw } from './learning.ts';
import { type Pairs, rowsOf } from './pairs.ts';
import { siblingPairs } from './tools.ts';

/** First documents by BM25 that wrong labels are drawn from, and by the frozen vectors that negatives are. */
const MISSES = 20;
const WINDOW = 200;

/** Requests, and other requests that the same tool serves: several documents answer each query. */
export interface Marked extends Pairs {
  /** By query: documents that look relevant to BM25 and are not. */
  readonly misses: readonly (readonly number[])[];
  /** By query: the nearest documents. */
  readonly near: readonly ArrayLike<number>[];
}

/** Every fourth request is found; of twelve others four are to learn from, three to choose on and five to report on. */
export function markedRequests(lab: Lab): Promise<Marked> {
  return lab.once('marked requests', async () => {
    const data = await siblingPairs(lab, 'marked', {
      perTool: lab.pick(8, 24),
      isFound: (row) => row % 4 === 0,
      splitOf(row) {
        if (row % 4 < 2) return row % 4 === 1 ? 'train' : undefined;
        return row % 4 === 2 && row % 16 !== 14 ? 'dev' : 'test';
      },
    });
    const { all, queryIds } = data;
    const search = lexicalTop([...all.rows.values()].filter((row) => row % 4 === 0).map((row) => all.texts[row]!));
    return {
      ...data,
      misses: queryIds.map((id, query) =>
        data.splits[query] === 'train'
          ? search(all.texts[all.rows.get(id)!]!, MISSES).filter((place) => !data.relevant[query]!.has(place))
          : [],
      ),
      near: exactTop(data.documents, data.queries, Math.min(WINDOW, data.documents.count)),
    };
  });
}

/** Queries of a batch, and candidates that each of them brings. */
const SIZE = 32;
const GROUP = 16;

/** A training query and the documents that somebody calls relevant to it. */
export interface Labelled {
  readonly query: number;
  readonly marked: readonly number[];
}

/** How an annotator errs. */
export interface Annotator {
  /** Share of the relevant documents that are marked. One is at least. */
  readonly recall: number;
  /** Share of what is marked that is not relevant, drawn from what looks relevant to BM25. */
  readonly wrong: number;
}

/** Makes labels. */
export type Marks = (data: Marked, random: Random) => Labelled[];

/** The marks of such an annotator on all training queries. */
export function annotate({ recall, wrong }: Annotator): Marks {
  return (data, random) =>
    rowsOf(data, 'train').map((query) => {
      const all = random.shuffle([...data.relevant[query]!]);
      const right = all.filter((_, i) => i === 0 || random.next() < recall);
      const expected = (right.length * wrong) / (1 - wrong);
      const count = Math.floor(expected) + (random.next() < expected % 1 ? 1 : 0);
      const marked = [...right, ...random.shuffle([...data.misses[query]!]).slice(0, count)];
      return { query, marked: random.shuffle(marked).slice(0, GROUP) };
    });
}

/** One right document of each of so large a share of the training queries: what people mark. */
export function byPeople(share: number): Marks {
  return (data, random) => {
    const queries = random.shuffle(rowsOf(data, 'train'));
    return queries.slice(0, Math.round(share * queries.length)).map((query) => {
      const all = [...data.relevant[query]!];
      return { query, marked: [all[random.below(all.length)]!] };
    });
  };
}

/** Labels of one or two sources, and the source of a query at a moment of training, 0 to 1. */
export interface Curriculum {
  readonly sources: readonly Marks[];
  /** Number of the source. Default: always the first. */
  readonly choose?: (progress: number, random: Random) => number;
}

/**
 * Batches without end: `queries`; `documents`, of which no two are the same, 16 a query or all that there are: every query brings what is marked
 * for it and near documents that are not; `marked` `[n, documents]`; `drawn`, one mark of each query; `others`, the rest of them.
 */
export function markDraw(data: Marked, { sources, choose }: Curriculum): Draw {
  let decks: { readonly labels: Labelled[]; readonly deck: Deck }[] | undefined;
  return (random, _, progress) => {
    decks ??= sources.map((labelled) => {
      const labels = labelled(data, random);
      return { labels, deck: new Deck(labels.length, random) };
    });
    const chosen = Array.from({ length: SIZE }, () => {
      const { labels, deck } = decks![choose?.(progress, random) ?? 0]!;
      return labels[deck.next(1)[0]!]!;
    });
    const columns = new Set<number>();
    for (const { query, marked } of chosen) {
      for (const document of marked) columns.add(document);
      const others = random.shuffle(Array.from(data.near[query]!)).filter((document) => !marked.includes(document));
      for (const document of others.slice(0, GROUP - marked.length)) columns.add(document);
    }
    const size = Math.min(SIZE * GROUP, data.documents.count);
    while (columns.size < size) columns.add(random.below(data.documents.count));
    const documents = [...columns];
    const places = new Map(documents.map((document, column) => [document, column]));
    const matrix = (rows: readonly (readonly number[])[]) => {
      const values = new Float32Array(SIZE * documents.length);
      rows.forEach((row, i) => {
        for (const document of row) values[i * documents.length + places.get(document)!] = 1;
      });
      return { data: values, shape: [SIZE, documents.length] };
    };
    const marks = chosen.map(({ marked }) => random.shuffle([...marked]));
    const { learner } = data;
    return {
      lists: {
        queries: { of: learner.queries, rows: chosen.map(({ query }) => query) },
        documents: { of: learner.documents, rows: documents },
      },
      arrays: {
        marked: matrix(marks),
        drawn: matrix(marks.map((row) => row.slice(0, 1))),
        others: matrix(marks.map((row) => row.slice(1))),
      },
    };
  };
}
