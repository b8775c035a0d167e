import { existsSync } from 'node:fs';
import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import { KeyFile, type Scope, serve } from '../server/index.ts';
import { type NamedModel, namedModel } from './named-model.ts';
import { duration, idOf, plural, print, printable, printJson, say, table } from './output.ts';
import { servedCollections } from './served-collections.ts';

export interface ServeCommandOptions extends NamedModel {
  readonly in: string[];
  readonly source?: string[];
  readonly host?: string;
  readonly port?: number;
  readonly keys?: string;
  readonly readOnly: boolean;
  /** Agents may add and remove documents. */
  readonly mcpWrite: boolean;
  readonly allowHost?: string[];
  readonly cors?: string[];
  readonly threads?: number;
  readonly queue?: number;
  readonly timeout?: number;
  readonly maxBody?: number;
  readonly drain?: number;
  readonly page: boolean;
  readonly log: boolean;
  readonly json: boolean;
}

/** `sagitta serve`: until SIGINT or SIGTERM; then it finishes what it accepted, or gives it up at a second one. */
export async function serveCommand(
  options: ServeCommandOptions,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<void> {
  const collections = await servedCollections(options.in, options.source ?? []);
  const model = await namedModel(options);
  const server = await serve({
    collections,
    readOnly: options.readOnly,
    mcpWrite: options.mcpWrite,
    ...given(options, ['host', 'port', 'cors', 'threads', 'queue', 'timeout', 'maxBody', 'drain']),
    ...(options.allowHost === undefined ? {} : { allowedHosts: options.allowHost }),
    ...(options.keys === undefined ? {} : { keys: new KeyFile(options.keys) }),
    ...(model === undefined ? {} : { model }),
    ...(options.page ? {} : { web: null }),
    ...(options.log ? { onAccess: process.stdout.isTTY && !options.json ? printAccess : printJson } : {}),
    onFault: (fault) => say(JSON.stringify({ time: new Date().toISOString(), fault })),
  });
  if (options.json) printJson({ url: server.url, collections: collections.map(({ name }) => name) });
  else {
    say(`${pc.green('serving')} ${collections.map(({ name }) => name).join(', ')} at ${pc.bold(server.url)}`);
    say(`${server.page ? 'page /   ' : ''}API /openapi.json   MCP /mcp   metrics /metrics   Ctrl-C ends it`);
  }
  if (options.keys !== undefined && !existsSync(options.keys)) {
    say(
      `There are no keys in ${options.keys} yet, so every request is refused: \`sagitta keys add NAME --keys ${shellWord(options.keys)}\` makes one.`,
    );
  }
  await new Promise<void>((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
  say('Stopping: finishing what was accepted.');
  hurry.addEventListener('abort', () => void server.stop(0), { once: true });
  await server.stop();
}

/** A request as a person at a terminal reads it: `12:30:05 200 POST /v1/search 34 ms`. */
function printAccess({ time, status, method, path, ms, code }: Readonly<Record<string, unknown>>): void {
  const failed = Number(status) >= 400;
  const told = `${status}${code === undefined ? '' : ` ${code}`}`;
  print(
    `${pc.dim(String(time).slice(11, 19))} ${failed ? pc.yellow(told) : told} ${method} ${printable(String(path))} ${pc.dim(duration(Number(ms)))}`,
  );
}

export interface KeysOptions {
  readonly keys: string;
  readonly scope: string;
  readonly json: boolean;
}

/** `sagitta keys add|list|remove` */
export async function keysCommand(action: string, name: string | undefined, options: KeysOptions): Promise<void> {
  const file = new KeyFile(options.keys);
  if (action === 'list') {
    const keys = file.list();
    if (options.json) return printJson({ keys });
    if (keys.length === 0)
      say(`There are no keys in ${options.keys}. Make one: sagitta keys add NAME --keys ${shellWord(options.keys)}`);
    else
      print(
        table(
          ['id', 'name', 'scope', 'created'],
          keys.map(({ id, name: who, scope, created }) => [id, idOf(who), scope, created]),
        ),
      );
    return;
  }
  if (name === undefined) {
    throw new InvalidArgumentError(
      `\`sagitta keys ${action}\` needs a name.`,
      `Write: sagitta keys ${action} ${action === 'remove' ? 'ID' : 'NAME'}`,
    );
  }
  if (action === 'remove') {
    const removed = await file.remove(name);
    if (options.json) return printJson({ removed });
    return print(`${pc.green('removed')} ${idOf(removed.name)} (${removed.id}); ${plural(file.size, 'key')} left`);
  }
  const { key, info } = await file.add(name, options.scope as Scope);
  if (options.json) return printJson({ key, ...info });
  print(key);
  say(`A key for "${info.name}" with the scope ${info.scope}. It is shown only now; ${options.keys} holds its hash.`);
}

/** The given options that are there, without the `undefined` ones. */
function given<T extends object, K extends keyof T>(
  options: T,
  names: readonly K[],
): { [P in K]?: Exclude<T[P], undefined> } {
  const picked: { [P in K]?: Exclude<T[P], undefined> } = {};
  for (const name of names) if (options[name] !== undefined) picked[name] = options[name] as Exclude<T[K], undefined>;
  return picked;
}
