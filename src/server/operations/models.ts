import { randomUUID } from 'node:crypto';
import type { EmbeddingsAnswer, EmbeddingsRequest, RerankAnswer, RerankRequest } from '../../api/index.ts';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nearest } from '../../base/nearest.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { Collection } from '../../collection/index.ts';
import { CROSS } from '../../collection/reranking.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { dot } from '../../math/index.ts';
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

/**
 * An order of documents in Cohere's and Jina's shape: a document is as good as its best passage. By the cross-encoder that was trained for the
 * collection, where there is one that knows the query's language and no encoder is named; else by the encoder.
 */
export async function rerank(
  host: CollectionHost,
  { model, query, documents, top_n: most = documents.length, return_documents: shown }: RerankRequest,
  signal: AbortSignal | undefined,
): Promise<RerankAnswer> {
  const name = await collectionOf(host, model);
  return host.use(name, async (collection) => {
    const texts = documents.map((document) => (typeof document === 'string' ? document : document.text));
    const { passages, owners } = passagesOf(texts, collection);
    const own =
      model === undefined || model === name ? await crossScores(collection, query, passages, signal) : undefined;
    const encoder = own === undefined ? await encoderOf(collection, model) : undefined;
    const found = own ?? (await cosines(encoder!, query, passages, signal));
    const scores = new Float64Array(texts.length);
    owners.forEach((owner, row) => {
      scores[owner] = Math.max(scores[owner]!, found[row]!);
    });
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    return {
      id: randomUUID(),
      model: encoder?.id ?? CROSS,
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

/** Texts cut as the collection cuts its documents, and which text each passage is of. */
function passagesOf(texts: readonly string[], { settings }: Collection) {
  const options = { maxTokens: settings.passageTokens, overlap: settings.passageOverlap };
  const owners: number[] = [];
  const passages = texts.flatMap((text, i) => {
    const own = splitPassages(text, textBlocks(text), options).map(({ start, end }) => text.slice(start, end));
    for (const _ of own) owners.push(i);
    return own;
  });
  return { passages, owners };
}

/** Scores between 0 and 1 by the collection's own cross-encoder; undefined where it has none, or none that knows the language. */
function crossScores(
  collection: Collection,
  query: string,
  passages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly number[] | undefined> {
  return collection.read(async (corpus) => {
    const { rerankers = [] } = collection.environment(corpus).extensions ?? {};
    const cross = rerankers.find(({ id }) => id === CROSS);
    if (cross === undefined) return undefined;
    const asked = { content: query, language: await collection.queryLanguage(query) };
    const logits = await cross.score(asked, passages, { corpus, passages: new Uint32Array(), ...given({ signal }) });
    signal?.throwIfAborted();
    const scores = Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
    return scores.some(Number.isNaN) ? undefined : scores;
  });
}

async function cosines(
  encoder: Encoder,
  query: string,
  passages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const asked = (await encoder.encode([query], { role: 'query', ...given({ signal }) })).row(0);
  const vectors = await encoder.encode(passages, { role: 'document', ...given({ signal }) });
  // Of unit vectors, at most 1 however it was rounded.
  return passages.map((_, row) => Math.min(1, dot(asked, vectors.row(row))));
}

/** Works with the encoder that a model names: a collection's, or one that some collection has. @throws NotFoundError for another. */
async function withEncoder<T>(
  host: CollectionHost,
  model: string | undefined,
  work: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  return host.use(await collectionOf(host, model), async (collection) => work(await encoderOf(collection, model)));
}

async function encoderOf(collection: Collection, model: string | undefined): Promise<Encoder> {
  const encoder = await collection.encoder();
  if (encoder !== undefined) return encoder;
  throw new InvalidArgumentError(
    `The collection "${model ?? 'default'}" has no encoder.`,
    'Name a collection that has one, or give it one with `sagitta reencode`.',
  );
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
