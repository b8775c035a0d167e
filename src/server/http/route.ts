import type { z } from 'zod';
import { NotFoundError } from '../../base/errors.ts';
import type { LanguageModel } from '../../generate/index.ts';
import type { Jobs } from '../jobs.ts';
import type { Scope } from '../keys.ts';
import type { Engine, ServedCollection } from '../operations/types.ts';

/** What a route's handler works with. */
export interface RouteContext {
  readonly engine: Engine;
  readonly jobs: Jobs;
  readonly collections: readonly ServedCollection[];
  readonly readOnly: boolean;
  /** What puts answers in words, where the server has one. */
  readonly model: LanguageModel | undefined;
  readonly signal: AbortSignal;
  /** What stands in the address in place of `{name}`, decoded. */
  readonly name: string;
  readonly contentType: string;
  /** For routes that take their body as it came. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a handler gives: bytes of JSON, a value to be sent as JSON, or a stream of events. */
export interface RouteAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly events?: ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Body {
  readonly schema: z.ZodType;
  readonly types: readonly string[];
  /** Which limit applies: `small` is 1 MiB. */
  readonly size: 'small' | 'documents';
  /** The handler parses it itself. */
  readonly raw?: boolean;
}

/** One route: what the HTTP server routes and checks by, and what the OpenAPI document is made of. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` stands for the rest of the address. */
  readonly path: string;
  readonly scope: Scope;
  readonly title: string;
  readonly description?: string;
  /** The parameter in the path. */
  readonly name?: string;
  readonly parameters?: z.ZodObject;
  readonly body?: Body;
  readonly answers: Readonly<
    Record<number, { readonly schema?: z.ZodType; readonly type?: string; readonly description: string }>
  >;
  readonly handle: (context: RouteContext, parameters: never, body: never) => Promise<RouteAnswer>;
}

/** Types of bodies. */
export const JSON_TYPES = ['application/json'];

/** A route whose handler's arguments have the types that its schemas produce. */
export function route<P extends z.ZodObject = z.ZodObject<Record<never, never>>, B extends z.ZodType = z.ZodUndefined>(
  definition: Omit<Route, 'parameters' | 'body' | 'handle'> & {
    parameters?: P;
    body?: Body & { readonly schema: B };
    handle: (context: RouteContext, parameters: z.output<P>, body: z.output<B>) => Promise<RouteAnswer>;
  },
): Route {
  return definition as unknown as Route;
}

/** The collection that a request without a name means, and a name that is checked before work is accepted. */
export function resolveName({ collections }: RouteContext, name: string | undefined): string {
  const wanted = name ?? (collections.length === 1 ? collections[0]!.name : 'default');
  if (collections.some((collection) => collection.name === wanted)) return wanted;
  throw new NotFoundError(
    `There is no collection "${wanted}".`,
    `Name one of: ${collections.map((collection) => collection.name).join(', ')}.`,
  );
}
