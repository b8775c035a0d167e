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
import {
  BUILT_IN_FIELDS,
  checkSort,
  compareSorted,
  documentFilter,
  parseSort,
  type Scalar,
  type SortKey,
  sortValues,
} from '../../search/index.ts';
import type { Snapshot } from '../../store/types.ts';
import type { GetRequest } from './types.ts';

/** @throws NotFoundError; InvalidArgumentError for lines that the document does not have. */
export function getDocument(collection: Collection, request: GetRequest): Promise<DocumentAnswer> {
  return collection.read(async (snapshot) => {
    const answer = readDocument(snapshot, request);
    if (answer !== undefined) return answer;
    throw new NotFoundError(
      `There is no document "${request.id}" in the collection.`,
      'Take an id from a search hit or from the list of documents.',
    );
  });
}

export function getDocuments(
  collection: Collection,
  { ids, lines, passages }: MultiGetRequest,
): Promise<MultiGetAnswer> {
  return collection.read(async (snapshot) => {
    const documents: DocumentAnswer[] = [];
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      const document = readDocument(snapshot, { id, lines, passages });
      if (document === undefined) missing.push(id);
      else documents.push(document);
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

/** Documents by id or in an order, a page at a time. Pages begin behind a place in the order, so they stay true while documents come and go. */
export function listDocuments(collection: Collection, parameters: ListParameters): Promise<DocumentList> {
  const { prefix, after, limit, filter } = parameters;
  const keys = parameters.sort === undefined ? [] : parseSort(parameters.sort);
  const place = after === undefined ? undefined : placeOf(after, keys);
  const compare = (a: Place, b: Place): number =>
    compareSorted(a.values, b.values, keys) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return collection.read(async (snapshot, corpus) => {
    const allowed = filter === undefined ? undefined : await documentFilter(corpus, filter);
    const known = new Set<string>(keys.length === 0 ? [] : BUILT_IN_FIELDS);
    const found: (Place & { readonly ordinal: number })[] = [];
    for (const ordinal of snapshot.liveDocuments()) {
      const document = snapshot.document(ordinal);
      const { id } = document;
      if (keys.length > 0) for (const field in document.metadata) known.add(field).add(`metadata.${field}`);
      if (!id.startsWith(prefix) || allowed?.(document) === false) continue;
      const here = { id, values: sortValues(document, keys), ordinal };
      if (place === undefined || compare(here, place) > 0) found.push(here);
    }
    checkSort(keys, known);
    found.sort(compare);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      documents: page.map(({ ordinal }) => summary(snapshot.document(ordinal))),
      ...(found.length > limit
        ? { next: keys.length === 0 ? last!.id : JSON.stringify([...last!.values, last!.id]) }
        : {}),
    };
  });
}

/** Where a document stands in an order. */
interface Place {
  readonly id: string;
  readonly values: readonly (Scalar | null)[];
}

/** @throws InvalidArgumentError for what is no `next` of a list in this order. */
function placeOf(after: string, keys: readonly SortKey[]): Place {
  if (keys.length === 0) return { id: after, values: [] };
  try {
    const values = JSON.parse(after) as (Scalar | null)[];
    const id = values.pop();
    if (typeof id === 'string' && values.length === keys.length) return { id, values };
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError(
    '`after` is none of a list in this order.',
    'Pass `next` of the page before, with the same `sort`.',
  );
}
