import { describe, expect, it } from 'vitest';
import { makeDocx, makeZip } from '../../test/support/files.ts';
import { readContent } from '../../test/support/ingest.ts';
import { makeOpenDocument, makeXlsx } from '../../test/support/samples.ts';

const relation = (id: string, type: string, target: string): string =>
  `<Relationship Id="${id}" Type="http://x/relationships/${type}" Target="${target}"/>`;
const relations = (...all: string[]): string => `<Relationships>${all.join('')}</Relationships>`;
const office = (part: string): Record<string, string> => ({
  '_rels/.rels': relations(relation('r', 'officeDocument', part)),
});
const lines = (...all: string[]): string => all.join('\n');

/** Titles of the documents of a file, and what of their texts becomes passages. */
async function shown(name: string, content: string | Uint8Array) {
  const { documents, notes, failures } = await readContent(name, content);
  expect(failures).toEqual([]);
  const parts = documents.flatMap(({ title, text, blocks }) => [
    title,
    ...blocks.map(({ start, end }) => text.slice(start, end)),
  ]);
  return { text: parts.join('\n'), notes: notes.map(({ note }) => note), documents };
}

/** A word that stands by itself. */
const word = (text: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${text.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'u');

const chapter = (body: string): Uint8Array =>
  makeZip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>',
    'b.opf': '<package><manifest><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>',
    'a.xhtml': `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x.js"/></head><body>${body}</body></html>`,
  });

const chart = (title: string, series: string): string =>
  `<c:chartSpace><c:chart><c:title><a:p><a:r><a:t>${title}</a:t></a:r></a:p></c:title><c:ser><c:strCache><c:pt><c:v>${series}</c:v></c:pt></c:strCache></c:ser></c:chart></c:chartSpace>`;

const workbook = makeZip({
  ...office('xl/workbook.xml'),
  'xl/workbook.xml':
    '<workbook><sheets><sheet name="Stock" r:id="s1"/><sheet name="Diagram" r:id="s2"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels': relations(
    relation('s1', 'worksheet', 'worksheets/sheet1.xml'),
    relation('s2', 'chartsheet', 'chartsheets/sheet1.xml'),
    relation('t', 'sharedStrings', 'sharedStrings.xml'),
    relation('f', 'styles', 'styles.xml'),
  ),
  'xl/styles.xml':
    '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="00000"/><numFmt numFmtId="171" formatCode="0.0%"/><numFmt numFmtId="172" formatCode="\\(000\\)\\ 000\\-0000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="9"/><xf numFmtId="172"/></cellXfs></styleSheet>',
  'xl/sharedStrings.xml': '<sst><si><t>first_x000D_second</t></si></sst>',
  'xl/worksheets/sheet1.xml':
    '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>1234</v></c><c r="C1" s="2"><v>0.125</v></c><c r="D1" s="3"><v>0.45</v></c><c r="E1" s="4"><v>301234567</v></c><c r="F1"><f>B1+1</f></c></row></sheetData><headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Confidential&amp;CPage &amp;P</oddHeader></headerFooter></worksheet>',
  'xl/worksheets/_rels/sheet1.xml.rels': relations(
    relation('d', 'drawing', '../drawings/drawing1.xml'),
    relation('c', 'comments', '../comments1.xml'),
    relation('t', 'threadedComment', '../threadedComments/one.xml'),
  ),
  'xl/comments1.xml':
    '<comments><comment ref="A1"><text><t>[Threaded comment] Your version does not show it.</t></text></comment></comments>',
  'xl/threadedComments/one.xml':
    '<ThreadedComments><threadedComment ref="A1"><text>who counted this</text></threadedComment></ThreadedComments>',
  'xl/drawings/drawing1.xml':
    '<xdr:wsDr><xdr:sp><xdr:cNvPr id="2" name="T" descr="a lighthouse"/><xdr:txBody><a:p><a:r><a:t>Box of text</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>',
  'xl/drawings/_rels/drawing1.xml.rels': relations(relation('c', 'chart', '../charts/chart1.xml')),
  'xl/charts/chart1.xml': chart('Sales of salt', 'Harbour'),
  'xl/chartsheets/sheet1.xml': '<chartsheet><drawing r:id="d"/></chartsheet>',
  'xl/chartsheets/_rels/sheet1.xml.rels': relations(relation('d', 'drawing', '../drawings/drawing2.xml')),
  'xl/drawings/drawing2.xml': '<xdr:wsDr/>',
  'xl/drawings/_rels/drawing2.xml.rels': relations(relation('c', 'chart', '../charts/chart2.xml')),
  'xl/charts/chart2.xml': chart('Tides of May', 'Weir'),
});

