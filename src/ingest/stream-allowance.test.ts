import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { makeDocument } from './document.ts';
import { type ReadOptions, readDocuments, readFile } from './read.ts';
import type { Reader } from './reader.ts';
import { MOST_NAMED } from './stream-allowance.ts';
import type { IngestEvent, SourceFile } from './types.ts';

const file = (folder: string, path: string, content: Uint8Array | string): SourceFile => ({
  path,
  absolute: `${folder}/${path}`,
  size: Buffer.byteLength(content),
  modified: 0,
  explicit: true,
});
async function collect(events: AsyncIterable<IngestEvent>): Promise<IngestEvent[]> {
  const all: IngestEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
/** The file read in this process: what is tested is what ends the reading between two records. */
async function read(path: string, content: Uint8Array | string, options: ReadOptions): Promise<IngestEvent[]> {
  using folder = testFolder({ [path]: content });
  return await collect(readFile(file(folder.path, path, content), options));
}
const count = (events: IngestEvent[], kind: IngestEvent['kind']) =>
  events.filter((event) => event.kind === kind).length;
const reasons = (events: IngestEvent[]) =>
  events.flatMap((event) => (event.kind === 'failure' ? [event.failure.reason] : []));

describe('a file that is read record by record, as a whole', () => {
  const records = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ id: i, text: `row ${i}` })).join('\n');

  it('has a time, by its bytes, however little each record takes', async () => {
    const events = await read('many.jsonl', records, { maxSeconds: 0.002 });
    expect(reasons(events)).toEqual([expect.stringMatching(/^Its records were not read in 0\.002 seconds\..*limit/)]);
    // What was read until then stands, and the file is known to have been looked at.
    expect(count(events, 'document')).toBeLessThan(20_000);
    expect(events.at(-1)).toMatchObject({ kind: 'file', documents: count(events, 'document') });
    // What is done with a record does not count against it.
    const few = records.split('\n').slice(0, 20).join('\n');
    using folder = testFolder({ 'few.jsonl': few });
    let seen = 0;
    for await (const event of readFile(file(folder.path, 'few.jsonl', few), { maxSeconds: 1 })) {
      if (event.kind === 'document' && seen++ === 2) await new Promise((next) => setTimeout(next, 1200));
      expect(event.kind).not.toBe('failure');
    }
    expect(seen).toBeGreaterThan(5);
  });

  it('has an amount of text, by its bytes, however little comes out of each record', async () => {
    const events = await read('many.jsonl', records, { maxText: 100_000 });
    expect(reasons(events)).toEqual([expect.stringMatching(/^More than 100,000 characters .* of its records\. Split/)]);
    expect(count(events, 'document')).toBeGreaterThan(100);
    expect(count(events, 'document')).toBeLessThan(20_000);
    // A header a hundred thousand characters long stands in every row.
    const table = await read('wide.csv', `${'x'.repeat(100_000)}\n${'1\n'.repeat(50_000)}`, { maxText: 4 * 2 ** 20 });
    expect(reasons(table)).toEqual([expect.stringMatching(/^More than 4,194,304 characters/)]);
    // As many bytes more, as much text more.
    const large = Array.from({ length: 1500 }, () => JSON.stringify({ text: 'word '.repeat(400) })).join('\n');
    expect(reasons(await read('large.jsonl', large, { maxText: 1.2 * 2 ** 20 }))).toEqual([]);
  });

  it('names a thousand records that cannot be read, and counts the rest', async () => {
    const lines = `{"text":"sound"}\n${'{"text":\n'.repeat(5000)}{"text":"sound as well"}`;
    const events = await read('broken.jsonl', lines, {});
    expect(count(events, 'document')).toBe(2);
    expect(count(events, 'failure')).toBe(MOST_NAMED + 1);
    expect(reasons(events).at(-1)).toMatch(/^4,000 more records could not be read either\. Mend/);
  });

  it('keeps the record before the one that ends the reading', async () => {
    const breaks: Reader = {
      format: 'breaks',
      extensions: ['breaks'],
      streams: true,
      async *read(source) {
        for (const text of ['first', 'second']) {
          yield makeDocument(source, { format: 'breaks', record: text, text, blocks: [], fields: {} });
        }
        throw new Error('broken');
      },
    };
    const events = await read('a.breaks', 'bytes', { readers: [breaks] });
    expect(events.flatMap((event) => (event.kind === 'document' ? [event.document.text] : []))).toEqual([
      'first',
      'second',
    ]);
    expect(reasons(events)).toEqual([expect.stringContaining('(broken)')]);
  });
});

describe('a compressed file that is read in a stream', () => {
  it('may become a hundred times its bytes, or as much as a file may have', async () => {
    const bomb = gzipSync(`{"text":"${'again '.repeat(20_000)}"}\n`.repeat(100));
    const events = await read('bomb.jsonl.gz', bomb, { maxBytes: 1024 * 1024 });
    expect(reasons(events)).toEqual([expect.stringMatching(/^It unpacks to more than .*, 100 times its bytes/)]);
    expect(reasons(await read('bomb.jsonl.gz', bomb, { maxBytes: 64 * 1024 * 1024 }))).toEqual([]);
  });

  it('is read in a process of its own, however small it is', { timeout: 60_000 }, async () => {
    const nested = `{"a":[${'{"k":[{},{},{}]},'.repeat(1_500_000)}{}]}`;
    const packed = gzipSync(nested);
    expect(packed.length).toBeLessThan(64 * 1024);
    using folder = testFolder({ 'a.jsonl.gz': packed });
    const options = { base: folder.path, maxMemory: 160 * 2 ** 20 };
    const events = await collect(readDocuments(['.'], options));
    expect(reasons(events)).toEqual([expect.stringMatching(/^Reading it took more than 160 MiB of memory/)]);
  });
});
