import { randomUUID } from 'node:crypto';
import type { EmbeddingsAnswer, EmbeddingsRequest, RerankAnswer, RerankRequest } from '../../api/index.ts';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nearest } from '../../base/nearest.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { Collection } from '../../collection/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { countTokens, splitPassages, textBlocks } from '../../text/index.ts';
import type { CollectionHost } from './host.ts';

/** Embeddings in OpenAI's shape, by the encoder of a collection. */
export function embed(
  host: CollectionHost,
  { model, input, input_type: type = 'document', encoding_format: format, dimensions }: EmbeddingsRequest,
  signal: AbortSignal | undefined,
): Promise<EmbeddingsAnswer> {
  return withEncoder(host, model, async (encoder) => {
    if (dimensions !== undefined && dimensions !== encoder.dim) {
      throw new InvalidArgumentError(
        `The encoder ${encoder.id} has ${encoder.dim} dimensions, and ${dimensions} are asked for.`,
        'Leave `dimensions` out.',
      );
    }
    const texts = typeof input === 'string' ? [input] : input;
    const role = /query/i.test(type) ? 'query' : 'document';
    const vectors = await encoder.encode(texts, { role, ...given({ signal }) });
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    return {
      object: 'list',
      data: texts.map((_, index) => ({ object: 'embedding', index, embedding: written(vectors, index, format) })),
      model: encoder.id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  });
}

function written(vectors: Vectors, index: number, format: 'float' | 'base64'): number[] | string {
  const row = vectors.row(index);
  if (format === 'float') return Array.from(row);
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('base64');
}

/** An order of documents in Cohere's and Jina's shape, by the encoder of a collection: a document is as good as its best passage. */
export function rerank(
  host: CollectionHost,
  { model, query, documents, top_n: most = documents.length, return_documents: shown }: RerankRequest,
  signal: AbortSignal | undefined,
): Promise<RerankAnswer> {
  return withEncoder(host, model, async (encoder, { settings }) => {
    const texts = documents.map((document) => (typeof document === 'string' ? document : document.text));
    const options = { maxTokens: settings.passageTokens, overlap: settings.passageOverlap };
    const owners: number[] = [];
    const passages = texts.flatMap((text, i) => {
      const own = splitPassages(text, textBlocks(text), options).map(({ start, end }) => text.slice(start, end));
      for (const _ of own) owners.push(i);
      return own;
    });
    const asked = (await encoder.encode([query], { role: 'query', ...given({ signal }) })).row(0);
    const vectors = await encoder.encode(passages, { role: 'document', ...given({ signal }) });
    const scores = new Float64Array(texts.length);
    owners.forEach((owner, row) => {
      scores[owner] = Math.max(scores[owner]!, product(asked, vectors.row(row)));
    });
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    return {
      id: randomUUID(),
      model: encoder.id,
      results: order.slice(0, most).map((index) => ({
        index,
        relevance_score: scores[index]!,
        ...(shown ? { document: { text: texts[index]! } } : {}),
      })),
      usage: { total_tokens: [query, ...passages].reduce((sum, text) => sum + countTokens(text), 0) },
      meta: { billed_units: { search_units: 1 } },
    };
  });
}

/** Of unit vectors the cosine, at most 1 however it was rounded. */
function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return Math.min(1, sum);
}

/** Works with the encoder that a model names: a collection's, or one that some collection has. @throws NotFoundError for another. */
async function withEncoder<T>(
  host: CollectionHost,
  model: string | undefined,
  work: (encoder: Encoder, collection: Collection) => Promise<T>,
): Promise<T> {
  return host.use(await collectionOf(host, model), async (collection) => {
    const encoder = await collection.encoder();
    if (encoder !== undefined) return work(encoder, collection);
    throw new InvalidArgumentError(
      `The collection "${model ?? 'default'}" has no encoder.`,
      'Name a collection that has one, or give it one with `sagitta reencode`.',
    );
  });
}

async function collectionOf(host: CollectionHost, model: string | undefined): Promise<string | undefined> {
  const { names } = host;
  if (model === undefined || names.includes(model)) return model;
  const encoders: string[] = [];
  for (const name of names) {
    const encoder = await host
      .use(name, async (collection) => collection.read(async ({ settings }) => settings.encoder))
      .catch(() => 'none');
    if (encoder === model) return name;
    encoders.push(encoder);
  }
  const known = [...new Set([...names, ...encoders])].filter((name) => name !== 'none');
  const guess = nearest(model, known);
  throw new NotFoundError(
    `There is no model "${model.slice(0, 100)}".`,
    guess === undefined ? `Name one of: ${known.join(', ')}.` : `Did you mean "${guess}"?`,
  );
}
