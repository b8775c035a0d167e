import type { FitModel } from './fit-options.ts';
import type { PartialShape } from './shape.ts';

/** The same under other names, so that several lists of inputs can be part of one batch: `tokens` becomes `q:tokens`. */
export function prefixed<T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));
}

/** What {@link prefixed} put under a prefix, by its own names. */
export function partOf<T>(prefix: string, named: Readonly<Record<string, T>>): Record<string, T> {
  const own = Object.entries(named).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** A model of which a batch holds inputs under each of these prefixes; an objective applies it to them by {@link partOf}. */
export function withParts<Of extends FitModel>(model: Of, prefixes: readonly string[]): Of {
  const shapes = prefixes.map((prefix) => prefixed(prefix, renamed(prefix, model.shapes)));
  return { ...model, shapes: Object.assign({}, ...shapes) };
}

/** Extents that have a name are others under each prefix. */
function renamed(prefix: string, shapes: FitModel['shapes'] = {}): Record<string, PartialShape> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      shape.map((extent) => (typeof extent === 'string' ? prefix + extent : extent)),
    ]),
  );
}
