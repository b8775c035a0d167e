import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePdf } from '../../../test/support/files.ts';
import { readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';

describe('the PDF reader', () => {
  it('rebuilds paragraphs, headings and divided words, and tells the page of each', async () => {
    const bytes = makePdf(
      [
        [
          { text: 'The Arrow', size: 20 },
          { text: 'The sagitta is the distance of a chord from its', y: 690 },
          'arc. A small distance means a good approxi-',
          'mation, as in a well-known theorem; it is well-',
          'known indeed.',
          { text: 'Another paragraph stands further below.', y: 610 },
        ],
        [
          { text: 'Second part', size: 16 },
          { text: 'On the second page \\(in parentheses\\).'.replaceAll('\\', ''), y: 690 },
        ],
      ],
      {
        info: {
          Title: 'On Arrows',
          Author: 'A. Writer',
          CreationDate: "D:20240501103000+02'00'",
          Keywords: 'arc, chord',
        },
      },
    );
    const document = await readOne('arrows.pdf', bytes);
    expect(document).toMatchObject({ id: 'arrows.pdf', title: 'On Arrows', format: 'pdf' });
    expect(document.metadata).toEqual({
      author: 'A. Writer',
      keywords: 'arc, chord',
      created: '2024-05-01T08:30:00Z',
      pages: 2,
    });
    expect(
      document.blocks.map(({ kind, level, page, start, end }) => [kind, level, page, document.text.slice(start, end)]),
    ).toEqual([
      ['heading', 1, 1, 'The Arrow'],
      [
        'paragraph',
        undefined,
        1,
        'The sagitta is the distance of a chord from its arc. A small distance means a good approximation, as in a well-known theorem; it is well-known indeed.',
      ],
      ['paragraph', undefined, 1, 'Another paragraph stands further below.'],
      ['heading', 2, 2, 'Second part'],
      ['paragraph', undefined, 2, 'On the second page (in parentheses).'],
    ]);
  });

  it('leaves out running headers and page numbers', async () => {
    const pages = Array.from({ length: 6 }, (_, i) => [
      { text: `Annual report ${i + 1}`, y: 770 },
      { text: `Words of page ${'abcdef'[i]}.`, y: 700 },
      { text: `- ${i + 1} -`, y: 30 },
    ]);
    const { text } = await readOne('report.pdf', makePdf(pages));
    expect(text.split('\n\n')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `Words of page ${letter}.`));
  });

  it('takes the title from the first heading, or the file, when the one declared is a file name', async () => {
    const info = { Title: 'thesis-final.docx' };
    expect(
      (await readOne('a.pdf', makePdf([[{ text: 'Real Title', size: 22 }, 'Body '.repeat(12)]], { info }))).title,
    ).toBe('Real Title');
    expect((await readOne('some paper.pdf', makePdf([['Body only']], { info: { Title: '' } }))).title).toBe(
      'some paper',
    );
  });

  it('reads a PDF whose name does not say so', async () => {
    expect(await readOne('download', makePdf([['Found by signature.']]))).toMatchObject({ format: 'pdf' });
  });

  it.each([0.1, 0.5, 0.9, 0.99])('refuses a PDF of which only a share of %d is there', async (share) => {
    const whole = makePdf([['One'], ['Two']]);
    const reason = await reasonFor('cut.pdf', whole.subarray(0, Math.floor(whole.length * share)));
    expect(reason).toBe('The PDF is cut off: its end is missing. Copy or download it again.');
  });

  it('refuses what is encrypted, what has no text, and what is no PDF, each with its own remedy', async () => {
    expect(await reasonFor('x.pdf', makePdf([['Secret']], { encrypted: true }))).toMatch(
      /protected by a password.*qpdf/,
    );
    expect(await reasonFor('x.pdf', makePdf([[], []]))).toMatch(/^Its 2 pages contain no text.*ocrmypdf/);
    expect(await reasonFor('x.pdf', 'Not at all')).toMatch(/^It is not a PDF/);
    expect(await reasonFor('x.pdf', `%PDF-1.4\n${'garbage '.repeat(100)}\n%%EOF`)).toMatch(/^The PDF is damaged/);
  });

  it('reads on where the cross-reference table is broken but everything is there', async () => {
    const bytes = Buffer.from(makePdf([['Still here']]))
      .toString('latin1')
      .replace(/startxref\n\d+/, 'startxref\n7');
    expect((await readOne('x.pdf', Buffer.from(bytes, 'latin1'))).text).toBe('Still here');
  });

  it('never fails without a reason, whatever byte is damaged', async () => {
    const whole = makePdf([['Alpha beta', 'gamma'], ['delta']], { info: { Title: 'T' } });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        const { documents, failures } = await readContent('x.pdf', bytes);
        expect(documents.length + failures.length).toBe(1);
        for (const { reason } of failures) expect(reason).toMatch(/^[A-Z].*\.$/);
      }),
      { numRuns: 60 },
    );
  });

  const real = '/usr/share/doc/shared-mime-info/shared-mime-info-spec.pdf';
  it.skipIf(!existsSync(real))('reads a PDF as typesetters make them', async () => {
    const { blocks, text } = await readOne('spec.pdf', readFileSync(real));
    expect(blocks.some(({ kind }) => kind === 'heading')).toBe(true);
    expect(text).toContain('MIME');
  });
});
