import type { DocumentRecord, Metadata, PassageRecord } from '../../content/index.ts';

/** Columns of `documents` that make a {@link DocumentRecord}. */
export const RECORD_COLUMNS =
  'ordinal, id, title, path, format, language, content_hash, metadata::text as metadata, source::text as source';

export interface RecordRow {
  readonly ordinal: number;
  readonly id: string;
  readonly title: string;
  readonly path: string | null;
  readonly format: string;
  readonly language: string;
  readonly content_hash: string;
  readonly metadata: string;
  readonly source: string | null;
}

export function recordOf({
  id,
  title,
  path,
  format,
  language,
  content_hash,
  metadata,
  source,
}: RecordRow): DocumentRecord {
  return {
    id,
    title,
    ...(path === null ? {} : { path }),
    format,
    language,
    contentHash: content_hash,
    ...(source === null ? {} : { source: JSON.parse(source) as NonNullable<DocumentRecord['source']> }),
    metadata: JSON.parse(metadata) as Metadata,
  };
}

/** Columns of `passages`. */
export const PASSAGE_COLUMNS = 'ordinal, document, starts, ends, page, headings::text as headings, text';

export interface PassageRow {
  readonly ordinal: number;
  readonly document: number;
  readonly starts: number;
  readonly ends: number;
  readonly page: number | null;
  readonly headings: string;
  readonly text: string;
}

export function passageOf(row: PassageRow): PassageRecord & { readonly document: number; readonly text: string } {
  return {
    start: row.starts,
    end: row.ends,
    headings: JSON.parse(row.headings) as string[],
    ...(row.page === null ? {} : { page: row.page }),
    document: row.document,
    text: row.text,
  };
}
