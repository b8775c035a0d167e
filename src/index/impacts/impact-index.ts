import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import {
  MemorySections,
  readSection,
  type SectionData,
  type SectionSink,
  type SectionSource,
} from '../../base/sections.ts';
import { InvertedIndexBuilder } from '../inverted/build.ts';
import {
  InvertedIndex,
  type LexicalSearchParams,
  type LexicalStatistics,
  type QueryTerm,
} from '../inverted/inverted.ts';
import { CEILING, codeOf, frequencyOf, type ImpactCodes, impactCodes, impactOf, UNIT } from './impact-codes.ts';

/** All sections of the index begin with this. */
const PREFIX = 'impacts.';
/** Little-endian: version (uint32), items (uint32), postings and those at the ceiling (float64). */
const HEADER = `${PREFIX}header`;
const HEADER_BYTES = 24;
const VERSION = 1;
/** Impacts say themselves what they count: no term gets more for being rare, and no item less for being long. */
const AS_THEY_ARE: LexicalStatistics = { count: 1, averageLength: 0, documentFrequency: () => 0, idf: false };

/** Settings of {@link ImpactIndex.search}; `live` and `allowed` are sets of `count` bits. */
export type ImpactSearchParams = Omit<LexicalSearchParams, 'statistics'>;

/** Collects terms with their impacts for an {@link ImpactIndex}. */
export class ImpactIndexBuilder {
  readonly #builder = new InvertedIndexBuilder({ k1: 1, b: 0 });
  #postings = 0;
  #full = 0;

  /** Items added so far, with and without terms. */
  get count(): number {
    return this.#builder.count;
  }

  /** Bytes that the builder holds, about. */
  get bytes(): number {
    return 16 * this.#postings + 8 * this.count;
  }

  /**
   * Adds the next item; items are numbered 0, 1, 2, ... in the order of these calls.
   * @param item its terms, or what they are kept as; `undefined` for an item that has none. @throws InvalidArgumentError as {@link impactCodes}.
   */
  add(item: readonly QueryTerm[] | ImpactCodes | undefined): void {
    const { terms, codes } =
      item === undefined || 'codes' in item ? (item ?? NOTHING) : impactCodes(item, `item ${this.count}`);
    const byCode = new Map<number, string[]>();
    terms.forEach((term, i) => {
      const code = codes[i]!;
      const others = byCode.get(code);
      if (others === undefined) byCode.set(code, [term]);
      else others.push(term);
    });
    this.#postings += terms.length;
    this.#full += byCode.get(CEILING)?.length ?? 0;
    this.#builder.add(Array.from(byCode, ([code, own]) => ({ terms: own, boost: frequencyOf(code), length: 0 })));
  }

  /** The sections of the index, in memory. */
  build(): SectionData {
    return named(this.#builder.build(), { items: this.count, postings: this.#postings, full: this.#full });
  }

  /** Writes the sections of the index. */
  writeTo(sink: SectionSink): void {
    write(this.build(), sink);
  }
}

const NOTHING: ImpactCodes = { terms: [], codes: new Uint8Array(0) };

/**
 * Terms with impacts: what each counts in an item, learned or given, in 8 bits (steps of 1/128, up to 1.99). An item's score is the sum, over the terms of the query, of the
 * query's weight times the impact (Mallia et al. 2021, DeepImpact), in float32 and in the order of {@link InvertedIndex}. The postings are those of an inverted index whose
 * term frequencies say the impacts (`frequencyOf`), so that searches are exact and skip blocks by their greatest impacts, as those do.
 */
export class ImpactIndex {
  readonly #header: Header;
  readonly #index: InvertedIndex;
  #items: readonly (readonly QueryTerm[] | undefined)[] | undefined;

  private constructor(source: SectionSource) {
    this.#header = readHeader(source);
    this.#index = InvertedIndex.open(new Prefixed(source));
    if (this.#index.count !== this.#header.items) {
      throw new CorruptFileError(
        HEADER,
        `it is of ${this.#header.items} items, and the postings of ${this.#index.count}`,
      );
    }
  }

  /** Opens an index; the first search reads the rest. @throws CorruptFileError, IncompatibleError */
  static open(source: SectionSource): ImpactIndex {
    return new ImpactIndex(source);
  }

