import type { DocumentRecord } from '../content/index.ts';

/** A document as the collection holds it. */
export interface BrowserDocument extends DocumentRecord {
  readonly text: string;
  readonly passages: number;
}

/** What a collection is, as it stands. */
export interface BrowserInfo {
  readonly documents: number;
  readonly passages: number;
  /** `none` for one that is searched by words alone. */
  readonly encoder: string;
  readonly fields: readonly string[];
  /** Documents by language. */
  readonly languages: Readonly<Record<string, number>>;
  /** Pipelines that have names here. */
  readonly pipelines: Readonly<Record<string, string>>;
  /** Counts changes. */
  readonly generation: number;
  readonly writable: boolean;
  /** What was fetched so far of a collection on a server: requests, and bytes of its files. */
  readonly fetched?: { readonly requests: number; readonly bytes: number };
}