const slides = makeZip({
  ...office('ppt/presentation.xml'),
  'ppt/presentation.xml': '<p:presentation><p:sldIdLst><p:sldId id="256" r:id="s1"/></p:sldIdLst></p:presentation>',
  'ppt/_rels/presentation.xml.rels': relations(relation('s1', 'slide', 'slides/slide1.xml')),
  'ppt/slides/slide1.xml':
    '<p:sld><p:sp><p:txBody><a:p><a:r><a:t>The slide</a:t></a:r></a:p></p:txBody></p:sp></p:sld>',
  'ppt/slides/_rels/slide1.xml.rels': relations(
    relation('c', 'chart', '../charts/chart1.xml'),
    relation('l', 'slideLayout', '../slideLayouts/one.xml'),
    relation('o', 'package', '../embeddings/book.xlsx'),
  ),
  'ppt/charts/chart1.xml': chart('Catch by year', 'Herring'),
  'ppt/slideLayouts/one.xml':
    '<p:sldLayout><p:sp><p:txBody><a:p><a:r><a:t>For internal use</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:nvPr><p:ph type="body"/></p:nvPr><p:txBody><a:p><a:r><a:t>Click to edit</a:t></a:r></a:p></p:txBody></p:sp></p:sldLayout>',
});

const letter = (type: string, ...parts: string[]): string =>
  [
    'From: a@example.org',
    'Reply-To: office@example.org',
    'Subject: The lock',
    'MIME-Version: 1.0',
    `Content-Type: multipart/${type}; boundary="b"`,
    '',
    ...parts.flatMap((part) => ['--b', part]),
    '--b--',
    '',
  ].join('\r\n');

const odt = makeZip({
  mimetype: 'application/vnd.oasis.opendocument.text',
  'content.xml':
    '<x><office:text><text:p>See<draw:frame><draw:object xlink:href="./Object 1"/><svg:title>Old map</svg:title><svg:desc>of the harbour</svg:desc></draw:frame>and<draw:frame><draw:object xlink:href="./Object 2"/></draw:frame></text:p></office:text></x>',
  'Object 1/content.xml':
    '<math><semantics><mrow><mi>depth</mi><mo>=</mo><mn>42</mn></mrow><annotation>depth = 42 as written</annotation></semantics></math>',
  'Object 2/content.xml':
    '<x><chart:title><text:p>Tides</text:p></chart:title><table:table-cell><text:p>Spring</text:p></table:table-cell></x>',
});

const ods = makeZip({
  mimetype: 'application/vnd.oasis.opendocument.spreadsheet',
  'content.xml':
    '<x><table:table table:name="S"><table:shapes><draw:custom-shape><text:p>Drawn note</text:p></draw:custom-shape></table:shapes><table:table-row><table:table-cell><text:p>cell</text:p></table:table-cell><table:table-cell><draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></table:table-cell></table:table-row></table:table></x>',
  'Object 1/content.xml': '<x><chart:title><text:p>Catch</text:p></chart:title></x>',
});

const rtf = Buffer.from(
  "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset0 Times;}{\\f1\\fcharset204 Times;}{\\f2\\fcharset128 Mincho;}}before {\\f1 \\'cc\\'ee\\'f1\\'ea\\'e2\\'e0} {\\f2 \\'83e\\'83X\\'83g} {\\shp{\\*\\shpinst{\\sp{\\sn kind}{\\sv 202}}{\\shptxt \\pard Boxed words\\par}}{\\shprslt \\pard Boxed words\\par}}{\\*\\atnid KB}\\chatn{\\*\\annotation \\pard Remark\\par}{\\upr{half}{\\*\\ud{whole}}} {\\deleted gone} caf\\'e9\\par}",
  'latin1',
);

interface Case {
  readonly what: string;
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly words: readonly string[];
  /** What must not be shown. */
  readonly not?: readonly string[];
  readonly notes?: readonly RegExp[];
}

