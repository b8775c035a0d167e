// What `npm run bench -- scale` runs in a process of its own: builds a collection of so many passages, or opens and searches it.
//   lib-scale-worker build FOLDER ENTRIES PASSAGES ENCODER
//   lib-scale-worker search FOLDER ENTRIES PASSAGES ENCODER
// ENTRIES is a file of JSON. Prints one line of JSON.
import { readFileSync } from 'node:fs';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { median, quantile } from './harness.ts';
import { drawQuery, type WordNetEntry } from './lib-wordnet.ts';

const SEED = 1;
const WARM = 20;
const QUERIES = 100;

const [task, folder = '', file = '', passages = '0', encoder = 'none'] = process.argv.slice(2);
const count = Number(passages);
const readEntries = (): WordNetEntry[] => JSON.parse(readFileSync(file, 'utf8')) as WordNetEntry[];

/** WordNet again and again; from the second time on a fifth of the words of a text are others, drawn from anywhere. */
function* varied(entries: readonly WordNetEntry[]): Generator<{ id: string; text: string; language: string }> {
  const random = new Random(SEED);
  const words = entries.flatMap(({ text }) => text.split(' '));
  for (let i = 0; i < count; i++) {
    const { text } = entries[i % entries.length]!;
    const own = text.split(' ');
    for (let at = 0; i >= entries.length && at < own.length; at++) {
      if (random.next() < 0.2) own[at] = words[random.below(words.length)]!;
    }
    yield { id: String(i), text: own.join(' '), language: 'en' };
  }
}

const memory = (): number => process.resourceUsage().maxRSS / 1024;

if (task === 'build') {
  const entries = readEntries();
  const start = performance.now();
  await using collection = await openCollection(folder, { create: true, encoder });
  await collection.add(varied(entries));
  const added = performance.now();
  await collection.compact();
  const compacted = performance.now();
  const { bytes, segments } = await collection.inspect();
  console.log(
    JSON.stringify({
      addSeconds: (added - start) / 1000,
      compactSeconds: (compacted - added) / 1000,
      megabytes: bytes / 1e6,
      segments: segments.length,
      memory: memory(),
    }),
  );
} else {
  const random = new Random(SEED + 1);
  const start = performance.now();
  await using collection = await openCollection(folder);
  const { hits } = await collection.search('domestic animal that barks', { retriever: 'bm25' });
  const opened = performance.now() - start;
  if (hits.length === 0) throw new Error('found nothing');
  const entries = readEntries();
  const times: Record<string, number[]> = {};
  for (const retriever of encoder === 'none' ? (['bm25'] as const) : (['bm25', 'hybrid'] as const)) {
    const taken: number[] = [];
    for (let i = -WARM; i < QUERIES; i++) {
      const query = drawQuery(entries, random);
      const asked = performance.now();
      await collection.search(query, { retriever });
      if (i >= 0) taken.push(performance.now() - asked);
    }
    times[retriever] = taken;
  }
  console.log(
    JSON.stringify({
      open: opened,
      ...Object.fromEntries(
        Object.entries(times).flatMap(([name, taken]) => [
          [name, median(taken)],
          [`${name}95`, quantile(taken, 0.95)],
        ]),
      ),
      memory: memory(),
    }),
  );
}
