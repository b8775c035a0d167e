import { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { Vectors } from '../base/vectors.ts';
import type { DocumentRecord, Representation, WeightedTerm } from '../content/index.ts';
import {
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
import { vectorFields } from './local/manifest-types.ts';
import type {
  BesideFile,
  CollectionSettings,
  FieldItem,
  ListedDocument,
  OpenFieldEncoder,
  Snapshot,
  StoredCorpus,
} from './types.ts';

/** A snapshot as what retrieval stands on. Valid as long as the snapshot is. */
export class SnapshotCorpus implements StoredCorpus {
  readonly fields: readonly Field[];
  readonly languages: ReadonlyMap<string, number>;

  /** @param open absent: the corpus has its words only. @param further fields besides, which a corpus made of this one answers for; they come before those of their names. */
  constructor(
    readonly snapshot: Snapshot,
    settings: IndexingSettings,
    open?: OpenFieldEncoder,
    further: readonly Field[] = [],
  ) {
    this.languages = snapshot.languages;
    const analysis = new WordAnalysis(settings, this.languages);
    const vectors = (open === undefined ? [] : vectorFields(snapshot.settings)).map(
      ({ name, of, kind, dim, encoder }): Field => {
        const facts = { name, of, encoder, open: () => open!({ name, of, kind, dim, encoder }) };
        return kind === 'impacts' ? { ...facts, kind } : { ...facts, kind, dim };
      },
    );
    const others = vectors.filter(({ name }) => further.every((one) => one.name !== name));
    this.fields = [{ name: WORDS, of: 'passage', kind: 'terms', analysis }, ...others, ...further];
  }

  get generation(): number {
    return this.snapshot.generation;
  }

  get settings(): CollectionSettings {
    return this.snapshot.settings;
  }

  beside(role: string): BesideFile | undefined {
    return this.snapshot.beside(role);
  }

  async texts(documents: ArrayLike<number>): Promise<string[]> {
    return Array.from(documents, (ordinal) => this.snapshot.documentText(ordinal));
  }

  async holding(name: string): Promise<BitSet> {
    const { kind } = fieldOf(this, name, ['vector', 'vectors', 'impacts']);
    const found = new BitSet(this.passageSpace);
    for await (const { from, to } of this.all()) {
      for (let passage = from; passage < to; passage++) {
        const held =
          name === MEANING && kind === 'vector'
            ? this.snapshot.hasVector(passage)
            : this.snapshot.fieldItem(name, passage) !== undefined;
        if (held) found.add(passage);
      }
    }
    return found;
  }

  async *all(): AsyncGenerator<ListedDocument> {
    for (const ordinal of this.snapshot.liveDocuments()) {
      yield { ordinal, ...this.snapshot.documentPassages(ordinal), record: this.snapshot.document(ordinal) };
    }
  }

  close(): void {
    this.snapshot.close();
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
    const kind = this.#kind(name, query);
    if (kind === 'terms') return this.snapshot.searchLexical(query as readonly WeightedTerm[], params);
    if (kind === 'impacts') return this.snapshot.searchImpacts(name, query as readonly WeightedTerm[], params);
    if (kind === 'vectors') return this.snapshot.searchTokens(name, query as Vectors, params);
    return this.snapshot.searchDense(query as Float32Array, { ...params, field: name });
  }

  async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    return this.#kind(name, query) === 'terms'
      ? this.snapshot.scoreLexical(query as readonly WeightedTerm[], passages)
      : this.snapshot.scoreDense(query as FieldItem, passages, name);
  }

  async bounds(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    return this.#kind(name, query) === 'vector'
      ? this.snapshot.boundDense(query as Float32Array, passages, name)
      : new Float32Array(passages.length).fill(Number.POSITIVE_INFINITY);
  }

  async get(name: string, passages: Uint32Array): Promise<(FieldItem | undefined)[]> {
    fieldOf(this, name, ['vector', 'vectors', 'impacts']);
    return Array.from(passages, (passage) => this.snapshot.fieldItem(name, passage));
  }

  async phrase(name: string, words: readonly string[]): Promise<BitSet> {
    fieldOf(this, name, ['terms']);
    return this.snapshot.phrasePassages(words);
  }

  async frequencies(name: string, terms: readonly string[]): Promise<Uint32Array> {
    fieldOf(this, name, ['terms']);
    const counts = new Uint32Array(terms.length);
    for (let i = 0; i < terms.length; i++) counts[i] = this.snapshot.documentFrequency(terms[i]!);
    return counts;
  }

  async terms(name: string): Promise<Iterable<readonly [term: string, passages: number]>> {
    fieldOf(this, name, ['terms']);
    return this.snapshot.terms();
  }

  async passages(ordinals: ArrayLike<number>): Promise<CorpusPassage[]> {
    const passages: CorpusPassage[] = [];
    for (let i = 0; i < ordinals.length; i++) {
      const ordinal = ordinals[i]!;
      passages.push({ ...this.snapshot.passage(ordinal), text: this.snapshot.passageText(ordinal) });
    }
    return passages;
  }

  async documentsOf(passages: ArrayLike<number>): Promise<Uint32Array> {
    const documents = new Uint32Array(passages.length);
    for (let i = 0; i < documents.length; i++) documents[i] = this.snapshot.documentOf(passages[i]!);
    return documents;
  }

  async documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]> {
    const documents: DocumentRecord[] = [];
    for (let i = 0; i < ordinals.length; i++) documents.push(this.snapshot.document(ordinals[i]!));
    return documents;
  }

  async find(id: string): Promise<{ document: number; from: number; to: number } | undefined> {
    const document = this.snapshot.findDocument(id);
    return document === undefined ? undefined : { document, ...this.snapshot.documentPassages(document) };
  }

  async select(condition: (document: DocumentRecord) => boolean): Promise<BitSet> {
    return this.snapshot.selectPassages(condition);
  }

  #kind(name: string, query: Representation): Field['kind'] {
    const field = fieldOf(this, name, ['terms', 'vector', 'vectors', 'impacts']);
    checkRepresentation(field, query);
    return field.kind;
  }
}
