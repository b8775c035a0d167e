import { Random } from '../../../src/base/random.ts';
import { MemorySections } from '../../../src/base/sections.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import { InvertedIndex, InvertedIndexBuilder } from '../../../src/index/index.ts';
import { dot } from '../../../src/math/index.ts';
import { analyzerFor } from '../../../src/text/index.ts';
import { exactTop } from '../../../src/train/index.ts';
import { contentOf, type Embedded, vectorsOf } from '../../datasets/embeddings.ts';
import type { Lab } from '../../grading/index.ts';

/** Kinds of made queries. */
export const kinds = ['title', 'sentence', 'terms'] as const;
export type Kind = (typeof kinds)[number];

/** A made query that passed the filters. */
export interface MadeQuery {
  readonly kind: Kind;
  /** Row of its vector. */
  readonly row: number;
  /** The first documents by the base retriever, by the teacher's order: the first is the one that the query was made from. */
  readonly list: readonly number[];
  /** The teacher's scores of them, 0 to 1 within the kind. */
  readonly scores: readonly number[];
}

export interface Made {
  readonly vectors: Vectors;
  readonly queries: readonly MadeQuery[];
  /** Made, and left after each filter, by kind. */
  readonly counts: Readonly<Record<Kind, { made: number; retrieved: number; first: number; kept: number }>>;
}

/** Documents of a list. */
export const LIST = 20;
/** What a cosine of 1 adds to the teacher's score, of which BM25's is a tenth. */
const COSINE = 1;
const KEY_TERMS = 4;

/** BM25 over the documents of a collection, as a function that scores all that share a word with the query. */
export function lexical({ documents }: Embedded): (text: string) => ReadonlyMap<number, number> {
  const analyzer = analyzerFor('en');
  const builder = new InvertedIndexBuilder({ k1: 0.9, b: 0.4 });
  for (const document of documents) builder.add([{ terms: analyzer.terms(contentOf(document, 10_000)), boost: 1 }]);
  const index = InvertedIndex.open(new MemorySections(builder.build()));
  return (text) => {
    const terms = analyzer.terms(text).map((term) => ({ term, weight: 1 }));
    const { ids, scores } = index.search(terms, { k: documents.length });
    return new Map(Array.from(ids, (id, i) => [id, scores[i]!]));
  };
}

/** The teacher: words and vectors together. */
export function teacherScore(words: number | undefined, cosine: number): number {
  return (words ?? 0) / 10 + COSINE * cosine;
}

/**
 * Queries made from documents without a language model, filtered as the paper filters: the base retriever must find the document
 * among its first {@link LIST}, the teacher must put it first, and its score must not be among the lowest quarter of its kind.
 * @param documents that may be made queries from.
 */
export function madeQueries(lab: Lab, embedded: Embedded, documents: readonly number[]): Promise<Made> {
  return lab.once('listwise made', async () => {
    const texts = textsOf(embedded, documents);
    const vectors = await vectorsOf(
      lab,
      texts.map(({ text }) => text),
      'query',
    );
    const counts = Object.fromEntries(
      kinds.map((kind) => [kind, { made: 0, retrieved: 0, first: 0, kept: 0 }]),
    ) as unknown as Made['counts'];
    const score = lexical(embedded);
    const ranked: (MadeQuery & { readonly raw: readonly number[] })[] = [];
    exactTop(embedded.vectors, vectors, LIST).forEach((top, row) => {
      const { kind, document, text } = texts[row]!;
      counts[kind].made++;
      if (!top.includes(document)) return;
      counts[kind].retrieved++;
      const words = score(text);
      const judged = Array.from(top, (other) => ({
        other,
        score: teacherScore(words.get(other), dot(vectors.row(row), embedded.vectors.row(other))),
      })).sort((a, b) => b.score - a.score);
      if (judged[0]!.other !== document) return;
      counts[kind].first++;
      ranked.push({
        kind,
        row,
        list: judged.map(({ other }) => other),
        raw: judged.map((one) => one.score),
        scores: [],
      });
    });
    const queries = kinds.flatMap((kind) => {
      const own = ranked.filter((query) => query.kind === kind);
      const all = Float64Array.from(own.flatMap(({ raw }) => raw)).sort();
      const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(share * all.length))]!;
      const [low, high, quarter] = [at(0.01), at(0.99), at(0.25)];
      const kept = own.filter(({ raw }) => raw[0]! >= quarter);
      counts[kind].kept = kept.length;
      return kept.map((query) => ({
        ...query,
        scores: query.raw.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low)))),
      }));
    });
    return { vectors, queries, counts };
  });
}

function textsOf({ documents }: Embedded, from: readonly number[]): { kind: Kind; document: number; text: string }[] {
  const analyzer = analyzerFor('en');
  const frequency = new Map<string, number>();
  for (const document of documents) {
    for (const term of new Set(analyzer.terms(contentOf(document, 10_000))))
      frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const random = new Random(31);
  return from.flatMap((row) => {
    const { title, text } = documents[row]!;
    const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => /^\S+( \S+){4,24}$/.test(sentence));
    const counts = new Map<string, number>();
    for (const word of text.toLowerCase().match(/[a-z][a-z0-9-]{2,}/g) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
    const weight = (word: string): number => {
      const [term] = analyzer.terms(word);
      return term === undefined
        ? 0
        : (1 + Math.log(counts.get(word)!)) * Math.log(documents.length / (frequency.get(term) ?? 1));
    };
    const terms = [...counts.keys()]
      .map((word) => [word, weight(word)] as const)
      .sort((a, b) => b[1] - a[1])
      .slice(0, KEY_TERMS)
      .map(([word]) => word);
    return [
      { kind: 'title', document: row, text: title } as const,
      ...(sentences.length === 0
        ? []
        : [{ kind: 'sentence', document: row, text: sentences[random.below(sentences.length)]! } as const]),
      { kind: 'terms', document: row, text: terms.join(' ') } as const,
    ];
  });
}
