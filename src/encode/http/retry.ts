import { setTimeout as sleep } from 'node:timers/promises';

/** When and how often to try again. */
export interface RetryPolicy {
  /** Further attempts after the first. */
  readonly retries: number;
  /** Milliseconds before the first further attempt; doubles with each, up to 30 seconds. */
  readonly backoffMs: number;
  /** Uniform in [0, 1): scatters the waits, so that many clients do not come back at once. */
  readonly random: () => number;
}

/** A failure that may pass. */
export class TransientError extends Error {
  constructor(
    message: string,
    /** Milliseconds that the other side asked to wait. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const LONGEST_BACKOFF_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 120_000;

/**
 * Runs `attempt` until it succeeds, fails otherwise than with a {@link TransientError}, or has been retried often
 * enough: exponential back-off, each wait drawn from its upper half ("equal jitter"). What the other side asks to wait
 * is a lower bound; if that is more than two minutes, the failure is final.
 */
export async function withRetries<T>(
  { retries, backoffMs, random }: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError) || failures >= retries) throw error;
      if (error.retryAfterMs !== undefined && error.retryAfterMs > LONGEST_RETRY_AFTER_MS) throw error;
      const backoff = Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** failures) * (0.5 + 0.5 * random());
      await sleep(Math.max(backoff, error.retryAfterMs ?? 0), undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}

/** Milliseconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3: seconds or a date). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
