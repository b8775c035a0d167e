import fs from 'node:fs';
import { join, relative } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, SagittaError } from '../../base/errors.ts';
import { ImpactIndex } from '../../index/index.ts';
import type { BesideEntry, CollectionSettings, Fault, VerifyReport } from '../types.ts';
import { BesideHandle } from './beside.ts';
import { ContainerReader } from './container.ts';
import { hashId } from './ids.ts';
import { entryPath, MANIFEST, readManifest, SEGMENTS, segmentPath } from './manifest.ts';
import { type FileEntry, type Manifest, vectorFields } from './manifest-types.ts';
import { nodeFiles } from './node-files.ts';
import { PASSAGE_ROW } from './segment.ts';
import { ModelFile } from './vector-lists.ts';
import { entryBytes, SegmentCache, type SegmentView } from './views.ts';

export interface VerifyOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Milliseconds of work between two looks at the abort signal. */
const YIELD_AFTER = 12;

/**
 * Reads every byte of every file that counts, and checks what the files say against each other. Damage is reported, not
 * thrown; only an abort throws. Files that the manifest does not name are no fault: they are what a killed writer left,
 * and do not count.
 */
export async function verifyCollection(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const run = new Verification(directory, options);
  await run.all();
  return run.report();
}

class Verification {
  readonly #faults: Fault[] = [];
  #filesChecked = 0;
  #bytesChecked = 0;
  #bytesTotal = 0;
  #documents = 0;
  #passages = 0;
  #rested = performance.now();
  /** Live ids with the file that holds them. */
  readonly #ids = new Map<string, string>();

  constructor(
    readonly directory: string,
    readonly options: VerifyOptions,
  ) {}

  report(): VerifyReport {
    return {
      sound: this.#faults.length === 0,
      faults: this.#faults,
      filesChecked: this.#filesChecked,
      bytesChecked: this.#bytesChecked,
      documents: this.#documents,
      passages: this.#passages,
    };
  }

