import { readFileSync } from 'node:fs';

/** The version of the package. */
export function version(): string {
  // Its own name first: from `dist/` and from `src/` the package's file lies at different distances.
  for (const place of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      const { name, version: found } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (name === 'sagitta-search') return found;
    } catch {
      // Not there: the next place.
    }
  }
  return '0.0.0';
}
