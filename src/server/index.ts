export type { ServeConfig, ServeOptions } from './config.ts';
export { KeyFile, type KeyInfo, type Scope } from './keys.ts';
export { mcpServer } from './mcp/server.ts';
export { serveStdio } from './mcp/stdio.ts';
export { openApiDocument } from './openapi.ts';
export { LocalEngine } from './operations/local.ts';
export type { CallOptions, Engine, OperationName, Operations, ServedCollection } from './operations/types.ts';
export { type RunningServer, serve } from './serve.ts';
