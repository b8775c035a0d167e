import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { LruCache } from './lru.ts';
import { type Manifest, readManifest, type SegmentEntry, segmentPath, tombstonePath } from './manifest.ts';
import { Segment } from './segment.ts';
import { readTombstones } from './tombstones.ts';

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
  return entry.bytes + (entry.dead?.bytes ?? 0);
}

/**
 * The open segments of a collection, each opened once however many snapshots and writers use it, and closed with the
 * last of them.
 */
export class SegmentCache {
  readonly #open = new Map<string, { readonly segment: Segment; users: number }>();

  constructor(readonly directory: string) {}

  /** Opens what a manifest names; {@link SegmentCache.release} gives it back. @throws CorruptFileError */
  acquire(manifest: Manifest): SegmentView[] {
    const views: SegmentView[] = [];
    try {
      for (const entry of manifest.segments) views.push(this.acquireOne(entry));
      return views;
    } catch (error) {
      this.release(views);
      throw error;
    }
  }

  acquireOne(entry: SegmentEntry): SegmentView {
    const path = segmentPath(this.directory, entry.name);
    const dead =
      entry.dead === undefined
        ? undefined
        : readTombstones(tombstonePath(this.directory, entry.dead), entry.dead, entry.documents);
    const key = `${entry.name} ${entry.bytes} ${entry.checksum}`;
    let open = this.#open.get(key);
    if (open === undefined) {
      open = { segment: new Segment(path, entry.documents, entry.passages, entry), users: 0 };
      this.#open.set(key, open);
    }
    open.users++;
    return new SegmentView(entry, open.segment, dead);
  }

  release(views: readonly SegmentView[]): void {
    for (const { segment } of views) {
      for (const [key, open] of this.#open) {
        if (open.segment !== segment) continue;
        if (--open.users === 0) {
          this.#open.delete(key);
          segment.close();
        }
        break;
      }
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
