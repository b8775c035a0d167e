import { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../encoder.ts';
import { type Prefixes, withPrefix } from '../prefixes.ts';
import { formatSettings } from '../spec.ts';
import { checkedCount, Endpoint, type EndpointOptions } from './endpoint.ts';

/** Settings of {@link httpEncoder}. */
export interface HttpEncoderOptions extends EndpointOptions {
  /** Components of a vector. Default: found out by encoding one word. Every answer is checked against it. */
  readonly dim?: number;
  /** Text before every input, by role. */
  readonly prefixes?: Prefixes;
  /** Default: the specification, `http:<url>#<model>?dim=...`, with which `openEncoder` opens it again. */
  readonly id?: string;
}

/**
 * Any endpoint that speaks OpenAI's `/v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings):
 * hosted, or a local server such as Ollama, vLLM, llama.cpp or text-embeddings-inference. Texts are sent in batches,
 * several at a time; transient failures are tried again with exponential back-off, and `Retry-After` is honoured.
 * Vectors are checked and scaled to unit length. An empty text is sent as one space, since endpoints refuse empty ones.
 *
 * @throws InvalidArgumentError for impossible settings. RemoteError when the endpoint fails for good or answers nonsense.
 */
export async function httpEncoder(options: HttpEncoderOptions): Promise<Encoder> {
  const { prefixes = {}, model } = options;
  const endpoint = new Endpoint(options);
  const dim = options.dim === undefined ? await probe(endpoint) : checkedCount('dim', options.dim, 1);
  const settings = { dim, query: prefixes.query, document: prefixes.document };

  return {
    id: options.id ?? `http:${endpoint.url}#${formatSettings(model, settings)}`,
    dim,
    async encode(inputs, encodeOptions = {}) {
      const texts = withPrefix(inputs, prefixes, encodeOptions);
      const vectors = Vectors.zeros(texts.length, dim);
      await endpoint.encodeAll(texts, encodeOptions, dim, (i, vector) => vectors.row(i).set(vector));
      return vectors;
    },
  };
}

async function probe(endpoint: Endpoint): Promise<number> {
  const [vector] = await endpoint.encode(['dimension'], undefined, new AbortController().signal);
  return vector!.length;
}
