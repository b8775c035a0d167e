import ignore, { type Ignore } from 'ignore';

/** The rules of one ignore file, and those of the files above it; deeper files have the last word, as in git. */
export interface IgnoreChain {
  /** Absolute path of the folder that holds the file, with `/`. */
  readonly folder: string;
  readonly matcher: PathMatcher;
  readonly parent: IgnoreChain | undefined;
}

/** Git compares names case-sensitively except where file systems do not. */
const ignoreCase = process.platform === 'win32' || process.platform === 'darwin';
/** The `ignore` package remembers every path that it was asked about; forgetting now and then bounds the memory. */
const ANSWERS_KEPT = 20_000;

/** Patterns in gitignore syntax, ready to be asked about paths relative to their folder. */
export class PathMatcher {
  #rules: Ignore;
  #asked = 0;

  constructor(private readonly patterns: string | readonly string[]) {
    this.#rules = PathMatcher.#compile(patterns);
  }

  static #compile(patterns: string | readonly string[]): Ignore {
    return ignore({ ignoreCase, allowRelativePaths: true }).add(patterns);
  }

  /** Whether a pattern matches the path or one of the folders above it. A folder's path ends with `/`. */
  matches(path: string): boolean {
    return this.#test(path).ignored;
  }

  /** As {@link matches}, telling apart "no pattern matches" (undefined) and "the last one that does is a negation". */
  verdict(path: string): boolean | undefined {
    // A walk asks about a path only after it has entered the folder above. If these patterns exclude that folder, a
    // deeper file has taken it back in, and what these patterns say because of the folder no longer counts.
    const slash = path.lastIndexOf('/', path.length - 2);
    if (slash > 0 && this.#test(path.slice(0, slash + 1)).ignored) return undefined;
    const { ignored, unignored } = this.#test(path);
    return ignored ? true : unignored ? false : undefined;
  }

  #test(path: string): { readonly ignored: boolean; readonly unignored: boolean } {
    if (++this.#asked % ANSWERS_KEPT === 0) this.#rules = PathMatcher.#compile(this.patterns);
    return this.#rules.test(path);
  }
}

/** Puts the rules of a file in `folder` in front of those above. */
export function extendChain(parent: IgnoreChain | undefined, folder: string, content: string): IgnoreChain {
  return { folder, matcher: new PathMatcher(content), parent };
}

/** Whether the chain ignores the path (absolute, with `/`); undefined when no rule speaks of it. */
export function chainVerdict(chain: IgnoreChain | undefined, absolute: string, isFolder: boolean): boolean | undefined {
  for (let link = chain; link !== undefined; link = link.parent) {
    const from = link.folder.endsWith('/') ? link.folder.length : link.folder.length + 1;
    const verdict = link.matcher.verdict(isFolder ? `${absolute.slice(from)}/` : absolute.slice(from));
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}
