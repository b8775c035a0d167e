import { type Corpus, sourceText, type TermsField } from '../../corpus/index.ts';
import type { RankedPassage } from '../types.ts';

/** The terms of a passage that feedback is taken from. */
export interface PassageTerms {
  /** What the passage counts: its share of the scores of all of them. */
  readonly weight: number;
  /** How often it has each term. */
  readonly counts: ReadonlyMap<string, number>;
  /** Terms in all. */
  readonly length: number;
}

/** Analyses passages again, as they were indexed in a field; those without a term are left out. Some 0.2 ms a passage. */
export async function passageTerms(
  corpus: Corpus,
  field: TermsField,
  hits: readonly RankedPassage[],
): Promise<PassageTerms[]> {
  const passages = await corpus.passages(hits.map(({ passage }) => passage));
  const documents = await corpus.documents(passages.map(({ document }) => document));
  const scores = sharesOf(hits);
  return passages.flatMap((passage, i) => {
    const document = documents[i]!;
    const { terms } = field.analysis.analyzerOf(document.language).analyze(sourceText(field.of, document, passage));
    const counts = new Map<string, number>();
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
    return terms.length === 0 ? [] : [{ weight: scores[i]!, counts, length: terms.length }];
  });
}

/** Scores as shares of their sum; equal ones where a score is no gain, as of a reranker whose scores may be below 0. */
function sharesOf(hits: readonly RankedPassage[]): number[] {
  const sum = hits.reduce((total, { score }) => total + score, 0);
  const sound = sum > 0 && hits.every(({ score }) => score >= 0);
  return hits.map(({ score }) => (sound ? score / sum : 1 / hits.length));
}
