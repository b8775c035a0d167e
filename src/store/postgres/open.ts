import type { CollectionSettings } from '../types.ts';
import type { PostgresOptions, PostgresStore } from './store.ts';

/**
 * Opens a collection in PostgreSQL, or makes it, with the tables, where settings are given and there is none.
 *
 * @param location `postgres://USER@HOST:PORT/DATABASE?collection=NAME` (`parsePostgresAddress`).
 * @param fresh settings of a new collection; called when there is none.
 * @throws NotFoundError when there is none and it is not to be made; RemoteError, StorageError and others for a server that is down,
 * slow, read-only or of another version; MissingPackageError without the package `pg`.
 */
export async function openPostgresStore(
  location: string,
  options: PostgresOptions = {},
  fresh?: () => Promise<CollectionSettings>,
): Promise<{ readonly store: PostgresStore; readonly made: boolean }> {
  // Loaded when first needed: most collections are in folders, and begin to answer the sooner.
  const { openStore } = await import('./store.ts');
  return openStore(location, options, fresh);
}
