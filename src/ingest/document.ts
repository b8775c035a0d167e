import type { Metadata } from '../content/index.ts';
import type { Block } from '../text/blocks.ts';
import { cleanTitle, documentId, fallbackTitle, languageCode, pathMetadata, toMetadata } from './metadata.ts';
import type { SourceDocument, SourceFile } from './types.ts';

/** What a reader found out; {@link makeDocument} fills in what the path says. */
export interface Reading {
  readonly format: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Id within the file, for a file that holds several documents. */
  readonly record?: string;
  readonly title?: unknown;
  readonly language?: unknown;
  /** Foreign fields, turned into metadata. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Note about the encoding, when it is not plain UTF-8. */
  readonly encoding?: string | undefined;
  /** Let the file's name keep its extension when it serves as title. */
  readonly keepExtension?: boolean;
}

/** A document with its id, title and metadata in the form that all readers share. */
export function makeDocument(file: SourceFile, reading: Reading): SourceDocument {
  const { format, text, blocks, record } = reading;
  const language = languageCode(reading.language);
  const metadata: Metadata = {
    ...pathMetadata(file.path),
    ...toMetadata(reading.fields ?? {}),
    ...(reading.encoding === undefined ? {} : { encoding: reading.encoding }),
  };
  return {
    id: documentId(file.path, record),
    title: cleanTitle(reading.title) ?? fallbackTitle(file.path, record, reading.keepExtension),
    path: file.path,
    format,
    text,
    blocks,
    metadata,
    ...(language === undefined ? {} : { language }),
  };
}
