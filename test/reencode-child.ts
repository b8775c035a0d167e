/**
 * Deploys an encoder until it is killed (tune-faults.test.ts). Prints a line after each batch of passages.
 *
 * Arguments: collection, file of a token table's model, its components.
 */
import { readFileSync, writeSync } from 'node:fs';
import { openCollection } from '../src/collection/index.ts';

const [directory, model, dim] = process.argv.slice(2) as [string, string, string];
const collection = await openCollection(directory);
const description = { form: 'static', base: 'hash:64', dim: Number(dim), languages: ['en'] } as const;
const files = { description, files: new Map([['table.bin', new Uint8Array(readFileSync(model))]]) };
await collection.deploy(files, { onProgress: (done) => writeSync(1, `${done}\n`) });
writeSync(1, 'deployed\n');
await collection.close();
