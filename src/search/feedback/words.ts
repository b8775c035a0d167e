import { type Corpus, fieldOf, type TermsField, WORDS } from '../../corpus/index.ts';
import { represented, termsOf } from '../represent.ts';
import { checkFraction, checkWhole } from './checks.ts';
import { mixedTerms } from './mixing.ts';
import { type PassageTerms, passageTerms } from './passage-terms.ts';
import type { Feedback } from './types.ts';

/** Options of {@link rm3} and {@link bo1}. */
export interface TermFeedbackOptions {
  /** A field of terms. Default `words`. */
  readonly field?: string;
  /** Passages that terms are taken from, the first of the ranking: a whole number, at least 1 (`fb_docs`). */
  readonly passages?: number;
  /** Terms that they add at most: a whole number, at least 1 (`fb_terms`). */
  readonly terms?: number;
  /** Weight of the query as it was asked, 0 to 1; the added terms have the rest. */
  readonly original?: number;
}

/** See {@link TermFeedbackOptions}. */
export const RM3_DEFAULTS = { passages: 3, terms: 10, original: 0.9 } as const;
export const BO1_DEFAULTS = { passages: 3, terms: 10, original: 0.9 } as const;

/** Terms that more of all passages have say little of what is meant, as in Anserini; where there are few passages, those that as many have. */
const COMMON = 0.1;
const LEAST_COMMON = 10;
/** Passages that a term of Bo1 must occur in, where there are as many; as `expansion.mindocuments` of Terrier. */
const LEAST_PASSAGES = 2;

/**
 * RM3 (Abdul-Jaleel et al. 2004): the query's terms, weighted as they are, and the likeliest terms of the relevance model
 * `P(t) = sum over passages of P(passage) * count(t) / length`, where a passage's probability is its share of the scores. Terms that more than
 * ten passages have, and more than a tenth of all, are not added. The weights sum to what they did, so that scores stay comparable.
 *
 * @throws InvalidArgumentError for options out of their range, and where it runs for a field that holds no terms.
 */
export function rm3(options: TermFeedbackOptions = {}): Feedback {
  return byTerms('rm3', { ...RM3_DEFAULTS, ...options }, (passages) => {
    const model = new Map<string, number>();
    for (const { weight, counts, length } of passages) {
      for (const [term, count] of counts) model.set(term, (model.get(term) ?? 0) + (weight * count) / length);
    }
    return model;
  });
}

/**
 * Bo1 (Amati 2003): terms by how much more frequent they are in the first passages than Bose-Einstein statistics let one expect of the
 * collection, `n log2((1 + p) / p) + log2(1 + p)` with n the count in those passages and p the share of all passages that have the term. (Amati
 * divides occurrences, not passages, by the number of documents; a passage is short enough that it makes little difference.) A term must
 * occur in two of the passages. Weights are as those of {@link rm3}.
 *
 * @throws InvalidArgumentError as {@link rm3}.
 */
export function bo1(options: TermFeedbackOptions = {}): Feedback {
  return byTerms('bo1', { ...BO1_DEFAULTS, ...options }, (passages, shareOf) => {
    const counts = new Map<string, number>();
    const spread = new Map<string, number>();
    for (const one of passages) {
      for (const [term, count] of one.counts) {
        counts.set(term, (counts.get(term) ?? 0) + count);
        spread.set(term, (spread.get(term) ?? 0) + 1);
      }
    }
    const least = Math.min(LEAST_PASSAGES, passages.length);
    const model = new Map<string, number>();
    for (const [term, count] of counts) {
      const share = shareOf(term);
      if (spread.get(term)! < least || share === 0) continue;
      model.set(term, count * Math.log2((1 + share) / share) + Math.log2(1 + share));
    }
    return model;
  });
}

/** What terms are worth. @param shareOf the share of all passages that has a term. */
type TermModel = (passages: readonly PassageTerms[], shareOf: (term: string) => number) => ReadonlyMap<string, number>;

function byTerms(
  id: string,
  {
    field: name = WORDS,
    passages: most,
    terms: count,
    original,
  }: Required<Omit<TermFeedbackOptions, 'field'>> & Pick<TermFeedbackOptions, 'field'>,
  modelOf: TermModel,
): Feedback {
  checkWhole('passages', most);
  checkWhole('terms', count);
  checkFraction('original', original);
  return {
    id,
    async refine(query, { hits }, corpus) {
      const field = fieldOf(corpus, name, ['terms'], `Feedback by ${id}`);
      const passages = await passageTerms(corpus, field, hits.slice(0, most));
      if (passages.length === 0) return query;
      const shareOf = await sharesIn(corpus, field, passages);
      const asked = termsOf(field, query);
      const common = Math.max(COMMON, LEAST_COMMON / Math.max(1, corpus.passageCount));
      const known = new Set(asked.map(({ term }) => term));
      const model = [...modelOf(passages, shareOf)]
        .filter(([term]) => known.has(term) || shareOf(term) <= common)
        .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
        .slice(0, count);
      return model.length === 0 ? query : represented(query, name, mixedTerms(asked, model, original));
    },
  };
}

/** The share of all passages that has each of the terms. */
async function sharesIn(
  corpus: Corpus,
  field: TermsField,
  passages: readonly PassageTerms[],
): Promise<(term: string) => number> {
  const terms = [...new Set(passages.flatMap(({ counts }) => [...counts.keys()]))];
  const frequencies = await corpus.frequencies(field.name, terms);
  const shares = new Map(terms.map((term, i) => [term, frequencies[i]! / Math.max(1, corpus.passageCount)]));
  return (term) => shares.get(term)!;
}
