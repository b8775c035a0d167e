import { Vectors } from '../../base/vectors.ts';
import type { IndexingSettings } from '../../corpus/index.ts';
import { queryLanguage } from '../../corpus/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { speaks } from '../../encode/speaks.ts';
import { type Evaluation, evaluate, type Judgements, type Run } from '../../eval/index.ts';
import { dot, exactSelections } from '../../math/index.ts';
import { bm25, hybrid, type Retriever } from '../../search/index.ts';
import { SnapshotCorpus } from '../../store/corpus.ts';
import type { Snapshot } from '../../store/types.ts';
import type { TuneExample } from './examples.ts';

/** The passages of a snapshot that have a vector, numbered from 0. */
export class TuneCorpus {
  /** Ordinals in the snapshot. */
  readonly ordinals: readonly number[];
  /** As the collection's encoder made them. */
  readonly vectors: Vectors;
  /** Document of each passage, by its ordinal. */
  readonly documents: readonly number[];
  /** BM25 as the collection searches with it. */
  readonly lexical: Retriever;
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #byDocument = new Map<number, number[]>();

  constructor(
    readonly snapshot: Snapshot,
    settings: IndexingSettings,
  ) {
    this.lexical = bm25(new SnapshotCorpus(snapshot, settings));
    const ordinals: number[] = [];
    const documents: number[] = [];
    for (const document of snapshot.liveDocuments()) {
      const { from, to } = snapshot.documentPassages(document);
      for (let passage = from; passage < to; passage++) {
        if (snapshot.passageVector(passage) === undefined) continue;
        const number = ordinals.push(passage) - 1;
        documents.push(document);
        this.#byDocument.set(document, [...(this.#byDocument.get(document) ?? []), number]);
      }
    }
    this.ordinals = ordinals;
    this.documents = documents;
    this.#numbers = new Map(ordinals.map((ordinal, number) => [ordinal, number]));
    this.vectors = Vectors.zeros(ordinals.length, snapshot.settings.dim);
    ordinals.forEach((ordinal, number) => {
      this.vectors.row(number).set(snapshot.passageVector(ordinal)!);
    });
  }

  get count(): number {
    return this.ordinals.length;
  }

  /** Number of a passage by its ordinal. */
  numberOf(ordinal: number): number | undefined {
    return this.#numbers.get(ordinal);
  }

  /** Numbers of a document's passages. */
  passagesOf(id: string): readonly number[] {
    const ordinal = this.snapshot.findDocument(id);
    return (ordinal === undefined ? undefined : this.#byDocument.get(ordinal)) ?? [];
  }

  idOf(number: number): string {
    return this.snapshot.document(this.documents[number]!).id;
  }

  passage(number: number): { readonly title: string; readonly headings: readonly string[]; readonly text: string } {
    const { title } = this.snapshot.document(this.documents[number]!);
    const ordinal = this.ordinals[number]!;
    const { headings } = this.snapshot.passage(ordinal);
    return { title, headings, text: this.snapshot.passageText(ordinal) };
  }
}

/** Passages kept per query: more than ten documents, however many passages each has, within reason. */
export const DEPTH = 100;
/** Passages that fusion asks a retriever for at most, to give {@link DEPTH}: the second block of candidates. */
const ASKED = 200;

/** Row numbers of the best passages of each query by inner product, best first, and their scores. */
export function rank(queries: Vectors, passages: Vectors, signal?: AbortSignal): { id: number; score: number }[][] {
  const lists = exactSelections(passages, queries, ASKED, {
    build: 'fastest',
    ...(signal === undefined ? {} : { signal }),
  });
  return lists.map(({ ids, scores }) => Array.from(ids, (id, i) => ({ id, score: scores[i]! })));
}

/** Queries with what is relevant, by number, as `sagitta-search/eval` wants them. */
export function judgementsOf(examples: readonly TuneExample[]): Judgements {
  return new Map(examples.map(({ relevant }, i) => [String(i), new Map(relevant.map((id) => [id, 1]))]));
}

/** nDCG@10 and recall@100 of passage rankings, each document at its best passage. */
export function measure(
  corpus: TuneCorpus,
  rankings: readonly (readonly { readonly id: number; readonly score: number }[])[],
  examples: readonly TuneExample[],
): Evaluation {
  const run: Run = new Map(
    rankings.map((ranking, i) => {
      const documents = new Map<string, number>();
      for (const { id, score } of ranking) {
        const document = corpus.idOf(id);
        if (!documents.has(document)) documents.set(document, score);
      }
      return [String(i), { ids: [...documents.keys()], scores: Float64Array.from(documents.values()) }];
    }),
  );
  return evaluate(run, judgementsOf(examples), { metrics: [METRIC, 'recall@100'], pooled: false });
}

export const METRIC = 'ndcg@10';

/** What an encoder made of a corpus and of queries. */
export interface Encoded {
  /** Decides which queries it is asked. */
  readonly encoder: Pick<Encoder, 'languages'>;
  /** One row for each query. */
  readonly queries: Vectors;
  /** One row for each passage of the corpus. */
  readonly passages: Vectors;
  /** Dense rankings, one for each query. */
  readonly rankings: readonly (readonly { readonly id: number; readonly score: number }[])[];
}

/**
 * The rankings of the hybrid that the collection searches with, from the candidates that it searches with.
 * @param denseShare of the dense ranking, 0 to 1.
 */
export async function hybridRankings(
  corpus: TuneCorpus,
  { encoder, queries, passages, rankings }: Encoded,
  examples: readonly TuneExample[],
  denseShare: number,
): Promise<{ id: number; score: number }[][]> {
  const fused: { id: number; score: number }[][] = [];
  for (const [i, { query: content }] of examples.entries()) {
    const language = queryLanguage(content, corpus.snapshot);
    const hits = rankings[i]!.map(({ id, score }) => ({ passage: corpus.ordinals[id]!, score }));
    const semantic: Retriever = Object.assign(
      async (_query: unknown, { k }: { readonly k: number }) => ({
        hits: hits.slice(0, k),
        limit: 1,
        ...(speaks(encoder, language) ? {} : { abstained: true }),
        trace: { stage: 'dense', tookMs: 0, examined: corpus.count, returned: hits.length },
      }),
      {
        score: async (_query: unknown, ordinals: Uint32Array) =>
          Float32Array.from(ordinals, (ordinal) => {
            const number = corpus.numberOf(ordinal);
            return number === undefined ? Number.NaN : dot(queries.row(i), passages.row(number));
          }),
      },
    );
    const retriever = hybrid(corpus.lexical, semantic, denseShare);
    const { hits: best } = await retriever({ content, language }, { k: DEPTH });
    fused.push(
      best.flatMap(({ passage, score }) => {
        const id = corpus.numberOf(passage);
        return id === undefined ? [] : [{ id, score }];
      }),
    );
  }
  return fused;
}
