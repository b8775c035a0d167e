import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Extension, extensionUrl, joinExtensions, loadExtensions } from './extensions.ts';
import { checkHostParts, HOST_PARTS, hostParts } from './host-parts.ts';

/** A process tells its threads by the environment, as it does what it allows them. */
const VARIABLE = 'SAGITTA_EXTENSIONS';
/** What the user sets for a folder from which the command line runs. */
const CONFIG = 'sagitta.config.json';
const SETTINGS = ['extensions', ...Object.keys(HOST_PARTS)];

/**
 * Chooses the extensions of this process and its threads: those of `sagitta.config.json` in `folder`, then `modules`; and the rerankers and language models
 * that the file names. Only that file is looked at, in the folder that the command runs in: a collection, which may come from anywhere, names no code and no address.
 *
 * @throws InvalidArgumentError for a file that is no such configuration; NotFoundError for a module that is not there.
 */
export function chooseExtensions(modules: readonly string[], folder = process.cwd()): void {
  const config = configured(folder);
  for (const [setting, variable] of Object.entries(HOST_PARTS)) {
    const given = config[setting];
    // What the environment says of one already stands: it was set for this run.
    if (given !== undefined) process.env[variable] ??= JSON.stringify(given);
  }
  const urls = [...(config.extensions ?? []), ...modules].map((module) => extensionUrl(module, folder));
  if (urls.length > 0) process.env[VARIABLE] = JSON.stringify([...new Set(urls)]);
}

/** The extensions that were chosen for this process, with the rerankers and language models that its user named. */
export async function hostExtensions(): Promise<Extension> {
  const loaded = await loadExtensions(JSON.parse(process.env[VARIABLE] ?? '[]') as string[]);
  return joinExtensions([loaded, hostParts()]);
}

/** What the file says; its members have been looked at. */
interface Config {
  readonly extensions?: readonly string[];
  readonly [setting: string]: unknown;
}

function configured(folder: string): Config {
  const file = join(resolve(folder), CONFIG);
  if (!existsSync(file)) return {};
  const fail = (problem: string, remedy: string): never => {
    throw new InvalidArgumentError(`${file} ${problem}.`, remedy);
  };
  let config: unknown;
  if (statSync(file).isDirectory()) return fail('is a folder, and a file is needed', 'Give it another name.');
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(`is no JSON: ${(error as Error).message}`, 'Write {"extensions": ["./mine.mjs"]}.');
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    return fail('holds no object', 'Write {"extensions": ["./mine.mjs"]}.');
  }
  const unknown = Object.keys(config).find((name) => !SETTINGS.includes(name));
  if (unknown !== undefined) {
    const guess = nearest(unknown, SETTINGS);
    return fail(
      `has a setting "${unknown}"`,
      guess === undefined ? `Known: ${SETTINGS.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  const { extensions = [] } = config as { extensions?: unknown };
  if (!Array.isArray(extensions) || !extensions.every((one) => typeof one === 'string')) {
    return fail('has `extensions` that are no list of modules', 'Write {"extensions": ["./mine.mjs"]}.');
  }
  for (const setting of Object.keys(HOST_PARTS)) {
    const given = (config as Config)[setting];
    if (given !== undefined) checkHostParts(setting, given, file);
  }
  return config as Config;
}
