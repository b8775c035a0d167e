import { RemoteError } from '../../base/errors.ts';
import { scaleToUnit } from '../unit.ts';

/**
 * The vectors of an answer of `/v1/embeddings`, unit length, in the order of the inputs. Components may be an array of
 * numbers or base64 of little-endian float32.
 *
 * @param dim components that each vector must have; undefined takes that of the first.
 * @throws RemoteError unless there is exactly one vector of that dimension, finite and not zero, for each input.
 */
export function parseEmbeddings(body: unknown, count: number, dim: number | undefined, url: string): Float32Array[] {
  const fail = (problem: string) =>
    new RemoteError(
      `The answer of ${url} is not what an embeddings endpoint gives: ${problem}.`,
      'Check that the URL names an OpenAI-compatible /v1/embeddings endpoint and the model an embedding model.',
    );
  const data = (body as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw fail('it has no list `data`');
  if (data.length !== count) throw fail(`${data.length} vectors for ${count} texts`);
  const vectors = new Map<number, Float32Array>();
  let expected = dim;
  data.forEach((item: { index?: unknown; embedding?: unknown } | null, position) => {
    const index = item?.index ?? position;
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
      throw fail(`a vector belongs to text ${JSON.stringify(index)} of ${count}`);
    }
    if (vectors.has(index as number)) throw fail(`text ${index} has two vectors`);
    const vector = toFloats(item?.embedding);
    if (vector === undefined) throw fail('an `embedding` is neither a list of numbers nor base64 of floats');
    expected ??= vector.length;
    if (vector.length === 0 || vector.length !== expected) {
      throw fail(`a vector of ${vector.length} components where ${expected} were expected`);
    }
    if (!scaleToUnit(vector)) throw fail('a vector is zero or not finite');
    vectors.set(index as number, vector);
  });
  return Array.from({ length: count }, (_, i) => vectors.get(i)!);
}

function toFloats(embedding: unknown): Float32Array | undefined {
  if (Array.isArray(embedding)) {
    return embedding.every((value) => typeof value === 'number') ? Float32Array.from(embedding) : undefined;
  }
  if (typeof embedding !== 'string') return undefined;
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.length % 4 !== 0) return undefined;
  const vector = new Float32Array(bytes.length / 4);
  for (let i = 0; i < vector.length; i++) vector[i] = bytes.readFloatLE(4 * i);
  return vector;
}
