import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import type { Turn } from '../../content/index.ts';
import { type Corpus, fieldOf, type TermsField, WORDS } from '../../corpus/index.ts';
import { checkWhole } from '../../search/feedback/checks.ts';
import {
  CONVERSATION_SIGNALS,
  CONVERSATION_START,
  type ConversationModel,
  type ConversationWords,
  conversationWords,
  LOGIT,
} from '../../search/feedback/conversation.ts';
import { termsOf } from '../../search/represent.ts';
import {
  add,
  type Batch,
  clip,
  exp,
  matmul,
  multiply,
  normal,
  Parameters,
  reshape,
  type Scope,
  scale,
  square,
  subtract,
  sum,
  type Tensor,
  type Tensors,
  tanh,
  zeros,
} from '../../tensor/index.ts';
import { listNet, listwiseKL } from '../objectives/index.ts';
import { type LearningOptions, learn } from '../quantize/learning.ts';

/** A question in its conversation, and what was made of it so that it is understood without. */
export interface RewrittenQuestion {
  readonly query: string;
  /** What was said before, oldest first. */
  readonly turns: readonly Turn[];
  /** The question as it would be asked without the conversation, by one rewriter or several, such as a language model (`rewrite(standalone)`) or people. */
  readonly rewrites: readonly string[];
  /** ISO 639-1. Default: the field's own analysis decides. */
  readonly language?: string;
  /** Ordinals of relevant passages, where they are known; one that no rewrite finds has the best score that any finds. */
  readonly relevant?: readonly number[];
}

/** What is learned of the rewrites. */
export type ConversationTarget =
  /** How their scores rank passages, by KL divergence (DiSCo). */
  | 'scores'
  /** The weights of their words, by squared error: the representation itself, as earlier distillation had it. */
  | 'words'
  /** Nothing of them: only which passages are relevant, by cross entropy. */
  | 'labels';

/** Settings of {@link learnConversation}. */
export interface LearnConversationOptions extends LearningOptions {
  /** Default `scores`. */
  readonly target?: ConversationTarget;
  /** A field of terms. Default `words`. */
  readonly field?: string;
  /** Passages of a question in a step besides those that are relevant. Default 16. */
  readonly negatives?: number;
  /** Ranks by the rewrites that they are drawn from. Default 10 to 950, or as far as there are. */
  readonly window?: { readonly from: number; readonly to: number };
  /** Of both softmaxes, in units of BM25's scores. The less, the more the first passages count; 1 in the paper. Default 0.5. */
  readonly temperature?: number;
  /** Units of the hidden layer; 0 for none. Default 8. */
  readonly width?: number;
  /** Questions of a step. Default 10. */
  readonly questions?: number;
  /** Default 300. */
  readonly steps?: number;
  /** Reached after 20 steps, then falling linearly to 0. Default 0.03. */
  readonly learningRate?: number;
  /** Same seed, same threads: same result. Default 1. */
  readonly seed?: number;
}

/** Passages that a rewrite is asked for. */
const DEPTH = 1000;
/** Of these, passages of a question that are kept to draw from. */
const POOL = 64;
const SIGNALS = CONVERSATION_SIGNALS.length;
/** Relevance to either side of 0: of its softmax what is relevant has nearly all. */
const SURE = 20;

/**
 * Learns what each word of a conversation counts in a search for its last question, so that passages are ranked as they are for a rewritten question, which nobody has to write
 * when it is served (DiSCo, Lupart et al. 2024, https://arxiv.org/abs/2410.14609). Scores are learned, not the rewrite itself: any weights will do that rank alike. Of several
 * rewrites the scores are averaged over those that find a passage. Passages and their index stay as they are.
 *
 * A reconstruction: the paper trains the query side of SPLADE, which also adds words that nobody said; here words of the conversation alone are weighed, by what {@link CONVERSATION_SIGNALS}
 * says of them, and passages are scored by BM25.
 *
 * ```ts
 * const model = await learnConversation(corpus, questions, { runtime: await nativeRuntime() });
 * const extensions = { feedbacks: [conversationFeedback(model)] }; // pipelines: words > feedback(conversation, depth=1)
 * ```
 *
 * @throws InvalidArgumentError for settings out of their range, and for fewer questions than a step has that have a conversation, and whose rewrites find anything.
 */
