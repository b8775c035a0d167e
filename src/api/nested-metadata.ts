import { InvalidArgumentError } from '../base/errors.ts';
import type { Metadata, MetadataValue } from '../content/index.ts';

/**
 * Metadata of other libraries as they are stored: nested objects become dotted names (`loc.lines.from`), by which filters can name them. Objects without
 * members are left out, as are members that are undefined, and what an adapter said of a hit under `sagitta`. A Date becomes its text in ISO 8601, by which filters compare it.
 * @throws InvalidArgumentError for what cannot come back as it was.
 */
export function flatten(metadata: Readonly<Record<string, unknown>>, prefix = ''): Metadata {
  const flat: Record<string, MetadataValue> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const name = prefix + key;
    if (value === undefined || (name === 'sagitta' && isOurs(value))) continue;
    if (name === 'sagitta' || key === '__proto__') {
      throw new InvalidArgumentError(
        `The metadata field "${name}" has a name that is taken.`,
        'Call it something else; what a search returned under `sagitta` may stay.',
      );
    }
    if (key.includes('.')) {
      throw new InvalidArgumentError(`The metadata field "${name}" has a dot in its name.`, 'Name it without one.');
    }
    if (isScalar(value) || value === null || (Array.isArray(value) && value.every(isScalar))) {
      flat[name] = value as MetadataValue;
    } else if (value instanceof Date && !Number.isNaN(value.getTime())) {
      flat[name] = value.toISOString();
    } else if (typeof value === 'object' && isPlain(value)) {
      Object.assign(flat, flatten(value as Record<string, unknown>, `${name}.`));
    } else {
      throw new InvalidArgumentError(
        `The metadata field "${name}" is neither a text, a number, a boolean, a list of those nor an object of those.`,
        'Turn it into one of them, for example with JSON.stringify.',
      );
    }
  }
  return flat;
}

/** What {@link flatten} was given, from what it made of it. */
export function unflatten(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const nested: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    const parts = name.split('.');
    // A dotted name that would lead into the prototype of all objects, or through a value of another field, stays as it is.
    const taken = parts.some((_, i) => i > 0 && Object.hasOwn(flat, parts.slice(0, i).join('.')));
    const path = taken || parts.includes('__proto__') ? [name] : parts;
    const last = path.pop()!;
    let at = nested;
    for (const key of path) {
      if (!Object.hasOwn(at, key)) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    Object.defineProperty(at, last, { value, writable: true, enumerable: true, configurable: true });
  }
  return nested;
}

/** What adapters add of a hit, in a document that comes back. */
function isOurs(value: unknown): boolean {
  const { id, score } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof score === 'number';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
