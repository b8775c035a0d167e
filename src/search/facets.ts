import { InvalidArgumentError } from '../base/errors.ts';
import type { DocumentRecord } from '../content/index.ts';
import { type Corpus, fieldOf, primary, WORDS } from '../corpus/index.ts';
import { holding } from './demands.ts';
import { checkFields, type Filter, filterFields, type Scalar } from './filter.ts';
import { compileFilter, fieldValues } from './filter-match.ts';
import type { SearchOptions } from './options.ts';
import { readQuestion, termsOfQuestion } from './question.ts';
import { rankCorpus, type SearchEnvironment } from './searching.ts';
import { allowedPassages, checkedFilter, metadataFields } from './selection.ts';

/** Different values of one field that are counted; a field with more is an identifier, not a facet. */
const MOST_DISTINCT = 10_000;
/** Characters of a text beyond which it is content rather than a category. */
const LONGEST = 200;
/** Documents of the ranking that are counted for a query without words. */
const NEAREST = 100;

/** Options of {@link countFacets}. */
export interface FacetOptions
  extends Pick<SearchOptions, 'filter' | 'language' | 'syntax' | 'complete' | 'variants' | 'vector'> {
  /**
   * Count only what this query finds: documents that hold at least one of its words, corrected and completed as a search does it; where
   * it has none, the 100 best of the ranking. Default: all documents.
   */
  readonly query?: string;
  /** Fields that are counted, as filters name them. Default: `format`, `language` and all metadata. */
  readonly fields?: readonly string[];
  /** Most values of one field. Default 12. */
  readonly values?: number;
  /**
   * Whether conditions of the filter on a field are left out where that field is counted, so that other values can be chosen as well. Only
   * conditions that all must hold (`and`) can be left out. Default false.
   */
  readonly disjunctive?: boolean;
}

/** How often the values of one field occur. */
export interface FacetCount {
  readonly field: string;
  /** Documents that have the field. */
  readonly documents: number;
  /** Different values; counting stops at 10,000. */
  readonly distinct: number;
  /** Of the numbers. */
  readonly range?: { readonly least: number; readonly greatest: number };
  /** The most frequent ones, most frequent first. */
  readonly values: readonly { readonly value: Scalar; readonly documents: number }[];
}

/** What documents have in common. */
export interface FacetCounts {
  /** Documents that are counted: those that the query finds and the filter lets through. */
  readonly documents: number;
  /** Fields, those that most documents have first. */
  readonly facets: readonly FacetCount[];
}

/**
 * Counts the values of fields over documents, or over those that a query finds.
 * @throws InvalidArgumentError for a filter with a mistake and for fields that no document has.
 */
export async function countFacets(
  corpus: Corpus,
  { filter: given, fields, values = 12, disjunctive = false, query, ...rest }: FacetOptions = {},
  environment: SearchEnvironment = {},
): Promise<FacetCounts> {
  const filter = given === undefined ? undefined : checkedFilter(given);
  const found =
    query === undefined && rest.vector === undefined
      ? undefined
      : await documentsFound(
          corpus,
          query ?? '',
          { ...rest, ...(filter === undefined ? {} : { filter }) },
          environment,
        );
  const tally = new Tally(fields, filter, disjunctive);
  if (found === undefined) {
    await corpus.select((document) => {
      tally.add(document);
      return false;
    });
  } else for (const document of await corpus.documents(found)) tally.add(document);
  // Names are checked against what documents have, as for searches.
  if (filter !== undefined) await allowedPassages(corpus, filter);
  if (fields !== undefined) await checkNames(corpus, fields);
  return tally.counts(values);
}

async function checkNames(corpus: Corpus, fields: readonly string[]): Promise<void> {
  const known = await metadataFields(corpus);
  for (const field of fields) checkFields({ field, op: 'exists' }, known);
}

