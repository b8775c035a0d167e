import { BitSet } from '../base/bits.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Hits } from '../base/hits.ts';
import { MemorySections } from '../base/sections.ts';
import type { Vectors } from '../base/vectors.ts';
import type { DocumentRecord, InputDocument, PassageRecord, Representation, WeightedTerm } from '../content/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import {
  type Bm25Parameters,
  FlatIndex,
  FlatIndexBuilder,
  ImpactIndex,
  ImpactIndexBuilder,
  InvertedIndex,
  InvertedIndexBuilder,
  TokenIndex,
  TokenIndexBuilder,
} from '../index/index.ts';
import { TermNumbers } from '../text/index.ts';
import type { Corpus, CorpusPassage, Field, FieldParams, FieldSource } from './corpus.ts';
import { checkRepresentation, fieldOf, WORDS } from './fields.ts';
import { weighedTerms } from './impacts.ts';
import { checkInput } from './input.ts';
import { blocksOf, languageOf, type PreparedPassage, preparePassages, sourceTerms } from './passages.ts';
import { WordAnalysis } from './query-analysis.ts';
import { type IndexingSettings, resolveSettings } from './settings.ts';
import { narrowestWindow, sourceText } from './sources.ts';

/** A field that a corpus in memory is to have. `of` defaults to `passage`: title, innermost heading and text. */
export type FieldDefinition = { readonly name: string; readonly of?: FieldSource } & (
  | { readonly kind: 'terms' }
  | { readonly kind: 'vector'; readonly encoder: Encoder }
  | { readonly kind: 'vectors'; readonly encoder: TokenEncoder }
  | { readonly kind: 'impacts'; readonly encoder: TermEncoder }
);

/** Options of {@link memoryCorpus}. */
export interface MemoryCorpusOptions {
  /** As of a collection. */
  readonly settings?: Partial<IndexingSettings>;
  /** Default k1 0.9, b 0.4. */
  readonly bm25?: Bm25Parameters;
  readonly signal?: AbortSignal;
}

const STANDARD: readonly FieldDefinition[] = [{ name: WORDS, kind: 'terms' }];

/**
 * A corpus without a disk: documents are cut into passages, analysed and encoded as a collection does it, and searched in the same way,
 * with the same hits. Of several documents with one id the last one counts. Holds everything in memory, and is never changed.
 *
 * @param fields default one of terms, `words`.
 * @throws InvalidArgumentError as `Collection.add` does, and for fields without a name of their own.
 */
export async function memoryCorpus(
  documents: Iterable<InputDocument> | AsyncIterable<InputDocument>,
  fields: readonly FieldDefinition[] = STANDARD,
  options: MemoryCorpusOptions = {},
): Promise<MemoryCorpus> {
  checkFields(fields);
  const settings = resolveSettings(options.settings);
  const held = new Map<string, Held>();
  const languages = new Map<string, number>();
  const numbers = new TermNumbers();
  for await (const document of documents) {
    options.signal?.throwIfAborted();
    const one = await hold(document, fields, settings, numbers, options.signal);
    // In the order in which they came last.
    held.delete(document.id);
    held.set(document.id, one);
  }
  for (const { record } of held.values()) languages.set(record.language, (languages.get(record.language) ?? 0) + 1);
  const analysis = new WordAnalysis(settings, languages);
  const all = [...held.values()];
  const indexes: Indexed[] = [];
  for (const field of fields) indexes.push(await indexed(field, all, analysis, numbers, options));
  return new MemoryCorpus(all, indexes, languages);
}

/** A document with its passages. */
interface Held {
  readonly record: DocumentRecord;
  readonly text: string;
  readonly passages: readonly PreparedPassage[];
}

