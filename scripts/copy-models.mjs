// Puts what the package ships beside its code into dist/: the token table of the encoder `static`, the projection of `late`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}/dist/models`, { recursive: true });
copyFileSync(`${root}/src/encode/static/static.bin`, `${root}/dist/models/static.bin`);
copyFileSync(`${root}/src/encode/late/late.bin`, `${root}/dist/models/late.bin`);
