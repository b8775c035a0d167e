import { InvalidArgumentError } from '../../base/errors.ts';
import type { Query, Turn, WeightedTerm } from '../../content/index.ts';
import { type Corpus, fieldOf, type TermsField, WORDS } from '../../corpus/index.ts';
import { represented, termsOf } from '../represent.ts';
import type { Feedback } from './types.ts';

/**
 * What is known of a word of a conversation, each from 0 to about 1:
 *
 * - `asked`: whether the question has it, and `often`, how often, as a logarithm
 * - `user`: whether it does not, and an earlier turn of the user has it; `recent`, 1 through how many of the user's turns ago; `share` of these turns that do; `first`, whether the first one does
 * - `reply`: whether the last reply has it; `replies`, the share of replies that do
 * - `rare`: 0 where all passages have it, 1 where none has, on a scale of logarithms
 * - `short`: 1 through the number of the question's words; `vague`: 1 less the mean of `rare` over these. The same for all words of a conversation
 */
export const CONVERSATION_SIGNALS = [
  'asked',
  'often',
  'user',
  'recent',
  'share',
  'first',
  'reply',
  'replies',
  'rare',
  'short',
  'vague',
] as const;

/** How words of a conversation are weighed: what `learnConversation` learns. */
export interface ConversationModel {
  /** Units of the hidden layer. */
  readonly width: number;
  /** Of each signal, and one for all words. */
  readonly direct: Float32Array;
  /** Of the hidden layer, `[signals + 1, width]` row by row, the last of them for all words; and what its units count. */
  readonly hidden: Float32Array;
  readonly out: Float32Array;
}

/** Weights before anything is learned: words of the question count 1, those of the user's earlier turns 0.2, and those of replies 0.05. */
export const CONVERSATION_START: Readonly<Partial<Record<(typeof CONVERSATION_SIGNALS)[number] | 'all', number>>> = {
  all: -3,
  asked: 3,
  user: 1.4,
};

/** Turns that are looked at, the last ones. */
const TURNS = 20;
/** Words of a conversation that are weighed at most: first those that were said last. */
export const CONVERSATION_WORDS = 200;
/** Logits are kept within this on either side. */
export const LOGIT = 6;
/** Words that count less than this, as a share of the greatest weight, are not searched for. */
const LEAST = 0.02;

/** Words of a conversation, with what is known of each: `[words, signals]` row by row. */
export interface ConversationWords {
  readonly terms: readonly WeightedTerm[];
  readonly signals: Float32Array;
}

/** Looks at a question and the turns before it, by a field's own analysis. */
export async function conversationWords(corpus: Corpus, field: TermsField, query: Query): Promise<ConversationWords> {
  const of = (content: string) => termsOf(field, { content, ...languageOf(query) });
  const said = (role: Turn['role']) =>
    (query.turns ?? [])
      .slice(-TURNS)
      .filter((turn) => turn.role === role)
      .map(({ text }) => new Map(of(text).map(({ term, weight }) => [term, weight])))
      .reverse();
  const asked = new Map(of(query.content).map(({ term, weight }) => [term, weight]));
  const [user, replies] = [said('user'), said('assistant')];
  const order = [asked, ...user, ...replies.slice(0, 1)].flatMap((terms) => [...terms.keys()]);
  const terms = [...new Set(order)].slice(0, CONVERSATION_WORDS);
  const frequencies = await corpus.frequencies(field.name, terms);
  const passages = Math.log(1 + corpus.passageCount);
  const rare = new Map(terms.map((term, i) => [term, 1 - Math.log(1 + frequencies[i]!) / Math.max(1, passages)]));
  const vague = 1 - [...asked.keys()].reduce((sum, term) => sum + (rare.get(term) ?? 0), 0) / Math.max(1, asked.size);
  const share = (of: readonly ReadonlyMap<string, number>[], term: string) =>
    of.filter((one) => one.has(term)).length / Math.max(1, of.length);
  const signals = terms.flatMap((term) => {
    const ago = user.findIndex((one) => one.has(term)) + 1;
    const known: Record<(typeof CONVERSATION_SIGNALS)[number], number> = {
      asked: Number(asked.has(term)),
      often: Math.log(1 + (asked.get(term) ?? 0)),
      user: Number(ago > 0 && !asked.has(term)),
      recent: ago > 0 ? 1 / ago : 0,
      share: share(user, term),
      first: Number(user.at(-1)?.has(term) ?? false),
      reply: Number(replies[0]?.has(term) ?? false),
      replies: share(replies, term),
      rare: rare.get(term)!,
      short: 1 / Math.max(1, asked.size),
      vague,
    };
    return CONVERSATION_SIGNALS.map((name) => known[name]);
  });
  return { terms: terms.map((term) => ({ term, weight: 1 })), signals: Float32Array.from(signals) };
}