async function hold(
  document: InputDocument,
  fields: readonly FieldDefinition[],
  settings: IndexingSettings,
  numbers: TermNumbers,
  signal: AbortSignal | undefined,
): Promise<Held> {
  const metadata = checkInput(document);
  const { id, text, title = '', path, format = 'text' } = document;
  const { language: declared } = document;
  const preparable = {
    title,
    text,
    blocks: blocksOf(document),
    ...(declared === undefined ? {} : { language: declared }),
  };
  const language = languageOf(preparable, settings);
  const window = narrowestWindow(
    fields.flatMap((field) => (field.kind === 'vector' ? [{ of: 'passage', ...field }] : [])),
    language,
  );
  const { passages } = await preparePassages(preparable, language, settings, numbers, window, signal);
  const place = path === undefined ? {} : { path };
  // Nobody compares what is never indexed again.
  return { record: { id, title, ...place, format, language, contentHash: '', metadata }, text, passages };
}

function checkFields(fields: readonly FieldDefinition[]): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (!/^[a-z][\w-]*$/i.test(name)) {
      throw new InvalidArgumentError(
        `"${name}" is not a name of a field.`,
        'Use letters, digits, "-" and "_", a letter first.',
      );
    }
    if (names.has(name)) throw new InvalidArgumentError(`Two fields are called "${name}".`, 'Rename one of them.');
    names.add(name);
  }
}

/** A field with its index, the items of which are the passages. */
type Indexed =
  | { readonly field: Extract<Field, { kind: 'terms' }>; readonly index: InvertedIndex }
  | { readonly field: Extract<Field, { kind: 'vector' }>; readonly index: FlatIndex }
  | { readonly field: Extract<Field, { kind: 'vectors' }>; readonly index: TokenIndex }
  | { readonly field: Extract<Field, { kind: 'impacts' }>; readonly index: ImpactIndex };

async function indexed(
  definition: FieldDefinition,
  documents: readonly Held[],
  analysis: WordAnalysis,
  numbers: TermNumbers,
  { bm25, signal }: MemoryCorpusOptions,
): Promise<Indexed> {
  const { name, of = 'passage' } = definition;
  if (definition.kind === 'terms') {
    const builder = new InvertedIndexBuilder(bm25);
    for (const { record, text, passages } of documents) {
      for (const passage of passages) {
        const own =
          of === 'passage' ? passage.fields : sourceTerms(seenOf(of, record, text, passage), record, analysis, numbers);
        builder.addNumbered(own, numbers);
      }
    }
    const index = InvertedIndex.open(new MemorySections(builder.build()));
    return { field: { name, of, kind: 'terms', analysis }, index };
  }
  if (definition.kind === 'impacts') return impactsIn({ ...definition, of }, documents, analysis.settings, signal);
  const { encoder } = definition;
  // The same title stands above many passages.
  const rows = new Map<string, number>();
  const rowOf = documents.flatMap(({ record, text, passages }) =>
    passages.map((passage) => {
      const seen = seenOf(of, record, text, passage);
      if (seen === '' || !speaks(encoder, record.language)) return undefined;
      const row = rows.get(seen) ?? rows.size;
      rows.set(seen, row);
      return row;
    }),
  );
  const texts = [...rows.keys()];
  const how = { role: 'document', ...(signal === undefined ? {} : { signal }) } as const;
  const facts = { name, of, dim: encoder.dim, encoder: encoder.id };
  if (definition.kind === 'vector') {
    const vectors = texts.length === 0 ? undefined : await definition.encoder.encode(texts, how);
    const builder = new FlatIndexBuilder(encoder.dim);
    for (const row of rowOf) builder.add(row === undefined ? undefined : vectors!.row(row));
    const index = FlatIndex.open(new MemorySections(builder.build()));
    return { field: { ...facts, kind: 'vector', open: async () => definition.encoder }, index };
  }
  const sets = texts.length === 0 ? undefined : await definition.encoder.encodeTokens(texts, how);
  const builder = new TokenIndexBuilder(encoder.dim);
  for (const row of rowOf) builder.add(row === undefined ? undefined : sets!.item(row));
  const index = TokenIndex.open(new MemorySections(builder.build()));
  return { field: { ...facts, kind: 'vectors', open: async () => definition.encoder }, index };
}

