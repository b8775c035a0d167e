import { resolve, sep } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';
import { PathMatcher } from './ignore-rules.ts';
import { absolutePath, isWithin, shownPath, withSlashes } from './paths.ts';

/** Which files a run is about. */
export interface ScopeOptions {
  /** Folder that paths are relative to. Default: the working directory. */
  readonly base?: string;
  /**
   * Only files that match one of these patterns (gitignore syntax, against the path as shown, that is relative to
   * `base`). Default: every file.
   */
  readonly include?: readonly string[];
  /** No file that matches one of these patterns; `!pattern` takes back in. Default: none. */
  readonly exclude?: readonly string[];
}

/** One path that the caller named. */
export interface Root {
  /** As ids show it; `.` for the base folder itself. */
  readonly path: string;
  readonly absolute: string;
  /** Present where the caller named a pattern (`docs/*.md`): what the files below `absolute` must match. */
  readonly pattern?: PathMatcher;
}

/** The part of the world that a run looks at; what lies outside is left alone, in the files and in the collection. */
export interface Scope {
  readonly base: string;
  readonly roots: readonly Root[];
  /** Whether a file with this path (as ids show it) would be looked at if it existed and nothing ignored it. */
  covers(path: string): boolean;
}

/**
 * Normalises the paths that a caller named. Nothing is read; a path need not exist. A path with `*` or `?` is a pattern
 * for the files below its fixed part, for shells that do not expand it.
 * @throws InvalidArgumentError for no paths at all, or an empty one.
 */
export function createScope(paths: readonly string[], options: ScopeOptions = {}): Scope {
  if (paths.length === 0) {
    throw new InvalidArgumentError('No path was given.', 'Name at least one file or folder.');
  }
  const base = resolve(options.base ?? process.cwd());
  const roots = new Map<string, Root>();
  for (const path of paths) {
    if (path.trim() === '' || path.includes('\0')) {
      throw new InvalidArgumentError(`${JSON.stringify(path)} is not a path.`, 'Name a file or a folder.');
    }
    const root = toRoot(base, path);
    roots.set(path.includes('*') || path.includes('?') ? `${root.absolute}\0${path}` : root.absolute, root);
  }
  const include = options.include?.length ? new PathMatcher(options.include) : undefined;
  const exclude = options.exclude?.length ? new PathMatcher(options.exclude) : undefined;
  const list = [...roots.values()];
  return {
    base,
    roots: list,
    covers(path) {
      const name = matchable(path);
      if (include !== undefined && !include.matches(name)) return false;
      if (exclude?.matches(name)) return false;
      const absolute = absolutePath(base, path);
      return list.some((root) => {
        if (!isWithin(absolute, withSlashes(root.absolute))) return false;
        return root.pattern?.matches(shownPath(root.absolute, resolve(absolute))) ?? true;
      });
    },
  };
}

function toRoot(base: string, path: string): Root {
  const wild = path.search(/[*?]/);
  if (wild < 0) {
    const absolute = resolve(base, path);
    return { path: shownPath(base, absolute), absolute };
  }
  const cut = Math.max(path.lastIndexOf('/', wild), path.lastIndexOf(sep, wild)) + 1;
  const absolute = resolve(base, path.slice(0, cut) || '.');
  const rest = path.slice(cut).replaceAll(sep, '/');
  return { path: shownPath(base, absolute), absolute, pattern: new PathMatcher(`/${rest}`) };
}

/** Patterns speak of relative paths only. */
function matchable(path: string): string {
  return path.replace(/^(?:[A-Za-z]:)?\/+/, '');
}
