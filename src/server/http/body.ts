import { ProblemError, problem } from '../problem.ts';

/**
 * Reads a body of at most `limit` bytes; a larger one is refused before it is read where its length is declared.
 * @returns bytes that nobody else holds. @throws ProblemError 413, or 415 for a type other than the given ones.
 */
export async function readBody(
  request: Request,
  types: readonly string[],
  limit: number,
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
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit);
  try {
    return declared === null ? await readAll(request, limit) : new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw problem(499, 'cancelled', 'The connection ended before the body had arrived.');
  }
}

async function readAll(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(part.value);
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
