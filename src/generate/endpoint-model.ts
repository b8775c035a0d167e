import { InvalidArgumentError, RemoteError } from '../base/errors.ts';
import { serverSentEvents } from '../base/server-sent-events.ts';
import { apiKeyVariable, checkedUrl } from '../encode/http/endpoint.ts';
import { endpointReason } from '../encode/http/post.ts';
import { parseRetryAfter, type RetryPolicy, TransientError, withRetries } from '../encode/http/retry.ts';
import { type EndReason, type GenerateOptions, type LanguageModel, messagesOf, type Prompt } from './language-model.ts';

/** Settings of {@link endpointModel}. */
export interface EndpointModelOptions {
  /** `https://api.openai.com/v1`, `http://localhost:11434/v1`, or the whole address of `/chat/completions`. No keys in it. */
  readonly url: string;
  /** Name of the model, as the endpoint knows it. */
  readonly model: string;
  /**
   * Environment variable that holds the key, sent as a bearer token; read at each request. Default: a variable of the host's own,
   * `SAGITTA_KEY_` and the host in capitals, so that no host is ever sent another's key.
   */
  readonly apiKeyEnv?: string;
  /** Tokens of prompt and answer together, if it is known. */
  readonly window?: number;
  /** Milliseconds until the first piece; models think. Default 60,000. */
  readonly firstMs?: number;
  /** Milliseconds between two pieces. Default 20,000. */
  readonly pauseMs?: number;
  /** Milliseconds of a whole answer. Default 180,000. */
  readonly totalMs?: number;
  /** Further attempts before the first piece, after 408, 429, 5xx, a time-out or a broken connection. Default 2. */
  readonly retries?: number;
  /** Milliseconds before the first further attempt; doubles with each. Default 500. */
  readonly backoffMs?: number;
  /** Further headers. Their values appear in no message and no id. */
  readonly headers?: Readonly<Record<string, string>>;
}

const TIMES = { firstMs: 60_000, pauseMs: 20_000, totalMs: 180_000 };
/** Characters of an answer for each token that was allowed; what goes on beyond it keeps to no limit. */
const CHARACTERS = 12;
/** Characters of one event of the stream. */
const LONGEST_EVENT = 1_000_000;
const MAX_TOKENS = 512;

/**
 * Any endpoint that speaks OpenAI's `/v1/chat/completions` with streaming (https://platform.openai.com/docs/api-reference/chat): hosted, or a local
 * server such as Ollama, llama.cpp or vLLM. One that does not stream and sends the whole answer as JSON is understood too. An answer is stopped when it is
 * too slow or goes on beyond `maxTokens`, whatever the endpoint makes of that limit.
 *
 * @throws InvalidArgumentError for impossible settings.
 */
export function endpointModel(options: EndpointModelOptions): LanguageModel {
  const url = completionsUrl(options.url);
  const { model, headers = {}, window } = options;
  if (model === '') throw new InvalidArgumentError('The model has no name.', 'Name one, as in `openai:MODEL`.');
  const keyVariable = options.apiKeyEnv ?? apiKeyVariable(url);
  const times = {
    firstMs: time('firstMs', options.firstMs ?? TIMES.firstMs),
    pauseMs: time('pauseMs', options.pauseMs ?? TIMES.pauseMs),
    totalMs: time('totalMs', options.totalMs ?? TIMES.totalMs),
  };
  const policy: RetryPolicy = {
    retries: options.retries ?? 2,
    backoffMs: options.backoffMs ?? 500,
    random: Math.random,
  };
  const endpoint: Endpoint = { url, model, headers, keyVariable, times, policy };
  return {
    id: `openai:${model}@${new URL(url).host}`,
    ...(window === undefined ? {} : { window }),
    generate: (prompt, generating = {}) => generate(endpoint, prompt, generating),
  };
}

