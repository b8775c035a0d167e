import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { docxParagraph, makeDocx, makePdf, makeZip } from '../../../test/support/files.ts';
import { readBytes, readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';

const shown = (document: {
  text: string;
  blocks: readonly { kind: string; start: number; end: number; page?: number }[];
}) =>
  document.blocks.map(({ kind, start, end, page }) => [kind, document.text.slice(start, end), ...(page ? [page] : [])]);
const relation = (id: string, type: string, target: string) =>
  `<Relationship Id="${id}" Type="http://x/relationships/${type}" Target="${target}"/>`;
const relations = (...all: string[]) => `<Relationships>${all.join('')}</Relationships>`;
const core = '<cp:coreProperties><dc:title>The Ledger</dc:title><dc:creator>A. Clerk</dc:creator></cp:coreProperties>';

describe('compressed files', () => {
  it('are read as what is inside, of any format', async () => {
    expect(await readOne('a.md.gz', gzipSync('# Weir\n\nWater.'))).toMatchObject({
      id: 'a.md.gz',
      title: 'Weir',
      format: 'markdown',
    });
    expect(
      (await readBytes('a.jsonl.gz', gzipSync('{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n'))).map(({ id }) => id),
    ).toEqual(['a.jsonl.gz#1', 'a.jsonl.gz#2']);
    expect(await readOne('changelog.gz', gzipSync('Fixed the gate.'))).toMatchObject({
      title: 'changelog',
      format: 'text',
    });
    expect(await readOne('a.pdf.gz', gzipSync(makePdf([['Printed.']])))).toMatchObject({
      format: 'pdf',
      text: 'Printed.',
    });
    expect(await readOne('plain.txt.gz', 'not compressed at all')).toMatchObject({ text: 'not compressed at all' });
    expect((await readContent('a.tar.gz', gzipSync(Buffer.alloc(2048)))).skipped).toEqual(['binary']);
  });

  it('are refused when they are cut off, or would fill the memory', async () => {
    const whole = gzipSync('words '.repeat(5000));
    expect(await reasonFor('a.txt.gz', whole.subarray(0, whole.length - 20))).toMatch(/cut off or damaged.*gzip -t/);
    expect(await reasonFor('a.txt.gz', gzipSync(Buffer.alloc(3_000_000, 'a')), { maxBytes: 1_000_000 })).toMatch(
      /when unpacked/,
    );
  });
});

describe('the EPUB reader', () => {
  const book = (chapters: Record<string, string>, spine: string) =>
    makeZip({
      mimetype: 'application/epub+zip',
      'META-INF/container.xml': '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
      'OPS/book.opf':
        '<package><metadata><dc:title>Lock and Weir</dc:title><dc:creator>A. Keeper</dc:creator><dc:language>en-GB</dc:language></metadata>' +
        `<manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="a" href="one%20a.xhtml"/><item id="b" href="two.xhtml"/></manifest><spine>${spine}</spine></package>`,
      ...chapters,
    });

  it('reads chapters in the order of the spine, each once, and not the contents', async () => {
    const document = await readOne(
      'x.epub',
      book(
        {
          'OPS/nav.xhtml': '<html><body><nav><a href="two.xhtml">Contents entry</a></nav></body></html>',
          'OPS/one a.xhtml': '<html><body><h1>One</h1><p>The first lock<sup>1</sup>.</p></body></html>',
          'OPS/two.xhtml': '<html><body><h1>Two</h1><p>The second.</p></body></html>',
        },
        '<itemref idref="n"/><itemref idref="b"/><itemref idref="a"/><itemref idref="b"/>',
      ),
    );
    expect(document).toMatchObject({
      title: 'Lock and Weir',
      language: 'en',
      format: 'epub',
      metadata: { author: 'A. Keeper' },
    });
    expect(document.text).toBe('Two\n\nThe second.\n\nOne\n\nThe first lock^1.');
  });

  it('ends where spine, contents and chapters lead back to where they came from', async () => {
    const document = await readOne(
      'loop.epub',
      book(
        {
          'OPS/nav.xhtml':
            '<html><body><nav><a href="nav.xhtml">Contents</a><a href="two.xhtml">Two</a></nav></body></html>',
          'OPS/one a.xhtml': '<html><body><p>The heron <a href="two.xhtml">goes on</a>.</p></body></html>',
          'OPS/two.xhtml': '<html><body><p>The bittern <a href="one%20a.xhtml">goes back</a>.</p></body></html>',
        },
        '<itemref idref="n"/><itemref idref="a"/><itemref idref="b"/>'.repeat(20_000),
      ),
    );
    expect(document.text).toBe('The heron goes on.\n\nThe bittern goes back.');
  });

  it('says which chapters are missing, and refuses a book without text', async () => {
    const chapter = { 'OPS/two.xhtml': '<p>Here.</p>' };
    const { documents, notes } = await readContent('x.epub', book(chapter, '<itemref idref="a"/><itemref idref="b"/>'));
    expect(documents[0]!.text).toBe('Here.');
    expect(notes).toMatchObject([{ note: expect.stringContaining('one a.xhtml') }]);
    expect(await reasonFor('x.epub', book({}, '<itemref idref="a"/>'))).toMatch(/missing, damaged or encrypted/);
    expect(await reasonFor('x.epub', makeZip({ 'a.txt': 'a' }))).toMatch(/not an EPUB/);
    expect(await reasonFor('x.epub', 'text')).toMatch(/It is text/);
  });
});

describe('the spreadsheet reader', () => {
  const workbook = (sheets: Record<string, string>, more: Record<string, string> = {}) => {
    const names = Object.keys(sheets);
    return makeZip({
      '_rels/.rels': relations(relation('r', 'officeDocument', 'xl/workbook.xml')),
      'docProps/core.xml': core,
      'xl/workbook.xml': `<workbook><sheets>${names.map((name, i) => `<sheet name="${name}" r:id="s${i}"/>`).join('')}</sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': relations(
        ...names.map((_, i) => relation(`s${i}`, 'worksheet', `worksheets/sheet${i}.xml`)),
        relation('x', 'sharedStrings', 'sharedStrings.xml'),
        relation('y', 'styles', 'styles.xml'),
      ),
      'xl/sharedStrings.xml':
        '<sst><si><t>Order</t></si><si><r><t>Wei</t></r><r><t>r gate</t></r><rPh><t>no</t></rPh></si></sst>',
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="2"/></cellXfs></styleSheet>',
      ...Object.fromEntries(
        names.map((name, i) => [
          `xl/worksheets/sheet${i}.xml`,
          `<worksheet><sheetData>${sheets[name]}</sheetData></worksheet>`,
        ]),
      ),
      ...more,
    });
  };

  it('makes a document of each sheet: texts, numbers, dates, formulas, comments', async () => {
    const rows =
      '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Due</t></is></c></row>' +
      '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><f>1/10+2/10</f><v>0.30000000000000004</v></c><c r="C2" s="1"><v>45417</v></c><c t="b"><v>1</v></c></row>' +
      '<row r="3"><c r="A3"/></row><row r="4"><c r="A4"><v>30417</v></c></row>';
    const documents = await readBytes(
      'x.xlsx',
      workbook(
        { Orders: rows, Empty: '' },
        {
          'xl/worksheets/_rels/sheet0.xml.rels': relations(relation('c', 'comments', '../comments1.xml')),
          'xl/comments1.xml':
            '<comments><commentList><comment ref="A1"><text><t>Ask the clerk.</t></text></comment></commentList></comments>',
        },
      ),
    );
    expect(documents).toHaveLength(1);
    expect(documents[0]).toMatchObject({
      id: 'x.xlsx#Orders',
      title: 'The Ledger: Orders',
      format: 'xlsx',
      metadata: { sheet: 'Orders', author: 'A. Clerk' },
    });
    expect(shown(documents[0]!)).toEqual([
      ['heading', 'Orders'],
      ['table', 'Order | Due\nWeir gate | 0.3 | 2024-05-05 | TRUE\n30417'],
      ['quote', 'Ask the clerk.'],
    ]);
  });

  it('reads the beginning of a sheet of a million rows, and says so', { timeout: 60_000 }, async () => {
    const row = '<row><c><v>4711</v></c><c t="str"><v>some words</v></c></row>';
    const bytes = workbook({ Big: row.repeat(1_000_000), Small: '<row><c><v>7</v></c></row>' });
    const start = performance.now();
    const { documents, notes } = await readContent('x.xlsx', bytes);
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(documents.map(({ id }) => id)).toEqual(['x.xlsx#Big', 'x.xlsx#Small']);
    expect(notes).toEqual([
      { path: 'x.xlsx', where: 'Big', note: expect.stringMatching(/^Only the first 100000 rows/) },
    ]);
  });

  it('refuses what is something else or protected', async () => {
    expect(await reasonFor('x.xlsx', makeZip({ 'a.txt': 'a' }))).toMatch(/not a spreadsheet/);
    expect(await reasonFor('x.xlsx', makeZip({ 'xl/workbook.bin': 'a' }))).toMatch(/binary workbook.*xlsx/);
    expect(await reasonFor('x.xlsx', Buffer.from('d0cf11e0a1b11ae1', 'hex'))).toMatch(/protected by a password/);
  });
});

describe('the presentation reader', () => {
  it('reads slides in their order, titles first, with tables and notes', async () => {
    const paragraph = (text: string) => `<a:p><a:r><a:t>${text}</a:t></a:r></a:p>`;
    const shape = (type: string, ...texts: string[]) =>
      `<p:sp><p:nvSpPr><p:nvPr><p:ph type="${type}"/></p:nvPr></p:nvSpPr><p:txBody>${texts.map(paragraph).join('')}</p:txBody></p:sp>`;
    const cell = (text: string) => `<a:tc><a:txBody>${paragraph(text)}</a:txBody></a:tc>`;
    const document = await readOne(
      'x.pptx',
      makeZip({
        '_rels/.rels': relations(relation('r', 'officeDocument', 'ppt/presentation.xml')),
        'ppt/presentation.xml':
          '<p:presentation><p:sldIdLst><p:sldId r:id="b"/><p:sldId r:id="a"/></p:sldIdLst></p:presentation>',
        'ppt/_rels/presentation.xml.rels': relations(
          relation('a', 'slide', 'slides/slide1.xml'),
          relation('b', 'slide', 'slides/slide2.xml'),
        ),
        'ppt/slides/slide1.xml': `<p:sld>${shape('body', 'Last words')}<p:graphicFrame><a:tbl><a:tr>${cell('Gate')}${cell('Width')}</a:tr></a:tbl></p:graphicFrame></p:sld>`,
        'ppt/slides/slide2.xml': `<p:sld>${shape('body', 'A point', 'Another')}${shape('sldNum', '1')}${shape('title', 'Locks')}</p:sld>`,
        'ppt/slides/_rels/slide2.xml.rels': relations(relation('n', 'notesSlide', '../notesSlides/notesSlide1.xml')),
        'ppt/notesSlides/notesSlide1.xml': `<p:notes>${shape('body', 'Say it slowly.')}</p:notes>`,
      }),
    );
    expect(document).toMatchObject({ title: 'Locks', format: 'pptx', metadata: { slides: 2 } });
    expect(shown(document)).toEqual([
      ['heading', 'Locks', 1],
      ['paragraph', 'A point', 1],
      ['paragraph', 'Another', 1],
      ['quote', 'Say it slowly.', 1],
      ['paragraph', 'Last words', 2],
      ['table', 'Gate | Width', 2],
    ]);
    expect(await reasonFor('x.pptx', makeDocx(docxParagraph('text')))).toMatch(/not a presentation/);
  });
});

describe('the OpenDocument reader', () => {
  const odf = (type: string, body: string, more: Record<string, string> = {}) =>
    makeZip({
      mimetype: `application/vnd.oasis.opendocument.${type}`,
      'content.xml': `<office:document-content><office:automatic-styles><style:style style:name="T1"><style:text-properties style:text-position="super 58%"/></style:style></office:automatic-styles><office:body>${body}</office:body></office:document-content>`,
      'meta.xml':
        '<office:meta><dc:title>Of Weirs</dc:title><meta:initial-creator>A. Keeper</meta:initial-creator></office:meta>',
      ...more,
    });

  it('reads texts: headings, lists, tables, notes, comments, marks, margins once, nothing deleted', async () => {
    const document = await readOne(
      'x.odt',
      odf(
        'text',
        '<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h text:outline-level="1">Weirs</text:h>' +
          '<text:p>A<text:s text:c="2"/>weir<text:span text:style-name="T1">3</text:span><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A low dam.</text:p></text:note-body></text:note>.</text:p>' +
          '<text:list><text:list-item><text:p>gate</text:p></text:list-item></text:list>' +
          '<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>' +
          '<text:p>Noted<office:annotation><dc:creator>C</dc:creator><text:p>Is it?</text:p></office:annotation></text:p></office:text>',
        {
          'styles.xml':
            '<office:document-styles><style:header><text:p>Running head</text:p></style:header><style:header-left><text:p>Running head</text:p></style:header-left></office:document-styles>',
        },
      ),
    );
    expect(document).toMatchObject({ title: 'Of Weirs', format: 'odt', metadata: { author: 'A. Keeper' } });
    expect(shown(document)).toEqual([
      ['heading', 'Weirs'],
      ['paragraph', 'A weir^3[1].'],
      ['list-item', '- gate'],
      ['table', 'a | b'],
      ['paragraph', 'Noted'],
      ['quote', 'Is it?'],
      ['list-item', '[1] A low dam.'],
      ['paragraph', 'Running head'],
    ]);
  });

  it('reads sheets and slides', async () => {
    const cell = (text: string, more = '') => `<table:table-cell ${more}><text:p>${text}</text:p></table:table-cell>`;
    const sheet = await readOne(
      'x.ods',
      odf(
        'spreadsheet',
        `<office:spreadsheet><table:table table:name="Gates"><table:table-row>${cell('1.50', 'table:number-columns-repeated="2"')}<table:table-cell table:number-columns-repeated="16000"/></table:table-row><table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row></table:table></office:spreadsheet>`,
      ),
    );
    expect(sheet).toMatchObject({ id: 'x.ods#Gates', text: 'Gates\n\n1.50 | 1.50' });
    const slides = await readOne(
      'x.odp',
      odf(
        'presentation',
        '<office:presentation><draw:page><text:p>One</text:p></draw:page><draw:page><text:p>Two</text:p></draw:page></office:presentation>',
      ),
    );
    expect(shown(slides)).toEqual([
      ['paragraph', 'One', 1],
      ['paragraph', 'Two', 2],
    ]);
  });

  it('refuses what is protected or something else', async () => {
    expect(
      await reasonFor('x.odt', odf('text', '', { 'META-INF/manifest.xml': '<manifest:encryption-data/>' })),
    ).toMatch(/protected by a password/);
    expect(await reasonFor('x.odt', makeZip({ 'a.txt': 'a' }))).toMatch(/not an OpenDocument/);
  });
});
