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

  it('reads everything that Word shows: fields, boxes, formulas, readings, marks, notes, and margins once', async () => {
    const run = (text: string, properties = '') =>
      `<w:r>${properties === '' ? '' : `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${text}</w:t></w:r>`;
    const box = `<w:txbxContent><w:p>${run('Boxed kestrel')}</w:p></w:txbxContent>`;
    const paragraphs = [
      `${run('Dear ')}<w:fldSimple w:instr="MERGEFIELD Name">${run('Marabou')}</w:fldSimple><w:r><w:instrText>PAGE</w:instrText></w:r>`,
      `${run('Kept')}<w:ins>${run(' added')}</w:ins><w:del><w:r><w:delText> gone</w:delText></w:r></w:del>${run(' secret', '<w:vanish/>')}`,
      `<w:r><mc:AlternateContent><mc:Choice><wps:txbx>${box}</wps:txbx></mc:Choice><mc:Fallback><v:textbox>${box}</v:textbox></mc:Fallback></mc:AlternateContent></w:r>${run('Anchor')}`,
      `<m:oMath><m:r><m:t>E=m</m:t></m:r><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>`,
      `<w:r><w:ruby><w:rt>${run('えき')}</w:rt><w:rubyBase>${run('駅')}</w:rubyBase></w:ruby></w:r>${run('前')}`,
      `${run('the ledger')}${run('7', '<w:vertAlign w:val="superscript"/>')}<w:r><w:footnoteReference w:id="2"/></w:r>`,
      `<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr></w:pPr>${run('First item')}`,
      `<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="4"/></w:numPr></w:pPr>${run('Inner item')}`,
      `<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText="no"/></w:dropDownList></w:sdtPr><w:sdtContent>${run('Chosen')}</w:sdtContent></w:sdt>`,
    ];
    const level = (depth: number, format: string, text: string) =>
      `<w:lvl w:ilvl="${depth}"><w:start w:val="3"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/></w:lvl>`;
    const link = (id: string, type: string, target: string) =>
      `<Relationship Id="${id}" Type="http://x/relationships/${type}" Target="${target}"/>`;
    const bytes = makeZip({
      'word/document.xml': `<w:document><w:body>${paragraphs.map((content) => `<w:p>${content}</w:p>`).join('')}</w:body></w:document>`,
      'word/footnotes.xml': `<w:footnotes><w:footnote w:type="separator" w:id="0"><w:p>${run('-')}</w:p></w:footnote><w:footnote w:id="2"><w:p>${run('As noted by the clerk.')}</w:p></w:footnote></w:footnotes>`,
      'word/comments.xml': `<w:comments><w:comment w:id="1"><w:p>${run('Is this so?')}</w:p></w:comment></w:comments>`,
      'word/header1.xml': `<w:hdr><w:p>${run('Project Shoebill')}</w:p></w:hdr>`,
      'word/header2.xml': `<w:hdr><w:p>${run('Project Shoebill')}</w:p></w:hdr>`,
      'word/numbering.xml': `<w:numbering><w:abstractNum w:abstractNumId="1">${level(0, 'decimal', '%1.')}${level(1, 'lowerLetter', '%1.%2)')}</w:abstractNum><w:num w:numId="4"><w:abstractNumId w:val="1"/></w:num></w:numbering>`,
      'word/diagrams/data1.xml':
        '<dgm:dataModel><dgm:pt><dgm:t><a:p><a:r><a:t>Diagram words</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>',
      'word/embeddings/table.xlsx': 'PK',
      'word/_rels/document.xml.rels': `<Relationships>${[
        link('a', 'footnotes', 'footnotes.xml'),
        link('b', 'comments', 'comments.xml'),
        link('c', 'header', 'header1.xml'),
        link('d', 'header', 'header2.xml'),
        link('e', 'numbering', '/word/numbering.xml'),
        link('f', 'diagramData', 'diagrams/data1.xml'),
        link('g', 'package', 'embeddings/table.xlsx'),
      ].join('')}</Relationships>`,
    });
    const { documents, notes } = await readContent('x.docx', bytes);
    expect(documents[0]!.text.split(/\n+/)).toEqual([
      'Dear Marabou',
      'Kept added',
      'Anchor',
      'Boxed kestrel',
      'E=mc^2',
      '駅前 (えき)',
      'the ledger^7[1]',
      '3. First item',
      '  3.c) Inner item',
      'Chosen',
      'Diagram words',
      '[1] As noted by the clerk.',
      'Is this so?',
      'Project Shoebill',
    ]);
    expect(notes).toEqual([{ path: 'x.docx', note: expect.stringContaining('table.xlsx') }]);
  });

  it('reads boxes that only newer versions draw, formulas set apart, and each margin once', async () => {
    const paragraph = (text: string) => docxParagraph(text);
    const box = `<w:drawing><wps:txbx><w:txbxContent>${paragraph('Egret in a box')}</w:txbxContent></wps:txbx></w:drawing>`;
    const bytes = makeZip({
      'word/document.xml': `<w:document><w:body><w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps">${box}</mc:Choice></mc:AlternateContent></w:r></w:p><w:p><m:oMathPara><m:oMath><m:r><m:t>rho=7</m:t></m:r></m:oMath></m:oMathPara></w:p></w:body></w:document>`,
      'word/top.xml': `<w:hdr>${paragraph('Project Avocet')}</w:hdr>`,
      'word/bottom.xml': `<w:ftr>${paragraph('Form KR-412')}</w:ftr>`,
      'word/_rels/document.xml.rels':
        '<Relationships><Relationship Id="t" Type="x/header" Target="top.xml"/><Relationship Id="b" Type="x/footer" Target="bottom.xml"/></Relationships>',
    });
    expect((await readOne('x.docx', bytes)).text.split(/\n+/)).toEqual([
      'Egret in a box',
      'rho=7',
      'Project Avocet',
      'Form KR-412',
    ]);
  });

  it('reads tables nested without end in bounded time', async () => {
    const deep = '<w:tbl><w:tr><w:tc>'.repeat(50_000);
    const start = performance.now();
    await readContent('x.docx', makeDocx(`${docxParagraph('Shallow')}${deep}${docxParagraph('deep')}`));
    expect(performance.now() - start).toBeLessThan(3000);
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
      /protected by a password, or a file of an old/,
    );
    expect(await reasonFor('x.docx', 'plain text')).toMatch(/It is text, and no document/);
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
