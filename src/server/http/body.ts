import { ProblemError, problem } from '../problem.ts';

/** Bytes of bodies that may be held while the rest of them arrives, for all clients together. */
const MOST_ARRIVING = 256 * 1024 * 1024;
/** A body of this many bytes is read whatever else arrives. */
const SMALL = 64 * 1024;

/**
 * Bodies on their way. Slow senders hold no place that others wait for, only the bytes that they have sent, and those are
 * bounded together.
 */
export class Arrivals {
  #bytes = 0;

  /** @throws ProblemError 503 when too much is arriving. */
  take(bytes: number, before: number): void {
    if (before + bytes > SMALL && this.#bytes + bytes > MOST_ARRIVING) {
      throw problem(503, 'overloaded', 'Too many large bodies are arriving.', 'Try again in a moment.', {
        retryAfter: 5,
        headers: { connection: 'close' },
      });
    }
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * Reads a body of at most `limit` bytes; a larger one is refused before it is read where its length is declared.
 * @returns bytes that nobody else holds.
 * @throws ProblemError 413, 415 for a type other than the given ones and for bodies that are compressed, 503 when too much is arriving.
 */
export async function readBody(
  request: Request,
  types: readonly string[],
  limit: number,
  arrivals: Arrivals,
): Promise<Uint8Array<ArrayBuffer>> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (!types.includes(type)) {
    throw problem(
      415,
      'unsupported-media-type',
      type === '' ? 'The body has no Content-Type.' : `The body is of type "${type.slice(0, 100)}".`,
      `Send ${types.join(' or ')}.`,
    );
  }
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    throw problem(
      415,
      'unsupported-media-type',
      `The body is encoded as "${encoding.slice(0, 100)}".`,
      'Send it as it is, without Content-Encoding.',
    );
  }
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit);
  try {
    const isSmall = declared !== null && Number(declared) <= SMALL;
    return isSmall ? new Uint8Array(await request.arrayBuffer()) : await readAll(request, limit, arrivals);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw problem(499, 'cancelled', 'The connection ended before the body had arrived.');
  }
}

async function readAll(request: Request, limit: number, arrivals: Arrivals): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      const { byteLength } = part.value;
      if (size + byteLength > limit) throw tooLarge(limit);
      arrivals.take(byteLength, size);
      size += byteLength;
      chunks.push(part.value);
    }
  } finally {
    arrivals.give(size);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function tooLarge(limit: number): Error {
  return problem(413, 'body-too-large', `The body has more than ${limit} bytes.`, 'Send less at once.', {
    headers: { connection: 'close' },
  });
}