  /** Writes the live items of several indexes, in order. Memory: the result, its postings once more. */
  static merge(parts: readonly { readonly index: ImpactIndex; readonly live: BitSet }[], sink: SectionSink): void {
    const sections = InvertedIndex.merge(parts.map(({ index, live }) => ({ index: index.#index, live })));
    write(named(sections, countsOf(InvertedIndex.open(new MemorySections(sections)))), sink);
  }

  /** One number for each term. */
  get dim(): 1 {
    return 1;
  }

  /** Items, with and without terms; they are numbered 0 to `count - 1`. */
  get count(): number {
    return this.#header.items;
  }

  /** Terms of all items. */
  get postingCount(): number {
    return this.#header.postings;
  }

  /** How many of them have the greatest impact there is: their weights were that, or more. */
  get fullCount(): number {
    return this.#header.full;
  }

  /** The `k` best items, best first, equal scores by ascending number. Exact. Items without a term of the query are not found. */
  search(terms: readonly QueryTerm[], params: ImpactSearchParams): Hits {
    return this.#index.search(scaled(terms), { ...params, statistics: AS_THEY_ARE });
  }

  /** Scores of given items, bit for bit those of {@link ImpactIndex.search}; 0 for one that matches nothing. @param items ascending. */
  scores(terms: readonly QueryTerm[], items: Uint32Array): Float32Array {
    return this.#index.scores(scaled(terms), items, { statistics: AS_THEY_ARE });
  }

  /**
   * The terms of an item with their impacts, in the order of their bytes; undefined where it has none. The first call reads all postings, and
   * holds them.
   */
  terms(item: number): readonly QueryTerm[] | undefined {
    this.#items ??= itemsOf(this.#index);
    return this.#items[item];
  }

  /** Reads all postings. @throws CorruptFileError where they are not what the header says. */
  check(): void {
    const { postings, full } = countsOf(this.#index);
    const told = this.#header;
    if (postings === told.postings && full === told.full) return;
    throw new CorruptFileError(
      HEADER,
      `it tells of ${told.postings} terms, ${told.full} of them at the ceiling, and there are ${postings} and ${full}`,
    );
  }
}

/** What a header says of postings. */
function countsOf(index: InvertedIndex): Header {
  let postings = 0;
  let full = 0;
  for (const { frequencies } of index.postings()) {
    postings += frequencies.length;
    for (const frequency of frequencies) if (codeOf(frequency) === CEILING) full++;
  }
  return { items: index.count, postings, full };
}

function scaled(terms: readonly QueryTerm[]): QueryTerm[] {
  return terms.map(({ term, weight }) => ({ term, weight: UNIT * weight }));
}

function itemsOf(index: InvertedIndex): (QueryTerm[] | undefined)[] {
  const items: (QueryTerm[] | undefined)[] = Array.from({ length: index.count }, () => undefined);
  for (const { term, documents, frequencies } of index.postings()) {
    documents.forEach((document, i) => {
      const own = items[document];
      const one = { term, weight: impactOf(codeOf(frequencies[i]!)) };
      if (own === undefined) items[document] = [one];
      else own.push(one);
    });
  }
  return items;
}

interface Header {
  readonly items: number;
  readonly postings: number;
  readonly full: number;
}

function named(sections: SectionData, { items, postings, full }: Header): SectionData {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, VERSION, true);
  view.setUint32(4, items, true);
  view.setFloat64(8, postings, true);
  view.setFloat64(16, full, true);
  return new Map([[HEADER, header], ...Array.from(sections, ([name, bytes]) => [PREFIX + name, bytes] as const)]);
}

function readHeader(source: SectionSource): Header {
  if (source.size(HEADER) !== HEADER_BYTES) {
    throw new CorruptFileError(HEADER, `it has ${source.size(HEADER)} bytes instead of ${HEADER_BYTES}`);
  }
  const bytes = readSection(source, HEADER);
  const view = new DataView(bytes.buffer);
  const version = view.getUint32(0, true);
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The index of impacts has format ${version}; this release reads format ${VERSION}.`,
      'Add the field again, or use the release that wrote it.',
    );
  }
  return { items: view.getUint32(4, true), postings: view.getFloat64(8, true), full: view.getFloat64(16, true) };
}

function write(sections: SectionData, sink: SectionSink): void {
  for (const [name, bytes] of sections) {
    sink.begin(name, bytes.byteLength);
    sink.write(bytes);
  }
}

/** The sections of the postings by their own names. */
class Prefixed implements SectionSource {
  constructor(private readonly source: SectionSource) {}

  has(name: string): boolean {
    return this.source.has(PREFIX + name);
  }

  size(name: string): number {
    return this.source.size(PREFIX + name);
  }

  readInto(name: string, target: Uint8Array, offset?: number): void {
    this.source.readInto(PREFIX + name, target, offset);
  }
}
