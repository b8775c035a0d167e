import { Document } from '@langchain/core/documents';
import { type SourceHit, unflatten } from '../api/index.ts';

/** What a document from a search carries besides its own metadata, under the key `sagitta`. */
export interface SagittaMetadata {
  readonly id: string;
  readonly score: number;
  readonly title: string;
  /** The passage's place in the document, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  readonly page?: number;
  readonly path?: string;
  readonly language: string;
}

/** A hit as a document of LangChain: its passage as content, its document's metadata as it was given. */
export function toDocument(hit: SourceHit): Document {
  const { id, score, title, start, end, headings, page, path, language, text, metadata } = hit;
  const own: SagittaMetadata = {
    id,
    score,
    title,
    start,
    end,
    headings,
    ...(page === undefined ? {} : { page }),
    ...(path === undefined ? {} : { path }),
    language,
  };
  return new Document({ id, pageContent: text, metadata: { ...unflatten(metadata), sagitta: own } });
}
