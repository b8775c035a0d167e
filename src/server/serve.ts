import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { InvalidArgumentError, StorageError } from '../base/errors.ts';
import { resolveConfig, type ServeOptions } from './config.ts';
import { type App, createApp } from './http/app.ts';
import { StaticFiles } from './http/static.ts';
import { Jobs } from './jobs.ts';
import { mcpOverHttp } from './mcp/http.ts';
import { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { webFolder } from './paths.ts';
import { ThreadedEngine } from './threads/engine.ts';
import { version } from './version.ts';

/** A server that accepts requests. */
export interface RunningServer {
  /** `http://127.0.0.1:7700` */
  readonly url: string;
  readonly port: number;
  /** Whether the page is served. */
  readonly page: boolean;
  /**
   * Accepts nothing more, finishes what was accepted, and ends. What is not done after `patience` milliseconds is given up: its
   * clients get 503 `stopping` with `Retry-After`, nothing of it is acknowledged, and a run of a model is the one thing that is
   * still waited for. May be called again with less patience.
   * @param patience default: the server's `drain`.
   */
  stop(patience?: number): Promise<void>;
}

/**
 * Serves collections: the HTTP API, the page and the Model Context Protocol at `/mcp`.
 * @throws InvalidArgumentError for unsafe or impossible settings and for a port that is in use.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const config = resolveConfig(options);
  const { collections, readOnly, queue, timeout, drain, threads, onFault } = config;
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  const engine = new ThreadedEngine({
    collections,
    readOnly,
    searchThreads: threads,
    queue,
    timeout,
    ...(config.model === undefined ? {} : { model: config.model }),
    ...(onFault === undefined ? {} : { onFault }),
  });
  const jobs = new Jobs(engine);
  const metrics = new Metrics();
  observeEngine(metrics, engine);
  const web = config.web === undefined ? webFolder() : (config.web ?? undefined);
  const files = web === undefined ? undefined : new StaticFiles(web);
  const app = createApp({
    config,
    engine,
    jobs,
    metrics,
    files,
    openApi: new TextEncoder().encode(JSON.stringify(openApiDocument(version()))),
    mcp: mcpOverHttp(engine, { model: config.model !== undefined }),
    state: () => state,
  });
  const server = createServer(app, config.requestTimeout);
  let address: AddressInfo;
  try {
    address = await listen(server, config.host, config.port);
  } catch (error) {
    await engine.close();
    throw error;
  }
  await engine.warmUp();
  state = 'ready';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  let stopping: Promise<void> | undefined;
  /** The one deadline of everything that stopping waits for. */
  const late = new AbortController();
  const stop = async (): Promise<void> => {
    state = 'stopping';
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeIdleConnections();
    await before(late.signal, jobs.settle());
    while (app.running() > 0 && !late.signal.aborted) await new Promise((next) => setTimeout(next, 10));
    await engine.close(late.signal);
    server.closeIdleConnections();
    // Answers that are still on their way to slow readers get a moment; then the connections go.
    const last = setTimeout(() => server.closeAllConnections(), 1000);
    await closed;
    clearTimeout(last);
  };
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    page: files !== undefined,
    stop(patience = drain) {
      const timer = setTimeout(() => late.abort(), patience);
      stopping ??= stop();
      return stopping.finally(() => clearTimeout(timer));
    },
  };
}

