import type { FacetParameters, Facets } from '../../api/index.ts';
import type { Collection } from '../../collection/index.ts';
import type { DocumentRecord } from '../../content/index.ts';
import { documentFilter, fieldValues } from '../../search/index.ts';

type Value = string | number | boolean;

/** Different values of one field that are counted; a field with more is an identifier, not a facet. */
const MOST_DISTINCT = 10_000;
/** Characters of a text beyond which it is content rather than a category. */
const LONGEST = 200;

interface Count {
  documents: number;
  least: number;
  greatest: number;
  readonly values: Map<Value, number>;
}

/** How often each metadata field, the format and the language occur, over the documents that a filter lets through. */
export function countFacets(collection: Collection, { filter, values: most }: FacetParameters): Promise<Facets> {
  return collection.read(async (snapshot, corpus) => {
    const counts = new Map<string, Count>();
    let documents = 0;
    const count = (document: DocumentRecord): void => {
      documents++;
      // Metadata named like one of these are values of the same field, as for filters.
      for (const field of new Set(['format', 'language', ...Object.keys(document.metadata)])) {
        const values = fieldValues(document, field);
        if (values.length > 0) add(counts, field, values);
      }
    };
    const allowed = filter === undefined ? undefined : await documentFilter(corpus, filter);
    for (const ordinal of snapshot.liveDocuments()) {
      const document = snapshot.document(ordinal);
      if (allowed?.(document) !== false) count(document);
    }
    const facets = Array.from(counts, ([field, { documents, least, greatest, values }]) => ({
      field,
      documents,
      distinct: values.size,
      ...(least <= greatest ? { range: { least, greatest } } : {}),
      values: [...values]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, most)
        .map(([value, documents]) => ({ value, documents })),
    }));
    return { documents, facets: facets.sort((a, b) => b.documents - a.documents || (a.field < b.field ? -1 : 1)) };
  });
}

function add(counts: Map<string, Count>, field: string, values: readonly Value[]): void {
  let count = counts.get(field);
  if (count === undefined) {
    count = { documents: 0, least: Number.POSITIVE_INFINITY, greatest: Number.NEGATIVE_INFINITY, values: new Map() };
    counts.set(field, count);
  }
  count.documents++;
  for (const member of new Set(values)) {
    if (typeof member === 'number') {
      count.least = Math.min(count.least, member);
      count.greatest = Math.max(count.greatest, member);
    }
    if (typeof member === 'string' && member.length > LONGEST) continue;
    if (count.values.size < MOST_DISTINCT || count.values.has(member)) {
      count.values.set(member, (count.values.get(member) ?? 0) + 1);
    }
  }
}
