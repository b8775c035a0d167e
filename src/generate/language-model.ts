/** One turn of what a model is given. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a model is given: turns, or one text of the user. */
export type Prompt = string | readonly Message[];

/** Options of one answer. */
export interface GenerateOptions {
  /** Most tokens of the answer. Default 512, at least 1. */
  readonly maxTokens?: number;
  /** 0 takes the likeliest piece each time; up to 2. Default 0. */
  readonly temperature?: number;
  /** Same seed, same answer, where the model keeps to that. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called once, with the reason for which it ended. An answer without an end that was stopped from here is told none. */
  readonly onEnd?: (reason: EndReason) => void;
}

/**
 * `stop`: it was done. `length`: `maxTokens` or the window were full. `refused`: the model or a filter behind it would not. `broken`: the connection ended
 * before the answer did. `late`: it was slower than it may be. `endless`: it went on beyond all that was allowed, and was stopped.
 */
export type EndReason = 'stop' | 'length' | 'refused' | 'broken' | 'late' | 'endless';

/**
 * A model that goes on with texts.
 *
 * An answer that begins is never an error: what came is what there is, and `onEnd` says why it is not more. One that does not begin is.
 * @throws of `generate`, before its first piece: RemoteError for an endpoint that fails or answers nonsense; InvalidArgumentError for options out of range.
 */
export interface LanguageModel {
  /** Names the model, and where it is asked: answers are kept under it. */
  readonly id: string;
  /** Tokens of prompt and answer together; absent where it is not known. */
  readonly window?: number;
  /** The answer, piece by piece as it comes. Leaving the loop stops it. */
  generate(prompt: Prompt, options?: GenerateOptions): AsyncIterable<string>;
  /** Log-probabilities of continuations, one for each; only of models that can tell. */
  score?(
    prompt: Prompt,
    continuations: readonly string[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Float32Array>;
  dispose?(): Promise<void>;
}

/** A prompt as turns. */
export function messagesOf(prompt: Prompt): readonly Message[] {
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}
