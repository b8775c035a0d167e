import * as nodeFs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import { fsReason, isMissing } from './fs-errors.ts';
import { chainVerdict, extendChain, type IgnoreChain } from './ignore-rules.ts';
import { shownPath, withSlashes } from './paths.ts';
import { createScope, type Root, type Scope, type ScopeOptions } from './scope.ts';
import type { SkippedFile, SourceFile, WalkEvent } from './types.ts';

/** The file system calls that a walk makes. */
export type WalkFileSystem = Pick<typeof nodeFs, 'readdir' | 'lstat' | 'stat' | 'realpath' | 'readFile'>;

export interface WalkOptions extends ScopeOptions {
  /** Pass over what `.gitignore` and `.sagittaignore` list, `node_modules`, and generated files. Default true. */
  readonly ignoreFiles?: boolean;
  /** Include files and folders whose name begins with a dot. Default false. `.git` and `.sagitta` never are. */
  readonly hidden?: boolean;
  /**
   * Enter linked folders, and follow links that lead out of the folder that was named. Default false: links to files
   * are followed where the file lies inside. Each real folder is entered once, so cycles are impossible.
   */
  readonly followLinks?: boolean;
  /** Folders that are never entered (absolute, or relative to `base`): the collection itself, for example. */
  readonly skipFolders?: readonly string[];
  readonly signal?: AbortSignal;
  /** For tests. Default: `node:fs/promises`. */
  readonly fs?: WalkFileSystem;
}

const NEVER = new Set(['.git', '.sagitta', '.hg', '.svn']);
/** Hidden files that hold nothing to read: what people did not write, and what says what to leave out. */
const OF_TOOLS = new Set(['.gitignore', '.gitattributes', '.gitkeep', '.sagittaignore', '.DS_Store', '.localized']);
/** Made by machines for machines: their words would only crowd out what people wrote. */
const GENERATED =
  /(?:\.min\.(?:js|mjs|cjs|css)|\.(?:js|mjs|cjs|css|d\.ts)\.map|^(?:package-lock|npm-shrinkwrap)\.json|^(?:yarn|Cargo|poetry|composer|Gemfile|flake|uv|Pipfile|bun|deno)\.lock|^pnpm-lock\.yaml|^go\.sum)$/;

interface Rules {
  readonly git: IgnoreChain | undefined;
  /** `.sagittaignore` files are asked first: they may take back in what git leaves out. */
  readonly own: IgnoreChain | undefined;
}

interface Frame {
  readonly absolute: string;
  readonly rules: Rules;
  readonly names: readonly nodeFsDirent[];
  next: number;
}

type nodeFsDirent = Awaited<ReturnType<typeof readFolder>>[number];

/**
 * Candidate files below the given paths, depth first, names in code unit order, each file once. What cannot be looked
 * at becomes a failure; only when not one of the given paths exists does the walk throw.
 *
 * A path that the caller names is taken even where an ignore file lists it, is hidden or lies in `node_modules`; the
 * rules found below a named folder apply, and so do those of the folders above it up to the root of the repository
 * (without one: up to the base folder), unless they list the named folder itself.
 * @throws NotFoundError when none of the paths exists; the signal's reason when aborted.
 */
export async function* walk(paths: readonly string[] | Scope, options: WalkOptions = {}): AsyncGenerator<WalkEvent> {
  const scope = 'roots' in paths ? paths : createScope(paths, options);
  const fs = options.fs ?? nodeFs;
  const failures: WalkEvent[] = [];
  const found: { readonly root: Root; readonly isFolder: boolean }[] = [];
  for (const root of scope.roots) {
    try {
      const stats = await fs.stat(root.absolute);
      found.push({ root, isFolder: stats.isDirectory() });
    } catch (error) {
      failures.push({ kind: 'failure', failure: { path: root.path, reason: fsReason(error) } });
    }
  }
  if (found.length === 0) {
    const names = scope.roots.map((root) => root.path);
    const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
    throw new NotFoundError(
      names.length === 1 ? `${shown} does not exist or cannot be reached.` : `None of ${shown} can be reached.`,
      'Check the spelling; to drop what was indexed from there, run `sagitta remove PATH/`.',
    );
  }
  yield* failures;

  const walker = new Walker(scope, options, fs);
  for (const { root, isFolder } of found) walker.claim(root, isFolder);
  for (const { root, isFolder } of found) {
    if (isFolder) yield* walker.folder(root);
    else yield* walker.namedFile(root);
  }
}

class Walker {
  readonly #named = new Set<string>();
  readonly #skip: ReadonlySet<string>;
  readonly #entered = new Set<string>();
  /** Linked folders wait until the real ones are done, so that a folder is met under its own name first. */
  #linked: { readonly absolute: string; readonly rules: Rules }[] = [];

