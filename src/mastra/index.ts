import {
  type SearchToolInput,
  type SearchToolOptions,
  type SearchToolOutput,
  searchTool as toolOf,
} from '../ai/index.ts';
import { renderPassages, type SearchSource } from '../api/index.ts';

/** A tool as agents of Mastra take it; no more of Mastra is needed than this shape. */
export interface MastraSearchTool {
  readonly id: string;
  readonly description: string;
  /** A schema of zod. */
  // biome-ignore lint/suspicious/noExplicitAny: Mastra takes schemas of several kinds
  readonly inputSchema: any;
  execute(
    input: SearchToolInput,
    context?: { readonly abortSignal?: AbortSignal | undefined },
  ): Promise<SearchToolOutput>;
  /** What the model reads: passages as text. */
  toModelOutput(output: SearchToolOutput): { readonly type: 'text'; readonly value: string };
}

/**
 * A tool of Mastra that searches a collection or a server: `new Agent({ tools: { search: searchTool(source) } })`. Embedding models for Mastra are
 * those of the AI SDK: `embeddingModel` of `sagitta-search/ai`.
 * @param source a collection (`openCollection`) or a client (`createClient`).
 */
export function searchTool(source: SearchSource, options: SearchToolOptions = {}): MastraSearchTool {
  const { description, inputSchema, execute } = toolOf(source, options);
  return {
    id: 'search',
    description: description!,
    inputSchema,
    async execute(input, { abortSignal } = {}) {
      const call = { toolCallId: '', messages: [], ...(abortSignal === undefined ? {} : { abortSignal }) };
      return (await execute!(input, call)) as SearchToolOutput;
    },
    toModelOutput: ({ passages, note }) => ({ type: 'text', value: renderPassages(passages, note) }),
  };
}

export type { SearchToolInput, SearchToolOptions, SearchToolOutput };
