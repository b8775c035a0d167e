import type { Metadata } from '../content/index.ts';
import type { Block } from '../text/blocks.ts';

/** A document as read from its source, before it is cut into passages. */
export interface SourceDocument {
  /** Unique and stable; see `documentId`. */
  readonly id: string;
  readonly title: string;
  readonly path?: string;
  readonly format: string;
  /** The text that offsets refer to: the original for text formats, the extracted text for the others. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly metadata: Metadata;
  /** ISO 639-1 where the source declares it (front matter, `<html lang>`); detected later otherwise. */
  readonly language?: string;
}

/** A file or record that could not be read, and why. */
export interface IngestFailure {
  readonly path: string;
  /** Record within the file (`line 17`), when only that failed. */
  readonly where?: string;
  /** One sentence, ending with the remedy. */
  readonly reason: string;
}

/** Something that a reader left out of a file that it read, or had to repair. */
export interface IngestNote {
  readonly path: string;
  /** Part of the file (`page 3`, `row 12`), when the note is about that. */
  readonly where?: string;
  /** One sentence. */
  readonly note: string;
}

/** A candidate found by a walk. */
export interface SourceFile {
  /**
   * Relative to the base folder, with `/`, where the file lies inside it, absolute otherwise. The ids of the file's
   * documents begin with it, so `docs`, `./docs` and `/home/me/project/docs` all name the same documents.
   */
  readonly path: string;
  /** Where the file is on this machine. */
  readonly absolute: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Whether the caller named this very file, rather than a folder around it. */
  readonly explicit: boolean;
}

/** Size and time of change of a file when it was read: equal stamps, equal bytes. */
export interface SourceStamp {
  readonly size: number;
  readonly modified: number;
}

/** A file that is deliberately not read, or a folder (whose path then ends in `/`) that is not entered. */
export interface SkippedFile {
  readonly path: string;
  /**
   * `binary`, `empty`, `generated`, `image` (a picture without text that can be read), `link`, or `special` (a socket, a device); by rules that can be switched off
   * `ignored` (an ignore file lists it, or it is `node_modules`) and `hidden` (its name begins with a dot).
   */
  readonly reason: 'binary' | 'empty' | 'generated' | 'image' | 'link' | 'special' | 'ignored' | 'hidden';
}

/** Skipped files that have a reason and an extension in common; those that are `ignored`, and those that are `hidden`, are one group each. */
export interface SkippedGroup {
  readonly reason: SkippedFile['reason'];
  /** Lower case, without the dot; empty for names without one, for `ignored` and for `hidden`. */
  readonly extension: string;
  readonly count: number;
  /** The first of them. */
  readonly example: string;
}

/** What a walk comes across, in order. */
export type WalkEvent =
  | { readonly kind: 'file'; readonly file: SourceFile }
  | { readonly kind: 'failure'; readonly failure: IngestFailure }
  | { readonly kind: 'skipped'; readonly skipped: SkippedFile };

/** A document ready to be compared with what the collection holds. */
export interface FoundDocument {
  readonly document: SourceDocument;
  /** See `contentHash`. */
  readonly hash: string;
  /**
   * Present where the file holds this one document and its time of change can be trusted: kept with the document, it
   * lets the next run pass over the file without reading it.
   */
  readonly stamp?: SourceStamp;
}

/** What reading a set of paths yields, in order. */
export type IngestEvent =
  | ({ readonly kind: 'document' } & FoundDocument)
  /** The file's stamp is the one the collection has: it was not read, and its document stands. */
  | { readonly kind: 'unchanged'; readonly file: SourceFile }
  | { readonly kind: 'failure'; readonly failure: IngestFailure }
  | { readonly kind: 'note'; readonly note: IngestNote }
  | { readonly kind: 'skipped'; readonly skipped: SkippedFile }
  /** Everything of this file has been yielded. Also follows its failures; not sent for `unchanged` and `skipped`. */
  | { readonly kind: 'file'; readonly file: SourceFile; readonly documents: number };
