import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SagittaError } from '../base/errors.ts';
import { DESCRIPTION, readTuned, versionFolder } from '../encode/tuned/description.ts';
import { besideEntry, ENCODERS } from '../store/local/beside.ts';
import { onDisk } from '../store/local/filesystem.ts';
import { readManifest } from '../store/local/manifest.ts';
import { vectorFields } from '../store/local/manifest-types.ts';
import { nodeFileSystem, nodeFiles } from '../store/local/node-files.ts';
import type { BesideEntry } from '../store/types.ts';

/** The version that a trained encoder's id names, and those that it starts from; without any for other encoders. */
async function chainOf(folder: string, id: string): Promise<Set<string>> {
  const chain = new Set<string>();
  for (let next = id; ; ) {
    const version = /^tuned:([^/\\]+)$/.exec(next)?.[1];
    if (version === undefined || chain.has(version)) return chain;
    chain.add(version);
    next = (await readTuned(versionFolder(folder, version))).description.base;
  }
}

/**
 * Files of the trained encoders that some encoders of a collection are, or start from, as its manifest is to name them.
 * @throws NotFoundError, CorruptFileError
 */
export async function encoderFiles(collection: string, ids: readonly string[]): Promise<BesideEntry[]> {
  const folder = join(collection, ENCODERS);
  const chains = await Promise.all([...new Set(ids)].map((id) => chainOf(folder, id)));
  const entries: BesideEntry[] = [];
  for (const version of new Set(chains.flatMap((chain) => [...chain]))) {
    const path = versionFolder(folder, version);
    const { files } = await readTuned(path);
    const described = await readFile(join(path, DESCRIPTION));
    for (const [name, bytes] of [[DESCRIPTION, new Uint8Array(described)] as const, ...files]) {
      const file = `${ENCODERS}/${version}/${name}`;
      entries.push(besideEntry(file, file, bytes));
    }
  }
  return entries;
}

/**
 * Removes trained encoders that a collection no longer uses: those that were replaced, and what an interrupted deployment left. The caller
 * holds the lock for writing.
 *
 * @param ids of the encoders that the collection has, and of one that it is about to get. @returns how many were removed.
 * None are when an encoder in use is damaged: which it starts from is not known then, and `verify` says so.
 * @throws StorageError when the disk refuses.
 */
export async function dropEncoderVersions(collection: string, ids: readonly string[]): Promise<number> {
  const folder = join(collection, ENCODERS);
  return onDisk(folder, async () => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const versions = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    if (versions.length === 0) return 0;
    const chains = ids.map((id) => chainOf(folder, id));
    const used = await Promise.all(chains).catch((error) => {
      if (error instanceof SagittaError) return undefined;
      throw error;
    });
    if (used === undefined) return 0;
    const unused = versions.filter((version) => !used.some((chain) => chain.has(version)));
    // The manifest that names others must survive a power failure before these go.
    if (unused.length > 0) await nodeFileSystem.syncDirectory(collection);
    for (const version of unused) await rm(join(folder, version), { recursive: true, force: true });
    return unused.length;
  });
}

/**
 * Removes a version whose deployment failed, unless the manifest on disk names it all the same, or may: it is replaced
 * before its folder is synced, and only then is it known to last.
 */
export async function dropFailedVersion(collection: string, version: string): Promise<void> {
  const folder = join(collection, ENCODERS);
  try {
    for (const { encoder } of vectorFields(readManifest(collection, nodeFiles).settings)) {
      if ((await chainOf(folder, encoder)).has(version)) return;
    }
  } catch {
    // What the manifest names is not known: nothing goes. Compacting removes what is in nobody's use.
    return;
  }
  await rm(versionFolder(folder, version), { recursive: true, force: true }).catch(() => undefined);
}
