import { InvalidArgumentError, RemoteError } from '../../base/errors.ts';
import type { Content, EncodeOptions } from '../encoder.ts';
import { postJson } from './post.ts';
import { parseEmbeddings } from './response.ts';
import { type RetryPolicy, TransientError, withRetries } from './retry.ts';

/** Where and how requests are sent. All values are checked by the constructor of {@link Endpoint}. */
export interface EndpointOptions {
  /** The endpoint, e.g. `https://api.openai.com/v1/embeddings` or `http://localhost:11434/v1/embeddings`. No keys in it. */
  readonly url: string;
  /** Name of the model, as the endpoint knows it. */
  readonly model: string;
  /**
   * Environment variable that holds the key, sent as a bearer token. It is read at each request. Default: a variable of
   * the host's own, see {@link apiKeyVariable}, so that no host is ever sent another's key.
   */
  readonly apiKeyEnv?: string;
  /** Most texts in one request. Default 64. */
  readonly batchSize?: number;
  /** Most UTF-16 code units in one request (a longer text has one of its own). Default 100,000. */
  readonly batchCharacters?: number;
  /** Requests under way at once. Default 4. */
  readonly concurrency?: number;
  /** Milliseconds after which a request counts as failed. Default 60,000. */
  readonly timeoutMs?: number;
  /** Further attempts after 408, 429, 5xx, a time-out or a broken connection. Default 5. */
  readonly retries?: number;
  /** Milliseconds before the first further attempt; doubles with each, up to 30 seconds. Default 500. */
  readonly backoffMs?: number;
  /** Uniform in [0, 1), scatters the waits between attempts. Default `Math.random`. */
  readonly random?: () => number;
  /** Further headers. Their values appear in no message and no id. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** `SAGITTA_KEY_` and the host in capitals, `.` as `_` and `-` as `__`: `SAGITTA_KEY_API_OPENAI_COM`. */
export function apiKeyVariable(url: string): string {
  const { hostname } = new URL(url);
  return `SAGITTA_KEY_${hostname
    .toUpperCase()
    .replaceAll('-', '__')
    .replace(/[^A-Z0-9_]/g, '_')}`;
}

/** One model at one address. */
export class Endpoint {
  /** Normalised; it holds no secret, so messages and ids may show it. */
  readonly url: string;
  readonly #model: string;
  readonly #apiKeyEnv: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #batchSize: number;
  readonly #batchCharacters: number;
  readonly #concurrency: number;
  readonly #policy: RetryPolicy;

  constructor(options: EndpointOptions) {
    this.url = checkedUrl(options.url);
    if (options.model === '') {
      throw new InvalidArgumentError('The HTTP encoder has no model.', 'Name one, as in `http:<url>#<model>`.');
    }
    this.#model = options.model;
    this.#apiKeyEnv = options.apiKeyEnv ?? apiKeyVariable(this.url);
    this.#headers = options.headers ?? {};
    this.#timeoutMs = checkedCount('timeoutMs', options.timeoutMs ?? 60_000, 1);
    this.#batchSize = checkedCount('batchSize', options.batchSize ?? 64, 1);
    this.#batchCharacters = checkedCount('batchCharacters', options.batchCharacters ?? 100_000, 1);
    this.#concurrency = checkedCount('concurrency', options.concurrency ?? 4, 1);
    this.#policy = {
      retries: checkedCount('retries', options.retries ?? 5, 0),
      backoffMs: checkedCount('backoffMs', options.backoffMs ?? 500, 0),
      random: options.random ?? Math.random,
    };
  }

  /** Encodes all texts, some requests at a time; the first final failure ends the others. */
  async encodeAll(
    texts: readonly Content[],
    { batchSize = this.#batchSize, signal, onProgress }: EncodeOptions,
    dim: number,
    place: (i: number, vector: Float32Array) => void,
  ): Promise<void> {
    signal?.throwIfAborted();
    const ending = new AbortController();
    const both = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]);
    const batches = this.#batches(texts, Math.min(checkedCount('batchSize', batchSize, 1), this.#batchSize));
    let done = 0;
    const worker = async () => {
      // One iterator for all workers: each takes the next batch.
      for (const [start, end] of batches) {
        const vectors = await this.encode(texts.slice(start, end), dim, both);
        vectors.forEach((vector, i) => {
          place(start + i, vector);
        });
        done += end - start;
        onProgress?.(done, texts.length);
      }
    };
    const workers = Array.from({ length: this.#concurrency }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      ending.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
  }

  /** One request and its retries. @param dim what to expect; undefined for whatever comes. */
  async encode(texts: readonly Content[], dim: number | undefined, signal: AbortSignal): Promise<Float32Array[]> {
    try {
      const body = await withRetries(this.#policy, signal, () => this.#attempt(texts, signal));
      return parseEmbeddings(body, texts.length, dim, this.url);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new RemoteError(
        `${this.url} ${error.message}, in ${this.#policy.retries + 1} attempts.`,
        'Check that the endpoint is up; more time, more retries or fewer requests at once may help.',
        { cause: error.cause },
      );
    }
  }

  #attempt(texts: readonly Content[], signal: AbortSignal): Promise<unknown> {
    const body = {
      model: this.#model,
      input: texts.map((input) => (input === '' ? ' ' : input)),
      encoding_format: 'float',
    };
    return postJson(
      {
        url: this.url,
        keyVariable: this.#apiKeyEnv,
        headers: this.#headers,
        timeoutMs: this.#timeoutMs,
        missing: `Check the URL, and that the endpoint has the model ${this.#model}.`,
        mend: 'Mend the request: the model, the length of the texts, or the batch size.',
      },
      body,
      signal,
    );
  }

  /** Ranges of consecutive texts that make one request each. */
  *#batches(texts: readonly Content[], most: number): Generator<readonly [start: number, end: number]> {
    for (let start = 0; start < texts.length; ) {
      let end = start + 1;
      let characters = texts[start]!.length;
      while (end < texts.length && end - start < most) {
        characters += texts[end]!.length;
        if (characters > this.#batchCharacters) break;
        end++;
      }
      yield [start, end];
      start = end;
    }
  }
}

export function checkedCount(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(
    `The HTTP encoder cannot work with ${name} ${value}.`,
    `Give a whole number of at least ${least}.`,
  );
}

/** An address without a secret in it, as messages and ids may show it. @param such an address as it should look. */
export function checkedUrl(text: string, such = 'https://host/v1/embeddings'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError(`"${text}" is not the address of an endpoint.`, `Give one such as ${such}.`);
  }
  const secret = [...url.searchParams.keys()].find((name) => /key|token|secret|password|sig/i.test(name));
  if (url.username !== '' || url.password !== '' || secret !== undefined) {
    throw new InvalidArgumentError(
      `The address of the endpoint at ${url.host} holds a secret, which would be stored and shown.`,
      `Put the key into the environment variable ${apiKeyVariable(text)}, or into the one that apiKeyEnv names.`,
    );
  }
  url.hash = '';
  return url.href;
}
