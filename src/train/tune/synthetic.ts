import type { Random } from '../../base/random.ts';
import type { Snapshot } from '../../store/types.ts';
import { analyzerFor } from '../../text/index.ts';
import { sentenceStarts } from '../../text/sentences.ts';
import type { TuneExample } from './examples.ts';

/** Options of {@link syntheticExamples}. */
export interface SyntheticOptions {
  readonly random: Random;
  /** Most documents to make queries from. Default 2,000. */
  readonly documents?: number;
}

/** Words of a sentence that makes a query. */
const SENTENCE = { least: 5, most: 25 };
const KEY_TERMS = 4;
/** A title of fewer words than this says too little. */
const TITLE = 2;

/**
 * Queries without labels, each from a document that then counts as relevant: its title, a heading, a sentence of it
 * (inverse cloze, Lee et al. 2019, arXiv 1906.00300, with the sentence left in place), and its rarest frequent terms.
 */
export function syntheticExamples(snapshot: Snapshot, options: SyntheticOptions): TuneExample[] {
  const { random, documents = 2_000 } = options;
  const ordinals = random.shuffle([...snapshot.liveDocuments()]).slice(0, documents);
  const examples: TuneExample[] = [];
  for (const ordinal of ordinals) {
    const { id, title, language } = snapshot.document(ordinal);
    const { from, to } = snapshot.documentPassages(ordinal);
    if (to === from) continue;
    const passage = from + random.below(to - from);
    const text = snapshot.passageText(passage);
    const queries = [
      wordsOf(title).length >= TITLE && title !== id ? title : undefined,
      snapshot.passage(passage).headings.findLast((heading) => wordsOf(heading).length >= TITLE && heading !== title),
      sentenceOf(text, random),
      keyTerms(text, language, snapshot),
    ];
    for (const query of queries) if (query !== undefined) examples.push({ query, relevant: [id] });
  }
  return examples;
}

function sentenceOf(text: string, random: Random): string | undefined {
  const starts = sentenceStarts(text, 0, text.length);
  const sentences = starts
    .map((start, i) => text.slice(start, starts[i + 1] ?? text.length).trim())
    .filter((sentence) => {
      const { length } = wordsOf(sentence);
      return length >= SENTENCE.least && length <= SENTENCE.most;
    });
  return sentences[random.below(sentences.length)];
}

/** The words whose count in the passage, times the logarithm of their rarity, is greatest; in order of appearance. */
function keyTerms(text: string, language: string, snapshot: Snapshot): string | undefined {
  const analyzer = analyzerFor(language === 'und' ? 'en' : language);
  const found = new Map<string, { word: string; count: number }>();
  for (const word of wordsOf(text)) {
    const [term] = analyzer.terms(word);
    if (term === undefined) continue;
    const known = found.get(term);
    if (known === undefined) found.set(term, { word, count: 1 });
    else known.count++;
  }
  const weighed = Array.from(found, ([term, { word, count }]) => ({
    word,
    weight: (1 + Math.log(count)) * Math.log(1 + snapshot.passageCount / (1 + snapshot.documentFrequency(term))),
  }));
  const best = new Set(
    [...weighed]
      .sort((a, b) => b.weight - a.weight)
      .slice(0, KEY_TERMS)
      .map(({ word }) => word),
  );
  return best.size < KEY_TERMS
    ? undefined
    : weighed
        .map(({ word }) => word)
        .filter((word) => best.has(word))
        .join(' ');
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'-]*/gu) ?? [];
}
