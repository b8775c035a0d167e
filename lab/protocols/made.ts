import { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import { dot } from '../../src/math/index.ts';
import { analyzerFor } from '../../src/text/index.ts';
import { exactTop } from '../../src/train/index.ts';
import { contentOf, type Embedded, embed, vectorsOf } from '../datasets/embeddings.ts';
import { lexicalScores } from '../datasets/lexical.ts';
import type { Lab } from '../grading/lab.ts';
import type { Draw } from './learning.ts';
import { encoderLearner, type Pairs } from './pairs.ts';
import { rankingMetric } from './rankings.ts';

/** Kinds of made queries. */
export const kinds = ['title', 'sentence', 'terms'] as const;
export type Kind = (typeof kinds)[number];

/** A made query that passed the filters. */
interface MadeQuery {
  readonly kind: Kind;
  readonly text: string;
  /** The first documents by the base retriever, by the teacher's order: the first is the one that the query was made from. */
  readonly list: readonly number[];
  /** The teacher's scores of them, 0 to 1 within the kind. */
  readonly scores: readonly number[];
}

/** Claims of SciFact that are judged, and made queries that are trained on, which come first. */
export interface Specialised extends Pairs {
  readonly made: readonly MadeQuery[];
  readonly notes: readonly string[];
}

/** Documents of a list. */
export const LIST = 8;
/** Documents that a made query's own must be among. */
const FOUND = 20;
const KEY_TERMS = 4;
/** Of the best teacher score; what is above is no negative (the paper's 0.6). */
const LIKELY = 0.6;

/** The teacher: words and vectors together; BM25's scores count a tenth. */
function teacherScore(words: number | undefined, cosine: number): number {
  return (words ?? 0) / 10 + cosine;
}

/**
 * SciFact: claims of the training judgements for choosing, those of the test for reporting; made queries for training, of documents that no
 * claim is judged by. The corpus is what claims are about and 2,000 abstracts more. MiniLM's last layer learns. @throws NeedsData.
 */
export function specialised(lab: Lab): Promise<Specialised> {
  return lab.once('specialised', async () => {
    const [all, dev] = [await embed(lab, 'scifact'), await embed(lab, 'scifact', { split: 'train' })];
    const judged = (of: Embedded, most: number) =>
      of.queryIds.slice(0, most).flatMap((id) => {
        const rows = [...of.judgements.get(id)!].flatMap(([document, grade]) =>
          grade > 0 && all.rows.has(document) ? [all.rows.get(document)!] : [],
        );
        return rows.length === 0 ? [] : [{ id, text: of.collection.queries.get(id)!, rows }];
      });
    const tested = judged(all, lab.pick(60, 300));
    const chosen = judged(dev, lab.pick(60, 300)).filter(({ id }) => !all.collection.queries.has(id));
    const about = new Set([...tested, ...chosen].flatMap(({ rows }) => rows));
    const others = [...all.documents.keys()].filter((row) => !about.has(row));
    const free = new Random(30).shuffle(others).slice(0, lab.pick(150, 2000));
    const kept = [...about, ...free];
    const places = new Map(kept.map((row, place) => [row, place]));
    const [documents, texts] = [all.vectors.pick(kept), kept.map((row) => contentOf(all.documents[row]!, 10_000))];
    const score = lexicalScores(texts);
    const { queries: made, counts } = await madeQueries(
      lab,
      { ...all, documents: kept.map((row) => all.documents[row]!) },
      documents,
      score,
      free.length,
    );
    const claims = [...chosen, ...tested];
    const asked = [...made.map(({ text }) => text), ...claims.map(({ text }) => text)];
    const queries = await vectorsOf(lab, asked, 'query');
    const relevant = [
      ...made.map(({ list }) => new Set([list[0]!])),
      ...claims.map(({ rows }) => new Set(rows.map((row) => places.get(row)!))),
    ];
    const first = made.length + chosen.length;
    const ndcg = rankingMetric('ndcg@10');
    const quality = tested.map(({ text }, i) => {
      const [words, query] = [score(text), queries.row(first + i)];
      const scores = Float32Array.from({ length: kept.length }, (_, row) =>
        teacherScore(words.get(row), dot(query, documents.row(row))),
      );
      return ndcg(relevant[first + i]!, scores);
    });
    return {
      made,
      notes: [
        filters(counts),
        `The teacher's own nDCG@10 on the test claims: ${(quality.reduce((a, b) => a + b, 0) / quality.length).toFixed(4)}.`,
      ],
      queryIds: [...made.map((_, i) => `made ${i}`), ...claims.map(({ id }) => id)],
      queries,
      documents,
      relevant,
      splits: [
        ...made.map(() => 'train' as const),
        ...chosen.map(() => 'dev' as const),
        ...tested.map(() => 'test' as const),
      ],
      sources: { ...all.sources, ...dev.sources },
      learner: await encoderLearner(lab, asked, texts),
    };
  });
}

type Counts = Readonly<Record<Kind, { made: number; retrieved: number; first: number; kept: number }>>;

/**
 * Queries made without a language model from the last so many documents, filtered as the paper filters: the base retriever must find the
 * document among its first 20, the teacher must put it first, and its score must not be among the lowest quarter of its kind.
 */
async function madeQueries(
  lab: Lab,
  { documents: all }: Pick<Embedded, 'documents'>,
  documents: Vectors,
  score: (text: string) => ReadonlyMap<number, number>,
  free: number,
): Promise<{ readonly queries: readonly MadeQuery[]; readonly counts: Counts }> {
  const texts = textsOf(all, free);
  const vectors = await vectorsOf(
    lab,
    texts.map(({ text }) => text),
    'query',
  );
  const counts = Object.fromEntries(
    kinds.map((kind) => [kind, { made: 0, retrieved: 0, first: 0, kept: 0 }]),
  ) as unknown as Counts;
  const ranked: (MadeQuery & { readonly raw: readonly number[] })[] = [];
  exactTop(documents, vectors, FOUND).forEach((top, row) => {
    const { kind, document, text } = texts[row]!;
    counts[kind].made++;
    if (!top.includes(document)) return;
    counts[kind].retrieved++;
    const words = score(text);
    const judged = Array.from(top, (other) => ({
      other,
      score: teacherScore(words.get(other), dot(vectors.row(row), documents.row(other))),
    })).sort((a, b) => b.score - a.score);
    if (judged[0]!.other !== document) return;
    counts[kind].first++;
    const list = judged.slice(0, LIST);
    ranked.push({ kind, text, list: list.map(({ other }) => other), raw: list.map((one) => one.score), scores: [] });
  });
  const queries = kinds.flatMap((kind) => {
    const own = ranked.filter((query) => query.kind === kind);
    const sorted = Float64Array.from(own.flatMap(({ raw }) => raw)).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    const [low, high, quarter] = [at(0.01), at(0.99), at(0.25)];
    const kept = own.filter(({ raw }) => raw[0]! >= quarter);
    counts[kind].kept = kept.length;
    return kept.map((query) => ({
      ...query,
      scores: query.raw.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low)))),
    }));
  });
  return { queries, counts };
}

