import { given } from '../base/given.ts';
import type { EndReason, GenerateOptions, LanguageModel } from '../generate/index.ts';
import { detectLanguage, sentenceStarts } from '../text/index.ts';
import { answerPrompt } from './prompt.ts';
import { type Support, supportOf } from './support.ts';
import type { ContextPassage } from './types.ts';

/** A sentence of a model's answer. */
export interface GroundedSentence {
  /** Without the marks by which it cites. */
  readonly text: string;
  /** Numbers of passages of the context that it rests on, ascending. */
  readonly cites: readonly number[];
  /** Numbers that it cites and that no passage has; they are dropped. */
  readonly invented: readonly number[];
  /** Whether the cited passages say so, as far as words can tell; never where it cites nothing. */
  readonly supported: boolean;
  readonly support: Support;
}

/** A whole answer of a model. */
export interface GroundedAnswer {
  /** The sentences with their citations as `[1]`, in one text; those without support are marked `[unsupported]`. */
  readonly text: string;
  readonly sentences: readonly GroundedSentence[];
  /** False where the model says so, where there is nothing to answer from, and where no sentence is supported. */
  readonly answered: boolean;
  /** Why it ended; `none` where the model was not asked. */
  readonly end: EndReason | 'none';
  /** What a reader should know, a sentence each. */
  readonly notes: readonly string[];
}

/** Options of {@link groundedAnswer}. */
export interface GroundedOptions extends Pick<GenerateOptions, 'maxTokens' | 'temperature' | 'seed' | 'signal'> {
  /** Language of the answer, ISO 639-1. Default: detected, sentence by sentence. */
  readonly language?: string;
}

/** Why answers ended before they were done. */
const ENDS: Readonly<Partial<Record<EndReason, string>>> = {
  length: 'The answer was cut off at its token limit.',
  refused: 'The model refused to go on.',
  broken: 'The connection to the model broke in the middle of the answer.',
  late: 'The model was too slow, and was stopped.',
  endless: 'The model did not stop, and was stopped.',
};
/** What they are told to say where passages do not answer. */
const REFUSAL = /^\W*not answered here\W*$/i;
/** `[1]`, `[2, 5]`, `[passage 3]`, and the brackets of other languages. */
const CITED = /\s*[[【〔]\s*(?:passages?|sources?)?\s*(\d+(?:\s*[,;]\s*(?:passage\s*)?\d+)*)\s*[\]】〕]/giu;

/**
 * Asks a model for an answer from a context, and holds it to its passages: sentences come as they are done, each with the passages that it cites; numbers that no
 * passage has are dropped and said; a sentence whose words or numbers its passages do not hold is marked. What breaks off in the middle of a sentence is left out.
 *
 * @param passages of a context. None: nothing is asked, and nothing is answered.
 * @returns the whole answer, when the last sentence is taken.
 * @throws RemoteError of a model that cannot be asked at all.
 */
export async function* groundedAnswer(
  question: string,
  passages: readonly ContextPassage[],
  model: LanguageModel,
  options: GroundedOptions = {},
): AsyncGenerator<GroundedSentence, GroundedAnswer> {
  if (passages.length === 0) return { text: '', sentences: [], answered: false, end: 'none', notes: [] };
  const { language, ...generating } = options;
  let end = 'broken' as EndReason;
  const pieces = model.generate(answerPrompt(question, passages), {
    ...given(generating),
    onEnd: (reason) => {
      end = reason;
    },
  });
  const sentences: GroundedSentence[] = [];
  let open = '';
  for await (const piece of pieces) {
    open += piece;
    const { done, rest } = finished(open);
    open = rest;
    for (const text of done) {
      const sentence = grounded(text, passages, language);
      if (sentence === undefined) continue;
      sentences.push(sentence);
      yield sentence;
    }
  }
  // What breaks off may mean the opposite of what it was to become.
  const last = end === 'stop' || isWhole(open) ? grounded(open, passages, language) : undefined;
  if (last !== undefined) {
    sentences.push(last);
    yield last;
  }
  return judged(sentences, end, last === undefined && open.trim() !== '');
}

function judged(sentences: readonly GroundedSentence[], end: EndReason, isCut: boolean): GroundedAnswer {
  const refused = sentences.some(({ text }) => REFUSAL.test(text));
  const own = sentences.filter(({ text }) => !REFUSAL.test(text));
  const notes: string[] = [];
  if (ENDS[end] !== undefined) notes.push(`${ENDS[end]}${isCut ? ' Its unfinished sentence was left out.' : ''}`);
  const invented = [...new Set(own.flatMap((one) => one.invented))].sort((a, b) => a - b);
  if (invented.length > 0) {
    notes.push(
      `The model cited ${invented.map((number) => `[${number}]`).join(', ')}, which it was not given; dropped.`,
    );
  }
  const unsupported = own.filter(({ supported }) => !supported).length;
  if (unsupported > 0) {
    notes.push(`${unsupported} of ${own.length} sentences are not supported by the passages that they cite.`);
  }
  const answered = !refused && own.some(({ supported }) => supported);
  if (own.length === 0 && !refused) notes.push('The model said nothing.');
  const text = own
    .map(
      (one) =>
        `${one.text}${one.cites.map((number) => ` [${number}]`).join('')}${one.supported ? '' : ' [unsupported]'}`,
    )
    .join(' ');
  return { text: refused && own.length === 0 ? '' : text, sentences: own, answered, end, notes };
}

/** Sentences of a text that goes on, and what may not be whole: a citation behind a full stop belongs to the sentence before it. */
function finished(text: string): { readonly done: readonly string[]; readonly rest: string } {
  const pieces = sentencesWithCitations(text);
  return { done: pieces.slice(0, -1), rest: pieces.at(-1) ?? '' };
}

function sentencesWithCitations(text: string): string[] {
  // Blanks in place of marks, also of one that is not closed yet: so they stay with the sentence before them.
  const bare = text.replace(MARK, (mark) => ' '.repeat(mark.length));
  const starts = sentenceStarts(bare, 0, bare.length);
  return starts.map((start, i) => text.slice(start, starts[i + 1] ?? text.length));
}

const MARK = /[[【〔](?:[^[\]【】〔〕\n]{0,40}[\]】〕]|[^[\]【】〔〕\n]{0,40}$)/gu;

function isWhole(text: string): boolean {
  return /[.!?。！？؟…][\]】〕"'”’)\s\d[]*$/u.test(text.trim()) && text.trim() !== '';
}

function grounded(
  piece: string,
  passages: readonly ContextPassage[],
  language: string | undefined,
): GroundedSentence | undefined {
  const numbers = Array.from(piece.matchAll(CITED), ([, list]) => list!.match(/\d+/g)!.map(Number)).flat();
  const text = piece.replaceAll(CITED, '').trim();
  if (!/[\p{L}\p{N}]/u.test(text)) return undefined;
  const known = new Set(passages.map(({ number }) => number));
  const unique = [...new Set(numbers)].sort((a, b) => a - b);
  const cites = unique.filter((number) => known.has(number));
  const invented = unique.filter((number) => !known.has(number));
  const cited = passages.filter(({ number }) => cites.includes(number));
  const support = supportOf(text, cited, language ?? detectLanguage(text).language);
  return { text, cites, invented, supported: cites.length > 0 && support.supported, support };
}
