import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { ServeConfig } from '../config.ts';
import type { Jobs } from '../jobs.ts';
import type { Scope } from '../keys.ts';
import type { Metrics } from '../metrics.ts';
import type { Engine } from '../operations/types.ts';
import { type ProblemError, problem, toProblem } from '../problem.ts';
import { parseJson, validate } from '../validate.ts';
import { Arrivals, readBody } from './body.ts';
import { authorize, type Caller, checkHostAndOrigin, corsHeaders, PREFLIGHT_HEADERS } from './guard.ts';
import type { Route, RouteAnswer, RouteContext } from './route.ts';
import { ROUTES } from './routes.ts';
import type { StaticFiles } from './static.ts';

/** Bytes of a body that holds no documents. */
const SMALL_BODY = 1024 * 1024;

/** What the application is made of. */
export interface AppParts {
  readonly config: ServeConfig;
  readonly engine: Engine;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly openApi: Uint8Array<ArrayBuffer>;
  readonly files: StaticFiles | undefined;
  /** Answers one message of the Model Context Protocol. */
  readonly mcp: (request: Request, body: unknown, access: { readonly write: boolean }) => Promise<Response>;
  /** Whether requests are served: not while starting or stopping. */
  readonly state: () => 'starting' | 'ready' | 'stopping';
}

/** What is noted about one request while it is answered. */
interface Note {
  readonly id: string;
  route: string;
  caller: Caller;
  code?: string;
  release?: () => void;
}
type Env = { Bindings: HttpBindings & { readonly note: Note } };

export interface App {
  /** Answers a request; never throws. */
  readonly fetch: (request: Request, bindings: HttpBindings) => Promise<Response>;
  /** Requests under way, streams of events not counted. */
  readonly running: () => number;
}

/** The HTTP application: routing, checks, limits, and the log around them. */
export function createApp(parts: AppParts): App {
  const { config, metrics } = parts;
  const router = makeRouter(parts);
  const observe = metrics.histogram(
    'sagitta_request_seconds',
    'Time from the headers of a request to those of the answer.',
  );
  const count = metrics.counter('sagitta_requests_total', 'Requests by route and status.');
  const prefix = Date.now().toString(36);
  let requests = 0;
  let running = 0;
  metrics.gauge('sagitta_requests_running', 'Requests under way.', () => [[{}, running]]);

  async function answer(request: Request, bindings: HttpBindings, note: Note): Promise<Response> {
    try {
      if (parts.state() === 'stopping') {
        throw problem(503, 'stopping', 'The server is stopping.', 'Try again in a moment.', {
          retryAfter: 5,
          headers: { connection: 'close' },
        });
      }
      if (!URL.canParse(request.url)) {
        throw problem(
          400,
          'invalid-request',
          `"${(request.headers.get('host') ?? '').slice(0, 200)}" is not a host, or what follows it is no path.`,
          'Use the address that the server printed.',
        );
      }
      checkHostAndOrigin(request, config, bindings.incoming.url);
      checkSegments(bindings.incoming.url);
      if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {
        const headers = corsHeaders(request, config);
        return new Response(null, {
          status: 204,
          headers: 'vary' in headers ? { ...headers, ...PREFLIGHT_HEADERS } : {},
        });
      }
      return await router.fetch(request, { ...bindings, note });
    } catch (error) {
      return problemResponse(toProblem(error), note);
    }
  }

  return {
    running: () => running,
    async fetch(request, bindings) {
      const start = performance.now();
      const given = request.headers.get('x-request-id');
      const id = given !== null && /^[\w.-]{1,64}$/.test(given) ? given : `${prefix}-${(++requests).toString(36)}`;
      const note: Note = {
        id,
        route: 'none',
        caller: { client: bindings.incoming.socket?.remoteAddress ?? 'unknown' },
      };
      running++;
      try {
        const response = await answer(request, bindings, note);
        response.headers.set('x-request-id', id);
        for (const [name, value] of Object.entries(corsHeaders(request, config))) response.headers.set(name, value);
        const seconds = (performance.now() - start) / 1000;
        observe({ route: note.route, method: request.method }, seconds);
        count({ route: note.route, method: request.method, status: response.status });
        config.onAccess?.({
          time: new Date().toISOString(),
          id,
          client: note.caller.client,
          method: request.method,
          path: pathOf(request.url),
          route: note.route,
          status: response.status,
          ms: Math.round(seconds * 1e5) / 100,
          ...(note.code === undefined ? {} : { code: note.code }),
        });
        return response;
      } finally {
        running--;
        note.release?.();
      }
    },
  };
}

