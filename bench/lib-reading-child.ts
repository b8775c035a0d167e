// Reads one file in this process, again and again, and prints what it took as a line of JSON: for `bench/reading.ts`.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { readFile } from '../src/ingest/read.ts';
import { median } from './harness.ts';

/** Milliseconds after which no further round is begun. */
const ENOUGH = 3000;

const [warmUp, path, rounds] = process.argv.slice(2) as [string, string, string];

async function read(absolute: string): Promise<{ documents: number; characters: number; problems: string[] }> {
  const file = { path: basename(absolute), absolute, size: statSync(absolute).size, modified: 0, explicit: true };
  let documents = 0;
  let characters = 0;
  const problems: string[] = [];
  for await (const event of readFile(file, { maxBytes: 1024 ** 3, maxText: 1024 ** 3 })) {
    if (event.kind === 'document') {
      documents++;
      characters += event.document.text.length;
    } else if (event.kind === 'failure') problems.push(event.failure.reason);
    else if (event.kind === 'note') problems.push(event.note.note);
  }
  return { documents, characters, problems: problems.slice(0, 3) };
}

const resident = (): number => process.resourceUsage().maxRSS * 1024;
// The parser is loaded, and has been compiled in part.
await read(warmUp);
const before = resident();
let found = await read(path);
const peak = resident();
const times: number[] = [];
const begun = performance.now();
// What takes long needs no repetition to be told.
while (times.length < Number(rounds) && (times.length === 0 || performance.now() - begun < ENOUGH)) {
  const start = performance.now();
  found = await read(path);
  times.push(performance.now() - start);
}
console.log(JSON.stringify({ ...found, seconds: median(times) / 1000, before, peak, size: statSync(path).size }));
