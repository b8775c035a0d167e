import type { Engine } from '../operations/types.ts';
import { connect } from './connect.ts';
import { LineTransport } from './line-transport.ts';
import { contextsByName, type McpOptions, mcpServer } from './server.ts';

/** Speaks the Model Context Protocol over stdin and stdout until stdin ends, and what was asked is answered, or the signal aborts. */
export async function serveStdio(
  engine: Engine,
  signal: AbortSignal,
  options: Omit<McpOptions, 'contexts'> = {},
): Promise<void> {
  const running = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const settled = work.catch(() => undefined).finally(() => running.delete(settled));
    running.add(settled);
    return work;
  };
  const contexts = await contextsByName(engine);
  const tracked = {
    collections: engine.collections,
    call: (name, request, options) => track(engine.call(name, request, options)),
    callJson: (name, request, options) => track(engine.callJson(name, request, options)),
    close: () => engine.close(),
  } satisfies Engine;
  const server = mcpServer(tracked, { ...options, contexts });
  let asked = true;
  const ended = new Promise<void>((done) => {
    server.server.onclose = done;
    process.stdin.once('end', done);
    process.stdin.once('close', done);
    signal.addEventListener(
      'abort',
      () => {
        asked = false;
        done();
      },
      { once: true },
    );
  });
  await connect(server, new LineTransport(process.stdin, process.stdout), options.write);
  await ended;
  // What stood before the end of stdin becomes a call in the next turns of the event loop, and an answer in those after it.
  do await new Promise((next) => setTimeout(next, 10));
  while (asked && running.size > 0);
  await server.close();
}