function makeRouter(parts: AppParts): Hono<Env> {
  const { config, engine, jobs } = parts;
  const app = new Hono<Env>();
  const perClient = new ClientLimit(config.perClient);
  const arrivals = new Arrivals();
  /** Who asks, and whether they may. */
  const admit = ({ env: { note }, req }: Context<Env>, scope: Scope): void => {
    note.caller = authorize(req.raw, note.caller.client, scope, config);
  };
  /**
   * Whether the client has room for one more: behind a proxy, where all have one address, keys tell them apart. Once its body is
   * there, so that slow senders do not make others wait behind their address.
   */
  const enter = (note: Note): void => {
    note.release = perClient.enter(note.caller.client);
  };
  for (const route of ROUTES) {
    const address = route.path.endsWith('/{name}')
      ? route.path.replace('{name}', ':name{[\\s\\S]+}')
      : route.path.replace('{name}', ':name');
    app.on(route.method, address, async (c) => {
      const { note } = c.env;
      note.route = route.path;
      admit(c, route.scope);
      return send(await handle(route, c, parts));
    });
  }

  app.get('/health', () => json({ status: 'ok' }));
  app.get('/ready', () => {
    const state = parts.state();
    return json({ status: state }, state === 'ready' ? 200 : 503);
  });
  app.get('/openapi.json', (c) => {
    c.env.note.route = '/openapi.json';
    return new Response(parts.openApi, {
      headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
    });
  });
  app.get('/metrics', async (c) => {
    c.env.note.route = '/metrics';
    admit(c, 'read');
    enter(c.env.note);
    return new Response(await parts.metrics.text(), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
  });
  app.all('/mcp', async (c) => {
    const { note } = c.env;
    note.route = '/mcp';
    admit(c, 'read');
    const body =
      c.req.method === 'POST'
        ? parseJson(await readBody(c.req.raw, ['application/json'], SMALL_BODY, arrivals))
        : undefined;
    enter(note);
    // Without keys everybody on this machine may write, with keys those whose key says so.
    const mayWrite = config.keys === undefined || note.caller.key?.scope === 'write';
    return parts.mcp(c.req.raw, body, { write: config.mcpWrite && !config.readOnly && mayWrite });
  });
  app.get('*', (c) => {
    const file = parts.files?.answer(new URL(c.req.url).pathname, c.req.raw);
    if (file === undefined) throw notFound(c);
    c.env.note.route = 'page';
    return file;
  });
  app.notFound((c) => {
    throw notFound(c);
  });
  app.onError((error, c) => {
    // Whoever has gone gets no answer, and that is nobody's fault: people go on typing.
    const shown = c.req.raw.signal.aborted ? gone() : toProblem(error);
    if (shown.problem.status >= 500 && shown.cause !== undefined) {
      config.onFault?.(shown.cause instanceof Error ? (shown.cause.stack ?? shown.cause.message) : String(shown.cause));
    }
    return problemResponse(shown, c.env.note);
  });
  return app;

  async function handle(
    route: Route,
    c: Context<Env>,
    { config: { readOnly, model } }: AppParts,
  ): Promise<RouteAnswer> {
    const request = c.req.raw;
    const url = new URL(request.url);
    const name = route.name === undefined ? '' : nameIn(route, url.pathname);
    const query = Object.fromEntries(url.searchParams);
    const twice = Object.keys(query).find((key) => url.searchParams.getAll(key).length > 1);
    if (twice !== undefined) {
      throw problem(400, 'invalid-request', `The parameter "${twice}" is there more than once.`, 'Give it once.');
    }
    const parameters = validate(route.parameters ?? NO_PARAMETERS, query, '?');
    let bytes = EMPTY;
    let body: unknown;
    if (route.body !== undefined) {
      const limit = route.body.size === 'small' ? Math.min(SMALL_BODY, config.maxBody) : config.maxBody;
      bytes = await readBody(request, route.body.types, limit, arrivals);
    }
    enter(c.env.note);
    if (route.body !== undefined) {
      if (route.body.raw !== true) body = validate(route.body.schema, parseJson(bytes));
    }
    const context: RouteContext = {
      engine,
      jobs,
      collections: config.collections,
      readOnly,
      model,
      signal: request.signal,
      name,
      contentType: request.headers.get('content-type') ?? '',
      bytes,
    };
    return route.handle(context, parameters as never, body as never);
  }
}

const EMPTY = new Uint8Array(0);
const NO_PARAMETERS = z.strictObject({});

function gone(): ProblemError {
  return problem(499, 'cancelled', 'The client closed the connection before the answer was there.');
}

function notFound(c: Context<Env>): ProblemError {
  const { pathname } = new URL(c.req.url);
  const methods = ROUTES.filter((route) => matches(route, pathname)).map(({ method }) => method);
  if (methods.length === 0) {
    return problem(
      404,
      'not-found',
      `There is nothing at ${pathname.slice(0, 200)}.`,
      '/openapi.json lists what there is.',
    );
  }
  const allow = [...new Set(methods)].join(', ');
  return problem(
    405,
    'method-not-allowed',
    `${pathname.slice(0, 200)} does not take ${c.req.method}.`,
    `Use ${allow}.`,
    {
      headers: { allow },
    },
  );
}

function matches({ path }: Route, pathname: string): boolean {
  const [before, after = ''] = path.split('{name}');
  if (!path.includes('{name}')) return path === pathname;
  return pathname.startsWith(before!) && pathname.endsWith(after) && pathname.length > before!.length + after.length;
}

/** What stands for `{name}`, percent-decoded. */
function nameIn({ path }: Route, pathname: string): string {
  const [before, after = ''] = path.split('{name}');
  const part = pathname.slice(before!.length, pathname.length - after.length);
  try {
    return decodeURIComponent(part);
  } catch {
    throw problem(
      400,
      'invalid-request',
      `"${part.slice(0, 200)}" is not percent-encoded UTF-8.`,
      'Encode it with encodeURIComponent.',
    );
  }
}

/**
 * An address with `.` or `..` between slashes leads elsewhere once it is tidied: to another document than the one that is meant.
 * Most clients tidy before they send; what comes as it was written is refused.
 */
function checkSegments(address = ''): void {
  if (!/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(address.split('?', 1)[0]!)) return;
  throw problem(
    400,
    'invalid-request',
    'The address has `.` or `..` between slashes.',
    'Name such ids in a body: POST /v1/documents, /v1/documents/get or /v1/documents/remove.',
  );
}

function send({ status = 200, json: value, bytes, events, headers }: RouteAnswer): Response {
  if (events !== undefined) {
    return new Response(events, {
      status,
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        ...headers,
      },
    });
  }
  const body = bytes ?? JSON.stringify(value);
  return new Response(body, {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}

function json(value: unknown, status = 200): Response {
  return send({ json: value, status });
}

function problemResponse({ problem: document, headers }: ProblemError, note: Note): Response {
  note.code = document.code;
  const status = document.status === 499 ? 400 : document.status;
  return new Response(JSON.stringify({ ...document, requestId: note.id }), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname.slice(0, 500) : '';
}

/** Requests under way by client. */
class ClientLimit {
  readonly #running = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @returns what to call when the request is done. @throws ProblemError 429 */
  enter(client: string): () => void {
    const before = this.#running.get(client) ?? 0;
    if (before >= this.most) {
      throw problem(
        429,
        'too-many-requests',
        `${before} requests of this client are under way already.`,
        'Wait for their answers before sending more.',
        { retryAfter: 1 },
      );
    }
    this.#running.set(client, before + 1);
    return () => {
      const now = this.#running.get(client)! - 1;
      if (now === 0) this.#running.delete(client);
      else this.#running.set(client, now);
    };
  }
}
