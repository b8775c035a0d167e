import type { BitSet } from '../base/bits.ts';
import type { DocumentRecord } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';
import { checkFields, checkFilter, type Filter } from './filter.ts';
import { askedOf, compileFilter, explainNothing } from './filter-match.ts';
import { parseFilter } from './filter-parser.ts';

/** Filters are compiled once per corpus: the same expression again costs a look-up. */
const cache = new WeakMap<Selectable, Map<string, BitSet>>();
const CACHE_SIZE = 32;

type Selectable = Pick<Corpus, 'select' | 'filters'>;

/**
 * Which documents a filter lets through, also those without passages.
 * @throws InvalidArgumentError when it does not parse or names an unknown field.
 */
export async function documentFilter(
  corpus: Selectable,
  given: Filter | string,
): Promise<(document: DocumentRecord) => boolean> {
  const filter = checkedFilter(given);
  await allowedPassages(corpus, filter);
  return compileFilter(filter);
}

/** Passages that a filter lets through. @throws InvalidArgumentError when it does not parse or names an unknown field. */
export async function allowedPassages(corpus: Selectable, given: Filter | string): Promise<BitSet> {
  const filter = checkedFilter(given);
  const key = JSON.stringify(filter);
  let own = cache.get(corpus);
  if (own === undefined) {
    own = new Map();
    cache.set(corpus, own);
  }
  let allowed = own.get(key);
  if (allowed === undefined) {
    if (corpus.filters === undefined) allowed = await askEach(corpus, filter);
    else {
      checkFields(filter, await corpus.filters.fields());
      allowed = await corpus.filters.select(filter);
    }
    if (own.size >= CACHE_SIZE) own.delete(own.keys().next().value!);
    own.set(key, allowed);
  }
  return allowed;
}

/** Names of the metadata that documents have. */
export async function metadataFields(corpus: Selectable): Promise<ReadonlySet<string>> {
  if (corpus.filters !== undefined) return corpus.filters.fields();
  const known = new Set<string>();
  await corpus.select(({ metadata }) => {
    for (const field in metadata) known.add(field);
    return false;
  });
  return known;
}

/** Passages of all documents. */
export function allPassages(corpus: Selectable): Promise<BitSet> {
  return corpus.filters?.select({ and: [] }) ?? corpus.select(() => true);
}

async function askEach(corpus: Selectable, filter: Filter): Promise<BitSet> {
  const known = new Set<string>();
  const predicate = compileFilter(filter);
  const allowed = await corpus.select((document) => {
    for (const field in document.metadata) known.add(field);
    return predicate(document);
  });
  checkFields(filter, known);
  return allowed;
}

/** Why a filter lets nothing through, where one of its conditions is to blame. */
export async function explainFilter(corpus: Selectable, given: Filter | string): Promise<string | undefined> {
  const filter = checkedFilter(given);
  if (corpus.filters !== undefined) return explainNothing(filter, corpus.filters);
  const documents: DocumentRecord[] = [];
  await corpus.select((document) => {
    documents.push(document);
    return false;
  });
  return explainNothing(filter, askedOf(documents));
}

/** @throws InvalidArgumentError when it does not parse or has parts that are none. */
export function checkedFilter(given: Filter | string): Filter {
  const filter = typeof given === 'string' ? parseFilter(given) : given;
  checkFilter(filter);
  return filter;
}
