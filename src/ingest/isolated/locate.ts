import { existsSync } from 'node:fs';

/**
 * A file of the package, from wherever the bundler put the module that asks: beside it, below it or above it.
 * @param from `import.meta.url` of that module.
 */
export function locate(from: string, ...places: readonly string[]): URL | undefined {
  return places.map((place) => new URL(place, from)).find((url) => existsSync(url));
}