export async function learnConversation(
  corpus: Corpus,
  questions: readonly RewrittenQuestion[],
  options: LearnConversationOptions,
): Promise<ConversationModel> {
  const { target = 'scores', field: name = WORDS, negatives = 16, window = { from: 10, to: 950 }, seed = 1 } = options;
  const { temperature = 0.5, width = 8, questions: size = 10, steps = 300, learningRate = 0.03 } = options;
  checkWhole('negatives', negatives);
  checkWhole('questions', size);
  if (!(temperature > 0 && window.from >= 1 && window.to >= window.from)) {
    throw new InvalidArgumentError(
      `A temperature of ${temperature} and ranks ${window.from} to ${window.to} teach nothing.`,
      'Give a temperature above 0, and ranks from 1, the first no larger than the last.',
    );
  }
  const field = fieldOf(corpus, name, ['terms'], 'What is learned of conversations');
  const random = new Random(seed);
  const lessons: Lesson[] = [];
  for (const question of questions) {
    options.signal?.throwIfAborted();
    if (question.turns.length === 0) continue;
    const lesson = await lessonOf(corpus, field, question, window, target, random);
    if (lesson !== undefined) lessons.push(lesson);
  }
  if (lessons.length < size) {
    throw new InvalidArgumentError(
      `${lessons.length} questions with a conversation and a rewrite that finds something are too few to learn from, ${size} a step.`,
      'Give more of them, or make steps smaller (questions).',
    );
  }
  const most = lessons.reduce((greatest, { words }) => Math.max(greatest, words.terms.length), 0);
  const parameters = startOf(seed);
  let waiting: Lesson[] = [];
  const batch = (): Batch => {
    if (waiting.length < size) waiting = random.shuffle([...lessons]);
    return batchOf(waiting.splice(-size), most, negatives, random);
  };
  const loss = (scope: Scope, inputs: Tensors): Tensor => {
    const weights = weightsOf(scope, inputs['signals']!, size, most, width);
    if (target === 'words') {
      const missed = multiply(inputs['present']!, subtract(weights, inputs['wanted']!));
      return scale(sum(square(missed)), 1 / size);
    }
    const scores = reshape(matmul(inputs['impacts']!, reshape(weights, [size, most, 1])), [size, 1 + negatives]);
    const scaled = scale(scores, 1 / temperature);
    if (target === 'labels') return listNet(scaled, inputs['relevance']!);
    return listwiseKL(scores, inputs['teacher']!, { student: temperature, teacher: temperature });
  };
  await learn({ parameters, loss, batch, steps, learningRate }, options);
  const array = (part: string) => parameters.get(part).data.slice();
  const none = new Float32Array();
  return {
    width,
    direct: array('direct'),
    ...(width === 0 ? { hidden: none, out: none } : { hidden: array('hidden'), out: array('out') }),
  };
}

/** A question with the passages that it learns from: the first is relevant, or the best by the rewrites where nothing is known to be. */
interface Lesson {
  readonly words: ConversationWords;
  /** What each word counts in the rewrites. */
  readonly wanted: readonly number[];
  /** BM25 of each word in each passage, `[passages, words]` row by row. */
  readonly impacts: Float32Array;
  /** Of the rewrites, by passage. */
  readonly teacher: readonly number[];
}