interface Endpoint {
  readonly url: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly keyVariable: string;
  readonly times: typeof TIMES;
  readonly policy: RetryPolicy;
}

async function* generate(endpoint: Endpoint, prompt: Prompt, options: GenerateOptions): AsyncGenerator<string> {
  const { maxTokens = MAX_TOKENS, signal, onEnd } = options;
  checkOptions(options);
  const { policy, url } = endpoint;
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const body = bodyOf(endpoint, prompt, options);
  let length = 0;
  let reason: EndReason | undefined;
  try {
    const begun = await withRetries(policy, both, () => begin(endpoint, body, both)).catch((error) => {
      if (!(error instanceof TransientError)) throw error;
      throw new RemoteError(
        `${url} ${error.message}, in ${policy.retries + 1} attempts.`,
        'Check that the endpoint is up and has the model; or ask without a model.',
        { cause: error.cause },
      );
    });
    const late = performance.now() + endpoint.times.totalMs;
    for (let next = begun.first; !next.done; ) {
      const { text, end } = next.value;
      if (end !== undefined) reason = end;
      if (text !== '') {
        length += text.length;
        if (length > maxTokens * CHARACTERS) {
          reason = 'endless';
          break;
        }
        yield text;
      }
      const left = Math.min(endpoint.times.pauseMs, late - performance.now());
      const following = await within(left, begun.pieces.next());
      if (following === undefined) {
        reason = length > maxTokens * (CHARACTERS / 3) ? 'endless' : 'late';
        break;
      }
      next = following;
    }
  } catch (error) {
    signal?.throwIfAborted();
    // What began is an answer, though not a whole one.
    if (length === 0) throw error;
    reason = 'broken';
  } finally {
    stop.abort();
  }
  onEnd?.(reason ?? 'broken');
}

interface Piece {
  readonly text: string;
  readonly end?: EndReason;
}