  async all(): Promise<void> {
    const cache = new SegmentCache(this.directory, nodeFiles);
    let manifest = this.#attempt(MANIFEST, () => readManifest(this.directory, nodeFiles));
    if (manifest === undefined) return;
    let views: (SegmentView | undefined)[] = [];
    for (;;) {
      const faults = this.#faults.length;
      const current: Manifest = manifest;
      views = current.segments.map((entry) =>
        this.#attempt(this.#name(entry.name), () => cache.acquireOne(entry, current)),
      );
      if (this.#faults.length === faults) break;
      // A writer may have replaced what the manifest named, between reading it and opening the files.
      const newer = this.#attempt(MANIFEST, () => readManifest(this.directory, nodeFiles));
      if (newer === undefined || newer.generation === manifest.generation) break;
      this.#faults.length = faults;
      cache.release(views.filter((view) => view !== undefined));
      manifest = newer;
    }
    try {
      this.#filesChecked = 1;
      this.#bytesChecked = fs.statSync(join(this.directory, MANIFEST)).size;
      this.#bytesTotal = manifest.segments.reduce((sum, entry) => sum + entryBytes(entry), this.#bytesChecked);
      for (const { model } of manifest.indexes.values()) {
        this.#bytesTotal += model.bytes;
        await this.#model(model);
      }
      this.#bytesTotal += manifest.beside.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const entry of manifest.beside) await this.#beside(entry);
      for (const [i, view] of views.entries()) {
        if (view === undefined) await this.#unopened(manifest, i);
        else await this.#view(view, manifest.settings);
      }
      this.options.onProgress?.(this.#bytesTotal, this.#bytesTotal);
    } finally {
      cache.release(views.filter((view) => view !== undefined));
    }
  }

  /** The segment or its tombstones could not be opened: its bytes are still worth a look. */
  async #unopened(manifest: Manifest, i: number): Promise<void> {
    const entry = manifest.segments[i]!;
    const path = segmentPath(this.directory, entry.name);
    const known = this.#faults.some(({ file }) => file === relative(this.directory, path));
    if (known) return;
    const container = this.#attempt(this.#name(entry.name), () => new ContainerReader(path, nodeFiles, entry));
    if (container === undefined) return;
    try {
      await this.#bytes(container);
    } finally {
      container.close();
    }
  }

  async #view(view: SegmentView, settings: CollectionSettings): Promise<void> {
    const file = this.#name(view.entry.name);
    if (view.entry.dead !== undefined) {
      // Read whole, and compared with its checksum, when the segment was opened.
      this.#filesChecked++;
      this.#bytesChecked += view.entry.dead.bytes;
    }
    // Contents that fail their checksum are not looked into any further.
    const sound = await this.#bytes(view.segment.container);
    let othersSound = true;
    for (const { container } of [...view.files.values(), ...view.lists.values()]) {
      if (!(await this.#bytes(container))) othersSound = false;
    }
    if (!sound || !othersSound) return;
    for (const check of [this.#counts, this.#recordsAndIds, this.#texts, this.#indexes, this.#lists]) {
      const faults = this.#faults.length;
      try {
        for (const problem of check.call(this, view, settings)) {
          if (problem !== undefined) this.#faults.push({ file, problem });
          await this.#rest();
        }
      } catch (error) {
        if (this.options.signal?.aborted) throw error;
        this.#faults.push(this.#fault(file, error));
      }
      if (this.#faults.length > faults) return;
    }
    this.#documents += view.liveDocumentCount;
    this.#passages += view.livePassageCount;
  }

  /** What a compressed index learned. Where it is damaged, the lists made with it are reported as well. */
  async #model(entry: FileEntry): Promise<void> {
    const file = join(SEGMENTS, entry.file);
    const opened = this.#attempt(file, () => new ModelFile(entryPath(this.directory, entry), nodeFiles, entry));
    if (opened === undefined) return;
    try {
      if (await this.#bytes(opened.container)) this.#attempt(file, () => opened.model);
    } finally {
      opened.close();
    }
  }

  /** Reads the whole file. @returns whether every checksum was right. */
  async #bytes(container: ContainerReader): Promise<boolean> {
    this.#filesChecked++;
    try {
      for (const { bytes } of container.verify()) {
        this.#bytesChecked += bytes;
        this.options.onProgress?.(this.#bytesChecked, this.#bytesTotal);
        await this.#rest();
      }
      return true;
    } catch (error) {
      if (this.options.signal?.aborted) throw error;
      this.#faults.push(this.#fault(relative(this.directory, container.path), error));
      return false;
    }
  }

  *#counts({ entry, dead, segment }: SegmentView): Generator<string | undefined> {
    // Throws where the table of documents is not sound.
    segment.firstPassage(0);
    yield;
    if (dead === undefined) return;
    const members = [...dead];
    if (members.some((document) => document >= entry.documents)) yield 'its tombstones name a document that it lacks';
    const passages = members.reduce(
      (sum, document) => sum + segment.firstPassage(document + 1) - segment.firstPassage(document),
      0,
    );
    if (members.length !== entry.dead?.documents || passages !== entry.dead.passages) {
      yield `${members.length} of its documents with ${passages} passages are dead, the manifest says otherwise`;
    }
  }

  *#recordsAndIds({ entry, dead, segment }: SegmentView): Generator<string | undefined> {
    const file = this.#name(entry.name);
    const languages = new Map<string, number>();
    const found = new Uint8Array(entry.documents);
    const table = segment.idTable();
    const rowOf = new Uint32Array(entry.documents);
    for (let row = 0; row < entry.documents; row++) {
      const document = table[3 * row + 2]!;
      if (document >= entry.documents || found[document] === 1) {
        yield `its table of ids is no permutation of its documents`;
        return;
      }
      found[document] = 1;
      rowOf[document] = row;
      if (row > 0 && compareRows(table, row - 1, row) >= 0) {
        yield 'its table of ids is out of order';
        return;
      }
    }
    let document = 0;
    for (const record of segment.records()) {
      if (document >= entry.documents) break;
      const [high, low] = hashId(record.id);
      const row = 3 * rowOf[document]!;
      if (table[row] !== high || table[row + 1] !== low) yield `document ${document} is not found by its id`;
      languages.set(record.language, (languages.get(record.language) ?? 0) + 1);
      if (dead?.has(document) !== true) {
        const other = this.#ids.get(record.id);
        if (other !== undefined) yield `the document ${JSON.stringify(record.id)} is alive here and in ${other}`;
        this.#ids.set(record.id, file);
      }
      document++;
      yield;
    }
    if (document !== entry.documents || segment.documentRecords !== document) {
      yield `it has records of ${segment.documentRecords} documents, the manifest says ${entry.documents}`;
    }
    const agree = [...languages].every(([language, count]) => segment.languages.get(language) === count);
    if (!agree || segment.languages.size !== languages.size) yield 'its counts of languages are wrong';
  }

  *#texts({ entry, segment }: SegmentView): Generator<string | undefined> {
    let units = 0;
    for (const piece of segment.texts.pieces(0, segment.textStart(entry.documents))) {
      units += piece.length;
      yield;
    }
    if (units !== segment.texts.units()) yield `its texts have ${segment.texts.units()} characters instead of ${units}`;
    const rows = segment.passageRows();
    for (let document = 0; document < entry.documents; document++) {
      const length = segment.textStart(document + 1) - segment.textStart(document);
      const end = segment.firstPassage(document + 1);
      for (let passage = segment.firstPassage(document); passage < end; passage++) {
        const at = PASSAGE_ROW * passage;
        if (rows[at]! > rows[at + 1]! || rows[at + 1]! > length) {
          yield `passage ${passage} lies outside of the text of document ${document}`;
        }
        if (rows[at + 3]! > segment.headingsCount) yield `passage ${passage} has headings that do not exist`;
      }
      yield;
    }
    for (let headings = 1; headings <= segment.headingsCount; headings++) {
      segment.headings(headings);
      yield;
    }
  }

  *#indexes(view: SegmentView, settings: CollectionSettings): Generator<string | undefined> {
    const { entry } = view;
    const { lexical } = view.segment;
    const { k1, b } = settings.bm25;
    if (lexical.parameters.k1 !== k1 || lexical.parameters.b !== b) {
      yield `its lexical index was built with other parameters than the manifest says`;
    }
    // Reads the whole index and checks its structure.
    const everything = new BitSet(entry.passages);
    everything.addRange(0, entry.passages);
    const length = lexical.liveLength(everything);
    if (Math.abs(length - lexical.totalLength) > 1e-9 * length) {
      yield `its passages have ${length} terms, its lexical index says ${lexical.totalLength}`;
    }
    lexical.checkPlaces();
    yield;
    for (const { name, dim } of vectorFields(settings)) {
      const index = view.index(name);
      if (index === undefined) {
        yield `it lacks the vectors of the field ${name} that the manifest promises`;
        return;
      }
      if (index.count !== entry.passages || index.dim !== dim) {
        yield `the field ${name} has ${index.count} passages of ${index.dim} components, the manifest says ${entry.passages} of ${dim}`;
      }
      // Also checks which passages have a vector against how many there are.
      if (index instanceof ImpactIndex) index.check();
      else if (index.count > 0) index.vector(0);
      yield;
    }
  }

