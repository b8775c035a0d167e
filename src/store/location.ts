import { dirname, resolve } from 'node:path';
import { isPostgresAddress, parsePostgresAddress } from './postgres/address.ts';

/** What ids and paths of documents are relative to: the folder that holds the collection; for one in a database, where the process runs. */
export function documentBase(location: string): string {
  return isPostgresAddress(location) ? process.cwd() : dirname(resolve(location));
}

/** A collection's name for people: the address of a database without its password. */
export function shownLocation(location: string): string {
  return isPostgresAddress(location) ? parsePostgresAddress(location).shown : location;
}
