import type { Random } from '../../../src/base/random.ts';
import { type Batch, toValue } from '../../../src/tensor/index.ts';
import { exactTop } from '../../../src/train/index.ts';
import { lexicalTop } from '../../datasets/lexical.ts';
import { requestsOf } from '../../datasets/requests.ts';
import type { Lab } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import type { HeadOptions } from '../../protocols/heads.ts';
import { Deck, type Pairs } from '../../protocols/pairs.ts';

/** First documents by BM25 that wrong labels are drawn from, and by the frozen vectors that negatives are. */
const MISSES = 20;
const WINDOW = 200;

/** Requests, and other requests that the same tool serves: several documents answer each query. */
export interface Task {
  readonly data: Pairs;
  /** By query: documents that look relevant to BM25 and are not. */
  readonly misses: readonly (readonly number[])[];
  /** By query: the nearest documents. */
  readonly near: readonly Uint32Array[];
}

/** Every fourth request is found; of twelve others four are to learn from, three to choose on and five to report on. */
export function task(lab: Lab): Promise<Task> {
  return lab.once('utility-annotation', async () => {
    const { texts, vectors, tool, rows, sources } = await requestsOf(lab, lab.pick(8, 24));
    const ids = [...rows.keys()];
    const pool = [...ids.keys()].filter((row) => row % 4 === 0);
    const found = new Set(pool.map((row) => tool[row]!));
    const asking = [...ids.keys()].filter((row) => row % 4 !== 0 && found.has(tool[row]!));
    const splits = asking.map((row): Split => {
      if (row % 4 === 1) return 'train';
      return row % 4 === 2 && row % 16 !== 14 ? 'dev' : 'test';
    });
    const relevant = asking.map((row) => new Set([...pool.keys()].filter((place) => tool[pool[place]!] === tool[row])));
    const search = lexicalTop(pool.map((row) => texts[row]!));
    const [documents, queries] = [vectors.pick(pool), vectors.pick(asking)];
    return {
      data: {
        documentIds: pool.map((row) => ids[row]!),
        documents,
        queryIds: asking.map((row) => ids[row]!),
        queries,
        relevant,
        splits,
        sources,
      },
      misses: asking.map((row, query) =>
        splits[query] === 'train' ? search(texts[row]!, MISSES).filter((place) => !relevant[query]!.has(place)) : [],
      ),
      near: exactTop(documents, queries, WINDOW),
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

/** The marks of such an annotator on all training queries. */
export function annotate({ data, misses }: Task, { recall, wrong }: Annotator, random: Random): Labelled[] {
  return trainingQueries(data).map((query) => {
    const all = random.shuffle([...data.relevant[query]!]);
    const right = all.filter((_, i) => i === 0 || random.next() < recall);
    const expected = (right.length * wrong) / (1 - wrong);
    const count = Math.floor(expected) + (random.next() < expected % 1 ? 1 : 0);
    const marked = [...right, ...random.shuffle([...misses[query]!]).slice(0, count)];
    return { query, marked: random.shuffle(marked).slice(0, GROUP) };
  });
}

/** One right document of each of so large a share of the training queries: what people mark. */
export function byPeople({ data }: Task, share: number, random: Random): Labelled[] {
  const queries = random.shuffle(trainingQueries(data));
  return queries.slice(0, Math.round(share * queries.length)).map((query) => {
    const all = [...data.relevant[query]!];
    return { query, marked: [all[random.below(all.length)]!] };
  });
}

function trainingQueries({ splits }: Pairs): number[] {
  return [...splits.keys()].filter((query) => splits[query] === 'train');
}

/** Labels of one or two sources, and the source of a query at a moment of training, 0 to 1. */
export interface Curriculum {
  readonly sources: readonly ((random: Random) => Labelled[])[];
  /** Number of the source. Default: always the first. */
  readonly choose?: (progress: number, random: Random) => number;
}

/**
 * Batches without end: `queries` `[n, dim]`; `documents` `[n * 16, dim]` or all that there are, no two the same, of which every query brings what is marked
 * for it and near documents that are not; `marked` `[n, documents]`; `drawn`, one mark of each query; `others`, the rest of them.
 */
export function groups({ data, near }: Task, { sources, choose }: Curriculum): HeadOptions<string>['batch'] {
  let decks: { readonly labels: Labelled[]; readonly deck: Deck }[] | undefined;
  return (random, _, progress): Batch => {
    decks ??= sources.map((labelled) => {
      const labels = labelled(random);
      return { labels, deck: new Deck(labels.length, random) };
    });
    const chosen = Array.from({ length: SIZE }, () => {
      const { labels, deck } = decks![choose?.(progress, random) ?? 0]!;
      return labels[deck.next(1)[0]!]!;
    });
    const columns = new Set<number>();
    for (const { query, marked } of chosen) {
      for (const document of marked) columns.add(document);
      const others = random.shuffle([...near[query]!]).filter((document) => !marked.includes(document));
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
    return {
      queries: toValue(data.queries.pick(chosen.map(({ query }) => query))),
      documents: toValue(data.documents.pick(documents)),
      marked: matrix(marks),
      drawn: matrix(marks.map((row) => row.slice(0, 1))),
      others: matrix(marks.map((row) => row.slice(1))),
    };
  };
}
