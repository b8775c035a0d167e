import { truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeDocx, makePdf, makeZip, testFolder } from '../../test/support/files.ts';
import { HOSTILE_FILES } from '../../test/support/hostile.ts';
import { readContent, reasonFor } from '../../test/support/ingest.ts';
import { COMPOUND_FILE, makeEpub, makeOpenDocument, PICTURE, soundFiles } from '../../test/support/samples.ts';
import { readDocuments } from './read.ts';
import { readers } from './readers/index.ts';
import type { IngestEvent } from './types.ts';

const WORDS = 'heliotrope umbrellas';
const files = soundFiles(WORDS);
const extensions = Object.keys(files);

/** What becomes of a file: `found` (a document with the words), `document`, `failed`, or a reason for which it is skipped. */
async function outcome(name: string, content: Uint8Array) {
  const { documents, failures, notes, skipped } = await readContent(name, content);
  const found = documents.some(({ text }) => text.includes(WORDS));
  return {
    is: skipped[0] ?? (found ? 'found' : documents.length > 0 ? 'document' : 'failed'),
    failures,
    notes,
    documents,
  };
}

describe('every format', () => {
  it('is among those tried here, and is read where it is sound', async () => {
    const tried = new Set(readers.filter((reader) => reader.extensions.some((one) => one in files)));
    expect(readers.filter((reader) => !tried.has(reader)).map(({ format }) => format)).toEqual(['image']);
    for (const extension of extensions) {
      const { is, failures, notes } = await outcome(`a.${extension}`, files[extension]!);
      expect({ extension, is, failures, notes }).toEqual({ extension, is: 'found', failures: [], notes: [] });
    }
  });

  it('that is cut off is refused, or read as far as it goes with a note, wherever that can be told', async () => {
    const packed = ['pdf', 'docx', 'epub', 'xlsx', 'pptx', 'odt', 'ods', 'odp', 'ipynb', 'json', 'txt.gz'];
    for (const extension of packed) {
      for (const share of [0.2, 0.5, 0.8, 0.97]) {
        const content = files[extension]!;
        const { is, failures } = await outcome(
          `a.${extension}`,
          content.subarray(0, Math.floor(share * content.length)),
        );
        expect({ extension, share, is }).toEqual({ extension, share, is: 'failed' });
        expect(failures[0]!.reason).toMatch(/\. [A-Z][^.]*\.$/);
      }
    }
    for (const extension of ['html', 'rtf', 'eml', 'mbox', 'tex', 'dbk', 'svg']) {
      const content = files[extension]!;
      const end = Buffer.from(content).indexOf('umbrellas') + 4;
      const { is, notes } = await outcome(`a.${extension}`, content.subarray(0, end));
      expect({ extension, is, notes }).toEqual({
        extension,
        is: 'document',
        notes: [expect.objectContaining({ note: expect.stringMatching(/ends in the middle/) })],
      });
    }
    const { is, failures } = await outcome('a.jsonl', files['jsonl']!.subarray(0, -10));
    expect({ is, where: failures.map(({ where }) => where) }).toEqual({ is: 'document', where: ['line 2'] });
  });

  it('under the name of another is refused for what it is, or read as the text that it is', {
    timeout: 120_000,
  }, async () => {
    const wrong: Record<string, Uint8Array> = {
      ...files,
      compound: COMPOUND_FILE,
      png: PICTURE,
      photos: makeZip({ 'a.jpg': 'x'.repeat(100), 'b.jpg': 'y'.repeat(100) }),
      zeros: Buffer.alloc(5000),
      noise: Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) & 255)),
    };
    const text = new Set([
      'txt',
      'md',
      'html',
      '1',
      'rst',
      'adoc',
      'org',
      'tex',
      'dbk',
      'xml',
      'ts',
      'py',
      'sql',
      'yaml',
    ]);
    const odd: string[] = [];
    for (const extension of extensions) {
      for (const [kind, content] of Object.entries(wrong)) {
        if (kind === extension) continue;
        const { is, failures } = await outcome(`a.${extension}`, content);
        if (is === 'found' || (is === 'failed' && failures.every(({ reason }) => /[.)] [A-Z]/.test(reason)))) continue;
        if (
          is === 'binary' &&
          (text.has(extension) ||
            ['json', 'jsonl', 'ipynb', 'csv', 'tsv', 'vtt', 'srt', 'svg', 'txt.gz'].includes(extension))
        )
          continue;
        // A line of text is a header without rows, and a drawing within a page no text of it.
        if (is === 'empty' && (extension === 'csv' || extension === 'tsv' || kind === 'svg')) continue;
        odd.push(`${kind} as .${extension}: ${is}`);
      }
    }
    expect(odd).toEqual([]);
  });

  it.each([
    ['a.docx', makePdf([['A page.']]), /a PDF, although it is called a\.docx\. Rename it to end in \.pdf/],
    ['a.pdf', files['html']!, /an HTML page, although .*\.pdf\. Fetch the right file/],
    ['data.csv', files['html']!, /an HTML page, although/],
    ['a.txt', makePdf([['A page.']]), /a PDF/],
    ['a.md', makeDocx('<w:p/>'), /an Office document/],
    [
      'a.xlsx',
      makeZip({ 'IMG_1.jpg': 'x', 'IMG_2.jpg': 'y' }),
      /archive of other files \(IMG_1\.jpg, IMG_2\.jpg\), and not a spr/,
    ],
    ['a.xlsx', makeDocx('<w:p/>'), /It is a Word document, and not a spreadsheet/],
    ['a.epub', makeZip({}), /an empty archive/],
    ['a.docx', Buffer.from('plain text'), /It is text, and no document/],
    ['a.json', gzipSync('{}'), /compressed by gzip/],
    ['a.eml', Buffer.from('Just a note, without any header.'), /no mail/],
    ['a.srt', Buffer.from('The script of the film.'), /no subtitles/],
    ['a.svg', Buffer.from('<p>text</p>'), /no SVG/],
    ['a.jsonl', Buffer.from('A line of prose.\n'.repeat(100)), /None of its first 20 lines is a record/],
    ['model.json', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'), /git lfs pull/],
  ])('%s is told for what it is', async (name, content, reason) => {
    expect(await reasonFor(name, content)).toMatch(reason);
  });

  it('protected by a password is refused for that', async () => {
    const encrypted = Buffer.concat([COMPOUND_FILE, Buffer.from('EncryptedPackage', 'utf16le')]);
    const locked = Buffer.from(makeDocx('<w:p/>'));
    for (const signature of ['PK\x03\x04', 'PK\x01\x02']) {
      const flags = signature === 'PK\x03\x04' ? 6 : 8;
      for (let at = locked.indexOf(signature); at >= 0; at = locked.indexOf(signature, at + 4))
        locked[at + flags]! |= 1;
    }
    const manifest = { 'META-INF/manifest.xml': '<manifest:encryption-data manifest:checksum="x"/>' };
    const asOne = makeZip({
      mimetype: 'application/vnd.oasis.opendocument.text',
      'encrypted-package': 'x',
      ...manifest,
    });
    for (const [name, content] of [
      ['a.pdf', makePdf([['A page.']], { encrypted: true })],
      ['a.docx', encrypted],
      ['a.xlsx', encrypted],
      ['a.pptx', encrypted],
      ['a.docx', locked],
      ['a.odt', makeOpenDocument('odt', 'x', manifest)],
      ['a.ods', makeOpenDocument('ods', 'x', manifest)],
      ['a.odt', asOne],
    ] as const) {
      expect([name, await reasonFor(name, content)]).toEqual([name, expect.stringMatching(/protected by a password/)]);
    }
    const book = makeEpub({}, ['one'], {});
    expect(await reasonFor('a.epub', book)).toMatch(/no text/);
    const sealed =
      'From: a@example.org\r\nSubject: sealed\r\nContent-Type: application/pkcs7-mime; name="smime.p7m"\r\n\r\nMIAG\r\n';
    expect((await readContent('a.eml', sealed)).notes).toContainEqual(
      expect.objectContaining({ note: expect.stringMatching(/message is encrypted/) }),
    );
  });

  it('without anything in it is skipped as empty, or refused', async () => {
    for (const extension of extensions) {
      for (const content of [Buffer.alloc(0), Buffer.from(' \n\n '), gzipSync('')]) {
        const { is } = await outcome(`a.${extension}`, content);
        expect(['empty', 'failed', 'binary', 'image']).toContain(is);
      }
    }
    expect((await outcome('nothing.txt.gz', gzipSync(''))).is).toBe('empty');
  });
});

