import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { CorruptFileError, SagittaError } from '../base/errors.ts';
import { readTuned, versionFolder } from '../encode/tuned/description.ts';
import { parseRelevance } from '../search/index.ts';
import { openLocalStore } from '../store/index.ts';
import type { Fault, Store, VerifyReport } from '../store/types.ts';
import { ENCODERS } from './encoder-versions.ts';
import { relevanceFile } from './relevant.ts';

/**
 * Reads every byte of the collection in `directory` and checks every checksum and cross-reference; also the trained encoder that
 * makes its vectors, and what it learned of relevance. A collection that is too damaged to open is reported like any other.
 * @throws NotFoundError when there is none; IncompatibleError when a newer version made it.
 */
export async function verifyCollection(
  directory: string,
  options?: Parameters<Store['verify']>[0],
): Promise<VerifyReport> {
  try {
    const store = await openLocalStore(resolve(directory));
    const report = await store.verify(options);
    const beside = new FilesBeside(store.directory);
    await beside.encoder(store.settings.encoder);
    await beside.relevance();
    const faults = [...report.faults, ...beside.faults];
    return {
      ...report,
      sound: faults.length === 0,
      faults,
      filesChecked: report.filesChecked + beside.files,
      bytesChecked: report.bytesChecked + beside.bytes,
    };
  } catch (error) {
    if (!(error instanceof CorruptFileError)) throw error;
    const fault = { file: error.file, problem: error.problem };
    return { sound: false, faults: [fault], filesChecked: 1, bytesChecked: 0, documents: 0, passages: 0 };
  }
}

class FilesBeside {
  readonly faults: Fault[] = [];
  files = 0;
  bytes = 0;

  constructor(private readonly directory: string) {}

  /** A trained encoder, and the trained ones that it starts from. */
  async encoder(spec: string, above: readonly string[] = []): Promise<void> {
    const version = /^tuned:([^/\\]+)$/.exec(spec)?.[1];
    if (version === undefined) return;
    const folder = versionFolder(join(this.directory, ENCODERS), version);
    await this.#attempt(folder, async () => {
      if (above.includes(version)) throw new CorruptFileError(folder, 'it starts from itself');
      const { description, files } = await readTuned(folder);
      this.files += 1 + files.size;
      for (const bytes of files.values()) this.bytes += bytes.byteLength;
      await this.encoder(description.base, [...above, version]);
    });
  }

  async relevance(): Promise<void> {
    const path = relevanceFile(this.directory);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return;
    this.files++;
    this.bytes += Buffer.byteLength(text);
    await this.#attempt(path, async () => void parseRelevance(text, path));
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
