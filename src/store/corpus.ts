import type { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { DocumentRecord, Representation, WeightedTerm } from '../content/index.ts';
import {
  type Corpus,
  type CorpusPassage,
  checkRepresentation,
  type Field,
  type FieldParams,
  fieldOf,
  type IndexingSettings,
  MEANING,
  WORDS,
  WordAnalysis,
} from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { Snapshot } from './types.ts';

/** A snapshot as what retrieval stands on. Valid as long as the snapshot is. */
export class SnapshotCorpus implements Corpus {
  readonly fields: readonly Field[];
  readonly languages: ReadonlyMap<string, number>;

  /** @param open opens the encoder; undefined for a collection without vectors. */
  constructor(
    readonly snapshot: Snapshot,
    settings: IndexingSettings,
    open: (() => Promise<Encoder>) | undefined,
  ) {
    this.languages = snapshot.languages;
    const analysis = new WordAnalysis(settings, this.languages);
    const { dim, encoder } = snapshot.settings;
    this.fields = [
      { name: WORDS, of: 'passage', kind: 'terms', analysis },
      ...(open === undefined ? [] : [{ name: MEANING, of: 'passage', kind: 'vector', dim, encoder, open } as const]),
    ];
  }

  get passageCount(): number {
    return this.snapshot.passageCount;
  }

  get documentCount(): number {
    return this.snapshot.documentCount;
  }

  get passageSpace(): number {
    return this.snapshot.passageSpace;
  }

  async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    return this.#kind(name, query) === 'terms'
      ? this.snapshot.searchLexical(query as readonly WeightedTerm[], params)
      : this.snapshot.searchDense(query as Float32Array, params);
  }

  async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    return this.#kind(name, query) === 'terms'
      ? this.snapshot.scoreLexical(query as readonly WeightedTerm[], passages)
      : this.snapshot.scoreDense(query as Float32Array, passages);
  }

  async get(name: string, passages: Uint32Array): Promise<(Float32Array | undefined)[]> {
    fieldOf(this, name, ['vector']);
    return Array.from(passages, (passage) => this.snapshot.passageVector(passage));
  }

  async phrase(name: string, words: readonly string[]): Promise<BitSet> {
    fieldOf(this, name, ['terms']);
    return this.snapshot.phrasePassages(words);
  }

  async frequencies(name: string, terms: readonly string[]): Promise<Uint32Array> {
    fieldOf(this, name, ['terms']);
    return Uint32Array.from(terms, (term) => this.snapshot.documentFrequency(term));
  }

  async terms(name: string): Promise<Iterable<readonly [term: string, passages: number]>> {
    fieldOf(this, name, ['terms']);
    return this.snapshot.terms();
  }

  async passages(ordinals: ArrayLike<number>): Promise<CorpusPassage[]> {
    return Array.from(ordinals, (ordinal) => ({
      ...this.snapshot.passage(ordinal),
      text: this.snapshot.passageText(ordinal),
    }));
  }

  async documentsOf(passages: ArrayLike<number>): Promise<Uint32Array> {
    return Uint32Array.from(passages, (passage) => this.snapshot.documentOf(passage));
  }

  async documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]> {
    return Array.from(ordinals, (ordinal) => this.snapshot.document(ordinal));
  }

  async find(id: string): Promise<{ document: number; from: number; to: number } | undefined> {
    const document = this.snapshot.findDocument(id);
    return document === undefined ? undefined : { document, ...this.snapshot.documentPassages(document) };
  }

  async select(condition: (document: DocumentRecord) => boolean): Promise<BitSet> {
    return this.snapshot.selectPassages(condition);
  }

  #kind(name: string, query: Representation): Field['kind'] {
    const field = fieldOf(this, name, ['terms', 'vector']);
    checkRepresentation(field, query);
    return field.kind;
  }
}
