import type { Range } from '../search/index.ts';
import type { SentenceKind } from './sentences.ts';

/** A sentence of a passage, and what is known of it before anything is chosen. */
export interface Sentence extends Range {
  /** Position of its passage. */
  readonly passage: number;
  /** From `body` to its end. */
  readonly text: string;
  readonly kind: SentenceKind;
  /** Where it begins without the heading that belongs to it. */
  readonly body: number;
  /** That heading; empty where there is none. */
  readonly heading: string;
  /** Terms of its words, by the analysis of its document's language. */
  readonly terms: ReadonlySet<string>;
  /** Terms of the title and the headings above it, which a context names beside it. */
  readonly named: ReadonlySet<string>;
  /** Places of the question's words that it holds, in `SentenceScores.words`. */
  readonly words: readonly number[];
  /** Share of the question's words, by rarity, that it holds itself: 0 to 1. */
  readonly own: number;
  /** The same with half of those that only title and headings above it hold. */
  readonly coverage: number;
  /** Its vector, which knows the title and the heading that it stands under; absent where the encoder has no say. */
  readonly vector?: Float32Array;
  /** Cosine with the question; 0 without a vector. */
  readonly cosine: number;
}
