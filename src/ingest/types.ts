import type { Metadata } from '../store/types.ts';
import type { Block } from '../text/blocks.ts';

/** A document as read from its source, before it is cut into passages. */
export interface SourceDocument {
  /** Unique and stable: the file's path, with `#` and a record's id or number behind it where a file holds several. */
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
