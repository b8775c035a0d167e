import { hostExtensions } from '../collection/host-extensions.ts';
import { type Collection, type OpenOptions, openCollection } from '../collection/index.ts';

/** Opens a collection with the extensions that the user chose (`--extension`, `sagitta.config.json`). */
export async function openHere(directory: string, options: Omit<OpenOptions, 'extensions'> = {}): Promise<Collection> {
  return openCollection(directory, { ...options, extensions: await hostExtensions() });
}
