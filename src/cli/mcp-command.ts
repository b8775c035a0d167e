import { serveStdio } from '../server/mcp/stdio.ts';
import { LocalEngine } from '../server/operations/local.ts';
import { type NamedModel, namedModel } from './named-model.ts';
import { servedCollections } from './served-collections.ts';

export interface McpCommandOptions extends NamedModel {
  readonly in: readonly string[];
  readonly source?: readonly string[];
  readonly write: boolean;
}

/** `sagitta mcp`: the Model Context Protocol over stdin and stdout. */
export async function mcpCommand(options: McpCommandOptions, signal: AbortSignal): Promise<void> {
  const { write, source = [] } = options;
  const collections = await servedCollections(options.in, source);
  const model = await namedModel(options);
  const engine = new LocalEngine({ collections, readOnly: !write, ...(model === undefined ? {} : { model }) });
  try {
    await serveStdio(engine, signal, { write, model: model !== undefined });
  } finally {
    await engine.close();
  }
}
