import type { DocumentRecord, Metadata } from '../content/index.ts';
import type { CorpusPassage } from '../corpus/index.ts';
import { type Analyzer, highlight, plainSnippet } from '../text/index.ts';
import type { PassageReference, Range, SearchHit } from './options.ts';
import type { Contribution, RankedPassage } from './types.ts';
import type { WordMatch } from './word-match.ts';

/** What a hit is made of. */
export interface HitSource {
  readonly rank: number;
  readonly ranked: RankedPassage;
  readonly passage: CorpusPassage;
  readonly document: DocumentRecord;
  /** What is highlighted, and what it is found by. */
  readonly terms: ReadonlySet<string>;
  readonly analyzer: Analyzer;
  readonly repeats: readonly Required<PassageReference>[];
}

type Marked = Pick<SearchHit, 'highlights' | 'snippet'>;

/**
 * A hit as an object of plain members, of which `highlights` and `snippet` are made when one of them is first asked for: to look for a query's
 * words in ten passages takes as long as to find these among a hundred thousand. They need the text alone, no file.
 */
export class FoundHit implements SearchHit {
  readonly rank: number;
  readonly score: number;
  readonly id: string;
  declare readonly path?: string;
  readonly title: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  declare readonly page?: number;
  readonly language: string;
  readonly metadata: Metadata;
  declare readonly highlights: readonly Range[];
  declare readonly snippet: SearchHit['snippet'];
  declare readonly repeats?: readonly Required<PassageReference>[];
  declare readonly contributions?: readonly Contribution[];
  declare readonly match?: WordMatch;
  declare readonly relevance?: number;
  readonly #terms: ReadonlySet<string>;
  readonly #analyzer: Analyzer;
  readonly #format: string;
  #marked: Marked | undefined;

  constructor({ rank, ranked, passage, document, terms, analyzer, repeats }: HitSource) {
    this.rank = rank;
    this.score = ranked.score;
    this.id = document.id;
    if (document.path !== undefined) this.path = document.path;
    this.title = document.title;
    this.text = passage.text;
    this.start = passage.start;
    this.end = passage.end;
    this.headings = passage.headings;
    if (passage.page !== undefined) this.page = passage.page;
    this.language = document.language;
    this.metadata = document.metadata;
    Object.defineProperty(this, 'highlights', FoundHit.#highlights);
    Object.defineProperty(this, 'snippet', FoundHit.#snippet);
    if (repeats.length > 0) this.repeats = repeats;
    if (ranked.relevance !== undefined) this.relevance = ranked.relevance;
    this.#terms = terms;
    this.#analyzer = analyzer;
    this.#format = document.format;
  }

  #marks(): Marked {
    if (this.#marked === undefined) {
      const highlights = highlight(this.text, this.#terms, this.#analyzer);
      const { text, ranges } = plainSnippet(this.text, this.#format, highlights);
      this.#marked = { highlights, snippet: { text, highlights: ranges } };
    }
    return this.#marked;
  }

  static readonly #highlights: PropertyDescriptor & ThisType<FoundHit> = {
    enumerable: true,
    configurable: true,
    get() {
      return this.#marks().highlights;
    },
  };

  static readonly #snippet: PropertyDescriptor & ThisType<FoundHit> = {
    enumerable: true,
    configurable: true,
    get() {
      return this.#marks().snippet;
    },
  };

  /** What consoles print: the members, not that they are yet to be made. */
  [Symbol.for('nodejs.util.inspect.custom')](): SearchHit {
    return { ...this };
  }
}