async function impactsIn(
  { name, of, encoder }: Extract<FieldDefinition, { kind: 'impacts' }> & { readonly of: FieldSource },
  documents: readonly Held[],
  settings: IndexingSettings,
  signal: AbortSignal | undefined,
): Promise<Indexed> {
  // Terms go by the language too.
  const rows = new Map<string, { readonly text: string; readonly language: string; readonly row: number }>();
  const rowOf = documents.flatMap(({ record, text, passages }) =>
    passages.map((passage) => {
      const { language } = record;
      const seen = seenOf(of, record, text, passage);
      if (seen === '' || !speaks(encoder, language)) return undefined;
      const key = `${language}\n${seen}`;
      const row = rows.get(key)?.row ?? rows.size;
      rows.set(key, { text: seen, language, row });
      return row;
    }),
  );
  const how = { role: 'document', ...(signal === undefined ? {} : { signal }) } as const;
  const terms = await weighedTerms(encoder, [...rows.values()], settings, how);
  const builder = new ImpactIndexBuilder();
  for (const row of rowOf) builder.add(row === undefined ? undefined : terms[row]);
  const index = ImpactIndex.open(new MemorySections(builder.build()));
  return { field: { name, of, kind: 'impacts', encoder: encoder.id, open: async () => encoder }, index };
}

function seenOf(
  of: FieldSource,
  record: DocumentRecord,
  text: string,
  { start, end, headings }: PreparedPassage,
): string {
  return sourceText(of, record, { headings, text: text.slice(start, end) });
}

/** See {@link memoryCorpus}. */
export class MemoryCorpus implements Corpus {
  readonly fields: readonly Field[];
  readonly passageCount: number;
  readonly documentCount: number;
  readonly passageSpace: number;
  readonly #byId: ReadonlyMap<string, number>;
  /** First passage of each document, and one more. */
  readonly #first: Uint32Array;
  readonly #documentOf: Uint32Array;

  /** Use {@link memoryCorpus}. */
  constructor(
    private readonly held: readonly Held[],
    private readonly indexes: readonly Indexed[],
    readonly languages: ReadonlyMap<string, number>,
  ) {
    this.fields = indexes.map(({ field }) => field);
    this.documentCount = held.length;
    this.#byId = new Map(held.map(({ record }, document) => [record.id, document]));
    this.#first = new Uint32Array(held.length + 1);
    held.forEach(({ passages }, document) => {
      this.#first[document + 1] = this.#first[document]! + passages.length;
    });
    this.passageCount = this.#first.at(-1)!;
    this.passageSpace = this.passageCount;
    this.#documentOf = Uint32Array.from(held.flatMap(({ passages }, document) => passages.map(() => document)));
  }

  async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    const { field, index } = this.#indexed(name, query);
    const { allowed, refine } = params;
    if (!Number.isInteger(params.k) || params.k < 1) {
      throw new InvalidArgumentError(`k is ${params.k}.`, 'Ask for a whole number of hits, at least 1.');
    }
    if (allowed !== undefined && allowed.size !== this.passageSpace) {
      throw new InvalidArgumentError(
        `The allowed passages are a set of ${allowed.size}, and there are ${this.passageSpace}.`,
        'Make the set from this corpus.',
      );
    }
    const k = Math.min(params.k, this.passageCount);
    if (k === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    const among = { k, ...(allowed === undefined ? {} : { allowed }) };
    if (field.kind === 'terms') return (index as InvertedIndex).search(query as readonly WeightedTerm[], among);
    if (field.kind === 'impacts') return (index as ImpactIndex).search(query as readonly WeightedTerm[], among);
    if (field.kind === 'vector') {
      return (index as FlatIndex).search(query as Float32Array, {
        ...among,
        ...(refine === undefined ? {} : { refine }),
      });
    }
    return (index as TokenIndex).search(query as Vectors, among);
  }

