/**
 * Gives a collection another encoder until it is killed (reencode.test.ts). Prints a line before each batch of passages is
 * encoded, with their number, and one at the end.
 *
 * Arguments: collection, passages of a batch, milliseconds that a batch takes.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCollection } from '../src/collection/index.ts';
import { testEncoder } from '../src/encode/index.ts';

const [directory, batch, time] = process.argv.slice(2) as [string, string, string];
const encoder = testEncoder({ dim: 128 });
const slow: typeof encoder = {
  ...encoder,
  async encode(texts, options) {
    writeSync(1, `${texts.length}\n`);
    await sleep(Number(time));
    return encoder.encode(texts, options);
  },
};
const collection = await openCollection(directory);
await collection.reencode(slow, { batch: Number(batch), keepAfterMs: 0 });
writeSync(1, 'done\n');
await collection.close();
