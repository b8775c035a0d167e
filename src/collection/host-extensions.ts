import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Extension, extensionUrl, loadExtensions } from './extensions.ts';

/** A process tells its threads by the environment, as it does what it allows them. */
const VARIABLE = 'SAGITTA_EXTENSIONS';
/** What the user sets for a folder from which the command line runs. */
const CONFIG = 'sagitta.config.json';
const SETTINGS = ['extensions'];

/**
 * Chooses the extensions of this process and its threads: those of `sagitta.config.json` in `folder`, then `modules`. Only that file is
 * looked at, in the folder that the command runs in: a collection, which may come from anywhere, names no code.
 *
 * @throws InvalidArgumentError for a file that is no such configuration; NotFoundError for a module that is not there.
 */
export function chooseExtensions(modules: readonly string[], folder = process.cwd()): void {
  const urls = [...configured(folder), ...modules].map((module) => extensionUrl(module, folder));
  if (urls.length > 0) process.env[VARIABLE] = JSON.stringify([...new Set(urls)]);
}

/** The extensions that were chosen for this process. */
export function hostExtensions(): Promise<Extension> {
  return loadExtensions(JSON.parse(process.env[VARIABLE] ?? '[]') as string[]);
}

function configured(folder: string): readonly string[] {
  const file = join(resolve(folder), CONFIG);
  if (!existsSync(file)) return [];
  const fail = (problem: string, remedy: string): never => {
    throw new InvalidArgumentError(`${file} ${problem}.`, remedy);
  };
  let config: unknown;
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
  return extensions as string[];
}
