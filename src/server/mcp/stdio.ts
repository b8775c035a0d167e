import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Engine } from '../operations/types.ts';
import { mcpServer } from './server.ts';

/** Speaks the Model Context Protocol over stdin and stdout until stdin ends or the signal aborts. */
export async function serveStdio(engine: Engine, signal: AbortSignal): Promise<void> {
  const server = mcpServer(engine);
  const ended = new Promise<void>((done) => {
    server.server.onclose = done;
    process.stdin.once('end', done);
    process.stdin.once('close', done);
    signal.addEventListener('abort', () => done(), { once: true });
  });
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
}