async function lessonOf(
  corpus: Corpus,
  field: TermsField,
  { query, turns, rewrites, language, relevant = [] }: RewrittenQuestion,
  { from, to }: { readonly from: number; readonly to: number },
  target: ConversationTarget,
  random: Random,
): Promise<Lesson | undefined> {
  const words = await conversationWords(corpus, field, { content: query, turns, ...given({ language }) });
  const wanted = new Map<string, number>();
  const found = new Map<number, { sum: number; rewrites: number }>();
  for (const content of rewrites) {
    const terms = termsOf(field, { content, ...given({ language }) });
    for (const { term, weight } of terms) wanted.set(term, (wanted.get(term) ?? 0) + weight / rewrites.length);
    const { ids, scores } = await corpus.search(field.name, terms, { k: DEPTH });
    for (let i = 0; i < ids.length; i++) {
      const one = found.get(ids[i]!) ?? { sum: 0, rewrites: 0 };
      found.set(ids[i]!, { sum: one.sum + scores[i]!, rewrites: one.rewrites + 1 });
    }
  }
  const ranked = Array.from(found, ([passage, one]) => ({ passage, score: one.sum / one.rewrites })).sort(
    (a, b) => b.score - a.score || a.passage - b.passage,
  );
  const scores = new Map(ranked.map(({ passage, score }) => [passage, score]));
  const best = ranked[0];
  if (best === undefined || words.terms.length === 0 || (target === 'labels' && relevant.length === 0))
    return undefined;
  const first = relevant.length === 0 ? best.passage : relevant[random.below(relevant.length)]!;
  const known = new Set([first, ...relevant]);
  const others = ranked.slice(from - 1, to).flatMap(({ passage }) => (known.has(passage) ? [] : [passage]));
  if (others.length === 0) return undefined;
  const passages = [first, ...random.shuffle(others).slice(0, POOL)];
  const ascending = Uint32Array.from(passages).sort();
  const places = passages.map((passage) => ascending.indexOf(passage));
  const impacts = new Float32Array(passages.length * words.terms.length);
  for (const [word, term] of words.terms.entries()) {
    const own = await corpus.score(field.name, [term], ascending);
    for (const [row, place] of places.entries()) impacts[row * words.terms.length + word] = own[place]!;
  }
  return {
    words,
    wanted: words.terms.map(({ term }) => wanted.get(term) ?? 0),
    impacts,
    teacher: passages.map((passage) => scores.get(passage) ?? best.score),
  };
}

function startOf(seed: number): Parameters {
  const parameters = new Parameters(seed);
  const begun = [...CONVERSATION_SIGNALS.map((name) => CONVERSATION_START[name] ?? 0), CONVERSATION_START.all ?? 0];
  parameters.set('direct', Float32Array.from(begun), [SIGNALS + 1, 1]);
  return parameters;
}

/** What each word counts, `[questions, words]`; see `conversationWeights`. @param signals `[questions * words, signals + 1]`, the last of them 1. */
function weightsOf(scope: Scope, signals: Tensor, size: number, most: number, width: number): Tensor {
  const direct = matmul(signals, scope.parameter('direct', [SIGNALS + 1, 1], zeros));
  const logits = width === 0 ? direct : add(direct, hiddenOf(scope, signals, width));
  return reshape(exp(clip(logits, -LOGIT, LOGIT)), [size, most]);
}

function hiddenOf(scope: Scope, signals: Tensor, width: number): Tensor {
  const hidden = scope.parameter('hidden', [SIGNALS + 1, width], normal(1 / Math.sqrt(SIGNALS)));
  return matmul(tanh(matmul(signals, hidden)), scope.parameter('out', [width, 1], zeros));
}

function batchOf(chosen: readonly Lesson[], most: number, negatives: number, random: Random): Batch {
  const [size, list] = [chosen.length, 1 + negatives];
  const signals = new Float32Array(size * most * (SIGNALS + 1));
  const [present, wanted] = [new Float32Array(size * most), new Float32Array(size * most)];
  const impacts = new Float32Array(size * list * most);
  const [teacher, relevance] = [new Float32Array(size * list), new Float32Array(size * list).fill(-SURE)];
  for (const [q, lesson] of chosen.entries()) {
    const count = lesson.words.terms.length;
    for (let word = 0; word < count; word++) {
      const at = q * most + word;
      signals.set(lesson.words.signals.subarray(word * SIGNALS, (word + 1) * SIGNALS), at * (SIGNALS + 1));
      signals[at * (SIGNALS + 1) + SIGNALS] = 1;
      present[at] = 1;
      wanted[at] = lesson.wanted[word]!;
    }
    const others = random.shuffle(Array.from({ length: lesson.teacher.length - 1 }, (_, i) => i + 1));
    const rows = [0, ...Array.from({ length: negatives }, (_, i) => others[i % others.length]!)];
    relevance[q * list] = SURE;
    for (const [place, row] of rows.entries()) {
      impacts.set(lesson.impacts.subarray(row * count, (row + 1) * count), (q * list + place) * most);
      teacher[q * list + place] = lesson.teacher[row]!;
    }
  }
  return {
    signals: { data: signals, shape: [size * most, SIGNALS + 1] },
    present: { data: present, shape: [size, most] },
    wanted: { data: wanted, shape: [size, most] },
    impacts: { data: impacts, shape: [size, list, most] },
    teacher: { data: teacher, shape: [size, list] },
    relevance: { data: relevance, shape: [size, list] },
  };
}
