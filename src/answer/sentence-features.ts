import type { Sentence } from './sentence.ts';
import type { Evidence } from './types.ts';

/** Numbers of {@link sentenceFeatures}. */
export const SENTENCE_FEATURES = 14;

/**
 * What is known of each sentence, in numbers of about 1: its cosine; the share of the question's words that it holds, and with those of title and headings; the share of its passage's
 * score in the best; the cosine of the passage's best sentence; the better cosine, and the better share of words, of the sentences beside it; how probably the passage is relevant;
 * whether it holds what the question asks for (1), does not (0), or nothing is known of that (0.5); how much it says that the question does not; whether it is code, a row
 * of a table, or a question itself; whether it is the first of its passage.
 */
export function sentenceFeatures(
  sentences: readonly Sentence[],
  evidence: readonly Evidence[],
  question: string,
): number[][] {
  const shares = rankShares(evidence);
  const best = new Map<number, number>();
  for (const { passage, cosine } of sentences) best.set(passage, Math.max(best.get(passage) ?? 0, cosine));
  const wanted = wantedBy(question);
  return sentences.map((sentence, i) => {
    const { passage, cosine, coverage, own, terms, words, kind, text } = sentence;
    const beside = [sentences[i - 1], sentences[i + 1]].filter(
      (other): other is Sentence => other !== undefined && other.passage === passage,
    );
    const further = Math.max(0, terms.size - words.length);
    return [
      cosine,
      own,
      coverage,
      shares[passage]!,
      best.get(passage)!,
      Math.max(0, ...beside.map((other) => other.cosine)),
      Math.max(0, ...beside.map((other) => other.own)),
      evidence[passage]!.relevance ?? 0,
      wanted === undefined ? 0.5 : wanted(text, question) ? 1 : 0,
      Math.min(1, further / FULL),
      kind === 'code' ? 1 : 0,
      kind === 'row' ? 1 : 0,
      asks(text) ? 1 : 0,
      beside.length === 0 || sentences[i - 1]?.passage !== passage ? 1 : 0,
    ];
  });
}

/** Words beside those of the question from which a sentence says no more for being longer. */
const FULL = 16;

/** Whether a text ends as a question. */
export function asks(text: string): boolean {
  return /[?？؟]\s*$/u.test(text);
}

/** 1 for the best passage, falling with the scores of the others; of each search by itself. */
function rankShares(passages: readonly Evidence[]): number[] {
  const best = new Map<number, number>();
  for (const { hop, score } of passages) best.set(hop, Math.max(best.get(hop) ?? 0, score));
  return passages.map(({ hop, score }) => {
    const most = best.get(hop)!;
    return most > 0 ? Math.max(0, score / most) : 0;
  });
}

export type Wanted = (text: string, question: string) => boolean;

const NUMBER =
  /\p{N}|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million|billion|half|none)\b/iu;
const DATE =
  /\b1\d{3}\b|\b20\d{2}\b|\p{N}{4}|\b(january|february|march|april|may|june|july|august|september|october|november|december|century|monday|tuesday|wednesday|thursday|friday|saturday|sunday|days?|weeks?|months?|years?|before|after|until|when|once)\b/iu;

/** What questions ask for, as far as the form of a sentence shows whether it holds that. English, and numbers in some other languages. */
const WANTED: readonly (readonly [question: RegExp, holds: Wanted])[] = [
  [
    /\bhow (many|much|long|far|old|tall|large|big|often|fast|high|deep|wide)\b|\bwhat (number|percentage|percent|share|amount|size|population|port)\b/i,
    (text) => NUMBER.test(text),
  ],
  [
    /\b(wie ?viele?|combien|cuánt[oa]s?|quant[ie]|quantos|hoeveel|сколько)\b|چند|多少|幾|几/iu,
    (text) => NUMBER.test(text),
  ],
  [
    /\bwhen\b|\b(what|which) (year|date|day|month|century|decade)\b|\b(wann|quand|cuándo|quando|wanneer|когда)\b/iu,
    (text) => DATE.test(text),
  ],
  [/\b(who|whom|whose)\b/i, furtherName],
  [
    /\bwhere\b|\b(what|which) (city|country|town|state|place|river|island|county|company|team|band|actor|actress|director|author|person|film|movie|book|album|university|school)\b/i,
    furtherName,
  ],
];

/** What tells whether a text holds what a question asks for; undefined where its form does not say what that is. */
export function wantedBy(question: string): Wanted | undefined {
  return WANTED.find(([form]) => form.test(question))?.[1];
}

/** Whether a text holds a name, inside of a sentence, that the question does not. */
function furtherName(text: string, question: string): boolean {
  const asked = question.toLowerCase();
  for (const [name] of text.matchAll(/(?<=[\p{L}\p{N},;()"“]\s*)\p{Lu}[\p{L}\p{M}'’-]+/gu)) {
    if (!asked.includes(name.toLowerCase())) return true;
  }
  return false;
}