  constructor(
    private readonly scope: Scope,
    private readonly options: WalkOptions,
    private readonly fs: WalkFileSystem,
  ) {
    this.#skip = new Set((options.skipFolders ?? []).map((folder) => resolve(scope.base, folder)));
  }

  /** A root inside another root is walked once, on its own terms. */
  claim(root: Root, isFolder: boolean): void {
    if (root.pattern === undefined || !isFolder) this.#named.add(root.absolute);
  }

  async *namedFile(root: Root): AsyncGenerator<WalkEvent> {
    if (this.scope.covers(root.path)) yield await this.#file(root.absolute, true);
  }

  async *folder(root: Root): AsyncGenerator<WalkEvent> {
    const inModules = /(?:^|[\\/])node_modules(?:[\\/]|$)/.test(root.absolute);
    const skipModules = this.options.ignoreFiles !== false && !inModules;
    let realRoot: string;
    try {
      realRoot = await this.fs.realpath(root.absolute);
    } catch (error) {
      yield this.#failed(root.absolute, error);
      return;
    }
    yield* this.#tree(root, realRoot, root.absolute, await this.#rulesAbove(root.absolute), skipModules);
    while (this.#linked.length > 0) {
      const linked = this.#linked;
      this.#linked = [];
      for (const { absolute, rules } of linked) yield* this.#tree(root, realRoot, absolute, rules, skipModules);
    }
  }

