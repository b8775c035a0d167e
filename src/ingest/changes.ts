import crypto from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DocumentRecord } from '../content/index.ts';
import { type Hashed, hashedText, INGEST_VERSION, sorted, structureOf } from './hashed.ts';
import { documentId, isFallbackTitle } from './metadata.ts';
import { absolutePath, isWithin } from './paths.ts';
import type { Scope } from './scope.ts';
import type { SourceFile } from './types.ts';

/**
 * 128 bits of SHA-256 over everything that indexing depends on: version, format, language, title, metadata, structure
 * and text. Left out is what only says where the document lies (id, path, folder, a title made from the file's name),
 * so that a document that moved keeps its hash. 32 hexadecimal digits.
 */
export function contentHash(document: Hashed): string {
  const { id, path = id, title, text, format, language = '', metadata, blocks } = document;
  const fields = sorted(metadata).filter(([key]) => key !== 'folder');
  const heading = isFallbackTitle(title, id, path) ? null : title;
  return digest(JSON.stringify([INGEST_VERSION, format, language, heading, fields, structureOf(blocks)]), '\0', text);
}

/** Characters up to which texts are hashed as one, which takes a third of the time that an object for it takes. */
const SHORT = 65_536;

function digest(...parts: readonly string[]): string {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // Not every runtime has it.
  if (length <= SHORT && crypto.hash !== undefined) return crypto.hash('sha256', parts.join(''), 'hex').slice(0, 32);
  const hash = crypto.createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 32);
}

/** The hash of a document that a program gives: of {@link hashedText}. */
export function documentHash(document: Hashed): string {
  return digest(hashedText(document));
}

/** What the collection knows of a document. */
export type KnownDocument = Pick<DocumentRecord, 'id' | 'path' | 'contentHash' | 'source'>;

/** What became of a document since the last run. */
export type Change =
  | { readonly kind: 'added' | 'updated' | 'unchanged' }
  /** The same content under a new id; the document `from` is gone. */
  | { readonly kind: 'moved'; readonly from: string };

/**
 * Compares, document by document as they are read, what is found with what the collection knows. Holds ids and hashes
 * only.
 *
 * A document is removed when its path lies in the scope and it was not met, unless its file (or a folder above it)
 * failed: what could not be read keeps what it had. That includes a file of which only some records failed. A document
 * has moved when its content is met under an unknown id while its own file no longer exists.
 */
export class ChangeTracker {
  /** Documents not met so far. */
  readonly #known = new Map<string, KnownDocument>();
  readonly #failed: string[] = [];
  #byHash: Map<string, string[]> | undefined;

  /**
   * @param exists whether the file with this path (as ids show it) is still there; asked only about files whose
   * content turned up elsewhere. Default: looks at the disk.
   */
  constructor(
    known: Iterable<KnownDocument>,
    private readonly scope: Pick<Scope, 'covers' | 'base'>,
    private readonly exists: (path: string) => boolean = (path) => existsSync(resolve(scope.base, path)),
  ) {
    for (const { id, path, contentHash, source } of known) {
      this.#known.set(id, {
        id,
        contentHash,
        ...(path === undefined ? {} : { path }),
        ...(source === undefined ? {} : { source }),
      });
    }
  }

  /** Whether the file looks as it did when its document was made, so that it need not be read. */
  isUnchanged(file: SourceFile): boolean {
    const source = this.#known.get(documentId(file.path))?.source;
    return source !== undefined && source.size === file.size && source.modified === file.modified;
  }

  /** A file was passed over because {@link isUnchanged}: its document stands. */
  keep(file: SourceFile): void {
    this.#known.delete(documentId(file.path));
  }

  /** A document was read. Ids are unique within a run. */
  observe(id: string, hash: string): Change {
    const before = this.#known.get(id);
    if (before !== undefined) {
      this.#known.delete(id);
      return { kind: before.contentHash === hash ? 'unchanged' : 'updated' };
    }
    const from = this.#departed(hash);
    if (from === undefined) return { kind: 'added' };
    this.#known.delete(from);
    return { kind: 'moved', from };
  }

  /** A file, a folder, or a record of a file could not be read: what is known of it stands. */
  fail(path: string): void {
    const absolute = absolutePath(this.scope.base, path);
    if (this.#failed.at(-1) !== absolute) this.#failed.push(absolute);
  }

  /** Ids of documents that are gone; meaningful when everything has been observed. */
  removed(): string[] {
    const removed: string[] = [];
    for (const { id, path } of this.#known.values()) {
      if (path === undefined || !this.scope.covers(path)) continue;
      const absolute = absolutePath(this.scope.base, path);
      if (!this.#failed.some((failed) => isWithin(absolute, failed))) removed.push(id);
    }
    return removed;
  }

  /** A known document with this content whose file is gone. */
  #departed(hash: string): string | undefined {
    if (this.#byHash === undefined) {
      this.#byHash = new Map();
      for (const { id, path, contentHash } of this.#known.values()) {
        if (path === undefined) continue;
        const ids = this.#byHash.get(contentHash);
        if (ids === undefined) this.#byHash.set(contentHash, [id]);
        else ids.push(id);
      }
    }
    return this.#byHash.get(hash)?.find((id) => {
      const path = this.#known.get(id)?.path;
      return path !== undefined && this.scope.covers(path) && !this.exists(path);
    });
  }
}

/** What a run would do. Ids, in the order in which they were found or known. */
export interface ChangePlan {
  readonly added: readonly string[];
  readonly updated: readonly string[];
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
}

/** {@link ChangeTracker} for what was found in one go. A file exists when something was found in it or failed. */
export function planChanges(
  known: Iterable<KnownDocument>,
  found: Iterable<{ readonly id: string; readonly path?: string; readonly hash: string }>,
  scope: Pick<Scope, 'covers' | 'base'>,
  failed: readonly string[] = [],
): ChangePlan {
  const documents = [...found];
  const present = new Set(documents.map(({ id, path = id }) => path));
  const absolute = (path: string) => absolutePath(scope.base, path);
  const exists = (path: string) =>
    present.has(path) || failed.some((folder) => isWithin(absolute(path), absolute(folder)));
  const tracker = new ChangeTracker(known, scope, exists);
  for (const path of failed) tracker.fail(path);
  const plan = { added: [] as string[], updated: [] as string[], unchanged: [] as string[] };
  const moved: { from: string; to: string }[] = [];
  for (const { id, hash } of documents) {
    const change = tracker.observe(id, hash);
    if (change.kind === 'moved') moved.push({ from: change.from, to: id });
    else plan[change.kind].push(id);
  }
  return { ...plan, moved, removed: tracker.removed() };
}