function textsOf(all: Embedded['documents'], free: number): { kind: Kind; document: number; text: string }[] {
  const from = Array.from({ length: free }, (_, i) => all.length - free + i);
  const analyzer = analyzerFor('en');
  const frequency = new Map<string, number>();
  for (const row of from) {
    for (const term of new Set(analyzer.terms(contentOf(all[row]!, 10_000))))
      frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const random = new Random(31);
  return from.flatMap((document) => {
    const { title, text } = all[document]!;
    const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => /^\S+( \S+){4,24}$/.test(sentence));
    const counts = new Map<string, number>();
    for (const word of text.toLowerCase().match(/[a-z][a-z0-9-]{2,}/g) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
    const weight = (word: string): number => {
      const [term] = analyzer.terms(word);
      if (term === undefined) return 0;
      return (1 + Math.log(counts.get(word)!)) * Math.log(from.length / (frequency.get(term) ?? 1));
    };
    const terms = [...counts.keys()].sort((a, b) => weight(b) - weight(a)).slice(0, KEY_TERMS);
    return [
      { kind: 'title', document, text: title } as const,
      ...(sentences.length === 0
        ? []
        : [{ kind: 'sentence', document, text: sentences[random.below(sentences.length)]! } as const]),
      { kind: 'terms', document, text: terms.join(' ') } as const,
    ];
  });
}

/** Which documents of a batch stand against a query: those of the others, those of all lists, or these but for what the teacher puts close to it. */
export type Against = 'in the batch' | 'lists' | 'lists, filtered';

/** Queries of a batch, each with its list. */
const SIZE = 8;

/**
 * Batches of made queries with their lists: of the documents the first are those that queries were made from, then all lists one after the
 * other; `teacher` `[n, list]`; `exclude` as `against` says.
 */
export function listDraw(data: Pairs, against: Against, kind?: Kind): Draw {
  const { made, learner } = data as Specialised;
  const among = [...made.keys()].filter((query) => kind === undefined || made[query]!.kind === kind);
  return (random) => {
    const rows = Array.from({ length: SIZE }, () => among[random.below(among.length)]!);
    const chosen = rows.map((query) => made[query]!);
    const documents = [...chosen.map(({ list }) => list[0]!), ...chosen.flatMap(({ list }) => list)];
    const exclude = new Float32Array(SIZE * documents.length);
    chosen.forEach(({ list, scores }, i) => {
      documents.forEach((document, j) => {
        if (i === j) return;
        const place = list.indexOf(document);
        const isLikely = against === 'lists, filtered' && place > 0 && scores[place]! > LIKELY * scores[0]!;
        if (place === 0 || isLikely || (against === 'in the batch' && j >= SIZE)) exclude[i * documents.length + j] = 1;
      });
    });
    return {
      lists: { queries: { of: learner.queries, rows }, documents: { of: learner.documents, rows: documents } },
      arrays: {
        teacher: { data: Float32Array.from(chosen.flatMap(({ scores }) => scores)), shape: [SIZE, LIST] },
        exclude: { data: exclude, shape: [SIZE, documents.length] },
      },
    };
  };
}

function filters(counts: Counts): string {
  return [
    'Queries made, and left after each filter:',
    '',
    '| kind | made | source among the first 20 | source first for the teacher | kept |',
    '|---|---|---|---|---|',
    ...kinds.map((kind) => {
      const { made, retrieved, first, kept } = counts[kind];
      return `| ${kind} | ${made} | ${retrieved} | ${first} | ${kept} |`;
    }),
  ].join('\n');
}