function createServer(app: App, requestTimeout: number): Server {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings as never), {
    // A Host or an address that no request can have.
    errorHandler: () => {
      const { body, headers } = refusal(
        '400 Bad Request',
        'The request has no address',
        'invalid-request',
        'Send a path such as /v1/search, and one Host header with the name and the port that the server printed.',
      );
      return new Response(body, { status: 400, headers });
    },
  });
  // How often slow connections are looked for.
  const server = createHttpServer(
    {
      connectionsCheckingInterval: Math.min(5000, requestTimeout / 2),
      // Node would answer without a word; the listener says what is missing.
      requireHostHeader: false,
    },
    listener,
  );
  // Headers within 10 s, a whole request within `requestTimeout`: slow senders do not hold connections.
  server.headersTimeout = Math.min(10_000, requestTimeout);
  server.requestTimeout = requestTimeout;
  server.keepAliveTimeout = 30_000;
  dropThoseWhoDoNotRead(server, requestTimeout);
  server.maxHeadersCount = 100;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const refused = slow ? TOO_SLOW : error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : NOT_HTTP;
    const { body, headers } = refusal(...refused);
    const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${refused[0]}\r\n${lines.join('')}\r\n${body}`);
  });
  return server;
}

type Refusal = readonly [status: string, title: string, code: string, remedy: string];
const TOO_SLOW: Refusal = [
  '408 Request Timeout',
  'The request took too long to arrive',
  'too-slow',
  'Send it at once, or give the server a longer --request-timeout.',
];
const TOO_LARGE: Refusal = [
  '431 Request Header Fields Too Large',
  'The headers are too large',
  'headers-too-large',
  'Send at most 16 KiB of headers: what is long belongs into the body.',
];
const NOT_HTTP: Refusal = [
  '400 Bad Request',
  'This is not HTTP',
  'invalid-http',
  'Send HTTP/1.1 requests, without TLS (http://, not https://).',
];

/** A problem document for what does not come as far as the application. @param status with its reason. */
function refusal(...[status, title, code, remedy]: Refusal) {
  const type = `urn:sagitta:problem:${code}`;
  const body = JSON.stringify({ type, title, status: Number(status.slice(0, 3)), detail: `${title}.`, code, remedy });
  const length = String(Buffer.byteLength(body));
  return { body, headers: { 'content-type': 'application/problem+json', 'content-length': length } };
}

/** Ends connections on which an answer waits and nothing moves for so many milliseconds; work that takes longer is nobody's fault. */
function dropThoseWhoDoNotRead(server: Server, patience: number): void {
  const answering = new Set<Socket>();
  server.on('request', ({ socket }, response) => {
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
  });
  server.timeout = patience;
  // Nothing moved for so long, in neither direction; also called for connections that wait for a next request.
  server.on('timeout', (socket) => {
    if (!answering.has(socket) || socket.writableLength > 0) socket.destroy();
  });
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(
          new InvalidArgumentError(
            `Port ${port} on ${host} is in use.`,
            'Choose another with --port, or 0 for any free one.',
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(
          new InvalidArgumentError(`Port ${port} may not be used by this user.`, 'Choose one above 1023 with --port.'),
        );
      } else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
        reject(new InvalidArgumentError(`${host} is not an address of this machine.`, 'Choose another with --host.'));
      } else
        reject(
          new StorageError(`The server cannot listen on ${host}:${port} (${error.code}).`, 'Choose another port.'),
        );
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

/** Returns when the work is done, or the signal fires. */
async function before(late: AbortSignal, work: Promise<void>): Promise<void> {
  if (late.aborted) return;
  await Promise.race([work, new Promise((done) => late.addEventListener('abort', done, { once: true }))]);
}

function observeEngine(metrics: Metrics, engine: ThreadedEngine): void {
  const pools = Object.entries(engine.pools);
  metrics.gauge('sagitta_pool_waiting', 'Calls that wait for a thread.', () =>
    pools.map(([pool, { load }]) => [{ pool }, load.waiting] as const),
  );
  metrics.gauge('sagitta_pool_running', 'Calls that threads work on.', () =>
    pools.map(([pool, { load }]) => [{ pool }, load.running] as const),
  );
  metrics.gauge('process_resident_memory_bytes', 'Resident memory in bytes.', () => [[{}, process.memoryUsage.rss()]]);
  metrics.gauge('process_cpu_seconds_total', 'Processor time, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return [[{}, (user + system) / 1e6]];
  });
  let infos: Promise<readonly (readonly [string, number, number, number])[]> | undefined;
  const all = (): NonNullable<typeof infos> => {
    infos ??= Promise.all(
      engine.collections.map(async (collection) => {
        const info = await engine.call('info', { collection }).catch(() => undefined);
        return [collection, info?.documents ?? 0, info?.passages ?? 0, info === undefined ? 0 : 1] as const;
      }),
    ).finally(() => {
      setTimeout(() => (infos = undefined), 100).unref();
    });
    return infos;
  };
  metrics.gauge('sagitta_collection_up', 'Whether the collection can be read.', async () =>
    (await all()).map(([collection, , , up]) => [{ collection }, up] as const),
  );
  metrics.gauge('sagitta_collection_documents', 'Documents of a collection.', async () =>
    (await all()).map(([collection, documents]) => [{ collection }, documents] as const),
  );
  metrics.gauge('sagitta_collection_passages', 'Passages of a collection.', async () =>
    (await all()).map(([collection, , passages]) => [{ collection }, passages] as const),
  );
}
