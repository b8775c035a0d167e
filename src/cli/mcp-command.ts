import { serveStdio } from '../server/mcp/stdio.ts';
import { LocalEngine } from '../server/operations/local.ts';
import { type NamedModel, namedModel, servedCollections } from './served-collections.ts';

export interface McpCommandOptions extends NamedModel {
  readonly in: readonly string[];
  readonly source?: readonly string[];
  readonly write: boolean;
}

/** `sagitta mcp`: the Model Context Protocol over stdin and stdout. */
export async function mcpCommand(options: McpCommandOptions, signal: AbortSignal): Promise<void> {
  const { write, source = [] } = options;
  const collections = await servedCollections(options.in, source);
  const named = await namedModel(options);
  const engine = new LocalEngine({ collections, readOnly: !write, ...named });
  try {
    await serveStdio(engine, signal, { write, model: named.model !== undefined });
  } finally {
    await engine.close();
  }
}
