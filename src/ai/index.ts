import type { EmbeddingModel, Tool } from 'ai';
import { z } from 'zod';
import {
  type ContextSource,
  LIMITS,
  type PresentedPassage,
  presentPassages,
  type RetrieverName,
  renderPassages,
  type SearchSource,
} from '../api/index.ts';
import { given } from '../base/given.ts';

/** Options of {@link searchTool}. */
export interface SearchToolOptions {
  /** What the documents are, for the model: it decides by this when to search. */
  readonly description?: string;
  /** Most passages that the model may ask for. Default 8. */
  readonly k?: number;
  /** Only documents that satisfy this expression, whatever the model asks for. */
  readonly filter?: string;
  /** Most tokens of a result, by a cautious count. Default 2000. */
  readonly tokens?: number;
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
}

export interface SearchToolInput {
  readonly query: string;
  readonly k?: number | undefined;
}

export interface SearchToolOutput {
  readonly passages: readonly PresentedPassage[];
  /** Why there are fewer passages than asked for. */
  readonly note?: string;
}

/**
 * A tool of the AI SDK (`ai`) that searches a collection or a server: `generateText({ tools: { search: searchTool(source) } })`.
 * @param source a collection (`openCollection`) or a client (`createClient`).
 */
export function searchTool(
  source: SearchSource,
  options: SearchToolOptions = {},
): Tool<SearchToolInput, SearchToolOutput> {
  const { description = 'Searches documents. Returns the passages that answer a query best.' } = options;
  const { k: most = 8, tokens = 2000, filter, retriever, pipeline } = options;
  return {
    description,
    inputSchema: z.object({
      query: z.string().min(1).max(LIMITS.query).describe('A question or keywords.'),
      k: z.int().min(1).max(most).optional().describe(`How many passages; ${most} at most.`),
    }),
    execute: async ({ query, k = most }, { abortSignal }) => {
      const answer = await source.search(query, {
        k,
        collapse: true,
        ...(filter === undefined ? {} : { filter }),
        ...given({ retriever, pipeline }),
        ...(abortSignal === undefined ? {} : { signal: abortSignal }),
      });
      return presentPassages(answer, tokens);
    },
    toModelOutput: ({ output }) => ({ type: 'text', value: renderPassages(output.passages, output.note) }),
  };
}

/** Options of {@link contextTool}. */
export interface ContextToolOptions {
  /** What the documents are, for the model: it decides by this when to ask. */
  readonly description?: string;
  /** Only documents that satisfy this expression, whatever the model asks for. */
  readonly filter?: string;
  /** Most tokens of a result, by a cautious count. Default 1,000. */
  readonly tokens?: number;
  /** Searches that build on each other, 1 to 5. Default 1. */
  readonly hops?: number;
}

/**
 * A tool of the AI SDK that gives a model the sentences of all documents that bear on a question: `generateText({ tools: { context: contextTool(source) } })`.
 * @param source a collection (`openCollection`) or a client (`createClient`).
 */
export function contextTool(
  source: ContextSource,
  options: ContextToolOptions = {},
): Tool<{ readonly question: string }, string> {
  const { description = 'Gives the sentences of documents that bear on a question.', ...settings } = options;
  return {
    description,
    inputSchema: z.object({ question: z.string().min(1).max(LIMITS.query).describe('A whole question.') }),
    execute: async ({ question }, { abortSignal: signal }) => {
      const { text, note } = await source.context(question, { ...given(settings), ...given({ signal }) });
      return text === '' ? (note ?? 'Nothing relevant was found.') : text;
    },
  };
}

/** Texts that one call encodes. */
const MOST_TEXTS = 2048;

/**
 * An embedding model of the AI SDK by the encoder of a collection, a tuned one too: `embedMany({ model: embeddingModel(source), values })`.
 * @param source a collection (`openCollection`) or a client (`createClient`).
 * @param options.role whether texts are queries or documents; encoders with asymmetric prefixes differ. Default `document`.
 */
export function embeddingModel(
  source: Pick<SearchSource, 'embed'>,
  { role = 'document' }: { readonly role?: 'query' | 'document' } = {},
): Extract<EmbeddingModel, { readonly specificationVersion: 'v3' }> {
  return {
    specificationVersion: 'v3',
    provider: 'sagitta',
    modelId: role,
    maxEmbeddingsPerCall: MOST_TEXTS,
    supportsParallelCalls: true,
    doEmbed: async ({ values, abortSignal }) => ({
      embeddings: await source.embed(values, { role, ...given({ signal: abortSignal }) }),
      warnings: [],
    }),
  };
}