describe('limits', () => {
  it('beyond what a buffer can hold change nothing about small files', async () => {
    for (const extension of ['docx', 'epub', 'xlsx', 'odt', 'txt.gz']) {
      const { documents } = await readContent(`a.${extension}`, files[extension]!, { maxBytes: 2 ** 40 });
      expect([extension, documents.length]).toEqual([extension, 1]);
    }
  });
});

describe('hostile files', () => {
  it('that are too large are refused before they are read, and the files behind them are read', async () => {
    using folder = testFolder({
      'a.ipynb': '{"cells":[',
      'b.eml': 'From: a@example.org\n\n',
      'c.html': files['html']!,
    });
    // Holes, which take no room on the disk.
    for (const name of ['a.ipynb', 'b.eml']) truncateSync(folder.at(name), 500e6);
    const before = process.memoryUsage.rss();
    const events: IngestEvent[] = [];
    for await (const event of readDocuments(['.'], { base: folder.path })) events.push(event);
    const failures = events.flatMap((event) => (event.kind === 'failure' ? [event.failure] : []));
    expect(failures.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      expect.stringMatching(/^a\.ipynb: It has 477 MiB, more than the limit of 64 MiB\. Split it/),
      expect.stringMatching(/^b\.eml: It has 477 MiB/),
    ]);
    expect(events.find((event) => event.kind === 'document')).toMatchObject({ document: { id: 'c.html' } });
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
  });

  it('cost no more than their size says, and the files behind them are read', { timeout: 120_000 }, async () => {
    const content = Object.fromEntries(HOSTILE_FILES.map(({ name, make }) => [name, make(300)]));
    using folder = testFolder({ ...content, 'zz.html': files['html']! });
    const events: IngestEvent[] = [];
    for await (const event of readDocuments(['.'], { base: folder.path })) events.push(event);
    const done = events.flatMap((event) =>
      event.kind === 'file' ? [event.file.path] : event.kind === 'skipped' ? [event.skipped.path] : [],
    );
    expect(new Set(done)).toEqual(new Set([...Object.keys(content), 'zz.html']));
    expect(events.find((event) => event.kind === 'document' && event.document.id === 'zz.html')).toBeDefined();
    const stopped = events.filter(
      (event) => event.kind === 'failure' && /seconds|memory|process/.test(event.failure.reason),
    );
    expect(stopped).toEqual([]);
  });
});