  async *#tree(
    root: Root,
    realRoot: string,
    start: string,
    rules: Rules,
    skipModules: boolean,
  ): AsyncGenerator<WalkEvent> {
    const stack: Frame[] = [];
    const problem = await this.#enter(stack, start, rules);
    if (problem !== undefined) yield problem;
    while (stack.length > 0) {
      this.options.signal?.throwIfAborted();
      const frame = stack[stack.length - 1]!;
      const entry = frame.names[frame.next++];
      if (entry === undefined) {
        stack.pop();
        continue;
      }
      const absolute = join(frame.absolute, entry.name);
      if (NEVER.has(entry.name) || this.#named.has(absolute) || this.#skip.has(absolute)) continue;
      if (!this.options.hidden && entry.name.startsWith('.')) {
        if (!OF_TOOLS.has(entry.name)) yield this.#skipped(absolute, 'hidden', entry.isDirectory());
        continue;
      }

      let isFolder = entry.isDirectory();
      let isFile = entry.isFile();
      if (entry.isSymbolicLink()) {
        const target = await this.#target(absolute, realRoot);
        if (typeof target === 'string') {
          if (!this.#ignored(frame.rules, absolute, false)) yield this.#skipped(absolute, target);
          continue;
        }
        if (target.isFolder) {
          if (!this.#ignored(frame.rules, absolute, true)) this.#linked.push({ absolute, rules: frame.rules });
          continue;
        }
        isFile = true;
      } else if (!isFolder && !isFile) {
        // Some file systems do not tell the type when listing.
        const stats = await this.fs.lstat(absolute).catch(() => undefined);
        isFolder = stats?.isDirectory() ?? false;
        isFile = stats?.isFile() ?? false;
      }

      if (isFolder) {
        if ((skipModules && entry.name === 'node_modules') || this.#ignored(frame.rules, absolute, true)) {
          yield this.#skipped(absolute, 'ignored', true);
          continue;
        }
        const failure = await this.#enter(stack, absolute, frame.rules);
        if (failure !== undefined) yield failure;
        continue;
      }
      const path = shownPath(this.scope.base, absolute);
      if (!this.scope.covers(path)) continue;
      if (root.pattern !== undefined && !root.pattern.matches(shownPath(root.absolute, absolute))) continue;
      if (this.#ignored(frame.rules, absolute, false)) {
        yield this.#skipped(absolute, 'ignored');
        continue;
      }
      if (!isFile) yield this.#skipped(absolute, 'special');
      else if (this.options.ignoreFiles !== false && GENERATED.test(entry.name)) {
        yield this.#skipped(absolute, 'generated');
      } else {
        const event = await this.#file(absolute, false);
        if (event !== undefined) yield event;
      }
    }
  }

  /** Lists a folder and reads its ignore files; a failure to do so is returned, not thrown. */
  async #enter(stack: Frame[], absolute: string, rules: Rules): Promise<WalkEvent | undefined> {
    try {
      if (this.options.followLinks) {
        const real = await this.fs.realpath(absolute);
        if (this.#entered.has(real)) return undefined;
        this.#entered.add(real);
      }
      const names = await readFolder(this.fs, absolute);
      names.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      const here = await this.#rulesIn(absolute, rules, names);
      stack.push({ absolute, rules: here, names, next: 0 });
      return undefined;
    } catch (error) {
      return this.#failed(absolute, error);
    }
  }

  /** What a link leads to: a file or folder to visit, or why it is not. */
  async #target(absolute: string, realRoot: string): Promise<{ readonly isFolder: boolean } | SkippedFile['reason']> {
    try {
      const stats = await this.fs.stat(absolute);
      if (stats.isDirectory()) return this.options.followLinks ? { isFolder: true } : 'link';
      if (!stats.isFile()) return 'special';
      if (this.options.followLinks) return { isFolder: false };
      const real = await this.fs.realpath(absolute);
      return withSlashes(real).startsWith(`${withSlashes(realRoot).replace(/\/$/, '')}/`)
        ? { isFolder: false }
        : 'link';
    } catch {
      return 'link';
    }
  }

  async #file(absolute: string, explicit: boolean): Promise<WalkEvent> {
    try {
      const stats = await this.fs.stat(absolute);
      if (!stats.isFile()) return this.#skipped(absolute, 'special');
      const path = shownPath(this.scope.base, absolute);
      const file: SourceFile = { path, absolute, size: stats.size, modified: stats.mtimeMs, explicit };
      return { kind: 'file', file };
    } catch (error) {
      return this.#failed(absolute, error);
    }
  }

  #ignored(rules: Rules, absolute: string, isFolder: boolean): boolean {
    const path = withSlashes(absolute);
    return chainVerdict(rules.own, path, isFolder) ?? chainVerdict(rules.git, path, isFolder) ?? false;
  }

  /** The rules of the folders above a root, from the top of its repository down. */
  async #rulesAbove(root: string): Promise<Rules> {
    let rules: Rules = { git: undefined, own: undefined };
    if (this.options.ignoreFiles === false) return rules;
    const above: string[] = [];
    let top: string | undefined;
    for (let folder = root; ; folder = dirname(folder)) {
      if (folder !== root) above.unshift(folder);
      if (await this.#exists(join(folder, '.git'))) {
        top = folder;
        break;
      }
      if (dirname(folder) === folder) break;
    }
    const { base } = this.scope;
    const limit = top ?? (withSlashes(root).startsWith(`${withSlashes(base)}/`) ? base : root);
    for (const folder of above.slice(above.indexOf(limit) === -1 ? above.length : above.indexOf(limit))) {
      if (folder !== limit && this.#ignored(rules, folder, true)) return { git: undefined, own: undefined };
      rules = await this.#rulesIn(folder, rules);
    }
    // Named although ignored: the rules above have been overruled, and would only empty the folder.
    return root !== limit && this.#ignored(rules, root, true) ? { git: undefined, own: undefined } : rules;
  }

  async #rulesIn(folder: string, rules: Rules, names?: readonly nodeFsDirent[]): Promise<Rules> {
    if (this.options.ignoreFiles === false) return rules;
    const at = withSlashes(folder);
    const read = async (name: string): Promise<string | undefined> => {
      const path = join(folder, name);
      if (names !== undefined && name.startsWith('.') && !names.some((entry) => entry.name === name.split('/')[0])) {
        return undefined;
      }
      return this.fs.readFile(path, 'utf8').catch(() => undefined);
    };
    let { git, own } = rules;
    const exclude = await read('.git/info/exclude');
    if (exclude !== undefined) git = extendChain(git, at, exclude);
    const gitIgnore = await read('.gitignore');
    if (gitIgnore !== undefined) git = extendChain(git, at, gitIgnore);
    const ownIgnore = await read('.sagittaignore');
    if (ownIgnore !== undefined) own = extendChain(own, at, ownIgnore);
    return { git, own };
  }

  async #exists(path: string): Promise<boolean> {
    return this.fs.lstat(path).then(
      () => true,
      () => false,
    );
  }

  #skipped(absolute: string, reason: SkippedFile['reason'], isFolder = false): WalkEvent {
    const path = shownPath(this.scope.base, absolute);
    return { kind: 'skipped', skipped: { path: isFolder ? `${path}/` : path, reason } };
  }

  #failed(absolute: string, error: unknown): WalkEvent {
    const path = shownPath(this.scope.base, absolute);
    if (isMissing(error) && path.includes('\uFFFD')) {
      const reason = 'The name is not valid UTF-8, so the file cannot be opened. Rename it.';
      return { kind: 'failure', failure: { path, reason } };
    }
    return { kind: 'failure', failure: { path, reason: fsReason(error) } };
  }
}

function readFolder(fs: WalkFileSystem, absolute: string) {
  return fs.readdir(absolute, { withFileTypes: true });
}
