import { Random } from '../src/base/random.ts';
import type { Image } from './lib-chaos-images.ts';

/** Version of a document's content, or null where there is none. */
export type Version = number | null;
export type Changes = readonly (readonly [id: string, version: Version])[];

/** What a writer does; each piece of work may be cut off at any moment. */
export const WORKS = ['index', 'add', 'remove', 'compact', 'rebuild', 'deploy'] as const;
export type Work = (typeof WORKS)[number];

/** What a writer is told to do. */
export interface WriterTask {
  /** The collection. */
  readonly directory: string;
  /** A folder of files that are indexed. */
  readonly sources: string;
  readonly seed: number;
  /** Milliseconds after which it ends by itself. */
  readonly time: number;
  /** What it does first. */
  readonly first: Work | 'any';
}

/** What a writer says, a line each. */
export type WriterLine =
  | {
      readonly begin: Work;
      readonly changes: Changes;
      /** The changes count all or not at all. */
      readonly whole: boolean;
    }
  | { readonly done: true }
  | Image
  | { readonly refused: string; readonly code: string };

/** The text of a document, decided by its id and version. Every one holds `harbour`. */
export function chaosText(id: string, version: number): string {
  const random = new Random(version);
  const words = Array.from({ length: 12 + random.below(120) }, () => `t${random.below(400)}`);
  return `harbour ${wordOf(id)} v${version} ${words.join(' ')}`;
}

/** A word that one document has alone. */
export function wordOf(id: string): string {
  return `d${id.replace(/\W/g, '')}`;
}
