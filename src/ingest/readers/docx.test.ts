import { describe, expect, it } from 'vitest';
import { docxParagraph, makeDocx, makeZip } from '../../../test/support/files.ts';
import { readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';

describe('the Word reader', () => {
  it('reads headings, paragraphs, tables and properties', async () => {
    const cell = (text: string) => `<w:tc>${docxParagraph(text)}</w:tc>`;
    const bytes = makeDocx(
      [
        docxParagraph('Field guide', 1),
        docxParagraph('Where arrows &amp; arcs meet.'),
        docxParagraph('Sizes', 2),
        `<w:tbl><w:tr>${cell('Name')}${cell('Size')}</w:tr><w:tr>${cell('small')}${cell('1')}</w:tr></w:tbl>`,
        docxParagraph('最後の段落。'),
      ].join(''),
      '<dc:title>The Guide</dc:title><dc:creator>A. Writer</dc:creator><dcterms:created>2024-05-01T10:00:00Z</dcterms:created><dc:language>de-DE</dc:language>',
    );
    const document = await readOne('guide.docx', bytes);
    expect(document).toMatchObject({ title: 'The Guide', format: 'docx', language: 'de' });
    expect(document.metadata).toEqual({ author: 'A. Writer', created: '2024-05-01T10:00:00Z' });
    expect(
      document.blocks.map(({ kind, level, start, end }) => [kind, level, document.text.slice(start, end)]),
    ).toEqual([
      ['heading', 1, 'Field guide'],
      ['paragraph', undefined, 'Where arrows & arcs meet.'],
      ['heading', 2, 'Sizes'],
      ['table', undefined, 'Name | Size\nsmall | 1'],
      ['paragraph', undefined, '最後の段落。'],
    ]);
  });

  it('takes the first heading for a title where none is declared', async () => {
    expect((await readOne('x.docx', makeDocx(docxParagraph('Heading', 1) + docxParagraph('Text')))).title).toBe(
      'Heading',
    );
    expect((await readOne('my notes.docx', makeDocx(docxParagraph('Text')))).title).toBe('my notes');
  });

  it('refuses what is cut off, empty, protected, or something else, each with its own reason', async () => {
    const whole = makeDocx(docxParagraph('Text'));
    expect(await reasonFor('x.docx', whole.subarray(0, whole.length - 40))).toMatch(/damaged or cut off/);
    expect(await reasonFor('x.docx', makeDocx(''))).toMatch(/contains no text/);
    expect(await reasonFor('x.docx', Buffer.from('d0cf11e0a1b11ae1', 'hex'))).toMatch(
      /protected by a password, or an old/,
    );
    expect(await reasonFor('x.docx', 'plain text')).toMatch(/damaged or cut off/);
    expect(await reasonFor('x.docx', makeZip({ 'a.txt': 'hello' }))).toMatch(/not a Word document/);
    expect(await reasonFor('x.docx', makeZip({ 'word/document.xml': '<w:document><broken' }))).toMatch(/\.$/);
  });

  it('refuses an archive that would fill the memory', async () => {
    const bomb = makeDocx(docxParagraph('a'.repeat(2_000_000)));
    expect(bomb.length).toBeLessThan(20_000);
    expect(await reasonFor('x.docx', bomb, { maxBytes: 100_000 })).toMatch(/MiB when unpacked/);
  });

  it('never fails without a reason, whatever byte is damaged', async () => {
    const whole = makeDocx(docxParagraph('Some text to damage'));
    for (let at = 0; at < whole.length; at += 37) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = bytes[at]! ^ 0xff;
      const { documents, failures } = await readContent('x.docx', bytes);
      expect(documents.length + failures.length).toBe(1);
    }
  });
});
