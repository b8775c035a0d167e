// Reads a folder as `sagitta index` does, and prints a line of JSON for each file that is done with: for `bench/reading.ts --hostile`.
import { writeSync } from 'node:fs';
import { readDocuments } from '../src/ingest/index.ts';

/** What became of one file. */
export interface HostileLine {
  readonly file: string;
  readonly seconds: number;
  readonly documents: number;
  readonly outcome: string;
}

const [base] = process.argv.slice(2) as [string];
let start = performance.now();
let documents = 0;
let outcome = '';
const finish = (file: string): void => {
  const line: HostileLine = { file, seconds: (performance.now() - start) / 1000, documents, outcome };
  writeSync(1, `${JSON.stringify(line)}\n`);
  [start, documents, outcome] = [performance.now(), 0, ''];
};
for await (const event of readDocuments(['.'], { base })) {
  if (event.kind === 'document') documents++;
  else if (event.kind === 'failure') outcome ||= event.failure.reason;
  else if (event.kind === 'note') outcome ||= event.note.note;
  else if (event.kind === 'file') finish(event.file.path);
  else if (event.kind === 'skipped') {
    outcome = `skipped: ${event.skipped.reason}`;
    finish(event.skipped.path);
  }
}