const languageOf = ({ language }: Query) => (language === undefined ? {} : { language });

/** What each word counts. */
export function conversationWeights(model: ConversationModel, { terms, signals }: ConversationWords): WeightedTerm[] {
  const { width, direct, hidden, out } = model;
  const count = CONVERSATION_SIGNALS.length;
  const weights = terms.map((_, word) => {
    const own = signals.subarray(word * count, (word + 1) * count);
    let logit = direct[count]!;
    for (let s = 0; s < count; s++) logit += direct[s]! * own[s]!;
    for (let unit = 0; unit < width; unit++) {
      let value = hidden[count * width + unit]!;
      for (let s = 0; s < count; s++) value += own[s]! * hidden[s * width + unit]!;
      logit += out[unit]! * Math.tanh(value);
    }
    return Math.exp(Math.min(LOGIT, Math.max(-LOGIT, logit)));
  });
  const most = weights.reduce((a, b) => Math.max(a, b), 0);
  return terms.flatMap(({ term }, word) => (weights[word]! < LEAST * most ? [] : [{ term, weight: weights[word]! }]));
}

/** Options of {@link conversationFeedback}. */
export interface ConversationFeedbackOptions {
  /** What pipelines call it, in `feedback(NAME)`. Default `conversation`. */
  readonly id?: string;
  /** A field of terms. Default `words`. */
  readonly field?: string;
}

/**
 * Searches for the words of a whole conversation, each weighed by what `learnConversation` of `sagitta-search/train` learned: what a rewritten question would find, without a
 * language model. A question without turns before it stays as it is. It reads no passages: `words > feedback(conversation, depth=1)`.
 *
 * @throws InvalidArgumentError where it runs for a field that holds no terms.
 */
export function conversationFeedback(model: ConversationModel, options: ConversationFeedbackOptions = {}): Feedback {
  const { id = 'conversation', field: name = WORDS } = options;
  checkConversationModel(model);
  return {
    id,
    async refine(query, _ranking, corpus) {
      if ((query.turns ?? []).length === 0) return query;
      const field = fieldOf(corpus, name, ['terms'], `Feedback by ${id}`);
      const terms = conversationWeights(model, await conversationWords(corpus, field, query));
      return terms.length === 0 ? query : represented(query, name, terms);
    },
  };
}

/** @throws InvalidArgumentError for numbers that are too many or too few, or none. */
export function checkConversationModel({ width, direct, hidden, out }: ConversationModel): void {
  const rows = CONVERSATION_SIGNALS.length + 1;
  const parts = [direct, hidden, out];
  const extents = parts.map(({ length }) => length);
  const wanted = [rows, rows * width, width];
  if (extents.join() === wanted.join() && parts.every((part) => part.every(Number.isFinite))) return;
  throw new InvalidArgumentError(
    `A model of conversations of ${width} units has ${extents.join(', ')} numbers, where ${wanted.join(', ')} were to be.`,
    'Learn it again with this version.',
  );
}
