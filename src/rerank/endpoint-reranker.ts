import { InvalidArgumentError, RemoteError } from '../base/errors.ts';
import { apiKeyVariable, checkedCount, checkedUrl } from '../encode/http/endpoint.ts';
import { type PostTarget, postJson } from '../encode/http/post.ts';
import { type RetryPolicy, TransientError, withRetries } from '../encode/http/retry.ts';
import type { Reranker } from '../search/index.ts';
import { isLocal } from './local-address.ts';
import { parseScores } from './response.ts';

/**
 * How requests look: `cohere` (https://docs.cohere.com/reference/rerank), `jina` (https://api.jina.ai/redoc; also vLLM, llama.cpp and others), which asks
 * for no texts back, and `tei`, text-embeddings-inference. Answers of any of them are understood.
 */
export type RerankShape = 'cohere' | 'jina' | 'tei';

/** Settings of {@link endpointReranker}. */
export interface EndpointRerankerOptions {
  /** `https://api.cohere.com/v2/rerank`, `https://api.jina.ai/v1/rerank`, `http://localhost:8080/rerank`. No keys in it. */
  readonly url: string;
  /** Name of the model, as the endpoint knows it; `tei` needs none. */
  readonly model?: string;
  /** What pipelines call it. Default: `endpoint`. */
  readonly id?: string;
  /** Default: `cohere` where the host's name has that in it, else `jina`. */
  readonly shape?: RerankShape;
  /** Environment variable that holds the key, sent as a bearer token. Default: a variable of the host's own, as of `httpEncoder`. */
  readonly apiKeyEnv?: string;
  /** Most candidates in one request. Default 200. */
  readonly batchSize?: number;
  /** Most UTF-16 code units of a candidate; the rest is not sent. Default 8,000. */
  readonly longest?: number;
  /** Milliseconds after which a request counts as failed. Default 30,000; what a pipeline allows comes first. */
  readonly timeoutMs?: number;
  /** Further attempts after 408, 429, 5xx, a time-out or a broken connection. Default 2. */
  readonly retries?: number;
  /** Milliseconds before the first further attempt; doubles with each. Default 250. */
  readonly backoffMs?: number;
  /** Milliseconds that it may take in a pipeline that says nothing else. Default 5000. */
  readonly budgetMs?: number;
  /** Further headers. Their values appear in no message. */
  readonly headers?: Readonly<Record<string, string>>;
}

const BUDGET_MS = 5000;
/** An answer that is longer is none: a score takes some 60 bytes. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * A cross-encoder at an address: the query and the candidates' texts are sent there, and come back as scores.
 *
 * @throws InvalidArgumentError for impossible settings. Its `score` throws RemoteError when the endpoint fails for good, or answers nonsense: no scores, one that
 * is no number, or scores of what was not sent. A candidate of which it says nothing gets NaN.
 */
export function endpointReranker(options: EndpointRerankerOptions): Reranker {
  const url = checkedUrl(options.url, 'https://api.jina.ai/v1/rerank');
  const { hostname } = new URL(url);
  const { id = 'endpoint', model, budgetMs = BUDGET_MS } = options;
  const shape = options.shape ?? (hostname.includes('cohere') ? 'cohere' : 'jina');
  if (!['cohere', 'jina', 'tei'].includes(shape)) {
    throw new InvalidArgumentError(`There is no shape "${shape}" of requests.`, 'Use cohere, jina or tei.');
  }
  if (shape !== 'tei' && (model ?? '') === '') {
    throw new InvalidArgumentError(`The reranker at ${url} has no model.`, 'Name one, as the endpoint knows it.');
  }
  const target: PostTarget = {
    url,
    keyVariable: options.apiKeyEnv ?? apiKeyVariable(url),
    headers: options.headers ?? {},
    timeoutMs: checkedCount('timeoutMs', options.timeoutMs ?? 30_000, 1),
    missing: `Check the URL, and that the endpoint has the model ${model ?? ''}.`,
    mend: 'Mend the request: the model, the number of candidates (depth), or their length.',
    mostBytes: MOST_BYTES,
  };
  const policy: RetryPolicy = {
    retries: checkedCount('retries', options.retries ?? 2, 0),
    backoffMs: checkedCount('backoffMs', options.backoffMs ?? 250, 0),
    random: Math.random,
  };
  const batchSize = checkedCount('batchSize', options.batchSize ?? 200, 1);
  const longest = checkedCount('longest', options.longest ?? 8000, 1);

  const ask = async (query: string, texts: readonly string[], signal: AbortSignal): Promise<Float32Array> => {
    const body = bodyOf(shape, model, query, texts);
    const answer = await withRetries(policy, signal, () => postJson(target, body, signal)).catch((error) => {
      if (!(error instanceof TransientError)) throw error;
      throw new RemoteError(
        `${url} ${error.message}, in ${policy.retries + 1} attempts.`,
        'Check that the endpoint is up; or rank without it.',
        { cause: error.cause },
      );
    });
    return parseScores(answer, texts.length, url);
  };
  return {
    id,
    remote: !isLocal(hostname),
    budgetMs,
    async score({ content }, candidates, { signal = new AbortController().signal, note }) {
      const scores = new Float32Array(candidates.length).fill(Number.NaN);
      const start = performance.now();
      let requests = 0;
      for (let from = 0; from < candidates.length; from += batchSize) {
        const texts = candidates.slice(from, from + batchSize).map((text) => text.slice(0, longest) || ' ');
        scores.set(await ask(content, texts, signal), from);
        requests++;
      }
      note?.(
        `${hostname} scored ${candidates.length} in ${requests} requests, ${Math.round(performance.now() - start)} ms`,
      );
      return scores;
    },
  };
}

function bodyOf(shape: RerankShape, model: string | undefined, query: string, texts: readonly string[]): object {
  if (shape === 'tei') return { query, texts, raw_scores: false, truncate: true };
  const common = { model, query, documents: texts, top_n: texts.length };
  return shape === 'jina' ? { ...common, return_documents: false } : common;
}
