import { InvalidArgumentError } from '../base/errors.ts';
import { type LanguageModel, messagesOf, type Prompt } from './language-model.ts';

/** Options of {@link ngramModel}. */
export interface NgramOptions {
  /** Names it. Default `ngram`. */
  readonly id?: string;
  /** Longest runs of tokens that are counted: 1 to 5. Default 3. */
  readonly order?: number;
  /** Share of what the prompt says, its tokens and pairs of them; the rest is what was counted. 0 to below 1. Default 0.3. */
  readonly cache?: number;
}

/** A model that tells how likely texts are, and writes none. */
export interface ScoringModel extends Pick<LanguageModel, 'id'>, Required<Pick<LanguageModel, 'score'>> {
  /** Tokens as it reads them: words, parts of names (`parseConfig` has two), numbers, and other signs each by itself. White space is none. */
  tokens(text: string): string[];
  /** Log-probability of each token of a continuation, in nats. */
  tokenScores(prompt: Prompt, continuation: string): Float64Array;
}

/** Signs that a token may be spelled with. */
const SIGNS = 96;
/** Signs in a row that say what sign is next. */
const SPELLING = 3;
/** Between the tokens of a run: no token has it. */
const JOINT = ' ';
/** `parseHTMLConfig2` is four: names are as new as their parts. */
const TOKEN = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{M}]+|\p{N}+|\S/gu;
/** Ends the spelling of a token. */
const END = '\n';

/**
 * A language model of counts: runs of up to three tokens (Witten and Bell's interpolation, down to spelling), mixed with a cache of what the prompt itself says (Kuhn and De Mori 1990). It learns a megabyte in
 * seconds and tells a text's log-probability in microseconds a token, so that what is found can be judged by how much likelier it makes a known continuation: a stand-in for a large model where
 * only differences count. It knows nothing of meaning: names, phrases and idioms that recur are all that it rewards.
 *
 * @param texts what is counted, e.g. files that are not judged by. Held in memory as counts.
 * @throws InvalidArgumentError for options out of range.
 */
export function ngramModel(texts: Iterable<string>, options: NgramOptions = {}): ScoringModel {
  const { id = 'ngram', order = 3, cache = 0.3 } = options;
  if (!Number.isInteger(order) || order < 1 || order > 5)
    throw new InvalidArgumentError(`The order is ${order}.`, 'Give a whole number from 1 to 5.');
  if (!(cache >= 0 && cache < 1))
    throw new InvalidArgumentError(`The cache's share is ${cache}.`, 'Give a number from 0 to below 1.');
  const counts = new Counts(order);
  for (const text of texts) counts.add(tokensOf(text));
  const spelled = speller(counts.tokens());
  const tokenScores = (prompt: Prompt, continuation: string): Float64Array => {
    const before = tokensOf(
      messagesOf(prompt)
        .map(({ content }) => content)
        .join('\n'),
    );
    const own = new Counts(2);
    own.add(before);
    const share = before.length === 0 ? 0 : cache;
    const all = [...before, ...tokensOf(continuation)];
    const scores = new Float64Array(all.length - before.length);
    for (let i = 0; i < scores.length; i++) {
      const at = before.length + i;
      const counted = counts.probability(all, at, spelled);
      const said = share === 0 ? 0 : own.probability(all, at, (token) => counts.probability([token], 0, spelled));
      scores[i] = Math.log((1 - share) * counted + share * said);
    }
    return scores;
  };
  return {
    id,
    tokens: tokensOf,
    tokenScores,
    score: async (prompt, continuations, { signal } = {}) =>
      Float32Array.from(continuations, (continuation) => {
        signal?.throwIfAborted();
        return tokenScores(prompt, continuation).reduce((sum, one) => sum + one, 0);
      }),
  };
}

function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** How likely a token is that was never seen: its signs, as those of known tokens follow each other, and then its end. */
function speller(tokens: Iterable<string>): (token: string) => number {
  const signs = new Counts(SPELLING);
  for (const token of tokens) signs.add([...token, END]);
  const known = new Map<string, number>();
  return (token) => {
    let value = known.get(token);
    if (value === undefined) {
      const all = [...token, END];
      value = all.reduce((product, _, at) => product * signs.probability(all, at, () => 1 / (SIGNS + 1)), 1);
      known.set(token, value);
    }
    return value;
  };
}

/** How often runs of tokens occur, and how many different tokens follow each. */
class Counts {
  readonly #runs = new Map<string, number>();
  /** By what stands before, `''` for nothing: how many tokens follow, and how many different ones. */
  readonly #after = new Map<string, { total: number; kinds: number }>();

  constructor(readonly order: number) {}

  /** Those that were counted, each once. */
  *tokens(): Generator<string> {
    for (const run of this.#runs.keys()) if (!run.includes(JOINT)) yield run;
  }

  add(tokens: readonly string[]): void {
    for (let i = 0; i < tokens.length; i++) {
      for (let length = 0; length < this.order && length <= i; length++) {
        const history = tokens.slice(i - length, i).join(JOINT);
        const run = length === 0 ? tokens[i]! : history + JOINT + tokens[i]!;
        const seen = this.#runs.get(run) ?? 0;
        this.#runs.set(run, seen + 1);
        const after = this.#after.get(history);
        if (after === undefined) this.#after.set(history, { total: 1, kinds: 1 });
        else {
          after.total++;
          if (seen === 0) after.kinds++;
        }
      }
    }
  }

  /** Witten and Bell 1991: of a history with so many kinds of followers, a new kind is as likely as a kind was so far. @param base of a token without its history. */
  probability(tokens: readonly string[], at: number, base: (token: string) => number): number {
    const token = tokens[at]!;
    let value = base(token);
    for (let length = 0; length < this.order && length <= at; length++) {
      const history = tokens.slice(at - length, at).join(JOINT);
      const after = this.#after.get(history);
      if (after === undefined) break;
      const run = length === 0 ? token : history + JOINT + token;
      value = ((this.#runs.get(run) ?? 0) + after.kinds * value) / (after.total + after.kinds);
    }
    return value;
  }
}
