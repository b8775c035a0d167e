import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout, which holds `src/`, `lab/` and `docs/`. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where evidence is read from and written to, one file a paper. */
export const evidenceFolder = join(root, 'lab/evidence');

/** Version of Sagitta that is measured. */
export const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
