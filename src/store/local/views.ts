import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { BlockCache, LruCache } from './lru.ts';
import {
  entryPath,
  type FileEntry,
  type Manifest,
  readManifest,
  type SegmentEntry,
  segmentPath,
  type VectorIndexEntry,
} from './manifest.ts';
import { Segment } from './segment.ts';
import { readTombstones } from './tombstones.ts';
import { ListsFile, ModelFile } from './vector-lists.ts';

const CACHED_TERMS = 1024;

/** A segment as one generation sees it: the shared open file, and which of its documents are dead. */
export class SegmentView {
  #livePassages: BitSet | undefined;
  #liveLength: number | undefined;
  readonly #frequencies = new LruCache<string, number>(CACHED_TERMS);

  constructor(
    readonly entry: SegmentEntry,
    readonly segment: Segment,
    /** Absent when every document is alive. */
    readonly dead: BitSet | undefined,
    /** Its vectors in lists, where they were coded. */
    readonly lists?: ListsFile,
  ) {}

  get liveDocumentCount(): number {
    return this.entry.documents - (this.entry.dead?.documents ?? 0);
  }

  get livePassageCount(): number {
    return this.entry.passages - (this.entry.dead?.passages ?? 0);
  }

  /** Live passages; undefined when all are. */
  get livePassages(): BitSet | undefined {
    if (this.dead === undefined) return undefined;
    this.#livePassages ??= this.segment.livePassages(this.dead);
    return this.#livePassages;
  }

  /** Sum of the lengths, in terms, of the live passages. */
  get liveLength(): number {
    const live = this.livePassages;
    const { lexical } = this.segment;
    this.#liveLength ??= live === undefined ? lexical.totalLength : lexical.liveLength(live);
    return this.#liveLength;
  }

  /** Live passages that contain the term. */
  documentFrequency(term: string): number {
    const live = this.livePassages;
    const { lexical } = this.segment;
    if (live === undefined) return lexical.documentFrequency(term);
    return this.#frequencies.get(term, () => lexical.documentFrequency(term, live));
  }

  /** Numbers of the live documents, ascending. */
  *liveDocuments(): Generator<number> {
    for (let document = 0; document < this.entry.documents; document++) {
      if (this.dead?.has(document) !== true) yield document;
    }
  }

  findLive(id: string): number | undefined {
    return this.segment.findDocument(id, this.dead);
  }
}

/** Bytes of a segment's files. */
export function entryBytes(entry: SegmentEntry): number {
  return entry.bytes + (entry.dead?.bytes ?? 0) + (entry.lists?.bytes ?? 0);
}

/** An open file that is shared by all who use it. */
interface Shared<T> {
  readonly file: T;
  users: number;
}

/**
 * The open files of a collection, each opened once however many snapshots and writers use it, and closed with the last of
 * them.
 */
export class SegmentCache {
  readonly #segments = new Map<string, Shared<Segment>>();
  readonly #models = new Map<string, Shared<ModelFile>>();
  readonly #lists = new Map<string, Shared<ListsFile>>();
  readonly #blocks = new BlockCache();

  constructor(readonly directory: string) {}

  /** Opens what a manifest names; {@link SegmentCache.release} gives it back. @throws CorruptFileError */
  acquire({ segments, vectorIndex }: Manifest): SegmentView[] {
    const views: SegmentView[] = [];
    try {
      for (const entry of segments) views.push(this.acquireOne(entry, vectorIndex));
      return views;
    } catch (error) {
      this.release(views);
      throw error;
    }
  }

  /** @param vectorIndex what the lists of the entry, if it has any, were made with. */
  acquireOne(entry: SegmentEntry, vectorIndex: VectorIndexEntry | undefined): SegmentView {
    const dead =
      entry.dead === undefined
        ? undefined
        : readTombstones(entryPath(this.directory, entry.dead), entry.dead, entry.documents);
    const path = segmentPath(this.directory, entry.name);
    const segment = use(this.#segments, `${entry.name} ${entry.bytes} ${entry.checksum}`, () => {
      return new Segment(path, entry.documents, entry.passages, entry, this.#blocks);
    });
    try {
      const lists =
        entry.lists === undefined || vectorIndex === undefined
          ? undefined
          : this.#acquireLists(entry.lists, vectorIndex.model, segment);
      return new SegmentView(entry, segment, dead, lists);
    } catch (error) {
      giveBack(this.#segments, segment);
      throw error;
    }
  }

  #acquireLists(entry: FileEntry, modelEntry: FileEntry, segment: Segment): ListsFile {
    const model = use(this.#models, keyOf(modelEntry), () => {
      return new ModelFile(entryPath(this.directory, modelEntry), modelEntry);
    });
    try {
      return use(this.#lists, keyOf(entry), () => {
        return new ListsFile(entryPath(this.directory, entry), entry, model, segment);
      });
    } catch (error) {
      giveBack(this.#models, model);
      throw error;
    }
  }

  release(views: readonly SegmentView[]): void {
    for (const { segment, lists } of views) {
      if (lists !== undefined) {
        giveBack(this.#lists, lists);
        giveBack(this.#models, lists.model);
      }
      giveBack(this.#segments, segment);
    }
  }

  /**
   * The current manifest and its segments. Between reading the one and opening the others a writer may have replaced
   * both: then once more from the start.
   */
  acquireCurrent(): { readonly manifest: Manifest; readonly views: SegmentView[] } {
    let manifest = readManifest(this.directory);
    for (;;) {
      try {
        return { manifest, views: this.acquire(manifest) };
      } catch (error) {
        if (!(error instanceof CorruptFileError)) throw error;
        const newer = readManifest(this.directory);
        if (newer.generation === manifest.generation) throw error;
        manifest = newer;
      }
    }
  }
}

function keyOf({ file, bytes, checksum }: FileEntry): string {
  return `${file} ${bytes} ${checksum}`;
}

function use<T>(files: Map<string, Shared<T>>, key: string, open: () => T): T {
  let shared = files.get(key);
  if (shared === undefined) {
    shared = { file: open(), users: 0 };
    files.set(key, shared);
  }
  shared.users++;
  return shared.file;
}

function giveBack<T extends { close(): void }>(files: Map<string, Shared<T>>, file: T): void {
  for (const [key, shared] of files) {
    if (shared.file !== file) continue;
    if (--shared.users > 0) return;
    files.delete(key);
    file.close();
    return;
  }
}
