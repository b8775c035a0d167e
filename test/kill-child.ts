/**
 * Writes to a collection until it is killed (kill.test.ts). Prints a line before and after each publication and
 * compaction, so that the parent knows what was acknowledged, and when to strike.
 *
 * Arguments: directory, seed.
 */
import { writeSync } from 'node:fs';
import { Random } from '../src/base/random.ts';
import { openLocalStore } from '../src/store/index.ts';
import { killDocument } from './kill-documents.ts';

const [directory, seed] = process.argv.slice(2) as [string, string];
const random = new Random(Number(seed));
// A pipe takes a line at once: what was printed was printed, whatever happens next.
const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);

const store = await openLocalStore(directory);
const writer = await store.writer();
for (let round = 0; ; round++) {
  const changes: [id: string, version: number | null][] = [];
  for (let i = 0; i < 8; i++) {
    const id = `d${random.below(300)}`;
    if (random.below(5) === 0) {
      if (writer.remove(id)) changes.push([id, null]);
    } else {
      const version = random.below(1_000_000);
      writer.add(killDocument(id, version));
      changes.push([id, version]);
    }
  }
  say({ publishing: changes });
  await writer.publish();
  say({ published: true });
  if (round % 2 === 1) {
    say({ compacting: true });
    await writer.compact({ full: round % 4 === 1 });
    say({ compacted: true });
  }
}
