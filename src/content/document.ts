import type { Block } from '../text/index.ts';

/** A metadata value; a list matches a filter when one of its members does. */
export type MetadataValue = string | number | boolean | null | readonly (string | number | boolean)[];
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** What is known of a document besides its text. */
export interface DocumentRecord {
  /** Unique within the collection; for files, the path as given to `index`. */
  readonly id: string;
  readonly title: string;
  /** Path of the file that it came from, when there is one. Several documents may share it (the lines of a JSONL file). */
  readonly path?: string;
  /** `markdown`, `html`, `pdf`, `json`, `typescript`, ... */
  readonly format: string;
  /** ISO 639-1, or `und` where it could not be told. */
  readonly language: string;
  /** Hash of everything that indexing depends on: unchanged hash, unchanged document. */
  readonly contentHash: string;
  /** Size and modification time of the file when it was read: unchanged, it need not be read again. Epoch milliseconds. */
  readonly source?: { readonly size: number; readonly modified: number };
  readonly metadata: Metadata;
}

/** A passage: a stretch of its document's text. Offsets are UTF-16 code units. */
export interface PassageRecord {
  readonly start: number;
  readonly end: number;
  /** Titles of the sections around it, outermost first. */
  readonly headings: readonly string[];
  readonly page?: number;
}

/** A document given by the program rather than read from a file. */
export interface InputDocument {
  /** Unique within the collection; an existing document with this id is replaced. */
  readonly id: string;
  readonly text: string;
  /** Searched as the text is, so the text may be empty. */
  readonly title?: string;
  readonly path?: string;
  /** Default `text`; `markdown` is split along its headings. */
  readonly format?: string;
  readonly language?: string;
  readonly metadata?: Metadata;
  /** Structure of the text, if known; only what stands in a block is searched. None: paragraphs by blank lines. */
  readonly blocks?: readonly Block[];
}