  async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    const { field, index } = this.#indexed(name, query);
    if (field.kind === 'terms') return (index as InvertedIndex).scores(query as readonly WeightedTerm[], passages);
    if (field.kind === 'impacts') return (index as ImpactIndex).scores(query as readonly WeightedTerm[], passages);
    if (field.kind === 'vector') return (index as FlatIndex).scores(query as Float32Array, passages);
    return (index as TokenIndex).scores(query as Vectors, passages);
  }

  async get(name: string, passages: Uint32Array): Promise<(Representation | undefined)[]> {
    fieldOf(this, name, ['vector', 'vectors', 'impacts']);
    const index = this.indexes.find(({ field }) => field.name === name)!.index as FlatIndex | TokenIndex | ImpactIndex;
    return Array.from(passages, (passage) =>
      index instanceof ImpactIndex ? index.terms(passage) : index.vector(passage),
    );
  }

  async phrase(name: string, words: readonly string[]): Promise<BitSet> {
    fieldOf(this, name, ['terms']);
    const found = new BitSet(this.passageSpace);
    const index = this.indexes.find(({ field }) => field.name === name)!.index as InvertedIndex;
    for (const passage of index.phrase(words)) found.add(passage);
    return found;
  }

  async frequencies(name: string, terms: readonly string[]): Promise<Uint32Array> {
    fieldOf(this, name, ['terms']);
    const index = this.indexes.find(({ field }) => field.name === name)!.index as InvertedIndex;
    const counts = new Uint32Array(terms.length);
    for (let i = 0; i < terms.length; i++) counts[i] = index.documentFrequency(terms[i]!);
    return counts;
  }

  async terms(name: string): Promise<Iterable<readonly [term: string, passages: number]>> {
    fieldOf(this, name, ['terms']);
    return (this.indexes.find(({ field }) => field.name === name)!.index as InvertedIndex).frequencies();
  }

  async passages(ordinals: ArrayLike<number>): Promise<CorpusPassage[]> {
    return Array.from(ordinals, (ordinal) => {
      const document = this.#documentOfPassage(ordinal);
      const { passages, text } = this.held[document]!;
      const { start, end, headings, page } = passages[ordinal - this.#first[document]!]! as PassageRecord;
      const place = { start, end, headings, ...(page === undefined ? {} : { page }) };
      return { ...place, document, text: text.slice(start, end) };
    });
  }

  async documentsOf(passages: ArrayLike<number>): Promise<Uint32Array> {
    const documents = new Uint32Array(passages.length);
    for (let i = 0; i < documents.length; i++) documents[i] = this.#documentOfPassage(passages[i]!);
    return documents;
  }

  async documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]> {
    const records: DocumentRecord[] = [];
    for (let i = 0; i < ordinals.length; i++) records.push(this.held[ordinals[i]!]!.record);
    return records;
  }

  async find(id: string): Promise<{ document: number; from: number; to: number } | undefined> {
    const document = this.#byId.get(id);
    if (document === undefined) return undefined;
    return { document, from: this.#first[document]!, to: this.#first[document + 1]! };
  }

  async select(condition: (document: DocumentRecord) => boolean): Promise<BitSet> {
    const selected = new BitSet(this.passageSpace);
    this.held.forEach(({ record }, document) => {
      if (condition(record)) selected.addRange(this.#first[document]!, this.#first[document + 1]!);
    });
    return selected;
  }

  #indexed(name: string, query: Representation): Indexed {
    const field = fieldOf(this, name, ['terms', 'vector', 'vectors', 'impacts']);
    checkRepresentation(field, query);
    return this.indexes.find((one) => one.field.name === name)!;
  }

  #documentOfPassage(passage: number): number {
    const document = this.#documentOf[passage];
    if (document === undefined) {
      throw new InvalidArgumentError(`This corpus has no passage ${passage}.`, 'Take ordinals from its own hits.');
    }
    return document;
  }
}
