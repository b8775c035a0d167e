import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Hits } from '../../base/hits.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { DocumentRecord, PassageRecord, WeightedTerm } from '../../content/index.ts';
import { MEANING } from '../../corpus/index.ts';
import {
  FlatIndex,
  type ImpactSearchParams,
  type LexicalStatistics,
  searchInBlocks,
  type VectorIndex,
  type VectorSearchParams,
} from '../../index/index.ts';
import type {
  BesideFile,
  CollectionSettings,
  DenseParams,
  FieldItem,
  LexicalParams,
  Snapshot,
  TokenParams,
  VectorIndexSettings,
  VectorSearchDefaults,
} from '../types.ts';
import type { BesideHandle } from './beside.ts';
import { itemOf } from './field-kinds.ts';
import { type Manifest, vectorFields } from './manifest-types.ts';
import { collectionStatistics, mergeHits } from './searching.ts';
import type { Segment } from './segment.ts';
import { ImpactIndex, TokenIndex } from './seldom.ts';
import type { SegmentCache, SegmentView } from './views.ts';

/** A segment's place in a snapshot: its passages have the ordinals `passageBase + number`, its documents likewise. */
interface Place {
  readonly view: SegmentView;
  readonly segment: Segment;
  readonly documentBase: number;
  /** A multiple of 8, so that a segment's part of a bit set is whole bytes. */
  readonly passageBase: number;
}

/** A generation of a collection in a directory. Valid until it is closed, whatever writers do meanwhile. */
export class LocalSnapshot implements Snapshot {
  readonly generation: number;
  readonly settings: CollectionSettings;
  readonly documentCount: number;
  readonly passageCount: number;
  readonly documentSpace: number;
  readonly passageSpace: number;
  readonly #cache: SegmentCache;
  readonly #indexes: ReadonlyMap<string, VectorIndexSettings>;
  readonly #beside: readonly BesideHandle[];
  readonly #places: readonly Place[];
  #lexical: LexicalStatistics | undefined;
  #closed = false;

