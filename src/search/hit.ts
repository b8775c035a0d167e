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
      const from = behindHeadings(this.text, this.headings);
      const shown = highlights.filter(({ start }) => start >= from);
      // A heading stands beside the snippet already. It is shown where nothing else matched.
      const cut = shown.length > 0 || highlights.length === 0 ? from : 0;
      const ranges = cut === 0 ? highlights : shown.map(({ start, end }) => ({ start: start - cut, end: end - cut }));
      const snippet = plainSnippet(this.text.slice(cut), this.#format, ranges);
      this.#marked = { highlights, snippet: { text: snippet.text, highlights: snippet.ranges } };
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

/** Where a passage goes on behind the headings that it begins with; 0 where there is nothing else. */
function behindHeadings(text: string, headings: readonly string[]): number {
  let at = 0;
  while (headings.length > 0 && at < text.length) {
    const end = text.indexOf('\n', at);
    if (end < 0) break;
    const line = text.slice(at, end).replace(/^[\s#=*.]+|[\s#=*]+$/g, '');
    // The lines of a heading's frame belong to it.
    if (!headings.includes(line) && (at === 0 || !FRAME.test(text.slice(at, end)))) break;
    at = end + 1;
  }
  return text.slice(at).trim() === '' ? 0 : at;
}

const FRAME = /^(?:([=\-~^"'`*+#.:_])\1*)?\s*$/;