  *#lists(view: SegmentView): Generator<string | undefined> {
    for (const [field, lists] of view.lists) {
      // Checks the structure, and that every item is in as many lists as it should be.
      const index = lists.open(false);
      yield;
      for (const item of view.flat(field)!.items) {
        if (index.has(item)) continue;
        yield `passage ${item} has a vector, but is in no list`;
        return;
      }
    }
  }

  async #beside(entry: BesideEntry): Promise<void> {
    const file = new BesideHandle(this.directory, nodeFiles, entry);
    try {
      this.#filesChecked++;
      if (this.#attempt(entry.file, () => file.read()) !== undefined) this.#bytesChecked += entry.bytes;
      await this.#rest();
    } finally {
      file.close();
    }
  }

  async #rest(): Promise<void> {
    if (performance.now() - this.#rested < YIELD_AFTER) return;
    await nextTick();
    this.options.signal?.throwIfAborted();
    this.#rested = performance.now();
  }

  #attempt<T>(file: string, step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#faults.push(this.#fault(file, error));
      return undefined;
    }
  }

  #fault(file: string, error: unknown): Fault {
    if (error instanceof CorruptFileError && error.file.startsWith(this.directory)) {
      // The message begins with the path and ends with the remedy.
      const problem = error.message.slice(error.file.length + 2, -error.remedy.length - 2);
      return { file: relative(this.directory, error.file), problem };
    }
    if (error instanceof SagittaError) return { file, problem: error.message };
    return { file, problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }

  #name(segment: string): string {
    return join(SEGMENTS, `${segment}.seg`);
  }
}

function compareRows(table: Uint32Array, a: number, b: number): number {
  for (let i = 0; i < 3; i++) {
    const difference = table[3 * a + i]! - table[3 * b + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
