import { type FunctionTool, tool } from '@llamaindex/core/tools';
import { type SearchToolInput, type SearchToolOptions, searchTool as toolOf } from '../ai/index.ts';
import { renderPassages, type SearchSource } from '../api/index.ts';

/** What {@link searchTool} makes. */
export type LlamaIndexSearchTool = FunctionTool<SearchToolInput, string | Promise<string>>;

/**
 * A tool of LlamaIndex that searches a collection or a server: `agent({ tools: [searchTool(source)] })`. A model reads passages as text.
 * @param source a collection (`openCollection`) or a client (`createClient`). @param options as of the AI SDK's tool.
 */
export function searchTool(source: SearchSource, options: SearchToolOptions = {}): LlamaIndexSearchTool {
  const { description, inputSchema, execute } = toolOf(source, options);
  return tool({
    name: 'search',
    description: description!,
    // biome-ignore lint/suspicious/noExplicitAny: a schema of zod, whose types the two libraries name differently
    parameters: inputSchema as any,
    execute: async (input) => {
      const found = await execute!(input as SearchToolInput, { toolCallId: '', messages: [] });
      const { passages, note } = found as Exclude<typeof found, AsyncIterable<unknown>>;
      return renderPassages(passages, note);
    },
  }) as unknown as LlamaIndexSearchTool;
}
