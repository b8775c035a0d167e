import { MemorySections } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Collection } from '../../collection/index.ts';
import { type Field, MEANING, queryLanguage } from '../../corpus/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../../encode/encoder.ts';
import { type Evaluation, evaluate, type Judgements, type Run } from '../../eval/index.ts';
import { FlatIndex, FlatIndexBuilder } from '../../index/index.ts';
import { exactSelections } from '../../math/index.ts';
import {
  bm25,
  compilePipeline,
  type PipelineInput,
  type RankedPassage,
  type Retriever,
  rankCorpus,
  type SearchEnvironment,
} from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import type { Snapshot } from '../../store/types.ts';
import type { TuneExample } from './examples.ts';
import { ReencodedCorpus } from './reencoded.ts';

/** The passages of a snapshot that have a vector, numbered from 0. */
export class TuneCorpus {
  /** Ordinals in the snapshot. */
  readonly ordinals: readonly number[];
  /** Document of each passage, by its ordinal. */
  readonly documents: readonly number[];
  /** BM25 as the collection searches with it. */
  readonly lexical: Retriever;
  /** What the collection's searches run with. */
  readonly environment: SearchEnvironment;
  readonly #corpus: SnapshotCorpus;
  #vectors: Vectors | undefined;
  readonly #indexes = new WeakMap<Vectors, FlatIndex>();
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #byDocument = new Map<number, number[]>();

  constructor(
    private readonly collection: Collection,
    readonly snapshot: Snapshot,
  ) {
    this.#corpus = collection.corpusOf(snapshot);
    this.environment = collection.environment(snapshot);
    this.lexical = bm25(this.#corpus);
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
  }

  /** As the collection's encoder made them; read when they are first asked for. */
  get vectors(): Vectors {
    if (this.#vectors === undefined) {
      const vectors = Vectors.zeros(this.ordinals.length, this.snapshot.settings.dim);
      this.ordinals.forEach((ordinal, number) => {
        vectors.row(number).set(this.snapshot.passageVector(ordinal)!);
      });
      this.#vectors = vectors;
    }
    return this.#vectors;
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

  /**
   * The corpus as it is searched once its field `meaning` has other vectors. @param vectors one row for each passage.
   * @param encoder makes vectors of queries.
   */
  reencoded(encoder: Encoder, vectors: Vectors): SnapshotCorpus {
    const others = new Map(this.#corpus.fields.map((field) => [field.name, field]));
    const open = async ({ name }: { readonly name: string }): Promise<Encoder & TokenEncoder & TermEncoder> =>
      (name === MEANING ? encoder : await (others.get(name) as Exclude<Field, { kind: 'terms' }>).open()) as Encoder &
        TokenEncoder &
        TermEncoder;
    return new ReencodedCorpus(this.snapshot, this.collection.settings, open, this.#indexOf(vectors));
  }

  #indexOf(vectors: Vectors): FlatIndex {
    const known = this.#indexes.get(vectors);
    if (known !== undefined) return known;
    const builder = new FlatIndexBuilder(vectors.dim);
    this.ordinals.forEach((ordinal, row) => {
      while (builder.count < ordinal) builder.add(undefined);
      builder.add(vectors.row(row));
    });
    while (builder.count < this.snapshot.passageSpace) builder.add(undefined);
    const index = FlatIndex.open(new MemorySections(builder.build()));
    this.#indexes.set(vectors, index);
    return index;
  }
}

/** Documents that a query is ranked to. */
export const DEPTH = 100;
/** Passages that are kept of each query: more than {@link DEPTH} documents, however many passages each has, within reason. */
const KEPT = 200;

/** Row numbers of the best passages of each query by inner product, best first, and their scores. */
export function rank(queries: Vectors, passages: Vectors, signal?: AbortSignal): { id: number; score: number }[][] {
  const lists = exactSelections(passages, queries, KEPT, {
    build: 'fastest',
    ...(signal === undefined ? {} : { signal }),
  });
  return lists.map(({ ids, scores }) => Array.from(ids, (id, i) => ({ id, score: scores[i]! })));
}

/** Documents, best first. */
export interface DocumentList {
  readonly ids: readonly string[];
  readonly scores: Float64Array;
}

/** Documents by their best passages. @param rankings passages by number, best first. */
export function documentsIn(
  corpus: TuneCorpus,
  rankings: readonly (readonly { readonly id: number; readonly score: number }[])[],
): DocumentList[] {
  return rankings.map((ranking) => {
    const documents = new Map<string, number>();
    for (const { id, score } of ranking) {
      const document = corpus.idOf(id);
      if (!documents.has(document)) documents.set(document, score);
    }
    return { ids: [...documents.keys()], scores: Float64Array.from(documents.values()) };
  });
}

/** What a search by a pipeline finds for each query, as `Collection.rank` does. */
export async function ranked(
  corpus: SnapshotCorpus,
  pipeline: PipelineInput,
  environment: SearchEnvironment,
  queries: readonly string[],
  signal?: AbortSignal,
): Promise<DocumentList[]> {
  const found: DocumentList[] = [];
  for (const query of queries) {
    const options = { k: DEPTH, pipeline, ...(signal === undefined ? {} : { signal }) };
    found.push(await rankCorpus(corpus, query, options, environment));
  }
  return found;
}

/** Passages that a pipeline finds for each query, with their scores. */
export async function passagesFound(
  corpus: SnapshotCorpus,
  pipeline: PipelineInput,
  environment: SearchEnvironment,
  queries: readonly string[],
): Promise<(readonly RankedPassage[])[]> {
  const { retriever } = await compilePipeline(pipeline, { corpus, ...environment });
  const found: (readonly RankedPassage[])[] = [];
  for (const content of queries) {
    const query = { content, language: queryLanguage(content, corpus) };
    found.push((await retriever(query, { k: DEPTH })).hits);
  }
  return found;
}

/** Queries with what is relevant, by number, as `sagitta-search/eval` wants them. */
export function judgementsOf(examples: readonly TuneExample[]): Judgements {
  return new Map(examples.map(({ relevant }, i) => [String(i), new Map(relevant.map((id) => [id, 1]))]));
}

/** nDCG@10 and recall@100 of one list for each query. */
export function measure(lists: readonly DocumentList[], examples: readonly TuneExample[]): Evaluation {
  const run: Run = new Map(lists.map((list, i) => [String(i), list]));
  return evaluate(run, judgementsOf(examples), { metrics: [METRIC, 'recall@100'], pooled: false });
}

export const METRIC = 'ndcg@10';
