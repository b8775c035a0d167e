import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePdf, type PdfTextLine } from '../../../test/support/files.ts';
import { readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';
import { pdf } from '../../../test/support/pdf.ts';

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

  it('does not put a whole book under the names on its title page', async () => {
    const body = (heading: string): PdfTextLine[] => [
      { text: heading, size: 14 },
      ...Array.from(
        { length: 9 },
        (_, i) => `Line ${i} of the body of ${heading}, which is long enough to be the rule.`,
      ),
    ];
    const title = [
      { text: 'Seed Manual', size: 25 },
      { text: 'A. Gardener and others', size: 17, y: 600 },
    ];
    const { blocks } = await readOne('x.pdf', makePdf([title, body('Sowing'), body('Reaping')]));
    expect(blocks.filter(({ kind }) => kind === 'heading').map(({ name, level }) => [name, level])).toEqual([
      ['Seed Manual', 1],
      ['Sowing', 2],
      ['Reaping', 2],
    ]);
  });

  it('leaves out the titles that run beside page numbers, and nothing that only looks like them', async () => {
    const sections = ['Seeds', 'Seeds', 'Roots', 'Roots', 'Harvest', 'Harvest'];
    const book = await readOne(
      'x.pdf',
      makePdf(
        sections.map((title, i) => [
          ...(i % 2 === 0 ? [{ text: `${1 + i / 2} ${title}`, size: 18, y: 740 }] : []),
          { text: `The body of page ${'abcdef'[i]} goes on for a whole line of words.`, y: 700 },
          { text: `and a second one with ${i} mice`, y: 680 },
          {
            text: i % 2 === 0 ? `${1 + i / 2}. ${title} ${i + 7}` : `${i + 7} Chapter ${(i + 1) / 2}. ${title}`,
            y: 40,
          },
        ]),
      ),
    );
    expect(book.text).not.toMatch(/Chapter|Seeds 7|Roots 9/);
    for (const part of ['1 Seeds', 'with 5 mice', '3 Harvest']) expect(book.text).toContain(part);
    // Numbers that count the pages beside words that are no titles.
    const bills = ['bolts', 'nuts', 'gears', 'belts', 'pins'].map((name, i) => [
      { text: 'Bill', size: 18 },
      { text: `Please pay soon.`, y: 600 },
      { text: `Ordered ${name} ${i + 1}`, y: 560 },
    ]);
    expect((await readOne('y.pdf', makePdf(bills))).text).toContain('Ordered gears 3');
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

  it.each([0.1, 0.5, 0.9])('refuses a PDF of which only a share of %d is there', async (share) => {
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

  it('reads what viewers open: an end without its marker, or with much behind it', async () => {
    const whole = Buffer.from(makePdf([['All of it']]));
    expect((await readOne('x.pdf', whole.subarray(0, whole.length - 6))).text).toBe('All of it');
    expect((await readOne('x.pdf', Buffer.concat([whole, Buffer.alloc(9000, 'junk ')]))).text).toBe('All of it');
  });

  it('keeps numbers at the edge of pages that do not count them', async () => {
    const bills = Array.from({ length: 6 }, (_, i) => [
      { text: `Bill ${4711 + 37 * i}`, y: 740 },
      { text: `for part ${'abcdef'[i]}`, y: 600 },
      { text: `Sum ${90 + 13 * i}.50 EUR`, y: 60 },
    ]);
    const { text } = await readOne('bills.pdf', makePdf(bills));
    for (let i = 0; i < bills.length; i++) {
      expect(text).toContain(`Bill ${4711 + 37 * i}`);
      expect(text).toContain(`Sum ${90 + 13 * i}.50 EUR`);
    }
    expect((await readOne('x.pdf', makePdf([['In all', '2001']]))).text).toBe('In all 2001');
    const gauges = Array.from({ length: 5 }, (_, i) => [`Gauge ${i + 1} of the dam`]);
    expect((await readOne('x.pdf', makePdf(gauges))).blocks).toHaveLength(5);
    const depths = [4, 11, 18, 25].map((day, i) => [`Day ${day} at buoy ${2 + 3 * i}`, `Depth ${80 + i} m`]);
    expect((await readOne('x.pdf', makePdf(depths))).text.split('\n\n')).toEqual(depths.map((one) => one.join(' ')));
  });

  it('leaves out Roman numbers and those of a journal, which begin anywhere', async () => {
    const pages = Array.from({ length: 8 }, (_, i) => [
      { text: `The Journal ${412 + i}`, y: 770 },
      { text: `Words of leaf ${'abcdefgh'[i]}.`, y: 700 },
      { text: ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii'][i]!, y: 30 },
    ]);
    const { text } = await readOne('x.pdf', makePdf(pages));
    expect(text).not.toMatch(/^[ivx]+$/m);
    expect(text).toContain('The Journal 415');
    const alone = pages.map(([, words], i) => [words!, { text: `${412 + i}`, y: 30 }]);
    expect((await readOne('x.pdf', makePdf(alone))).text).not.toMatch(/\d/);
  });

  it('reads glyphs and lines that are drawn twice once', async () => {
    const widths: Record<string, number> = { B: 8, o: 6.67, l: 2.66, d: 6.67, e: 6.67, r: 4 };
    let x = 72;
    const glyphs = Array.from('Bolder', (text) => {
      const at = x;
      x += widths[text]!;
      return [0, 0.35].map((shift) => ({ text, size: 12, x: at + shift, y: 700 }));
    }).flat();
    const lines = ['A line set twice', 'and its end'].map((text, i) => ({ text, y: 650 - 14 * i }));
    const again = lines.map(({ text, y }) => ({ text, y: y + 0.3, x: 72.3 }));
    const { text } = await readOne('x.pdf', makePdf([[...glyphs, ...lines, ...again]]));
    expect(text).toBe('Bolder\n\nA line set twice and its end');
    expect((await readOne('x.pdf', makePdf([['papa mama', 'aa bb aa']]))).text).toBe('papa mama aa bb aa');
  });

  it('keeps raised marks apart from words', async () => {
    const line = (text: string, x: number, size = 11, rise = 0) => ({ text, x, size, y: 700 + rise });
    const { text } = await readOne(
      'x.pdf',
      makePdf([[line('the ledger', 72), line('17', 121.8, 7, 4), line(' was short', 129.6)]]),
    );
    expect(text).toBe('the ledger^17 was short');
    // Raised within one line of drawing, and at its end.
    const content =
      'BT /F 11 Tf 72 700 Td (the audit) Tj /F 7 Tf 4 Ts (5) Tj /F 11 Tf 0 Ts ( saw a gap) Tj /F 7 Tf 4 Ts (6) Tj ET';
    const risen = pdf([
      '<< /Type /Catalog /Pages 2 0 R >>',
      '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>',
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ]);
    expect((await readOne('x.pdf', risen)).text).toBe('the audit^5 saw a gap^6');
  });

  it('reads columns that were drawn row by row one after the other, and tables as rows', async () => {
    const left =
      'the first column of this page goes on from|one row to the next, and as all|prose does, it ends its sentences in the|middle of lines. so a reader who|took rows for lines would have read|nonsense at the end of each.'.split(
        '|',
      );
    const right =
      'here begins the second column, which also|is made of long lines that hang|together, so that it may be told from|a table of short cells, whose rows|say what belongs together and must|be kept as they are.'.split(
        '|',
      );
    const rows = left.flatMap((text, i) => [
      { text, x: 72, y: 700 - 13 * i },
      { text: right[i]!, x: 320, y: 700 - 13 * i },
    ]);
    const { text } = await readOne('x.pdf', makePdf([rows]));
    expect(text.indexOf('nonsense')).toBeLessThan(text.indexOf('here begins'));
    expect(text).toContain('goes on from one row to the next');
    const cells = left.flatMap((_, i) => [
      { text: `Article ${i}`, x: 72, y: 700 - 13 * i },
      { text: `${i * 7} pieces`, x: 320, y: 700 - 13 * i },
    ]);
    expect((await readOne('x.pdf', makePdf([cells]))).text).toContain('Article 3 21 pieces');
  });

  it('reads form values and comments, and keeps tables of contents out of the blocks', async () => {
    const contents = [
      '1 Beginnings . . . . . . . 3',
      '2 Middles . . . . . . . . . 17',
      '3 Ends . . . . . . . . . . . 40',
    ];
    const { text, blocks } = await readOne(
      'x.pdf',
      makePdf([[...contents, { text: 'Preface words.', y: 400 }]], {
        annotations: [
          '/Subtype /Widget /FT /Tx /T (surname) /TU (Family name) /V (Quillfeather) /Rect [72 300 200 320]',
          '/Subtype /Text /Contents (Ask the archivist.) /Rect [10 10 30 30]',
        ],
      }),
    );
    expect(text).toContain('2 Middles … 17');
    expect(blocks.map(({ start, end }) => text.slice(start, end))).toEqual([
      'Preface words.',
      'Ask the archivist.',
      'Family name: Quillfeather',
    ]);
    // Chapters without leaders, of which the last one has its entries on the next page.
    const chapters = ['1 Seeds 3', ...['1.1 Oats', '1.2 Rye'].map((text) => `${text} . . . . . . . 4`), '2 Roots 9'];
    const more = [...chapters, '2.1 Beets . . . . . . . 10', '3 Harvest 12'];
    const odd = { text: 'Sold in 1923', y: 300 };
    const listed = await readOne('y.pdf', makePdf([[...more, odd]]));
    expect(listed.blocks.map(({ start, end }) => listed.text.slice(start, end))).toEqual(['Sold in 1923']);
    const prices = ['Screw . . . . . . . 40', 'Bolt . . . . . . . . 9', 'Nail . . . . . . . . 12'];
    expect((await readOne('x.pdf', makePdf([prices]))).blocks).toHaveLength(3);
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
