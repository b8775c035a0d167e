import { EXTRACT } from '../answer/extract-features.ts';
import { chosenOf, type Extractable, type ExtractInputs, extractInputs } from '../answer/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { type Corpus, memoryCorpus } from '../corpus/index.ts';
import { rankCorpus } from '../search/index.ts';
import { mostTokens } from '../text/index.ts';

/** A passage whose extracts are judged. */
export interface JudgedPassage extends Extractable {
  /** Of its document: what a reader returns. */
  readonly id: string;
}

/** A question, and the documents that are to be found for it. */
export interface ExtractQuestion {
  readonly text: string;
  readonly relevant: readonly string[];
}

/**
 * Who is to find passages among all of them when they are short: a language model that is given all with their ids, or a search. Given the passages once, and then each question.
 * @returns ids, those first which it holds for right.
 */
export type ExtractReader = (
  passages: readonly JudgedPassage[],
) => Promise<(question: string) => Promise<readonly string[]>>;

/** Two extracts of a passage, of which one is better. */
export interface ExtractPreference extends ExtractInputs {
  /** Places of the sentences of each, and its tokens. */
  readonly chosen: Extract;
  readonly rejected: Extract;
}

/** An extract. */
export interface Extract {
  readonly sentences: readonly number[];
  readonly tokens: number;
}

/** Options of {@link judgeExtracts}. */
export interface JudgeExtractsOptions {
  /** Whose words say what is rare. */
  readonly corpus: Corpus;
  /** Default {@link wordsReader}. */
  readonly reader?: ExtractReader;
  /** Shares of the tokens that are tried; extracts are compared with others of the same share. Default 0.2 and 0.4. */
  readonly shares?: readonly number[];
  /** Whether passages count that were found with all extracts: there the shortest is preferred to the longest. Default false: what is easy says little of what is to stay. */
  readonly easy?: boolean;
  /** Of what is drawn by lot. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

/** Reads by words alone: BM25 over the passages. Its first result is what it holds for right. */
export const wordsReader: ExtractReader = async (passages) => {
  const corpus = await memoryCorpus(
    passages.map(({ id, title, text, language }) => ({ id, title, text, ...(language === 'und' ? {} : { language }) })),
    [{ name: 'words', kind: 'terms' }],
  );
  return async (question) => (await rankCorpus(corpus, question, { pipeline: 'bm25', k: 10, syntax: false })).ids;
};

/** Ways to choose sentences that stand in the place of several summarisers: what a sentence is worth to each. */
const SUMMARISERS: Readonly<Record<string, (inputs: ExtractInputs, random: Random) => readonly number[]>> = {
  beginning: ({ sentences }) => sentences.map((_, i) => -i),
  end: ({ sentences }) => sentences.map((_, i) => i),
  rare: ({ features }) => features.map((row) => row[EXTRACT.rarity]!),
  typical: ({ features }) => features.map((row) => row[EXTRACT.typical]!),
  'by lot': byLot,
  'by lot, again': byLot,
  'by lot, a third time': byLot,
  'by lot, a fourth time': byLot,
};

function byLot({ sentences }: ExtractInputs, random: Random): readonly number[] {
  return sentences.map(() => random.next());
}

/**
 * What of two extracts is better, by what came of them (CoLoR, 2025, https://arxiv.org/abs/2412.18232): the shortest with which the passage was found is preferred to the longest with which it was not; where it was found
 * with all, to the longest of them.
 * @returns undefined where it was found with none, and where both are the same; also where it was found with all, unless what is easy counts.
 */
export function preferredOf<T extends { readonly tokens: number; readonly found: boolean }>(
  candidates: readonly T[],
  easy = true,
): { readonly chosen: T; readonly rejected: T } | undefined {
  const found = candidates.filter((one) => one.found);
  const missed = candidates.filter((one) => !one.found);
  const others = missed.length > 0 ? missed : found;
  if (found.length === 0 || (missed.length === 0 && !easy)) return undefined;
  const chosen = found.reduce((best, one) => (one.tokens < best.tokens ? one : best));
  const rejected = others.reduce((worst, one) => (one.tokens > worst.tokens ? one : worst));
  return chosen === rejected ? undefined : { chosen, rejected };
}

/**
 * Makes extracts of all passages by several summarisers at several lengths, asks a reader who has the passages so shortened for those that answer each question, and says of each passage that answers which extract is
 * better. Costs a reader, and an answer to each question, for every summariser and length: 16 by default.
 *
 * Where the paper has three language models as summarisers, these take the beginning, the end, what is rare, what is typical, and four times what the lot says.
 *
 * @param passages all that the reader has to choose from; one of each document. @param questions never those that are tested on.
 * @throws InvalidArgumentError for shares out of range.
 */
export async function judgeExtracts(
  passages: readonly JudgedPassage[],
  questions: readonly ExtractQuestion[],
  options: JudgeExtractsOptions,
): Promise<ExtractPreference[]> {
  const { corpus, reader = wordsReader, shares = [0.2, 0.4], easy = false, seed = 1, signal, onProgress } = options;
  if (shares.length === 0 || shares.some((share) => !(share > 0 && share <= 1))) {
    throw new InvalidArgumentError(`Shares of ${shares.join(', ')}.`, 'Give shares above 0, at most 1.');
  }
  const inputs = await extractInputs(passages, corpus);
  const place = new Map(passages.map(({ id }, i) => [id, i]));
  const sizes = inputs.map(({ sentences }, i) =>
    sentences.map(({ start, end }) => mostTokens(passages[i]!.text.slice(start, end))),
  );
  const random = new Random(seed);
  const candidates = new Map<string, (Extract & { readonly found: boolean })[]>();
  const names = Object.keys(SUMMARISERS);
  let done = 0;
  for (const name of names) {
    for (const share of shares) {
      signal?.throwIfAborted();
      const kept = inputs.map((one, i) => chosenOf(SUMMARISERS[name]!(one, random), sizes[i]!, { share }));
      const find = await reader(
        passages.map((passage, i) => ({ ...passage, text: textOf(passage, inputs[i]!, kept[i]!) })),
      );
      for (const [q, { text, relevant }] of questions.entries()) {
        signal?.throwIfAborted();
        const there = relevant.filter((id) => place.has(id));
        if (there.length === 0) continue;
        const ids = new Set((await find(text)).slice(0, there.length));
        for (const id of there) {
          const i = place.get(id)!;
          const tokens = kept[i]!.reduce((sum, at) => sum + sizes[i]![at]!, 0);
          const key = `${q} ${i} ${share}`;
          const known = candidates.get(key) ?? [];
          known.push({ sentences: kept[i]!, tokens, found: ids.has(id) });
          candidates.set(key, known);
        }
      }
      onProgress?.(++done, shares.length * names.length);
    }
  }
  return [...candidates].flatMap(([key, tried]) => {
    const better = preferredOf(tried, easy);
    return better === undefined ? [] : [{ ...inputs[Number(key.split(' ')[1])]!, ...better }];
  });
}

/** The sentences that are kept, with blanks between them. */
function textOf({ text }: Extractable, { sentences }: ExtractInputs, kept: readonly number[]): string {
  return kept.map((i) => text.slice(sentences[i]!.start, sentences[i]!.end)).join(' ');
}