/** Ordinals of the documents that a query finds, whatever the filter, unless it is only the ranking that can tell. */
async function documentsFound(
  corpus: Corpus,
  query: string,
  options: Pick<SearchOptions, 'filter' | 'language' | 'syntax' | 'complete' | 'variants' | 'vector'>,
  environment: SearchEnvironment,
): Promise<Uint32Array> {
  if (query.trim() === '' && options.vector === undefined) {
    throw new InvalidArgumentError('The query is empty.', 'Leave it out to count all documents.');
  }
  if (query.trim() !== '') {
    const question = await readQuestion(query, corpus, {
      syntax: options.syntax ?? true,
      complete: options.complete ?? false,
      variants: options.variants ?? true,
      suggest: false,
      language: options.language === undefined ? undefined : primary(options.language),
      synonyms: environment.synonyms?.(),
    });
    if (question.text.trim() === '' && question.demanded !== undefined && options.vector === undefined) {
      return Uint32Array.from(new Set(await corpus.documentsOf([...question.demanded])));
    }
    const terms = termsOfQuestion(fieldOf(corpus, WORDS, ['terms']), question);
    if (terms.length > 0) {
      const holders = await holding(corpus, terms, question.demanded);
      return Uint32Array.from(new Set(await corpus.documentsOf([...holders])));
    }
  }
  const { ids } = await rankCorpus(corpus, query, { ...options, k: NEAREST }, environment);
  const places = await Promise.all(ids.map((id) => corpus.find(id)));
  return Uint32Array.from(places.flatMap((place) => (place === undefined ? [] : [place.document])));
}

/** The filter without its conditions on one field, where they stand among those that all must hold. */
function without(filter: Filter, field: string): Filter | undefined {
  if ('and' in filter) {
    const parts = filter.and.map((part) => without(part, field)).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : { and: parts };
  }
  const [only, ...others] = filterFields(filter);
  return only === field && others.length === 0 ? undefined : filter;
}

interface Count {
  documents: number;
  least: number;
  greatest: number;
  readonly values: Map<Scalar, number>;
}

/** Counts of one pass over documents. */
class Tally {
  readonly #counts = new Map<string, Count>();
  readonly #passes: (document: DocumentRecord) => boolean;
  /** Fields that the filter names, with what is left of it for each. */
  readonly #own = new Map<string, (document: DocumentRecord) => boolean>();
  #documents = 0;

  constructor(
    private readonly fields: readonly string[] | undefined,
    filter: Filter | undefined,
    disjunctive: boolean,
  ) {
    this.#passes = filter === undefined ? () => true : compileFilter(filter);
    if (!disjunctive || filter === undefined) return;
    for (const field of filterFields(filter)) {
      const rest = without(filter, field);
      if (rest !== filter) this.#own.set(field, rest === undefined ? () => true : compileFilter(rest));
    }
  }

  add(document: DocumentRecord): void {
    const passes = this.#passes(document);
    if (passes) this.#documents++;
    else if (this.#own.size === 0) return;
    // Metadata named like one of these are values of the same field, as for filters.
    const fields = this.fields ?? new Set(['format', 'language', ...Object.keys(document.metadata)]);
    for (const field of fields) {
      if (!(this.#own.get(field)?.(document) ?? passes)) continue;
      const values = fieldValues(document, field);
      if (values.length > 0) this.#count(field, values);
    }
  }

  #count(field: string, values: readonly Scalar[]): void {
    let count = this.#counts.get(field);
    if (count === undefined) {
      count = { documents: 0, least: Number.POSITIVE_INFINITY, greatest: Number.NEGATIVE_INFINITY, values: new Map() };
      this.#counts.set(field, count);
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

  counts(most: number): FacetCounts {
    const facets = Array.from(this.#counts, ([field, { documents, least, greatest, values }]) => ({
      field,
      documents,
      distinct: values.size,
      ...(least <= greatest ? { range: { least, greatest } } : {}),
      values: [...values]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, most)
        .map(([value, documents]) => ({ value, documents })),
    }));
    return {
      documents: this.#documents,
      facets: facets.sort((a, b) => b.documents - a.documents || (a.field < b.field ? -1 : 1)),
    };
  }
}
