import {
  type DocumentAnswer,
  type DocumentList,
  type ListParameters,
  type MultiGetAnswer,
  type MultiGetRequest,
  parseLines,
} from '../../api/index.ts';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import type { Collection } from '../../collection/index.ts';
import type { DocumentRecord } from '../../content/index.ts';
import { documentFilter, marksIn } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import type { Snapshot } from '../../store/types.ts';
import { hasOriginal } from '../originals.ts';
import type { GetRequest, ServedCollection } from './types.ts';

/** @throws NotFoundError; InvalidArgumentError for lines that the document does not have. */
export function getDocument(
  collection: Collection,
  served: ServedCollection,
  request: GetRequest,
): Promise<DocumentAnswer> {
  return collection.read(async (snapshot, corpus) => {
    const answer = readDocument(snapshot, request);
    if (answer !== undefined) return withMarks(withOriginal(answer, served), corpus, request.query);
    throw new NotFoundError(
      `There is no document "${request.id}" in the collection.`,
      'Take an id from a search hit or from the list of documents.',
    );
  });
}

export function getDocuments(
  collection: Collection,
  served: ServedCollection,
  { ids, lines, passages, query }: MultiGetRequest,
): Promise<MultiGetAnswer> {
  return collection.read(async (snapshot, corpus) => {
    const documents: DocumentAnswer[] = [];
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      const document = readDocument(snapshot, { id, lines, passages });
      if (document === undefined) missing.push(id);
      else documents.push(await withMarks(withOriginal(document, served), corpus, query));
    }
    return { documents, missing };
  });
}

function readDocument(snapshot: Snapshot, { id, lines, passages }: GetRequest): DocumentAnswer | undefined {
  const ordinal = snapshot.findDocument(id);
  if (ordinal === undefined) return undefined;
  const { from, to } = snapshot.documentPassages(ordinal);
  return {
    ...summary(snapshot.document(ordinal)),
    ...cutLines(id, snapshot.documentText(ordinal), lines),
    ...(passages !== true
      ? {}
      : {
          passages: Array.from({ length: to - from }, (_, i) => {
            const { start, end, headings, page } = snapshot.passage(from + i);
            return { start, end, headings, ...(page === undefined ? {} : { page }) };
          }),
        }),
  };
}

async function withMarks(
  document: DocumentAnswer,
  corpus: SnapshotCorpus,
  query: string | undefined,
): Promise<DocumentAnswer> {
  if (query === undefined) return document;
  return { ...document, marks: await marksIn(corpus, document.text, document.language, query) };
}

function withOriginal(document: DocumentAnswer, served: ServedCollection): DocumentAnswer {
  return hasOriginal(served, document.path) ? { ...document, original: true } : document;
}

function cutLines(id: string, text: string, wanted: string | undefined): Pick<DocumentAnswer, 'text' | 'lines'> {
  // Where each line begins; a line break at the very end begins none.
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1))
    starts.push(at + 1);
  const of = starts.length;
  if (wanted === undefined) return { text, lines: { from: 1, to: of, of } };
  const { from, to } = parseLines(wanted);
  if (from > of || to < from) {
    throw new InvalidArgumentError(
      `The document "${id}" has ${of === 1 ? '1 line' : `${of} lines`}; lines ${wanted} were asked for.`,
      `Ask for lines from 1 to ${of}, the smaller first.`,
    );
  }
  const last = Math.min(to, of);
  return { text: text.slice(starts[from - 1], starts[last] ?? text.length), lines: { from, to: last, of } };
}

/** What a list shows of a document. */
export function summary({
  id,
  title,
  path,
  format,
  language,
  metadata,
}: DocumentRecord): DocumentList['documents'][number] {
  return { id, title, ...(path === undefined ? {} : { path }), format, language, metadata };
}

/** Documents by id, a page at a time. The order is the ids' own, so pages stay true while documents come and go. */
export function listDocuments(collection: Collection, parameters: ListParameters): Promise<DocumentList> {
  const { prefix, after, limit, filter } = parameters;
  return collection.read(async (snapshot, corpus) => {
    const allowed = filter === undefined ? undefined : await documentFilter(corpus, filter);
    const found: { id: string; ordinal: number }[] = [];
    for (const ordinal of snapshot.liveDocuments()) {
      const document = snapshot.document(ordinal);
      const { id } = document;
      if (!id.startsWith(prefix) || (after !== undefined && id <= after)) continue;
      if (allowed?.(document) === false) continue;
      found.push({ id, ordinal });
    }
    found.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    const page = found.slice(0, limit);
    return {
      documents: page.map(({ ordinal }) => summary(snapshot.document(ordinal))),
      ...(found.length > limit ? { next: page.at(-1)!.id } : {}),
    };
  });
}
