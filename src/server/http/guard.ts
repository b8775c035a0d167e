import { isIP } from 'node:net';
import { isLoopback, type ServeConfig } from '../config.ts';
import type { KeyInfo, Scope } from '../keys.ts';
import { problem } from '../problem.ts';

/** Who sent a request. */
export interface Caller {
  /** For limits and the log: `key <id>`, else the address. */
  readonly client: string;
  readonly key?: KeyInfo;
}

/**
 * Refuses requests that a browser was tricked into sending: with a Host header that is not ours (DNS rebinding: a name
 * of the attacker that points to this machine), or from another website's pages. Any port will do: where ports are
 * forwarded, clients know another one than the server.
 * @param target what stands in the first line of the request: a path, or a whole address, whose host counts as well (RFC 9112, 3.2.2).
 * @throws ProblemError 421 or 403.
 */
export function checkHostAndOrigin(request: Request, config: ServeConfig, target = '/'): void {
  const host = request.headers.get('host') ?? '';
  const whole = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
  const [where, wrong] = isOurs(host, config) ? ['The address', whole] : ['The Host header', host];
  if (wrong !== undefined && !isOurs(wrong, config)) {
    throw problem(
      421,
      'wrong-host',
      `${where} names "${wrong.slice(0, 200)}".`,
      'Use the address that the server printed, or start it with --allow-host NAME.',
    );
  }
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  if (origin !== null) {
    if (!isOwnOrigin(origin, host) && !config.cors.includes(origin)) {
      throw problem(
        403,
        'wrong-origin',
        `A page of ${origin.slice(0, 200)} sent the request.`,
        'Start the server with --cors ORIGIN to allow it.',
      );
    }
  } else if (site === 'cross-site' && request.headers.get('sec-fetch-mode') !== 'navigate') {
    throw problem(403, 'wrong-origin', 'A page of another website sent the request.', 'Open the address itself.');
  }
}

function isOurs(host: string, { host: bound, allowedHosts }: ServeConfig): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (isLoopback(name) || name === bound.toLowerCase()) return true;
  if (allowedHosts.some((allowed) => allowed.toLowerCase() === name || allowed.toLowerCase() === host.toLowerCase()))
    return true;
  // An address in numbers cannot be rebound; when others may reach the server, that is how they do.
  return !isLoopback(bound) && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** Behind a reverse proxy the scheme may differ from ours; the host and its port decide. */
function isOwnOrigin(origin: string, host: string): boolean {
  // Some browsers call every file of the disk `file://`, which has no host that could be another's.
  if (!/^https?:\/\//i.test(origin)) return false;
  try {
    return new URL(origin).host === new URL(`${new URL(origin).protocol}//${host}`).host;
  } catch {
    return false;
  }
}

/** @throws ProblemError 401 without a valid key, 403 when it lacks the scope. */
export function authorize(request: Request, address: string, scope: Scope, { keys }: ServeConfig): Caller {
  const client = address;
  if (keys === undefined) return { client };
  const header = request.headers.get('authorization') ?? '';
  const given = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? request.headers.get('x-api-key') ?? undefined;
  const key = given === undefined ? undefined : keys.check(given);
  if (key === undefined) {
    throw problem(
      401,
      'unauthorized',
      given === undefined ? 'The request carries no API key.' : 'The API key is not valid.',
      'Send the header `Authorization: Bearer KEY`.',
      { headers: { 'www-authenticate': 'Bearer realm="sagitta"' } },
    );
  }
  if (scope === 'write' && key.scope !== 'write') {
    throw problem(403, 'forbidden', `The API key "${key.name}" may only read.`, 'Use a key with the scope write.');
  }
  return { client: `key ${key.id}`, key };
}

/** Answers to a page of an origin that is allowed; no header at all for anyone else. */
export function corsHeaders(request: Request, { cors }: ServeConfig): Record<string, string> {
  const origin = request.headers.get('origin');
  if (origin === null || !cors.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id, retry-after, mcp-session-id',
    vary: 'Origin',
  };
}

export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, x-api-key, last-event-id, mcp-protocol-version, mcp-session-id',
  'access-control-max-age': '600',
} as const;
