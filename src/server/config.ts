import { isIPv4 } from 'node:net';
import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from '../base/errors.ts';
import type { LanguageModel } from '../generate/index.ts';
import type { KeyFile } from './keys.ts';
import type { ServedCollection } from './operations/types.ts';

/** Options of {@link serve}. */
export interface ServeOptions {
  readonly collections: readonly ServedCollection[];
  /** Address to listen on. Default `127.0.0.1`; anything but loopback needs `keys`. */
  readonly host?: string;
  /** Default 7700; 0 takes any free port. */
  readonly port?: number;
  /** Who may do what. Without keys everybody on this machine may do everything. */
  readonly keys?: KeyFile;
  /** Refuse everything that writes. Default false. */
  readonly readOnly?: boolean;
  /** Whether agents may add and remove documents over MCP, those with a key of scope `write` where there are keys. Default false. */
  readonly mcpWrite?: boolean;
  /** Names by which the server is reached, besides its address and localhost: what a reverse proxy is called. */
  readonly allowedHosts?: readonly string[];
  /** Origins of other websites that may use the API (`https://app.example.org`). Default: none. */
  readonly cors?: readonly string[];
  /** Threads that search. Default: one less than there are processors, 1 to 4. */
  readonly threads?: number;
  /** Searches that may wait for a thread; one more is answered 503. Default 256. */
  readonly queue?: number;
  /** Requests of one client (key, else address) that may be under way; one more is answered 429. Default 64. */
  readonly perClient?: number;
  /** Milliseconds for one search or look-up. Default 10,000. */
  readonly timeout?: number;
  /** Milliseconds for a request to arrive whole, and for a client to go on taking its answer. Default 30,000. */
  readonly requestTimeout?: number;
  /** Bytes of a body with documents. Default 32 MiB. Other bodies: 1 MiB at most. */
  readonly maxBody?: number;
  /** Milliseconds that stopping waits for what was accepted. Default 30,000. */
  readonly drain?: number;
  /** Folder of the built web page. Default: the one in the package; `null` for none. */
  readonly web?: string | null;
  /** What puts answers in words, and makes the next question between hops, where a request asks for that. Default: nothing does. */
  readonly model?: LanguageModel;
  /** Called with each line of the access log, an object that is one line of JSON. Default: nothing is logged. */
  readonly onAccess?: (line: Readonly<Record<string, unknown>>) => void;
  /** Called with what went wrong inside. Default: nothing. */
  readonly onFault?: (fault: string) => void;
}

type Defaulted =
  | 'host'
  | 'port'
  | 'readOnly'
  | 'mcpWrite'
  | 'allowedHosts'
  | 'cors'
  | 'threads'
  | 'queue'
  | 'perClient'
  | 'timeout'
  | 'requestTimeout'
  | 'maxBody'
  | 'drain';
export type ServeConfig = Omit<ServeOptions, Defaulted> & Required<Pick<ServeOptions, Defaulted>>;

/** @throws InvalidArgumentError for settings that are impossible or unsafe. */
export function resolveConfig(options: ServeOptions): ServeConfig {
  const config: ServeConfig = {
    host: '127.0.0.1',
    port: 7700,
    readOnly: false,
    mcpWrite: false,
    allowedHosts: [],
    cors: [],
    threads: Math.max(1, Math.min(4, availableParallelism() - 1)),
    queue: 256,
    perClient: 64,
    timeout: 10_000,
    requestTimeout: 30_000,
    maxBody: 32 * 1024 * 1024,
    drain: 30_000,
    ...options,
  };
  if (config.collections.length === 0)
    throw new InvalidArgumentError('There is no collection to serve.', 'Name at least one.');
  const names = new Set<string>();
  for (const { name } of config.collections) {
    if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) {
      throw new InvalidArgumentError(
        `A collection cannot be served as "${name}".`,
        'Give it a name of letters, digits, dots and dashes: --in NAME=DIR.',
      );
    }
    if (names.has(name)) {
      throw new InvalidArgumentError(`Two collections are called "${name}".`, 'Name them apart: --in NAME=DIR.');
    }
    names.add(name);
  }
  if (!isLoopback(config.host) && (config.keys === undefined || config.keys.size === 0)) {
    throw new InvalidArgumentError(
      `Listening on ${config.host} lets others in, and there are no API keys.`,
      'Make a key with `sagitta keys add NAME --keys FILE` and pass --keys FILE, or listen on 127.0.0.1.',
    );
  }
  for (const host of config.allowedHosts) {
    if (/^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.test(host)) continue;
    throw new InvalidArgumentError(
      `"${host}" is no name of a host.`,
      'Write the name alone, or with a port: --allow-host search.example.org.',
    );
  }
  if (config.readOnly && config.mcpWrite) {
    throw new InvalidArgumentError(
      'Agents may not write on a server that only reads.',
      'Leave out --mcp-write, or --read-only.',
    );
  }
  for (const origin of config.cors) {
    if (!isOrigin(origin)) {
      throw new InvalidArgumentError(
        `"${origin}" is not an origin.`,
        'Write scheme and host alone: https://app.example.org.',
      );
    }
  }
  return config;
}

export function isLoopback(host: string): boolean {
  return /^(localhost|::1|\[::1\])$/i.test(host) || (host.startsWith('127.') && isIPv4(host));
}

function isOrigin(text: string): boolean {
  try {
    const { origin, protocol } = new URL(text);
    return origin === text && (protocol === 'https:' || protocol === 'http:');
  } catch {
    return false;
  }
}
