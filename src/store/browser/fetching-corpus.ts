import type { Hits } from '../../base/hits.ts';
import type { DocumentRecord, Representation } from '../../content/index.ts';
import type { CorpusPassage, FieldParams, IndexingSettings } from '../../corpus/index.ts';
import { SnapshotCorpus } from '../corpus.ts';
import type { FieldItem, OpenFieldEncoder, Snapshot } from '../types.ts';
import type { RangedFiles } from './ranged-files.ts';

/** Vectors that are scored beside those that are asked for: codes leave it open which are better. */
const SPARE = 14;
/** Passages of which it is looked up beforehand which are best by their codes; of more, that takes longer than it saves. */
const MOST_BOUNDED = 100_000;

/**
 * A state that lies behind something slow: what a call reads of many passages or documents is fetched at once, where each would wait for the one before. By
 * meaning it ranks by the codes that a search has read anyway, unless it is to be exact, or a call says how many vectors are to be read (`refine`).
 */
export class FetchingCorpus extends SnapshotCorpus {
  #live: Uint32Array | undefined;

  constructor(
    snapshot: Snapshot,
    settings: IndexingSettings,
    open: OpenFieldEncoder | undefined,
    private readonly files: RangedFiles<unknown>,
    /** Whether vectors rank, of which every search then reads its best candidates'. */
    private readonly exact: boolean,
  ) {
    super(snapshot, settings, open);
  }

  override async texts(documents: ArrayLike<number>): Promise<string[]> {
    const { snapshot } = this;
    return this.#ahead(
      documents,
      (document) => snapshot.documentText(document),
      () => super.texts(documents),
    );
  }

  override async passages(ordinals: ArrayLike<number>): Promise<CorpusPassage[]> {
    const { snapshot } = this;
    const reads = Array.from(ordinals, (ordinal) => [
      () => snapshot.passage(ordinal),
      () => snapshot.passageText(ordinal),
      // Who asks for passages asks for their documents next.
      () => snapshot.document(snapshot.documentOf(ordinal)),
    ]);
    return this.files.ahead(reads.flat(), () => super.passages(ordinals));
  }

  override async documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]> {
    const { snapshot } = this;
    return this.#ahead(
      ordinals,
      (document) => snapshot.document(document),
      () => super.documents(ordinals),
    );
  }

  override async get(name: string, passages: Uint32Array): Promise<(FieldItem | undefined)[]> {
    const { snapshot } = this;
    return this.#ahead(
      passages,
      (passage) => snapshot.fieldItem(name, passage),
      () => super.get(name, passages),
    );
  }

  override async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    if (!(query instanceof Float32Array)) return super.score(name, query, passages);
    const { snapshot, exact } = this;
    const score = (some: Uint32Array) =>
      exact ? snapshot.scoreDense(query, some, name) : snapshot.scoreByCodes(query, some, name);
    return this.#ahead(
      passages,
      (passage) => score(Uint32Array.of(passage)),
      () => score(passages),
    );
  }

  override async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    if (query instanceof Float32Array && !this.exact && params.refine === undefined) {
      return super.search(name, query, { ...params, refine: 0 });
    }
    const find = () => super.search(name, query, params);
    const { snapshot } = this;
    if (!(query instanceof Float32Array) || this.passageSpace > MOST_BOUNDED) return find();
    const { allowed } = params;
    this.#live ??= this.#livePassages();
    const among = allowed === undefined ? this.#live : this.#live.filter((passage) => allowed.has(passage));
    const bounds = snapshot.boundDense(query, among, name);
    // Where codes are not here yet, or others are searched, there is nothing to go by.
    if (bounds.includes(Number.POSITIVE_INFINITY)) return find();
    const sorted = bounds.filter((bound) => !Number.isNaN(bound)).sort();
    const least = sorted.at(-params.k - SPARE) ?? sorted[0]!;
    return this.#ahead(
      among.filter((_, i) => bounds[i]! >= least),
      (passage) => snapshot.scoreDense(query, Uint32Array.of(passage), name),
      find,
    );
  }

  #livePassages(): Uint32Array {
    const live = new Uint32Array(this.passageCount);
    let count = 0;
    for (const document of this.snapshot.liveDocuments()) {
      const { from, to } = this.snapshot.documentPassages(document);
      for (let passage = from; passage < to; passage++) live[count++] = passage;
    }
    return live;
  }

  #ahead<T>(ordinals: ArrayLike<number>, read: (ordinal: number) => unknown, run: () => T): Promise<T> {
    return this.files.ahead(
      Array.from(ordinals, (ordinal) => () => read(ordinal)),
      run,
    );
  }
}
