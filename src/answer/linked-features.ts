import type { Corpus } from '../corpus/index.ts';
import { dot } from '../math/index.ts';
import { Links } from './links.ts';
import type { SentenceScores, ValuedSentence } from './scored-sentences.ts';
import { sentenceFeatures } from './sentence-features.ts';
import type { Evidence } from './types.ts';

/** Numbers of {@link linkedFeatures}. */
export const LINKED_FEATURES = 32;

/** Places in {@link sentenceFeatures}. */
const [COSINE, OWN, WANTED, FIRST] = [0, 1, 8, 13];
/** Terms of a sentence that count as 1. */
const LONG = 24;

/**
 * What a trained compressor goes by: the numbers of `sentenceFeatures`, and of how sentences belong together, which questions of two hops need. Whether another sentence names the title of the passage,
 * as far as that sentence bears on the question, and the same of first sentences; how well passages bear on it whose titles the sentence names; whether the question names the title; how the sentence stands to
 * the best one by the usual values: whether it is that, stands in the same passage, how like it is (cosine), what share of the question's words it holds that the best one does not, whether one names the other's
 * title; most of these also where the sentence holds what is asked for; and how long it is.
 * @param scored of `scoreSentences`. @returns a row for each sentence.
 */
export async function linkedFeatures(
  { sentences, words }: SentenceScores,
  evidence: readonly Evidence[],
  question: string,
  corpus: Corpus,
): Promise<number[][]> {
  if (sentences.length === 0) return [];
  const own = sentenceFeatures(sentences, evidence, question);
  const links = new Links(corpus);
  const named = await Promise.all(sentences.map((sentence) => passagesNamed(sentence, evidence, links)));
  const bestOf = evidence.map(() => 0);
  /** Of each passage: how well the best sentence elsewhere that names it bears on the question. */
  const said = evidence.map(() => 0);
  sentences.forEach(({ passage }, i) => {
    const bears = Math.max(0, own[i]![COSINE]!);
    bestOf[passage] = Math.max(bestOf[passage]!, bears);
    for (const other of named[i]!) said[other] = Math.max(said[other]!, bears, own[i]![OWN]!);
  });
  const asked = question.toLowerCase();
  const titled = evidence.map(({ title }) => (isNamed(title, asked) ? 1 : 0));
  const top = sentences.reduce((best, { value }, i) => (value > sentences[best]!.value ? i : best), 0);
  const best = sentences[top]!;
  const total = words.reduce((sum, { weight }) => sum + weight, 0) || 1;
  return sentences.map((sentence, i) => {
    const { passage, vector, terms } = sentence;
    const row = own[i]!;
    const [wanted, first] = [row[WANTED] === 1 ? 1 : 0, row[FIRST]!];
    const isBest = i === top ? 1 : 0;
    const like = isBest || vector === undefined || best.vector === undefined ? 0 : dot(vector, best.vector);
    const fresh = sentence.words.reduce((sum, w) => (best.words.includes(w) ? sum : sum + words[w]!.weight), 0) / total;
    const leads = named[top]!.has(passage) ? 1 : 0;
    const back = named[i]!.has(best.passage) ? 1 : 0;
    const onward = Math.max(0, ...[...named[i]!].map((other) => bestOf[other]!));
    return [
      ...row,
      said[passage]!,
      said[passage]! * first,
      said[passage]! * wanted,
      said[passage]! * (1 - titled[passage]!),
      onward,
      titled[passage]!,
      wanted,
      wanted * first,
      wanted * row[COSINE]!,
      isBest,
      isBest * wanted,
      isBest === 0 && passage === best.passage ? 1 : 0,
      like,
      fresh,
      leads + back,
      leads * first,
      (leads + back) * wanted,
      Math.min(2, terms.size / LONG),
    ];
  });
}

/** Passages of other documents whose titles a sentence names, by position. */
async function passagesNamed(
  { passage, text }: ValuedSentence,
  evidence: readonly Evidence[],
  links: Links,
): Promise<ReadonlySet<number>> {
  const from = { ...evidence[passage]!, text };
  const found = new Set<number>();
  for (const [i, to] of evidence.entries()) if (await links.leads(from, to)) found.add(i);
  return found;
}

/** Whether a question in small letters holds a title, without what stands in brackets behind it. */
function isNamed(title: string, question: string): boolean {
  const name = title
    .replace(/\s*[(（][^()（）]*[)）]\s*$/u, '')
    .trim()
    .toLowerCase();
  return name.length > 3 && question.includes(name);
}
