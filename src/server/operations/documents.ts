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
  marksIn,
  parseSort,
  type Scalar,
  type SortKey,
  sortValues,
} from '../../search/index.ts';
import type { StoredCorpus } from '../../store/types.ts';
import { hasOriginal } from '../originals.ts';
import type { GetRequest, ServedCollection } from './types.ts';

/** @throws NotFoundError; InvalidArgumentError for lines that the document does not have. */
export function getDocument(
  collection: Collection,
  served: ServedCollection,
  request: GetRequest,
): Promise<DocumentAnswer> {
  return collection.read(async (corpus) => {
    const answer = await readDocument(corpus, request);
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
  return collection.read(async (corpus) => {
    const documents: DocumentAnswer[] = [];
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      const document = await readDocument(corpus, { id, lines, passages });
      if (document === undefined) missing.push(id);
      else documents.push(await withMarks(withOriginal(document, served), corpus, query));
    }
    return { documents, missing };
  });
}

async function readDocument(
  corpus: StoredCorpus,
  { id, lines, passages }: GetRequest,
): Promise<DocumentAnswer | undefined> {
  const found = await corpus.find(id);
  if (found === undefined) return undefined;
  const { document, from, to } = found;
  const [record] = await corpus.documents([document]);
  const [text] = await corpus.texts([document]);
  const answer = { ...summary(record!), ...cutLines(id, text!, lines) };
  if (passages !== true) return answer;
  const own = await corpus.passages(Array.from({ length: to - from }, (_, i) => from + i));
  return {
    ...answer,
    passages: own.map(({ start, end, headings, page }) => ({
      start,
      end,
      headings,
      ...(page === undefined ? {} : { page }),
    })),
  };
}

async function withMarks(
  document: DocumentAnswer,
  corpus: StoredCorpus,
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

/** Documents by id or in an order, a page at a time. Pages begin behind a place in the order, so they stay true while documents come and go. */
export function listDocuments(collection: Collection, parameters: ListParameters): Promise<DocumentList> {
  const { prefix, after, limit, filter } = parameters;
  const keys = parameters.sort === undefined ? [] : parseSort(parameters.sort);
  const place = after === undefined ? undefined : placeOf(after, keys);
  const compare = (a: Place, b: Place): number =>
    compareSorted(a.values, b.values, keys) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return collection.read(async (corpus) => {
    const allowed = filter === undefined ? undefined : await documentFilter(corpus, filter);
    const known = new Set<string>(keys.length === 0 ? [] : BUILT_IN_FIELDS);
    const found: (Place & { readonly ordinal: number })[] = [];
    for await (const { ordinal, record: document } of corpus.all()) {
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
      documents: (await corpus.documents(page.map(({ ordinal }) => ordinal))).map(summary),
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
