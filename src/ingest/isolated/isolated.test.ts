import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeZip, testFolder } from '../../../test/support/files.ts';
import { doublingPdf } from '../../../test/support/pdf.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { type ReadOptions, readDocuments } from '../read.ts';
import type { IngestEvent } from '../types.ts';

async function collect(folder: string, paths: string[], options: ReadOptions = {}): Promise<IngestEvent[]> {
  const events: IngestEvent[] = [];
  for await (const event of readDocuments(paths, { base: folder, ...options })) events.push(event);
  return events;
}
const failures = (events: IngestEvent[]) =>
  events.flatMap((event) => (event.kind === 'failure' ? [`${event.failure.path}: ${event.failure.reason}`] : []));
const ids = (events: IngestEvent[]) =>
  events.flatMap((event) => (event.kind === 'document' ? [event.document.id] : []));

const page = '<!doctype html><title>Well</title><p>This page is as it should be.</p>';

describe('reading in a process of its own', () => {
  it('ends a file that takes too long, says so, and reads the next', { timeout: 60_000 }, async () => {
    using folder = testFolder({ 'a.html': page, 'b.pdf': doublingPdf(40, 3), 'c.html': page });
    const events = await collect(folder.path, ['.'], { maxSeconds: 2 });
    expect(ids(events)).toEqual(['a.html', 'c.html']);
    expect(failures(events)).toEqual([expect.stringMatching(/^b\.pdf: It was not read in 2 seconds\..*limit/)]);
    expect(events.filter(({ kind }) => kind === 'file')).toHaveLength(3);
  });

  it('ends a file that takes too much memory, says so, and reads the next', { timeout: 60_000 }, async () => {
    // Half a gigabyte of records, written small.
    const rows = `{${Array.from({ length: 300_000 }, (_, i) => `"k${i}":{"a":[{},{},{}]}`).join(',')}}`;
    using folder = testFolder({ 'a.html': page, 'b.json': `[${rows},${rows},${rows}]`, 'c.html': page });
    const events = await collect(folder.path, ['.'], { maxMemory: 160 * 2 ** 20 });
    expect(ids(events)).toEqual(['a.html', 'c.html']);
    expect(failures(events)).toEqual([expect.stringMatching(/^b\.json: Reading it took more than 160 MiB of memory/)]);
  });

  it('refuses what becomes too much text, in a file as in a record', { timeout: 60_000 }, async () => {
    const paragraphs = '<w:p><w:r><w:t>word</w:t></w:r></w:p>'.repeat(20_000);
    const docx = makeZip({
      '[Content_Types].xml':
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
      '_rels/.rels':
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
      'word/document.xml': `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${paragraphs}</w:body></w:document>`,
    });
    expect(docx.length).toBeLessThan(10_000);
    const lines = ['short', 'long '.repeat(50_000), 'short again'].map((text) => JSON.stringify({ text }));
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`field${i}`, i]));
    using folder = testFolder({
      'a.docx': docx,
      'b.jsonl': lines.join('\n'),
      'c.json': JSON.stringify({ text: 'small', ...fields }),
      'd.html': page,
    });
    const events = await collect(folder.path, ['.'], { maxText: 100_000 });
    expect(ids(events)).toEqual(['b.jsonl#1', 'b.jsonl#3', 'd.html']);
    expect(failures(events)).toEqual([
      expect.stringMatching(/^a\.docx: More than 100,000 characters .* Split it/),
      expect.stringMatching(/^b\.jsonl: More than/),
      expect.stringMatching(/^c\.json: More than/),
    ]);
  });

  it('stops at once when it is aborted, whatever it reads, and leaves no process behind', async () => {
    using folder = testFolder({ 'b.pdf': doublingPdf(40, 3) });
    const controller = new AbortController();
    const reading = collect(folder.path, ['.'], { signal: controller.signal });
    await sleep(1500);
    const start = performance.now();
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('sends a long file piece by piece, and no further ahead than is asked for', { timeout: 60_000 }, async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => JSON.stringify({ id: i, text: `${'row '.repeat(1000)}${i}` }));
    using folder = testFolder({ 'b.jsonl': lines.join('\n') });
    let seen = 0;
    for await (const event of readDocuments(['.'], { base: folder.path, maxSeconds: 5 })) {
      if (event.kind !== 'document') continue;
      // Slower than the limit: only the reader's own time counts.
      if (seen % 1000 === 0) await sleep(2500);
      expect(event.document.id).toBe(`b.jsonl#${seen++}`);
    }
    expect(seen).toBe(3000);
    // Whoever breaks off gets the next file from its beginning.
    for await (const event of readDocuments(['.'], { base: folder.path })) if (event.kind === 'document') break;
  });

  it('has limits that can be kept', async () => {
    using folder = testFolder({ 'a.html': page });
    await expect(collect(folder.path, ['.'], { maxMemory: 1000 })).rejects.toThrow(InvalidArgumentError);
    await expect(collect(folder.path, ['.'], { maxSeconds: 0 })).rejects.toThrow(InvalidArgumentError);
  });
});
