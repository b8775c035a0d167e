import type { ListEvent } from '../ingest/index.ts';
import type { Extension } from './extensions.ts';
import type { IndexOptions } from './types.ts';

/** Says which files `Collection.index` would read for a collection in this folder or database, whether it exists or not. */
export async function* listPaths(
  location: string,
  paths: readonly string[],
  options: IndexOptions = {},
  extension: Pick<Extension, 'readers'> = {},
): AsyncGenerator<ListEvent> {
  const { listFrom } = await import('./index-paths.ts');
  yield* listFrom(location, paths, options, extension);
}
