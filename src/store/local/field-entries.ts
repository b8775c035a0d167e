import { InvalidArgumentError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { MEANING } from '../../corpus/index.ts';
import { type FileEntry, type Manifest, type SegmentEntry, vectorFields } from './manifest-types.ts';

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

/** What a collection is without a field that was added. @throws InvalidArgumentError when none of that name was. */
export function stateWithoutField(
  { settings, indexes, segments }: Manifest,
  name: string,
): Pick<Manifest, 'settings' | 'indexes' | 'segments'> {
  const { fields = [], ...others } = settings;
  const rest = fields.filter((field) => field.name !== name);
  if (rest.length === fields.length) {
    throw new InvalidArgumentError(
      `No field "${name}" was added to this collection.`,
      rest.length === 0 ? 'There is none to remove.' : `There are ${rest.map((field) => field.name).join(', ')}.`,
    );
  }
  return {
    settings: rest.length === 0 ? others : { ...others, fields: rest },
    indexes: without(indexes, name),
    segments: segments.map((entry) => withoutField(entry, name)),
  };
}

/** @throws InvalidArgumentError when a collection has no field of this name of one vector for each passage. That of `meaning` may be empty. */
export function checkVectorField({ settings }: Manifest, name: string): void {
  const names = vectorFields(settings).flatMap((field) => (field.kind === 'vector' ? [field.name] : []));
  if (name === MEANING || names.includes(name)) return;
  const guess = nearest(name, names);
  throw new InvalidArgumentError(
    `The collection has no field "${name}" of one vector for each passage.`,
    guess === undefined ? `It has ${names.join(', ') || 'none'}.` : `Did you mean "${guess}"?`,
  );
}
