import type { Query } from '../content/index.ts';
import { type Corpus, embeddingText, fieldOf, MEANING, WORDS } from '../corpus/index.ts';
import { speaks } from '../encode/speaks.ts';
import { dot } from '../math/index.ts';
import { QueryMatcher, type QueryWord } from '../search/index.ts';
import { encode } from '../search/represent.ts';
import type { Sentence } from './sentence.ts';
import { sentenceFeatures } from './sentence-features.ts';
import { sentenceWeights, weighted } from './sentence-weights.ts';
import { sentencesOf } from './sentences.ts';
import type { Evidence } from './types.ts';

/** A sentence, and what it is worth for the question. */
export interface ValuedSentence extends Sentence {
  /** About 1 for one that answers, less for others; of one question only. */
  readonly value: number;
}

/** The sentences of passages, as they bear on a question. */
export interface SentenceScores {
  readonly words: readonly QueryWord[];
  readonly sentences: readonly ValuedSentence[];
  /** Id of the encoder whose vectors have a say; `none` where the collection has none, or it does not know the question's language. */
  readonly encoder: string;
}

/** Words that ask and are not expected in the answer; those of other languages are grammatical words already, and have no term. */
const ASKING = new Set('when where who whom whose what which how why many much do does did'.split(' '));

/** Sentences of a passage that are looked at: passages are short, and what is longer is a table or a list. */
const MOST = 60;

/** Vectors of sentences by encoder and text: passages come again from question to question. */
const vectors = new WeakMap<object, Map<string, Float32Array>>();
/** Vectors that are kept of one encoder: 384 components take 1.5 kB. */
const KEPT = 8192;

/**
 * Cuts passages into sentences and compares each with the question: by words, weighted by rarity as BM25 has it, and by the vectors of the collection's own
 * encoder (RECOMP's extractive compressor with the encoder that is there; Xu et al. 2023, https://arxiv.org/abs/2310.04408). A sentence is encoded
 * under its title and heading, since without these it has lost what it speaks of. Costs one run of the encoder over all sentences.
 */
export async function scoreSentences(
  query: Query,
  passages: readonly Evidence[],
  { corpus, signal }: { readonly corpus: Corpus; readonly signal?: AbortSignal },
): Promise<SentenceScores> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const { asked } = await QueryMatcher.of(corpus, query.content, query.language ?? 'und');
  const telling = asked.filter(({ text }) => !ASKING.has(text.toLowerCase()));
  const words = telling.length > 0 ? telling : asked;
  const total = words.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const found = passages.flatMap(({ text, language, title, headings }, passage) => {
    const analyzer = analysis.analyzerOf(language);
    const above = [title, ...headings].flatMap((name) => analyzer.terms(name));
    return sentencesOf(text)
      .slice(0, MOST)
      .map(({ start, end, kind, body }) => {
        const own = text.slice(body, end);
        const heading = text.slice(start, body).replace(/#+/g, ' ').trim();
        const named = new Set([...above, ...analyzer.terms(heading)]);
        const { terms, forms } = analyzer.analyze(own);
        const all = new Set([...terms, ...forms]);
        const held = words.flatMap((word, i) => (word.terms.some((term) => all.has(term)) ? [i] : []));
        // What the title says need not be said again, but it does not tell sentences apart.
        const lent = words.flatMap((word, i) =>
          !held.includes(i) && word.terms.some((term) => named.has(term)) ? [word.weight] : [],
        );
        const weight = held.reduce((sum, i) => sum + words[i]!.weight, 0);
        const further = lent.reduce((sum, one) => sum + one, 0) * FROM_ABOVE;
        return {
          passage,
          start,
          end,
          kind,
          body,
          heading,
          text: own,
          terms: new Set(terms),
          named,
          words: held,
          own: weight / total,
          coverage: (weight + further) / total,
        };
      });
  });
  const compared = await compare(query, passages, found, corpus, signal);
  const sentences = found.map((sentence, i): Sentence => {
    const vector = compared?.vectors[i];
    return vector === undefined
      ? { ...sentence, cosine: 0 }
      : { ...sentence, vector, cosine: dot(vector, compared!.query) };
  });
  const encoder = compared?.encoder ?? 'none';
  const weights = sentenceWeights(encoder);
  const features = sentenceFeatures(sentences, passages, query.content);
  return {
    words,
    encoder,
    sentences: sentences.map((sentence, i) => ({ ...sentence, value: weighted(features[i]!, weights) })),
  };
}

/** What a word counts that stands in the title or a heading above a sentence, and not in it. */
const FROM_ABOVE = 0.5;

async function compare(
  query: Query,
  passages: readonly Evidence[],
  sentences: readonly Pick<Sentence, 'passage' | 'text' | 'heading'>[],
  corpus: Corpus,
  signal: AbortSignal | undefined,
): Promise<
  | {
      readonly encoder: string;
      readonly query: Float32Array;
      readonly vectors: readonly (Float32Array | undefined)[];
    }
  | undefined
> {
  const field = corpus.fields.find(({ name }) => name === MEANING);
  if (field?.kind !== 'vector' || sentences.length === 0) return undefined;
  const encoded = await encode(field, query, signal);
  if (encoded.query === undefined) return undefined;
  const encoder = await field.open();
  let known = vectors.get(encoder);
  if (known === undefined) {
    known = new Map();
    vectors.set(encoder, known);
  }
  const texts = sentences.map(({ passage, text, heading }) => {
    const { title, headings, language } = passages[passage]!;
    const above = heading === '' ? headings : [...headings, heading];
    return speaks(encoder, language) ? embeddingText(title, above, text) : undefined;
  });
  const missing = [...new Set(texts.flatMap((text) => (text === undefined || known.has(text) ? [] : [text])))];
  if (missing.length > 0) {
    const made = await encoder.encode(missing, { role: 'document', ...(signal === undefined ? {} : { signal }) });
    for (const [i, text] of missing.entries()) known.set(text, made.row(i).slice());
  }
  const found = texts.map((text) => (text === undefined ? undefined : known.get(text)));
  // The oldest go.
  for (const text of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(text);
  }
  return { encoder: field.encoder, query: encoded.query as Float32Array, vectors: found };
}
