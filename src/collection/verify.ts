import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { CorruptFileError, SagittaError } from '../base/errors.ts';
import { readCross } from '../encode/cross/weights.ts';
import { DESCRIPTION, readTuned, versionFolder } from '../encode/tuned/description.ts';
import { parseRelevance, readQueryUpdate } from '../search/index.ts';
import { isPostgresAddress, openLocalStore, openPostgresStore } from '../store/index.ts';
import { ENCODERS } from '../store/local/beside.ts';
import { readManifest } from '../store/local/manifest.ts';
import { type Manifest, vectorFields } from '../store/local/manifest-types.ts';
import { nodeFiles } from '../store/local/node-files.ts';
import type { Fault, Store, VerifyReport } from '../store/types.ts';
import { answering, COMPRESSOR } from './answering.ts';
import { FEEDBACK } from './learned-feedback.ts';
import { RELEVANCE } from './relevant.ts';
import { RERANKER } from './reranking.ts';

/**
 * Reads every byte of the collection in `directory` and checks every checksum and cross-reference; also the trained encoders that
 * make its vectors, and what it learned of relevance. A collection that is too damaged to open is reported like any other.
 * @throws NotFoundError when there is none; IncompatibleError when a newer version made it.
 */
export async function verifyCollection(
  directory: string,
  options?: Parameters<Store['verify']>[0],
): Promise<VerifyReport> {
  if (isPostgresAddress(directory)) {
    const { store } = await openPostgresStore(directory);
    try {
      return await store.verify(options);
    } finally {
      await store.close();
    }
  }
  try {
    return await verifyStore(await openLocalStore(resolve(directory)), options);
  } catch (error) {
    return reportOf(error, directory);
  }
}

/** What is said of a collection that is too damaged to be read any further. */
function reportOf(error: unknown, directory: string): VerifyReport {
  if (!(error instanceof CorruptFileError)) throw error;
  const fault = { file: relative(resolve(directory), resolve(error.file)), problem: error.problem };
  return { sound: false, faults: [fault], filesChecked: 1, bytesChecked: 0, documents: 0, passages: 0 };
}

/** {@link verifyCollection} of a collection that is open already. */
export async function verifyStore(
  store: Pick<Store, 'directory' | 'verify'>,
  options?: Parameters<Store['verify']>[0],
): Promise<VerifyReport> {
  const { directory } = store;
  if (directory === undefined) return store.verify(options);
  try {
    const report = await store.verify(options);
    const beside = new FilesBeside(directory, readManifest(directory, nodeFiles), report.faults);
    await beside.all();
    const faults = [...report.faults, ...beside.faults];
    return { ...report, sound: faults.length === 0, faults };
  } catch (error) {
    return reportOf(error, directory);
  }
}

/** What the store knows the bytes of, and not what they mean. Files that it has found damaged are not looked into. */
class FilesBeside {
  readonly faults: Fault[] = [];
  readonly #damaged: ReadonlySet<string>;

  constructor(
    private readonly directory: string,
    private readonly manifest: Manifest,
    faults: readonly Fault[],
  ) {
    this.#damaged = new Set(faults.map(({ file }) => file));
  }

  async all(): Promise<void> {
    for (const { encoder } of vectorFields(this.manifest.settings)) await this.#encoder(encoder);
    await this.#beside(RELEVANCE, (bytes, path) => parseRelevance(bytes.toString(), path));
    await this.#beside(RERANKER, readCross);
    await this.#beside(FEEDBACK, readQueryUpdate);
    const { readCompressor } = await answering();
    await this.#beside(COMPRESSOR, readCompressor);
  }

  /** A trained encoder, and the trained ones that it starts from. */
  async #encoder(spec: string, above: readonly string[] = []): Promise<void> {
    const version = /^tuned:([^/\\]+)$/.exec(spec)?.[1];
    if (version === undefined) return;
    const folder = versionFolder(join(this.directory, ENCODERS), version);
    const place = `${ENCODERS}/${version}/`;
    if ([...this.#damaged].some((file) => file.startsWith(place))) return;
    await this.#attempt(folder, async () => {
      if (above.includes(version)) throw new CorruptFileError(folder, 'it starts from itself');
      const { description, files } = await readTuned(folder);
      const named = new Set(this.manifest.beside.map(({ file }) => file));
      const foreign = [DESCRIPTION, ...files.keys()].find((name) => !named.has(place + name));
      if (foreign !== undefined) throw new CorruptFileError(join(folder, foreign), 'the manifest does not name it');
      await this.#encoder(description.base, [...above, version]);
    });
  }

  /** A file beside the manifest, read as searches read it. */
  async #beside(role: string, read: (bytes: Buffer, path: string) => unknown): Promise<void> {
    const entry = this.manifest.beside.find((one) => one.role === role);
    if (entry === undefined || this.#damaged.has(entry.file)) return;
    const path = join(this.directory, entry.file);
    await this.#attempt(path, async () => void read(await readFile(path), path));
  }

  async #attempt(path: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof SagittaError)) throw error;
      const damaged = error instanceof CorruptFileError;
      this.faults.push({
        file: relative(this.directory, damaged ? error.file : path),
        problem: damaged ? error.problem : error.message,
      });
    }
  }
}