const cases: readonly Case[] = [
  {
    what: 'elements of a book that are closed as they are opened',
    name: 'a.epub',
    content: chapter(
      '<div><audio src="a.mp3"/><p>one</p><iframe src="x"/><p>two</p></div><h2/><textarea/><p>three</p>',
    ),
    words: ['one', 'two', 'three'],
  },
  {
    what: 'the same of XHTML',
    name: 'a.xhtml',
    content: '<html><head><title/></head><body><script src="a"/><p>one</p><object data="x"/><p>two</p></body></html>',
    words: ['one', 'two'],
  },
  {
    what: 'headings that open their section, elements with a template of their own, and fields that hold a text',
    name: 'a.html',
    content:
      '<!doctype html><body><h3><button aria-expanded="false">How to return?</button><button>Copy</button></h3><p>text</p><my-card><template shadowrootmode="open"><p>in the card</p></template></my-card><template>never</template><input readonly value="npm install weir"><input type="hidden" value="token"><button aria-haspopup="menu" aria-expanded="false">More</button><div role="tabpanel" hidden>pnpm add</div><button aria-expanded="false" aria-controls="a1">Why</button><div id="a1" hidden>Since it rains</div><div id="a2" hidden>secret</div>',
    words: ['return', 'card', 'install', 'pnpm', 'Why', 'rains'],
    not: ['Copy', 'never', 'token', 'More', 'secret'],
  },
  {
    what: 'lists of objects beside the text of a record',
    name: 'a.jsonl',
    content: JSON.stringify({
      id: 'a',
      text: 'body',
      turns: [{ role: 'user', content: 'asked' }],
      mixed: [1, 'second', null],
      points: Array.from({ length: 30 }, (_, i) => [i + 0.5, 2.25]),
    }),
    words: ['body', 'user', 'asked', 'second', 'points'],
    not: ['25.5'],
  },
  {
    what: 'records one after the other, under the name of one value',
    name: 'a.json',
    content: '{"text":"one"}\n{"text":"two", "n": 12345678901234567890}\n',
    words: ['one', 'two'],
  },
  {
    what: 'prose of front matter, and what metadata cannot hold',
    name: 'a.md',
    content: lines(
      '---',
      'description: A short summary',
      `notes: ${'long '.repeat(250)}ending`,
      'authors:',
      '  - name: Annika',
      'tags: [filtered]',
      '---',
      '',
      'Body.',
    ),
    words: ['summary', 'ending', 'Annika', 'Body'],
    not: ['filtered'],
  },
  {
    what: 'letters of Markdown by their names, but in code',
    name: 'c.md',
    content: 'S&oslash;ren at the caf&#233; &lt;here&gt;, with `&auml;`.\n\n```\n&ouml;\n```\n',
    words: ['Søren', 'café', '&lt;here&gt;', '&auml;', '&ouml;'],
  },
  {
    what: 'words of calendars that a line broke',
    name: 'a.ics',
    content: 'BEGIN:VCALENDAR\r\nSUMMARY:Meeting in the har\r\n bour\\, at ten\r\nEND:VCALENDAR\r\n',
    words: ['harbour,', 'ten'],
  },
  {
    what: 'tables of TOML',
    name: 'b.md',
    content: '+++\ntitle = "T"\n[[authors]]\nname = "Annika"\nunit = "Weir"\n[extra]\nweight = 3\n+++\nBody.\n',
    words: ['Annika', 'Weir'],
    not: ['weight'],
  },
  {
    what: 'entities of DocBook, and words that only elements part',
    name: 'a.dbk',
    content: `<?xml version="1.0"?><!DOCTYPE article [<!ENTITY prod "Heliotrope"><!ENTITY full "&prod; Server"><!ENTITY loop "&loop;">]><article xmlns="http://docbook.org/ns/docbook"><info><author><firstname>Jane</firstname><surname>Keeper</surname></author></info><para>Install &full; &loop; at the caf&eacute; <citerefentry><refentrytitle>lsblk</refentrytitle><manvolnum>8</manvolnum></citerefentry> <keycombo><keycap>Ctrl</keycap><keycap>C</keycap></keycombo> <menuchoice><guimenu>File</guimenu><guimenuitem>Save</guimenuitem></menuchoice> <ulink url="http://example.org/there"/>.</para></article>`,
    words: ['Jane', 'Keeper', 'Heliotrope', 'Server', 'café', 'lsblk', 'Ctrl', 'C', 'File', 'Save', 'there'],
  },
  {
    what: 'letters of other XML by their numbers',
    name: 'a.xml',
    content: '<?xml version="1.0"?><notes><note>caf&#233; M&#xFC;ller R&amp;D</note></notes>',
    words: ['café', 'Müller', 'R&D'],
  },
  {
    what: 'what a workbook shows beside its cells, and numbers as they stand',
    name: 'a.xlsx',
    content: workbook,
    words: [
      'first',
      'second',
      '01234',
      '12.5%',
      '45%',
      '(030) 123-4567',
      'Confidential',
      'lighthouse',
      'Box',
      'counted',
    ].concat(['salt', 'Harbour', 'Tides']),
    not: ['x000D', 'Threaded', 'Arial'],
    notes: [/formula has no result/],
  },
  {
    what: 'charts and layouts of slides',
    name: 'a.pptx',
    content: slides,
    words: ['slide', 'Catch', 'Herring', 'internal'],
    not: ['Click'],
    notes: [/inside the presentation were not read: book\.xlsx/],
  },
  {
    what: 'formulas, charts and descriptions of pictures of OpenDocument',
    name: 'a.odt',
    content: odt,
    words: ['See', 'depth', '42', 'map', 'harbour', 'and', 'Tides', 'Spring'],
    not: ['written'],
  },
  { what: 'shapes and charts over the cells', name: 'a.ods', content: ods, words: ['Drawn', 'cell', 'Catch'] },
  {
    what: 'what is on all slides',
    name: 'a.odp',
    content: makeOpenDocument('odp', 'slide', {
      'styles.xml':
        '<x><style:master-page><draw:frame><draw:text-box><text:p>Weir company</text:p></draw:text-box></draw:frame><draw:frame presentation:class="title" presentation:placeholder="true"><draw:text-box><text:p>Click here</text:p></draw:text-box></draw:frame></style:master-page></x>',
    }),
    words: ['slide', 'company'],
    not: ['Click'],
  },
  {
    what: 'OpenDocument as one file',
    name: 'a.fodt',
    content:
      '<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.text"><office:meta><dc:title>The flat one</dc:title></office:meta><office:master-styles><style:header><text:p>Head</text:p></style:header></office:master-styles><office:body><office:text><text:p>in<text:span>side</text:span><draw:image><office:binary-data>QUJD</office:binary-data></draw:image></text:p></office:text></office:body></office:document>',
    words: ['flat', 'Head', 'inside'],
    not: ['QUJD'],
  },
  {
    what: 'character sets of fonts, text boxes and comments of Rich Text',
    name: 'a.rtf',
    content: rtf,
    words: ['before', 'Москва', 'テスト', 'Boxed', 'Remark', 'whole', 'café'],
    not: ['half', 'gone', '202', 'KB'],
  },
  {
    what: 'the entry that is chosen in a field of Word, and titles of pictures',
    name: 'a.docx',
    content: makeDocx(
      '<w:p><w:r><w:fldChar><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="Herring"/><w:listEntry w:val="Salmon"/></w:ddList></w:ffData></w:fldChar></w:r><w:r><w:drawing><wp:docPr id="1" name="P" title="Old map" descr="of the weir"/></w:drawing></w:r></w:p>',
    ),
    words: ['Salmon', 'map', 'weir'],
    not: ['Herring'],
  },
  {
    what: 'outputs of notebooks that are HTML, formulas or data alone',
    name: 'a.ipynb',
    content: JSON.stringify({
      nbformat: 4,
      metadata: {},
      cells: [
        {
          cell_type: 'code',
          source: 'show()',
          outputs: [
            { data: { 'text/html': ['<b>Bo</b>ld'], 'text/plain': ['<IPython.core.display.HTML object>'] } },
            { data: { 'text/latex': '$alpha$', 'text/plain': ['<IPython.core.display.Latex object>'] } },
            { data: { 'application/json': { key: 'value' } } },
            { output_type: 'stream', text: ['word '.repeat(5000)] },
          ],
        },
      ],
    }),
    words: ['Bold', 'alpha', 'value'],
    not: ['IPython'],
    notes: [/Of an output only the first 20000 characters/],
  },
  {
    what: 'documents that are sent with the page of a message',
    name: 'a.eml',
    content: letter(
      'related',
      'Content-Type: text/html\r\n\r\n<p>See the notes</p>',
      'Content-Type: text/plain; name="notes.txt"\r\nContent-ID: <y>\r\nContent-Disposition: attachment; filename="notes.txt"\r\n\r\nWeir measured',
      'Content-Type: image/png\r\nContent-ID: <x>\r\n\r\nx',
    ),
    words: ['notes', 'measured', 'office@example.org'],
  },
  {
    what: 'a message whose plain text says something else',
    name: 'b.eml',
    content: letter(
      'alternative',
      'Content-Type: text/plain\r\n\r\nYour program does not show this message: please open it in another one.',
      'Content-Type: text/html\r\n\r\n<p>The meeting moved to Wednesday, in the harbour house, at ten in the morning.</p>',
    ),
    words: ['Wednesday', 'harbour'],
  },
  {
    what: 'letters of mail that says nothing of its character set',
    name: 'c.eml',
    content: Buffer.from(
      'From: a@example.org\r\nSubject: Gr\xfc\xdfe\r\n\r\nAus der schönen Stadt Köln am Rhein\r\n',
      'latin1',
    ),
    words: ['Grüße', 'schönen', 'Köln'],
  },
  {
    what: 'notes of one word at the foot of Markdown',
    name: 'd.md',
    content: 'See.[^1]\r\n\r\n[^1]: https://example.org/there\r\n[link]: https://example.org/else\r\n\r\nEnd.\r\n',
    words: ['See', 'there', 'End'],
    not: ['else'],
  },
  {
    what: 'equations and the other case of conditions of manual pages',
    name: 'a.1',
    content: lines('.TH X 1', '.SH NAME', 'x \\- y', '.EQ', 'delim $$', 'mass over volume', '.EN').concat(
      '\n.ie t printed\n.el on terminals\n.if n seen\n',
    ),
    words: ['mass', 'volume', 'terminals', 'seen'],
    not: ['delim', 'printed'],
  },
  {
    what: 'attributes of AsciiDoc that the text refers to, names of pictures and of who is quoted',
    name: 'a.adoc',
    content: lines(
      '= Guide',
      ':product: Heliotrope',
      ':icons: font',
      '',
      'Install {product}.',
      '',
      'image::a.png[Old map, 200]',
      '',
      'image::b.png[width=40]',
      '',
      'ifdef::full[All of it]',
      '',
      '[quote, A. Keeper, Letters]',
      'Water is patient.',
    ),
    words: ['Heliotrope', 'map', 'All', 'Keeper', 'Letters', 'patient'],
    not: ['icons', 'width'],
  },
  {
    what: 'captions and macros of Org',
    name: 'a.org',
    content: lines('* Weir', '#+CAPTION: The old gate', '#+ATTR_HTML: :width 40', '#+MACRO: river Moselle', 'x'),
    words: ['gate', 'Moselle'],
    not: ['ATTR_HTML'],
  },
  {
    what: 'what LaTeX shows by its own environments, captions and names of functions',
    name: 'a.tex',
    content:
      '\\author{A. Keeper}\\newenvironment{warn}[1]{Beware of #1: }{Thank you.}\\DeclareMathOperator{\\depth}{depthof}\\begin{document}\\maketitle\\begin{warn}{ice}slippery\\end{warn} $\\depth x$ \\subfloat[Left half]{y} \\captionof{table}{Of salt} \\begin{lstlisting}[caption={A listing}]\nopen()\n\\end{lstlisting}\\iffalse unseen \\fi seen\\end{document}',
    words: ['Keeper', 'Beware', 'ice', 'slippery', 'Thank', 'depthof', 'Left', 'salt', 'listing', 'open', 'seen'],
    not: ['unseen'],
  },
  {
    what: 'subtitles without fractions of seconds',
    name: 'a.srt',
    content: '1\n00:00:01 --> 00:00:04\nWho&#39;s there\n',
    words: ["Who's", 'there'],
  },
  {
    what: 'the title of WebVTT',
    name: 'a.vtt',
    content: 'WEBVTT - Harbour tales\n\n00:01.000 --> 00:02.000\n&#233;t&#xe9;\n',
    words: ['Harbour', 'été'],
  },
];

describe('words that a file shows', () => {
  it.each(cases)('$what ($name)', async ({ name, content, words, not = [], notes = [] }) => {
    const found = await shown(name, content);
    for (const one of words) expect(found.text).toMatch(word(one));
    for (const one of not) expect(found.text).not.toMatch(word(one));
    expect(found.notes).toEqual(notes.map((note) => expect.stringMatching(note)));
  });

  it('become metadata where they are values, however deep they lie', async () => {
    const { documents } = await shown(
      'a.json',
      JSON.stringify([
        { text: 'x', place: { town: { name: 'Zwolle', size: 3 } }, authors: [{ name: 'A' }, { name: 'B' }] },
      ]),
    );
    expect(documents[0]!.metadata).toMatchObject({
      'place.town.name': 'Zwolle',
      'place.town.size': 3,
      'authors.name': ['A', 'B'],
    });
  });

  it('stay as they are where a number has no format of its own', async () => {
    const cells = '<row><c><v>0.30000000000000004</v></c><c t="str"><v>a_x0009_b</v></c></row>';
    expect((await shown('a.xlsx', makeXlsx(cells))).text).toContain('0.3 | a b');
  });
});
