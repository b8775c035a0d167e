import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError, invariant } from '../../base/errors.ts';
import { ownString, Recent } from '../../base/recent.ts';
import { MEANING } from '../../corpus/index.ts';
import type { FlatIndex } from '../../index/index.ts';
import type { BesideEntry, CollectionSettings, VectorFieldSettings } from '../types.ts';
import { BesideHandle } from './beside.ts';
import { BlockCache } from './block-cache.ts';
import { FieldFile } from './field-file.ts';
import { FIELD_KINDS, type FieldIndex } from './field-kinds.ts';
import type { Files } from './filesystem.ts';
import { entryPath, readManifest, segmentPath } from './manifest.ts';
import {
  type FieldsOfManifest,
  type FileEntry,
  type Manifest,
  type SegmentEntry,
  vectorFields,
} from './manifest-types.ts';
import { Segment } from './segment.ts';
import { readTombstones } from './tombstones.ts';
import { ListsFile, type ListsSource, ModelFile } from './vector-lists.ts';

const CACHED_TERMS = 1024;

/** A segment as one generation sees it: the shared open file, and which of its documents are dead. */
export class SegmentView {
  #livePassages: BitSet | undefined;
  #liveLength: number | undefined;
  readonly #frequencies = new Recent<string, number>(CACHED_TERMS);

  constructor(
    readonly entry: SegmentEntry,
    readonly segment: Segment,
    /** Absent when every document is alive. */
    readonly dead: BitSet | undefined,
    readonly settings: CollectionSettings,
    /** What fields hold of it in files of their own, by field. */
    readonly files: ReadonlyMap<string, FieldFile> = new Map(),
    /** Vectors in lists, by field, where they were coded. */
    readonly lists: ReadonlyMap<string, ListsFile> = new Map(),
  ) {}

  /** What a field of vectors holds of it; undefined where there is no such field. */
  index(field: string): FieldIndex | undefined {
    const file = this.files.get(field);
    if (file !== undefined) return this.#ofPassages(file.index, file.container.path);
    return field === MEANING && this.settings.dim > 0 && this.segment.hasOwnDense ? this.segment.ownDense : undefined;
  }

  /** The same of a field of one vector for each passage. */
  flat(field: string): FlatIndex | undefined {
    const index = this.index(field);
    invariant(index === undefined || 'items' in index, `the field ${field} holds no single vectors`);
    return index as FlatIndex | undefined;
  }

  /** The sections of a field's index, and their bytes. */
  sectionsOf({ name, kind }: VectorFieldSettings): readonly { readonly name: string; readonly bytes: number }[] {
    const container = this.files.get(name)?.container ?? (name === MEANING ? this.segment.container : undefined);
    return (container?.sections ?? []).filter((section) => section.name.startsWith(FIELD_KINDS[kind].prefix));
  }

  /** Bytes of the segment's own vectors where others stand in for them, or none are wanted any more. */
  get unusedBytes(): number {
    if (!this.files.has(MEANING) && this.settings.dim > 0) return 0;
    return this.segment.container.sections.reduce(
      (sum, { name, bytes }) => (name.startsWith(FIELD_KINDS.vector.prefix) ? sum + bytes : sum),
      0,
    );
  }

