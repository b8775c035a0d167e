import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import type { FlatIndex } from '../../index/index.ts';
import type { CollectionSettings } from '../types.ts';
import { BlockCache, LruCache } from './lru.ts';
import { entryPath, type FileEntry, type Manifest, readManifest, type SegmentEntry, segmentPath } from './manifest.ts';
import { Segment } from './segment.ts';
import { readTombstones } from './tombstones.ts';
import { ListsFile, ModelFile } from './vector-lists.ts';
import { VectorsFile } from './vectors-file.ts';

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
    readonly settings: Pick<CollectionSettings, 'dim'>,
    /** Its vectors, where they were made after it. */
    readonly vectors?: VectorsFile,
    /** Its vectors in lists, where they were coded. */
    readonly lists?: ListsFile,
  ) {}

  /** Whether its passages have vectors of the collection's encoder; without an encoder none have. */
  get hasDense(): boolean {
    return this.settings.dim > 0 && (this.vectors !== undefined || this.segment.hasOwnDense);
  }

  /** @throws InvariantError where there are no vectors; see {@link SegmentView.hasDense}. */
  get dense(): FlatIndex {
    return this.vectors?.index ?? this.segment.ownDense;
  }

  /** Bytes of the segment's own vectors where others stand in for them, or none are wanted any more. */
  get unusedBytes(): number {
    if (this.vectors === undefined && this.settings.dim > 0) return 0;
    return this.segment.container.sections.reduce(
      (sum, { name, bytes }) => (name.startsWith('dense.') ? sum + bytes : sum),
      0,
    );
  }

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
  return entry.bytes + (entry.dead?.bytes ?? 0) + (entry.vectors?.bytes ?? 0) + (entry.lists?.bytes ?? 0);
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
  readonly #vectors = new Map<string, Shared<VectorsFile>>();
  readonly #lists = new Map<string, Shared<ListsFile>>();
  readonly #blocks = new BlockCache();

  constructor(readonly directory: string) {}

  /** Opens what a manifest names; {@link SegmentCache.release} gives it back. @throws CorruptFileError */
  acquire(manifest: Manifest): SegmentView[] {
    const views: SegmentView[] = [];
    try {
      for (const entry of manifest.segments) views.push(this.acquireOne(entry, manifest));
      return views;
    } catch (error) {
      this.release(views);
      throw error;
    }
  }

  /** @param manifest which the entry belongs to: its index is what the lists of the entry, if it has any, were made with. */
  acquireOne(entry: SegmentEntry, { settings, vectorIndex }: Pick<Manifest, 'settings' | 'vectorIndex'>): SegmentView {
    const dead =
      entry.dead === undefined
        ? undefined
        : readTombstones(entryPath(this.directory, entry.dead), entry.dead, entry.documents);
    const path = segmentPath(this.directory, entry.name);
    const segment = use(this.#segments, `${entry.name} ${entry.bytes} ${entry.checksum}`, () => {
      return new Segment(path, entry.documents, entry.passages, entry, this.#blocks);
    });
    let vectors: VectorsFile | undefined;
    try {
      if (entry.vectors !== undefined) vectors = this.#acquireVectors(entry.vectors);
      if (entry.lists === undefined || vectorIndex === undefined) {
        return new SegmentView(entry, segment, dead, settings, vectors);
      }
      const source = new SegmentView(entry, segment, dead, settings, vectors);
      const lists = this.#acquireLists(entry.lists, vectorIndex.model, source);
      return new SegmentView(entry, segment, dead, settings, vectors, lists);
    } catch (error) {
      if (vectors !== undefined) giveBack(this.#vectors, vectors);
      giveBack(this.#segments, segment);
      throw error;
    }
  }

  #acquireVectors(entry: FileEntry): VectorsFile {
    return use(this.#vectors, keyOf(entry), () => new VectorsFile(entryPath(this.directory, entry), entry));
  }

  #acquireLists(entry: FileEntry, modelEntry: FileEntry, source: SegmentView): ListsFile {
    const model = use(this.#models, keyOf(modelEntry), () => {
      return new ModelFile(entryPath(this.directory, modelEntry), modelEntry);
    });
    try {
      return use(this.#lists, keyOf(entry), () => {
        return new ListsFile(entryPath(this.directory, entry), entry, model, source);
      });
    } catch (error) {
      giveBack(this.#models, model);
      throw error;
    }
  }

  release(views: readonly SegmentView[]): void {
    for (const { segment, vectors, lists } of views) {
      if (vectors !== undefined) giveBack(this.#vectors, vectors);
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
