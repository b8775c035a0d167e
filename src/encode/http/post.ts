import { RemoteError } from '../../base/errors.ts';
import { parseRetryAfter, TransientError } from './retry.ts';

/** Where a request goes, and what is said when it fails. */
export interface PostTarget {
  readonly url: string;
  /** Environment variable of the key, which is sent as a bearer token. */
  readonly keyVariable: string;
  /** Further headers; their values appear in no message. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds after which the attempt counts as failed. */
  readonly timeoutMs: number;
  /** The remedy for 404. */
  readonly missing: string;
  /** The remedy for what else is refused. */
  readonly mend: string;
  /** Most bytes of an answer. Default: no limit. */
  readonly mostBytes?: number;
}

/**
 * One attempt to post JSON and to read what is answered, parsed.
 * @throws TransientError for what may pass: 408, 429, 5xx, no answer in time, no connection. RemoteError for what will not; the signal's reason.
 */
export async function postJson(target: PostTarget, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { url, keyVariable, headers, timeoutMs, mostBytes = Number.POSITIVE_INFINITY } = target;
  const key = process.env[keyVariable] || undefined;
  const secrets = [key, ...Object.values(headers)];
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: JSON.stringify(body),
      // A key must not follow a redirect to where it was not meant to go.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    text = await textOf(response, mostBytes);
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw new TransientError(`did not answer within ${timeoutMs} ms`);
    if (error instanceof RemoteError) throw error;
    const { code } = ((error as Error).cause ?? error) as { code?: string };
    throw new TransientError(`cannot be reached (${code ?? 'connection lost'})`, undefined, { cause: error });
  }
  const { status } = response;
  if (status === 408 || status === 429 || status >= 500) {
    const wait = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    throw new TransientError(`answered ${status}${endpointReason(text, secrets)}`, wait);
  }
  if (!response.ok) {
    const problem = `${url} answered ${status}${endpointReason(text, secrets)}.`;
    throw new RemoteError(problem, remedyOf(target, status, key !== undefined));
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RemoteError(`The answer of ${url} is not JSON.`, 'Check the URL.', { cause });
  }
}

async function textOf(response: Response, most: number): Promise<string> {
  if (most === Number.POSITIVE_INFINITY || response.body === null) return response.text();
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes > most) {
      void reader.cancel().catch(() => undefined);
      throw new RemoteError(`${response.url} answered more than ${most} bytes.`, 'Check the URL.');
    }
    parts.push(part.value);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

function remedyOf({ keyVariable, missing, mend }: PostTarget, status: number, hasKey: boolean): string {
  if (status === 401 || status === 403) {
    return `${hasKey ? 'Check' : 'Put'} the key ${hasKey ? 'in' : 'into'} the environment variable ${keyVariable}.`;
  }
  if (status === 404) return missing;
  if (status < 400) return 'Give the address that it redirects to.';
  return mend;
}

/** What an endpoint says is wrong, in parentheses on one short line, without the secrets that it was sent; nothing where it says nothing. */
export function endpointReason(text: string, secrets: readonly (string | undefined)[]): string {
  let message = text;
  try {
    const { error, message: plain } = JSON.parse(text);
    message = String((typeof error === 'string' ? error : error?.message) ?? plain ?? '');
  } catch {
    // Not JSON: the text itself has to do.
  }
  for (const secret of secrets) if (secret) message = message.replaceAll(secret, '[redacted]');
  const line = message.replace(/\s+/g, ' ').trim().slice(0, 300);
  return line === '' ? '' : ` (${line})`;
}
