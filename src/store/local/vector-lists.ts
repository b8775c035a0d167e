import { CorruptFileError } from '../../base/errors.ts';
import { type Parallel, Turns } from '../../base/parallel.ts';
import { Vectors } from '../../base/vectors.ts';
import type { FlatIndex } from '../../index/index.ts';
import { ContainerReader, type FileStamp } from './container.ts';
import type { Files } from './filesystem.ts';
import type { SegmentEntry } from './manifest-types.ts';
import { IvfIndex, IvfModel } from './seldom.ts';

/** Vectors coded between two looks at whether to go on: enough for several threads. */
const STEP = 32_768;

/** An open file with what a compressed index learned. */
export class ModelFile {
  readonly container: ContainerReader;
  #model: IvfModel | undefined;

  /** @throws CorruptFileError, IncompatibleError */
  constructor(path: string, files: Files, expected: FileStamp) {
    this.container = new ContainerReader(path, files, expected);
  }

  /** @throws CorruptFileError, IncompatibleError */
  get model(): IvfModel {
    this.#model ??= inFile(this.container.path, () => IvfModel.open(this.container));
    return this.#model;
  }

  close(): void {
    this.container.close();
  }
}

/** Whose vectors lists are of. */
export interface ListsSource {
  readonly entry: SegmentEntry;
  readonly dense: FlatIndex;
}

/** An open file with the lists of one segment: items are its passages, candidates are refined with its vectors. */
export class ListsFile {
  readonly container: ContainerReader;
  #index: IvfIndex | undefined;

  /** @throws CorruptFileError, IncompatibleError */
  constructor(
    path: string,
    files: Files,
    expected: FileStamp,
    readonly model: ModelFile,
    private readonly source: ListsSource,
  ) {
    this.container = new ContainerReader(path, files, expected);
  }

  /** The index, of which lists are read when they are first probed. @throws CorruptFileError, IncompatibleError */
  get index(): IvfIndex {
    this.#index ??= this.open(true);
    return this.#index;
  }

  /** @param lazy false reads and checks everything. */
  open(lazy: boolean): IvfIndex {
    return inFile(this.container.path, () => {
      const { model } = this.model;
      const { dense, entry } = this.source;
      const index = IvfIndex.open(this.container, { model, lazy, vectors: dense });
      if (index.count !== entry.passages || index.vectorCount !== dense.vectorCount) {
        throw new CorruptFileError(
          this.container.path,
          `it has ${index.vectorCount} vectors of ${index.count} passages, its segment ${dense.vectorCount} of ${entry.passages}`,
        );
      }
      return index;
    });
  }

  close(): void {
    this.container.close();
  }
}

/** From how many vectors lists pay: below, ranking lists costs more than scanning the codes one by one. */
export function leastVectors(lists: number): number {
  return Math.max(1024, 2 * lists);
}

/**
 * Codes the vectors of a segment.
 *
 * @param step called after each piece of work with the share that is done; may throw to give up.
 */
export async function buildLists(
  dense: FlatIndex,
  model: IvfModel,
  threads: Parallel | undefined,
  step: (done: number) => void,
): Promise<IvfIndex> {
  const index = new IvfIndex(model, { vectors: dense });
  index.grow(dense.count);
  const turns = new Turns();
  let done = 0;
  for (const { ids, vectors } of vectorsOf(dense)) {
    index.add(threads === undefined ? vectors : await index.code(vectors, threads), ids);
    done += ids.length;
    step(done / dense.vectorCount);
    await turns.give();
  }
  return index;
}

/** The vectors of an index, some at a time. */
function* vectorsOf(dense: FlatIndex): Generator<{ readonly ids: Uint32Array; readonly vectors: Vectors }> {
  const items = dense.items;
  for (let from = 0; from < items.length; from += STEP) {
    const ids = items.subarray(from, from + STEP);
    const vectors = Vectors.zeros(ids.length, dense.dim);
    dense.read(ids, vectors.data as Float32Array<ArrayBuffer>);
    yield { ids, vectors };
  }
}

/** Names the file in errors that know only the section. */
function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CorruptFileError && error.file !== path) {
      throw new CorruptFileError(path, `in ${error.file}, ${error.problem}`, undefined, { cause: error });
    }
    throw error;
  }
}
