import { InvalidArgumentError, RemoteError } from '../../base/errors.ts';
import type { Content, Query } from '../../content/index.ts';
import { answerOf } from '../../generate/answer-of.ts';
import type { LanguageModel } from '../../generate/language-model.ts';
import type { Reranker, RerankOptions } from '../pipeline/types.ts';
import { listwisePrompt, parseGrade, parsePermutation, pointwisePrompt } from './listing.ts';

/** Options of {@link modelReranker}. */
export interface ModelRerankerOptions {
  /** What pipelines call it. Default: `pointwise` or `listwise`. */
  readonly id?: string;
  /**
   * `pointwise`: each candidate is graded by itself. `listwise`: windows of candidates are put in order, from the last ones to the first, so that what is
   * good moves up from window to window (Sun et al. 2023, RankGPT). Default `listwise`.
   */
  readonly how?: 'pointwise' | 'listwise';
  /** Candidates of a window, at least 2; windows overlap by half. Default 20. */
  readonly window?: number;
  /** Candidates that are graded at a time, at least 1. Default 4. */
  readonly concurrency?: number;
  /** Milliseconds that it may take in a pipeline that says nothing else. Default 8000. */
  readonly budgetMs?: number;
}

/** Milliseconds that a model may take for an order by default. */
const BUDGET_MS = 8000;
export const WINDOW = 20;
const CONCURRENCY = 4;
/** An order of 20 takes some 100 tokens; a model that thinks aloud takes more. */
const LIST_TOKENS = 1024;
const GRADE_TOKENS = 16;

/**
 * Ranks candidates again by what a language model says of them. Answers are read forgivingly: what names no passage is left out, and what of a window is not
 * named keeps its order. When its time is over, what was said by then counts.
 *
 * @throws InvalidArgumentError for impossible settings. Its `score` throws RemoteError where no answer could be understood.
 */
export function modelReranker(model: LanguageModel, options: ModelRerankerOptions = {}): Reranker {
  const { how = 'listwise', window = WINDOW, concurrency = CONCURRENCY, budgetMs = BUDGET_MS } = options;
  if (!Number.isInteger(window) || window < 2) {
    throw new InvalidArgumentError(`A window of ${window} candidates.`, 'Give a whole number, at least 2.');
  }
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new InvalidArgumentError(`${concurrency} candidates at a time.`, 'Give a whole number, at least 1.');
  }
  return {
    id: options.id ?? how,
    budgetMs,
    score: (query, candidates, given) =>
      how === 'listwise'
        ? listwise(model, query, candidates, window, given)
        : pointwise(model, query, candidates, concurrency, given),
  };
}

async function listwise(
  model: LanguageModel,
  { content }: Query,
  candidates: readonly Content[],
  window: number,
  { signal, note }: RerankOptions,
): Promise<Float32Array> {
  const order = [...candidates.keys()];
  const step = Math.floor(window / 2);
  let [asked, understood] = [0, 0];
  for (let start = Math.max(0, order.length - window); ; start = Math.max(0, start - step)) {
    const some = order.slice(start, start + window);
    const texts = some.map((i) => candidates[i]!);
    const answer = await unlessOver(signal, asked > 0, () =>
      answerOf(model, listwisePrompt(content, texts), { maxTokens: LIST_TOKENS, signal }),
    );
    if (answer === undefined) {
      note?.(`the time was over after ${asked} of ${windows(order.length, window)} windows`);
      break;
    }
    asked++;
    const permutation = parsePermutation(answer, some.length);
    if (permutation !== undefined) {
      understood++;
      for (const [at, i] of permutation.entries()) order[start + at] = some[i]!;
    }
    if (start === 0) break;
  }
  if (understood === 0) throw nonsense(model, 'an order of passages');
  note?.(`${model.id} put ${asked} windows of ${Math.min(window, order.length)} in order`);
  if (understood < asked) note?.(`${asked - understood} of its answers named no passage`);
  const scores = new Float32Array(order.length);
  for (const [place, i] of order.entries()) scores[i] = 1 - place / order.length;
  return scores;
}

function windows(count: number, window: number): number {
  return 1 + Math.ceil(Math.max(0, count - window) / Math.floor(window / 2));
}

async function pointwise(
  model: LanguageModel,
  { content }: Query,
  candidates: readonly Content[],
  concurrency: number,
  { signal, note }: RerankOptions,
): Promise<Float32Array> {
  const grades = new Float32Array(candidates.length).fill(Number.NaN);
  const left = candidates.keys();
  let [asked, understood] = [0, 0];
  const worker = async (): Promise<void> => {
    // One iterator for all workers: each takes the next candidate, the best first.
    for (const i of left) {
      const prompt = pointwisePrompt(content, candidates[i]!);
      const answer = await unlessOver(signal, true, () => answerOf(model, prompt, { maxTokens: GRADE_TOKENS, signal }));
      if (answer === undefined) return;
      asked++;
      const grade = parseGrade(answer);
      if (grade === undefined) continue;
      understood++;
      grades[i] = grade / 10;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (understood === 0 && signal?.aborted === true) throw signal.reason;
  if (understood === 0) throw nonsense(model, 'a grade');
  note?.(`${model.id} graded ${understood} of ${candidates.length}`);
  if (understood < asked) note?.(`${asked - understood} of its answers were no grade`);
  return grades;
}

/** What comes of it; undefined when the time is over and there is something to hand over. */
async function unlessOver<T>(
  signal: AbortSignal | undefined,
  some: boolean,
  work: () => Promise<T>,
): Promise<T | undefined> {
  let stop: (() => void) | undefined;
  try {
    signal?.throwIfAborted();
    const over = new Promise<never>((_, reject) => {
      stop = () => reject(signal!.reason);
      signal?.addEventListener('abort', stop, { once: true });
    });
    return await Promise.race([work(), over]);
  } catch (error) {
    if (signal?.aborted === true && some) return undefined;
    throw error;
  } finally {
    if (stop !== undefined) signal?.removeEventListener('abort', stop);
  }
}

function nonsense({ id }: LanguageModel, wanted: string): RemoteError {
  return new RemoteError(`No answer of the model ${id} held ${wanted}.`, 'Name a model that follows instructions.');
}
