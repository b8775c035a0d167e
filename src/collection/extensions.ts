import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type CodecPart, codecParts, registerCodecPart } from '../codec/index.ts';
import { checkEncoderKind, type EncoderKind } from '../encode/registry.ts';
import type { Reader } from '../ingest/index.ts';
import type { Extensions } from '../search/index.ts';
import { operatorsWith } from '../search/pipeline/operators.ts';

/** What others add to Sagitta: each part then works by its name, in specifications, pipelines and files, as those do that come with it. */
export interface Extension extends Extensions {
  /** Opened by `NAME` or `NAME:REST`, wherever an encoder is named. */
  readonly encoders?: readonly EncoderKind[];
  /** Transforms and codes, in specifications of indexes. They go by their names in the whole process, and in one thread only. */
  readonly codecs?: readonly CodecPart[];
  /** Of file formats, by their extensions; asked before those that come with the software. */
  readonly readers?: readonly Reader[];
}

/** Every list of an extension, and how a member of it is told. */
const LISTS: { readonly [Name in keyof Required<Extension>]: (part: never) => string } = {
  encoders: ({ name }: EncoderKind) => name,
  codecs: ({ name }: CodecPart) => name,
  readers: ({ format }: Reader) => format,
  rerankers: ({ id }: { id: string }) => id,
  feedbacks: ({ id }: { id: string }) => id,
  operators: ({ name }: { name: string }) => name,
};

/**
 * Several extensions as one, checked; codecs are known from now on.
 * @throws InvalidArgumentError for a list that is not known, a part without a name, and two of a kind with the same.
 */
export function joinExtensions(extensions: readonly Extension[]): Extension {
  const joined: Record<string, unknown[]> = {};
  for (const extension of extensions) {
    for (const [list, parts] of Object.entries(extension) as [keyof Extension, readonly never[] | undefined][]) {
      if (parts === undefined) continue;
      if (!Object.hasOwn(LISTS, list)) throw unknownList(list);
      joined[list] ??= [];
      for (const part of parts) addPart(list, part, joined[list]);
    }
  }
  const all = joined as Extension;
  for (const kind of all.encoders ?? []) checkEncoderKind(kind);
  operatorsWith(all);
  for (const part of all.codecs ?? []) if (codecParts.get(part.name) !== part) registerCodecPart(part);
  return all;
}

function addPart(list: keyof Extension, part: never, parts: unknown[]): void {
  if (parts.includes(part)) return;
  const name: unknown = typeof part === 'object' && part !== null ? LISTS[list](part) : undefined;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError(`One of the ${list} of an extension has no name.`, `See docs/extending.md.`);
  }
  if (parts.some((other) => LISTS[list](other as never) === name)) {
    throw new InvalidArgumentError(`Two of the ${list} of extensions are called "${name}".`, 'Leave one of them out.');
  }
  parts.push(part);
}

function unknownList(list: string): InvalidArgumentError {
  const guess = nearest(list, Object.keys(LISTS));
  return new InvalidArgumentError(
    `An extension has no "${list}".`,
    guess === undefined ? `It may have ${Object.keys(LISTS).join(', ')}.` : `Did you mean "${guess}"?`,
  );
}

/**
 * Extensions from modules, which export one (or a list) as `default` or as `extension`. Their code runs in this process, so name only what
 * you trust.
 *
 * @param modules files, relative to `folder`, or names of packages that are installed there. @returns one of all of them.
 * @throws NotFoundError, InvalidArgumentError that name the module.
 */
export async function loadExtensions(modules: readonly string[], folder = process.cwd()): Promise<Extension> {
  const loaded: Extension[] = [];
  for (const module of modules) {
    const url = extensionUrl(module, folder);
    const exported = (await import(url)) as { readonly default?: unknown; readonly extension?: unknown };
    const value = exported.extension ?? exported.default;
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== 'object' || one === null) {
        throw new InvalidArgumentError(
          `The module ${module} exports no extension.`,
          'Let it export an object such as {rerankers: [...]} as `default`.',
        );
      }
      loaded.push(one as Extension);
    }
  }
  return joinExtensions(loaded);
}

/** Where a module lies. @throws NotFoundError */
export function extensionUrl(module: string, folder: string): string {
  if (module.startsWith('file:')) return module;
  const file = resolve(folder, module);
  if (existsSync(file) && statSync(file).isFile()) return pathToFileURL(file).href;
  try {
    return pathToFileURL(createRequire(join(resolve(folder), 'any.js')).resolve(module)).href;
  } catch (cause) {
    throw new NotFoundError(
      `There is no module "${module}" for an extension.`,
      `Name a file, from ${folder} on, or a package that is installed there.`,
      { cause },
    );
  }
}