  /** @param views, beside acquired from `cache`, released when the snapshot is closed. */
  constructor(manifest: Manifest, views: readonly SegmentView[], beside: readonly BesideHandle[], cache: SegmentCache) {
    this.generation = manifest.generation;
    this.settings = manifest.settings;
    this.#indexes = manifest.indexes;
    this.#beside = beside;
    this.#cache = cache;
    let documentBase = 0;
    let passageBase = 0;
    this.#places = views.map((view) => {
      const place = { view, segment: view.segment, documentBase, passageBase };
      documentBase += view.entry.documents;
      passageBase += 8 * Math.ceil(view.entry.passages / 8);
      return place;
    });
    this.documentSpace = documentBase;
    this.passageSpace = passageBase;
    this.documentCount = views.reduce((sum, view) => sum + view.liveDocumentCount, 0);
    this.passageCount = views.reduce((sum, view) => sum + view.livePassageCount, 0);
  }

  get languages(): ReadonlyMap<string, number> {
    const languages = new Map<string, number>();
    for (const { segment } of this.#open()) {
      for (const [language, count] of segment.languages) {
        languages.set(language, (languages.get(language) ?? 0) + count);
      }
    }
    return languages;
  }

  searchLexical(terms: readonly WeightedTerm[], params: LexicalParams): Hits {
    const k = this.#checkParams(params);
    if (k === 0) return mergeHits([], 0);
    const statistics = this.#statistics();
    return this.#bestOf(k, params.allowed, ({ segment }, among) =>
      segment.lexical.search(terms, { ...among, statistics }),
    );
  }

  searchImpacts(field: string, terms: readonly WeightedTerm[], params: LexicalParams): Hits {
    const k = this.#checkParams(params);
    if (k === 0) return mergeHits([], 0);
    return this.#bestOf(k, params.allowed, ({ view }, among) => {
      const index = view.index(field);
      return index instanceof ImpactIndex ? index.search(terms, among) : mergeHits([], 0);
    });
  }

  /** The best of all segments by what is searched one after the other. */
  #bestOf(k: number, filter: BitSet | undefined, search: (place: Place, among: ImpactSearchParams) => Hits): Hits {
    let best: Hits | undefined;
    for (const place of this.#open()) {
      const { view, passageBase } = place;
      const { livePassages: live } = view;
      const allowed = sliceAllowed(filter, view, passageBase);
      // Of equal scores the first counts: once there are k, only better ones are of interest.
      const above = best?.ids.length === k ? best.scores[k - 1] : undefined;
      const hits = search(place, given({ k, live, allowed, above }));
      if (best === undefined && passageBase === 0) best = hits;
      else if (hits.ids.length > 0 || best === undefined) {
        const own = { base: passageBase, hits };
        best = mergeHits(best === undefined ? [own] : [{ base: 0, hits: best }, own], k);
      } else best = { ...best, examined: best.examined + hits.examined };
    }
    return best ?? mergeHits([], 0);
  }

  get vectorIndex(): VectorIndexSettings | undefined {
    return this.#indexes.get(MEANING);
  }

  beside(role: string): BesideFile | undefined {
    this.#open();
    return this.#beside.find((file) => file.role === role);
  }

  searchDense(query: Float32Array, params: DenseParams): Hits {
    const k = this.#checkParams(params);
    const { field = MEANING } = params;
    this.#checkVector(field, query);
    const places = this.#open().flatMap((place) => {
      const index = place.view.flat(field);
      return index === undefined ? [] : [{ ...place, index, lists: place.view.lists.get(field) }];
    });
    if (k === 0) return mergeHits([], 0);
    const among = ({ view, passageBase }: Place) => ({
      live: view.livePassages,
      allowed: sliceAllowed(params.allowed, view, passageBase),
    });
    // What is scanned one by one is one list, whatever segments it lies in.
    const scanned = places.filter(({ lists }) => lists === undefined);
    const flat = scanned.map((place) => ({ index: place.index, base: place.passageBase, ...among(place) }));
    const parts = places.flatMap((place) => {
      const { lists, passageBase } = place;
      if (lists === undefined) return [];
      const own = given({ k, ...among(place) });
      return [
        { base: passageBase, hits: searchInLists(lists.index, query, { ...own, ...this.#listParams(field, params) }) },
      ];
    });
    if (flat.length > 0) {
      parts.push({ base: 0, hits: FlatIndex.searchAll(flat, query, given({ k, refine: params.refine })) });
    }
    return mergeHits(parts, k);
  }

  async searchTokens(field: string, query: Vectors, params: TokenParams): Promise<Hits> {
    const k = this.#checkParams(params);
    if (k === 0) return mergeHits([], 0);
    const parts = [];
    for (const { view, passageBase } of this.#open()) {
      const index = view.index(field);
      if (!(index instanceof TokenIndex)) continue;
      const allowed = sliceAllowed(params.allowed, view, passageBase);
      parts.push({
        base: passageBase,
        hits: await index.search(query, { ...params, k, allowed, live: view.livePassages }),
      });
    }
    return mergeHits(parts, k);
  }

  scoreLexical(terms: readonly WeightedTerm[], ordinals: Uint32Array): Float32Array {
    const statistics = this.#statistics();
    const scores = new Float32Array(ordinals.length);
    for (const { place, at, items } of this.#byPlace(ordinals)) {
      scores.set(place.segment.lexical.scores(terms, items, { statistics }), at);
    }
    return scores;
  }

  scoreDense(query: FieldItem, ordinals: Uint32Array, field: string = MEANING): Float32Array {
    if (query instanceof Float32Array) this.#checkVector(field, query);
    const scores = new Float32Array(ordinals.length).fill(Number.NaN);
    for (const { place, at, items } of this.#byPlace(ordinals)) {
      const index = place.view.index(field);
      if (index instanceof TokenIndex) scores.set(index.scores(query as Vectors, items), at);
      else if (index instanceof ImpactIndex) scores.set(index.scores(query as readonly WeightedTerm[], items), at);
      else if (index !== undefined) scores.set(index.scores(query as Float32Array, items), at);
    }
    return scores;
  }

  scoreByCodes(query: Float32Array, ordinals: Uint32Array, field: string): Float32Array {
    this.#checkVector(field, query);
    const scores = new Float32Array(ordinals.length).fill(Number.NaN);
    for (const { place, at, items } of this.#byPlace(ordinals)) {
      const { view } = place;
      const index = view.flat(field);
      if (index === undefined) continue;
      const lists = view.lists.get(field);
      const own = lists === undefined ? index.codeScores(query, items) : lists.index.codeScores(query, items);
      scores.set(own, at);
      const open = items.filter((item, i) => Number.isNaN(own[i]!) && index.has(item));
      index.scores(query, open).forEach((score, i) => {
        scores[at + items.indexOf(open[i]!)] = score;
      });
    }
    return scores;
  }

  boundDense(query: Float32Array, ordinals: Uint32Array, field: string): Float32Array {
    this.#checkVector(field, query);
    const bounds = new Float32Array(ordinals.length).fill(Number.POSITIVE_INFINITY);
    for (const { place, at, items } of this.#byPlace(ordinals)) {
      const index = place.view.index(field);
      if (index instanceof FlatIndex) bounds.set(index.bounds(query, items), at);
    }
    return bounds;
  }

  /** Ordinals by the segment that they lie in, as its own numbers. @param ordinals ascending. */
  *#byPlace(ordinals: Uint32Array): Generator<{ place: Place; at: number; items: Uint32Array }> {
    for (let at = 0; at < ordinals.length; ) {
      const place = this.#placeOfPassage(ordinals[at]!);
      const { passageBase, view } = place;
      let end = at + 1;
      while (end < ordinals.length && ordinals[end]! < passageBase + view.entry.passages) end++;
      yield { place, at, items: ordinals.slice(at, end).map((ordinal) => ordinal - passageBase) };
      at = end;
    }
  }

  /** What a call says of how lists are searched, else what the collection's settings say. */
  #listParams(field: string, { nprobe, refine, earlyStop }: DenseParams): VectorSearchDefaults {
    const defaults = this.#indexes.get(field)?.search ?? {};
    return {
      ...optional('nprobe', nprobe ?? defaults.nprobe),
      ...optional('refine', refine ?? defaults.refine),
      // A number of lists that the call gives is meant to be scanned whole.
      ...optional('earlyStop', earlyStop ?? (nprobe === undefined ? defaults.earlyStop : undefined)),
    };
  }

  phrasePassages(words: readonly string[]): BitSet {
    const found = new BitSet(this.passageSpace);
    for (const { view, segment, passageBase } of this.#open()) {
      const live = view.livePassages;
      for (const passage of segment.lexical.phrase(words)) {
        if (live?.has(passage) !== false) found.add(passageBase + passage);
      }
    }
    return found;
  }

  documentFrequency(term: string): number {
    return this.#statistics().documentFrequency(term);
  }

  /** Of all segments; made once, since a snapshot never changes. */
  #statistics(): LexicalStatistics {
    const places = this.#open();
    this.#lexical ??= collectionStatistics(places.map(({ view }) => view));
    return this.#lexical;
  }

  terms(): Iterable<readonly [term: string, passages: number]> {
    const views = this.#open();
    if (views.length === 1) return views[0]!.view.segment.lexical.frequencies();
    const all = new Map<string, number>();
    for (const { view } of views) {
      for (const [term, count] of view.segment.lexical.frequencies()) all.set(term, (all.get(term) ?? 0) + count);
    }
    return all;
  }

  passage(ordinal: number): PassageRecord & { readonly document: number } {
    const { segment, documentBase, passageBase } = this.#placeOfPassage(ordinal);
    const passage = ordinal - passageBase;
    return { ...segment.passage(passage), document: documentBase + segment.documentOf(passage) };
  }

  documentOf(ordinal: number): number {
    const { segment, documentBase, passageBase } = this.#placeOfPassage(ordinal);
    return documentBase + segment.documentOf(ordinal - passageBase);
  }

  passageText(ordinal: number): string {
    const { segment, passageBase } = this.#placeOfPassage(ordinal);
    return segment.passageText(ordinal - passageBase);
  }

  passageVector(ordinal: number): Float32Array | undefined {
    return this.fieldItem(MEANING, ordinal) as Float32Array | undefined;
  }

  fieldItem(field: string, ordinal: number): FieldItem | undefined {
    const { view, passageBase } = this.#placeOfPassage(ordinal);
    const index = view.index(field);
    return index === undefined ? undefined : itemOf(index, ordinal - passageBase);
  }

  hasVector(ordinal: number): boolean {
    const { view, passageBase } = this.#placeOfPassage(ordinal);
    return view.flat(MEANING)?.has(ordinal - passageBase) === true;
  }

  readVectors(ordinals: Uint32Array, target: Float32Array<ArrayBuffer>): void {
    const { dim } = this.settings;
    for (const { place, at, items } of this.#byPlace(ordinals)) {
      place.view.flat(MEANING)!.read(items, target.subarray(at * dim, (at + items.length) * dim));
    }
  }

  document(ordinal: number): DocumentRecord {
    const { segment, documentBase } = this.#placeOfDocument(ordinal);
    return segment.record(ordinal - documentBase);
  }

  documentText(ordinal: number): string {
    const { segment, documentBase } = this.#placeOfDocument(ordinal);
    return segment.documentText(ordinal - documentBase);
  }

  documentPassages(ordinal: number): { readonly from: number; readonly to: number } {
    const { segment, documentBase, passageBase } = this.#placeOfDocument(ordinal);
    const document = ordinal - documentBase;
    return {
      from: passageBase + segment.firstPassage(document),
      to: passageBase + segment.firstPassage(document + 1),
    };
  }

  findDocument(id: string): number | undefined {
    // Newest first: what was written last is looked for most.
    for (const { view, documentBase } of this.#open().toReversed()) {
      const document = view.findLive(id);
      if (document !== undefined) return documentBase + document;
    }
    return undefined;
  }

  *liveDocuments(): Generator<number> {
    for (const { view, documentBase } of this.#open()) {
      for (const document of view.liveDocuments()) yield documentBase + document;
    }
  }

  selectPassages(predicate: (document: DocumentRecord) => boolean): BitSet {
    const selected = new BitSet(this.passageSpace);
    for (const { view, segment, passageBase } of this.#open()) {
      const records = segment.allRecords();
      for (const document of view.liveDocuments()) {
        if (!predicate(records[document]!)) continue;
        selected.addRange(
          passageBase + segment.firstPassage(document),
          passageBase + segment.firstPassage(document + 1),
        );
      }
    }
    return selected;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cache.release(this.#places.map(({ view }) => view));
    this.#cache.releaseBeside(this.#beside);
  }

  #open(): readonly Place[] {
    if (this.#closed) {
      throw new InvalidArgumentError('This snapshot was closed.', 'Take a new one from the collection.');
    }
    return this.#places;
  }

  #checkVector(name: string, query: Float32Array): void {
    const field = vectorFields(this.settings).find((one) => one.name === name);
    if (field === undefined) {
      throw new InvalidArgumentError(
        name === MEANING ? 'This collection has no vectors.' : `This collection has no field "${name}".`,
        'Search it lexically, or give it an encoder.',
      );
    }
    if (query.length !== field.dim) {
      throw new InvalidArgumentError(
        `The query vector has ${query.length} components; those of the field "${name}" have ${field.dim}.`,
        `Encode the query with ${field.encoder}.`,
      );
    }
  }

  /** @returns how many hits can be had at most. */
  #checkParams({ k, allowed }: LexicalParams): number {
    if (!Number.isInteger(k) || k < 1) {
      throw new InvalidArgumentError(`k is ${k}.`, 'Ask for a whole number of hits, at least 1.');
    }
    if (allowed !== undefined && allowed.size !== this.passageSpace) {
      throw new InvalidArgumentError(
        `The allowed passages are a set of ${allowed.size}, this snapshot has room for ${this.passageSpace}.`,
        'Make the set from this snapshot.',
      );
    }
    return Math.min(k, this.passageCount);
  }

  #placeOfPassage(ordinal: number): Place {
    const places = this.#open();
    let at = places.length - 1;
    while (at > 0 && places[at]!.passageBase > ordinal) at--;
    const place = places[at];
    if (place === undefined || !isBelow(ordinal - place.passageBase, place.view.entry.passages)) {
      throw new InvalidArgumentError(`This snapshot has no passage ${ordinal}.`, 'Take ordinals from its own hits.');
    }
    return place;
  }

  #placeOfDocument(ordinal: number): Place {
    const places = this.#open();
    let at = places.length - 1;
    while (at > 0 && places[at]!.documentBase > ordinal) at--;
    const place = places[at];
    if (place === undefined || !isBelow(ordinal - place.documentBase, place.view.entry.documents)) {
      throw new InvalidArgumentError(`This snapshot has no document ${ordinal}.`, 'Take ordinals from its own hits.');
    }
    return place;
  }
}

/** How deep lists are searched depends on k, and the first hits must not. */
function searchInLists(index: VectorIndex, query: Float32Array, params: VectorSearchParams): Hits {
  return searchInBlocks((k) => index.search(query, { ...params, k }), params.k);
}

function isBelow(number: number, count: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < count;
}

function sliceAllowed(allowed: BitSet | undefined, view: SegmentView, base: number): BitSet | undefined {
  if (allowed === undefined) return undefined;
  const size = view.entry.passages;
  return new BitSet(size, allowed.bytes.subarray(base >> 3, (base + size + 7) >> 3));
}

/** A property only where there is a value: `exactOptionalPropertyTypes`. */
function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });
}
