import type { Query } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';

/** A passage that an answer may stand on. */
export interface Evidence {
  /** Its ordinal in the corpus. */
  readonly passage: number;
  /** The document. */
  readonly id: string;
  readonly title: string;
  /** Titles of the sections around it, outermost first. */
  readonly headings: readonly string[];
  readonly page?: number;
  readonly text: string;
  /** Where the text stands in the document, in UTF-16 code units. */
  readonly start: number;
  /** ISO 639-1, or `und`. */
  readonly language: string;
  /** Of the search that found it. */
  readonly score: number;
  /** Where relevance is judged: the probability that the passage is relevant. */
  readonly relevance?: number;
  /** Which search found it: 1 for the question's own. */
  readonly hop: number;
}

/** A stretch of a passage that was chosen. */
export interface Span {
  /** Position of the passage in the list that was given. */
  readonly passage: number;
  /** UTF-16 code units of the passage's text, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** Greater is better; of spans of one call only. What does not fit in the end is left out from the least. */
  readonly score: number;
}

/** How many tokens a text is. */
export type CountTokens = (text: string) => number;

/** What a compressor works with. */
export interface CompressOptions {
  readonly corpus: Corpus;
  readonly count: CountTokens;
  /** Tokens that naming a passage takes, once for each passage of which anything is chosen. @param passage its position. */
  readonly label: (passage: number) => number;
  readonly signal?: AbortSignal;
}

/**
 * Chooses what of passages is worth reading for a question.
 *
 * Spans do not overlap, and together with the labels of their passages they are at most `budget` tokens; none where nothing helps. Where the budget holds
 * no sentence, it is the best one alone, of which the builder leaves the beginning, or nothing.
 */
export interface Compressor {
  readonly id: string;
  /** @param passages best first. */
  compress(
    query: Query,
    passages: readonly Evidence[],
    budget: number,
    options: CompressOptions,
  ): Promise<readonly Span[]>;
}

/** A quotation: a stretch of a document, word for word. */
export interface Quotation {
  /** Where it stands in the document's text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What of a passage stands in a context. */
export interface ContextPassage {
  /** By which answers cite it, from 1 in the order of the context. */
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly page?: number | undefined;
  /** Parts of the passage in the order of the document; between two of them something is left out. */
  readonly parts: readonly Quotation[];
  readonly relevance?: number | undefined;
  readonly hop: number;
}

/** One search of several that build on each other. */
export interface HopTrace {
  /** From 1. */
  readonly hop: number;
  /** What was searched for, in words. */
  readonly query: string;
  /** Passages found, and those of them that no search before had found. */
  readonly found: number;
  readonly fresh: number;
  readonly tookMs: number;
  /** Why it was made, or why it is the last. */
  readonly note?: string;
}

/** What is to be read for a question, within a budget. */
export interface Context {
  readonly question: string;
  /** Ready for a prompt. Empty where nothing helps. */
  readonly text: string;
  /** Tokens of `text`. */
  readonly tokens: number;
  readonly passages: readonly ContextPassage[];
  /** Passages that were found and judged fit, of which nothing is in the context. */
  readonly left: number;
  readonly hops: readonly HopTrace[];
  /** Why it is empty, or shorter than it could be. */
  readonly note?: string;
  readonly tookMs: number;
}

/** A sentence of an answer's evidence, word for word. */
export interface Citation extends Quotation {
  /** The document. */
  readonly id: string;
  /** Number of its passage in the context. */
  readonly number: number;
}
