import type { FileEntry, SegmentEntry } from './manifest.ts';

/** A segment without what a field holds of it. */
export function withoutField(entry: SegmentEntry, name: string): SegmentEntry {
  return { ...entry, vectors: without(entry.vectors, name), lists: without(entry.lists, name) };
}

/** A segment with a file of what a field holds of it; as it is without one. */
export function withField(entry: SegmentEntry, name: string, file: FileEntry | undefined): SegmentEntry {
  return file === undefined ? entry : { ...entry, vectors: new Map([...entry.vectors, [name, file]]) };
}

/** A map without one of its members. */
export function without<T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([key]) => key !== name));
}