/** Sends the request and waits for the first piece, so that all before it can be tried again. */
async function begin(
  { url, headers, keyVariable, times: { firstMs } }: Endpoint,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly first: IteratorResult<Piece>; readonly pieces: AsyncGenerator<Piece> }> {
  const key = process.env[keyVariable] || undefined;
  const secrets = [key, ...Object.values(headers)];
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), firstMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream, application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body,
      // A key must not follow a redirect to where it was not meant to go.
      redirect: 'manual',
      signal: AbortSignal.any([signal, own.signal]),
    });
    const { status } = response;
    if (status === 408 || status === 429 || status >= 500) {
      const wait = parseRetryAfter(response.headers.get('retry-after'), Date.now());
      throw new TransientError(`answered ${status}${endpointReason(await response.text(), secrets)}`, wait);
    }
    if (!response.ok) {
      const told = endpointReason(await response.text(), secrets);
      throw new RemoteError(`${url} answered ${status}${told}.`, remedyFor(status, key !== undefined, keyVariable));
    }
    const pieces = piecesOf(response, url, secrets);
    let first = await pieces.next();
    // Some begin with an event that only says who speaks.
    while (!first.done && first.value.text === '' && first.value.end === undefined) first = await pieces.next();
    return { first, pieces };
  } catch (error) {
    signal.throwIfAborted();
    const isOver = own.signal.aborted;
    own.abort();
    if (error instanceof TransientError || error instanceof RemoteError) throw error;
    if (isOver) throw new TransientError(`did not begin to answer within ${firstMs} ms`);
    const { code } = ((error as Error).cause ?? error) as { code?: string };
    throw new TransientError(`cannot be reached (${code ?? 'connection lost'})`, undefined, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function* piecesOf(response: Response, url: string, secrets: Secrets): AsyncGenerator<Piece> {
  const type = response.headers.get('content-type') ?? '';
  if (!type.includes('text/event-stream')) {
    const piece = pieceOf(parsed(await response.text(), url), url, secrets);
    yield piece.end === undefined ? { ...piece, end: 'stop' } : piece;
    return;
  }
  let some = false;
  for await (const { data } of serverSentEvents(response.body!, LONGEST_EVENT)) {
    if (data.trim() === '[DONE]') {
      yield { text: '', end: 'stop' };
      return;
    }
    const piece = pieceOf(parsed(data, url), url, secrets);
    some ||= piece.text !== '';
    yield piece;
    if (piece.end !== undefined) return;
  }
  if (!some) throw new TransientError('ended its answer before it began');
}

type Secrets = readonly (string | undefined)[];

const ENDS: Readonly<Record<string, EndReason>> = { stop: 'stop', length: 'length', content_filter: 'refused' };

function pieceOf(value: unknown, url: string, secrets: Secrets): Piece {
  const { choices, error } = (value ?? {}) as { choices?: unknown; error?: unknown };
  if (error !== undefined && error !== null) {
    throw new RemoteError(
      `${url} stopped${endpointReason(JSON.stringify({ error }), secrets)}.`,
      'Try again, or ask without a model.',
    );
  }
  if (!Array.isArray(choices)) throw nonsense(url, 'it has no list `choices`');
  // The last event may count tokens, and hold no choice.
  const [choice] = choices as [Choice?];
  const part = choice?.delta ?? choice?.message;
  const content = part?.content ?? choice?.text ?? '';
  if (typeof content !== 'string') throw nonsense(url, 'its content is no text');
  const reason = choice?.finish_reason;
  return typeof reason === 'string' ? { text: content, end: ENDS[reason] ?? 'stop' } : { text: content };
}

interface Choice {
  readonly delta?: { readonly content?: unknown };
  readonly message?: { readonly content?: unknown };
  readonly text?: unknown;
  readonly finish_reason?: unknown;
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw nonsense(url, `it is no JSON (${JSON.stringify(text.slice(0, 60))})`);
  }
}

function nonsense(url: string, problem: string): RemoteError {
  return new RemoteError(
    `The answer of ${url} is not what a chat endpoint gives: ${problem}.`,
    'Check that the URL names an OpenAI-compatible /v1 or /v1/chat/completions endpoint.',
  );
}

function bodyOf({ model }: Endpoint, prompt: Prompt, options: GenerateOptions): string {
  const { maxTokens = MAX_TOKENS, temperature = 0, seed } = options;
  return JSON.stringify({
    model,
    messages: messagesOf(prompt),
    stream: true,
    max_tokens: maxTokens,
    temperature,
    ...(seed === undefined ? {} : { seed }),
  });
}

/** Undefined where it takes longer. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What nobody waits for any more may still fail.
    work.catch(() => undefined);
  }
}

function completionsUrl(given: string): string {
  const url = checkedUrl(given, 'http://localhost:11434/v1');
  if (/\/(chat\/)?completions\/?$/.test(new URL(url).pathname)) return url;
  return `${url.replace(/\/+$/, '')}/chat/completions`;
}

function time(name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`A model cannot be asked with ${name} ${value}.`, 'Give milliseconds, above 0.');
}

function checkOptions({ maxTokens = MAX_TOKENS, temperature = 0 }: GenerateOptions): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new InvalidArgumentError(`An answer of ${maxTokens} tokens.`, 'Allow a whole number of tokens, at least 1.');
  }
  if (!(temperature >= 0 && temperature <= 2)) {
    throw new InvalidArgumentError(`A temperature of ${temperature}.`, 'Give a number from 0 to 2.');
  }
}

function remedyFor(status: number, hasKey: boolean, variable: string): string {
  if (status === 401 || status === 403) {
    return `${hasKey ? 'Check' : 'Put'} the key ${hasKey ? 'in' : 'into'} the environment variable ${variable}.`;
  }
  if (status === 404) return 'Check the URL, and that the endpoint has the model.';
  if (status < 400) return 'Give the address that it redirects to.';
  return 'Mend the request: the model, or the length of the context.';
}