  #ofPassages(index: FieldIndex, path: string): FieldIndex {
    const { passages } = this.entry;
    if (index.count === passages) return index;
    throw new CorruptFileError(path, `it is of ${index.count} passages where the manifest says ${passages}`);
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
    let frequency = this.#frequencies.get(term);
    if (frequency === undefined) {
      frequency = lexical.documentFrequency(term, live);
      this.#frequencies.set(ownString(term), frequency);
    }
    return frequency;
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
  const others = [...entry.vectors.values(), ...entry.lists.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return entry.bytes + (entry.dead?.bytes ?? 0) + others;
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
  readonly #fields = new Map<string, Shared<FieldFile>>();
  readonly #lists = new Map<string, Shared<ListsFile>>();
  readonly #beside = new Map<string, Shared<BesideHandle>>();
  readonly #blocks = new BlockCache();

  constructor(
    readonly directory: string,
    readonly files: Files,
  ) {}

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

  /** @param manifest which the entry belongs to: its indexes are what the lists of the entry, if it has any, were made with. */
  acquireOne(entry: SegmentEntry, { settings, indexes }: FieldsOfManifest): SegmentView {
    const dead =
      entry.dead === undefined
        ? undefined
        : readTombstones(entryPath(this.directory, entry.dead), this.files, entry.dead, entry.documents);
    const path = segmentPath(this.directory, entry.name);
    const segment = use(this.#segments, `${entry.name} ${entry.bytes} ${entry.checksum}`, () => {
      return new Segment(path, this.files, entry.documents, entry.passages, entry, this.#blocks);
    });
    const files = new Map<string, FieldFile>();
    const lists = new Map<string, ListsFile>();
    const view = new SegmentView(entry, segment, dead, settings, files, lists);
    try {
      for (const { name, kind } of vectorFields(settings)) {
        const file = entry.vectors.get(name);
        if (file !== undefined) files.set(name, this.#acquireField(file, kind));
        const coded = entry.lists.get(name);
        const index = indexes.get(name);
        if (coded === undefined || index === undefined) continue;
        const vectors = view.flat(name);
        if (vectors === undefined)
          throw new CorruptFileError(path, `it has lists of the field ${name}, and no vectors`);
        lists.set(name, this.#acquireLists(coded, index.model, { entry, dense: vectors }));
      }
      return view;
    } catch (error) {
      this.release([view]);
      throw error;
    }
  }

  #acquireField(entry: FileEntry, kind: VectorFieldSettings['kind']): FieldFile {
    return use(
      this.#fields,
      keyOf(entry),
      () => new FieldFile(entryPath(this.directory, entry), this.files, kind, entry),
    );
  }

  #acquireLists(entry: FileEntry, modelEntry: FileEntry, source: ListsSource): ListsFile {
    const model = use(this.#models, keyOf(modelEntry), () => {
      return new ModelFile(entryPath(this.directory, modelEntry), this.files, modelEntry);
    });
    try {
      return use(this.#lists, keyOf(entry), () => {
        return new ListsFile(entryPath(this.directory, entry), this.files, entry, model, source);
      });
    } catch (error) {
      giveBack(this.#models, model);
      throw error;
    }
  }

  release(views: readonly SegmentView[]): void {
    for (const { segment, files, lists } of views) {
      for (const file of files.values()) giveBack(this.#fields, file);
      for (const file of lists.values()) {
        giveBack(this.#lists, file);
        giveBack(this.#models, file.model);
      }
      giveBack(this.#segments, segment);
    }
  }

  /** Opens a file beside the segments, so that it can be read as long as it is held; {@link SegmentCache.releaseBeside} gives it back. */
  acquireBeside(entry: BesideEntry): BesideHandle {
    return use(this.#beside, keyOf(entry), () => new BesideHandle(this.directory, this.files, entry));
  }

  releaseBeside(files: Iterable<BesideHandle>): void {
    for (const file of files) giveBack(this.#beside, file);
  }

  /**
   * The current manifest and its segments. Between reading the one and opening the others a writer may have replaced
   * both: then once more from the start.
   */
  acquireCurrent(): { readonly manifest: Manifest; readonly views: SegmentView[] } {
    let manifest = readManifest(this.directory, this.files);
    for (;;) {
      try {
        return { manifest, views: this.acquire(manifest) };
      } catch (error) {
        if (!(error instanceof CorruptFileError)) throw error;
        const newer = readManifest(this.directory, this.files);
        if (newer.generation === manifest.generation) throw error;
        manifest = newer;
      }
    }
  }
}

function keyOf({ file, bytes, checksum }: FileEntry | BesideEntry): string {
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
