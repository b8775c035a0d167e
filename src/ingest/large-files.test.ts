import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { makeXlsx } from '../../test/support/samples.ts';
import { readDocuments } from './read.ts';
import type { IngestEvent } from './types.ts';

/** Reads the file and one behind it, and tells what became of both. */
async function outcomes(folder: ReturnType<typeof testFolder>, maxBytes: number) {
  folder.write({ 'z.html': '<!doctype html><title>Well</title><p>This page is as it should be.</p>' });
  const events: IngestEvent[] = [];
  for await (const event of readDocuments(['.'], { base: folder.path, maxBytes })) events.push(event);
  const documents = events.flatMap((event) => (event.kind === 'document' ? [event.document] : []));
  expect(documents.at(-1)!.id).toBe('z.html');
  return {
    documents: documents.slice(0, -1),
    failures: events.flatMap((event) => (event.kind === 'failure' ? [event.failure.reason] : [])),
    notes: events.flatMap((event) => (event.kind === 'note' ? [event.note.note] : [])),
  };
}

/** Within the limits that a run has by default; only that on bytes is raised, where a file would not be read at all. */
describe('files of absurd size', { timeout: 300_000 }, () => {
  it('a notebook of 500 MB, where that many bytes are allowed, ends for its memory or its time', async () => {
    using folder = testFolder({ 'a.ipynb': '{"nbformat":4,"metadata":{},"cells":[' });
    const cell = JSON.stringify({ cell_type: 'code', source: ['word '.repeat(200_000)], outputs: [] });
    for (let i = 0; i < 500; i++) appendFileSync(folder.at('a.ipynb'), i === 0 ? cell : `,${cell}`);
    appendFileSync(folder.at('a.ipynb'), ']}');
    const { documents, failures } = await outcomes(folder, 2 ** 30);
    expect(documents).toEqual([]);
    expect(failures).toEqual([expect.stringMatching(/memory|seconds/)]);
  });

  it('mail with a million lines of headers, and with a thousand parts', async () => {
    const headers = Array.from({ length: 1_000_000 }, (_, i) => `X-Header-${i}: ${i}`).join('\r\n');
    const type = 'Content-Type: multipart/mixed; boundary="b"';
    const parts = Array.from(
      { length: 1000 },
      (_, i) =>
        `--b\r\nContent-Type: text/plain; name="n${i}.txt"\r\nContent-Disposition: attachment; filename="n${i}.txt"\r\n\r\nnote ${i}\r\n`,
    );
    using folder = testFolder({
      'a.eml': `${headers}\r\nFrom: a@example.org\r\nSubject: lines\r\n\r\nbody`,
      'b.eml': `From: a@example.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\n${type}\r\n\r\n${parts.join('')}--b--\r\n`,
    });
    const { documents, failures, notes } = await outcomes(folder, 2 ** 26);
    expect(failures).toEqual([expect.stringMatching(/header size of \d+ bytes exceeded|memory|seconds/)]);
    expect(documents.filter(({ path }) => path === 'b.eml')).toHaveLength(101);
    expect(notes).toContainEqual(expect.stringMatching(/Attachments were not read: .*and 895 more/));
  });

  it('a sheet of a million rows is read as far as it is a document', async () => {
    const row = (i: number): string =>
      `<row r="${i + 1}"><c r="A${i + 1}"><v>${i}</v></c><c r="B${i + 1}"><v>7</v></c></row>`;
    using folder = testFolder({ 'a.xlsx': makeXlsx(Array.from({ length: 1_000_000 }, (_, i) => row(i)).join('')) });
    const { documents, failures, notes } = await outcomes(folder, 2 ** 26);
    expect(failures).toEqual([]);
    expect(documents[0]!.metadata['rows']).toBe(100_000);
    expect(notes).toEqual([expect.stringMatching(/Only the first 100000 rows were read/)]);
  });
});
