import { gzipSync } from 'node:zlib';
import { docxParagraph, makeDocx, makePdf, makeZip } from './files.ts';

const relation = (id: string, type: string, target: string): string =>
  `<Relationship Id="${id}" Type="http://x/relationships/${type}" Target="${target}"/>`;
const relations = (...all: string[]): string => `<Relationships>${all.join('')}</Relationships>`;
const officeDocument = (part: string): Record<string, string> => ({
  '[Content_Types].xml': '<Types/>',
  '_rels/.rels': relations(relation('r', 'officeDocument', part)),
});

/** A workbook with one sheet of these rows of cells. */
export function makeXlsx(rows: string): Uint8Array {
  return makeZip({
    ...officeDocument('xl/workbook.xml'),
    'xl/workbook.xml': '<workbook><sheets><sheet name="Stock" r:id="s1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': relations(relation('s1', 'worksheet', 'worksheets/sheet1.xml')),
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
  });
}

/** A presentation with one slide of this text. */
export function makePptx(text: string): Uint8Array {
  return makeZip({
    ...officeDocument('ppt/presentation.xml'),
    'ppt/presentation.xml': '<p:presentation><p:sldIdLst><p:sldId id="256" r:id="s1"/></p:sldIdLst></p:presentation>',
    'ppt/_rels/presentation.xml.rels': relations(relation('s1', 'slide', 'slides/slide1.xml')),
    'ppt/slides/slide1.xml': `<p:sld><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>`,
  });
}

const OPEN_DOCUMENT = {
  odt: (text: string) => `<office:text><text:p>${text}</text:p></office:text>`,
  ods: (text: string) =>
    `<office:spreadsheet><table:table table:name="Stock"><table:table-row><table:table-cell><text:p>${text}</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>`,
  odp: (text: string) =>
    `<office:presentation><draw:page><draw:frame><draw:text-box><text:p>${text}</text:p></draw:text-box></draw:frame></draw:page></office:presentation>`,
} as const;
const OPEN_DOCUMENT_TYPES = { odt: 'text', ods: 'spreadsheet', odp: 'presentation' } as const;

/** An OpenDocument file with one paragraph, cell or slide. */
export function makeOpenDocument(
  kind: keyof typeof OPEN_DOCUMENT,
  text: string,
  more: Readonly<Record<string, string>> = {},
): Uint8Array {
  return makeZip({
    mimetype: `application/vnd.oasis.opendocument.${OPEN_DOCUMENT_TYPES[kind]}`,
    'content.xml': `<office:document-content><office:body>${OPEN_DOCUMENT[kind](text)}</office:body></office:document-content>`,
    ...more,
  });
}

/** A book of these chapters, in their order unless a spine (names without `.xhtml`) says another. */
export function makeEpub(
  chapters: Readonly<Record<string, string>>,
  spine: readonly string[] = Object.keys(chapters),
  more: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = Object.keys(chapters);
  return makeZip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
    'book.opf': `<package><manifest>${names.map((name) => `<item id="${name}" href="${name}.xhtml"/>`).join('')}</manifest><spine>${spine.map((name) => `<itemref idref="${name}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(names.map((name) => [`${name}.xhtml`, `<html><body>${chapters[name]}</body></html>`])),
    ...more,
  });
}

/** A compound file (OLE), which old Office formats are, and new ones with a password: its signature and nothing else. */
export const COMPOUND_FILE = Buffer.concat([
  Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
  Buffer.alloc(2040, 1),
]);

/** A PNG of one pixel. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/**
 * A small sound file of every format that is read, by the extension of its name, with these words in its text.
 * @param words letters and spaces.
 */
export function soundFiles(words: string): Readonly<Record<string, Uint8Array>> {
  const mail = [
    'From: A Keeper <keeper@example.org>',
    'To: clerk@example.org',
    'Date: Thu, 02 May 2024 10:00:00 +0000',
    'Message-ID: <one@example.org>',
    'Subject: The lock',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Dear clerk, ${words}.`,
    '--b--',
    '',
  ].join('\r\n');
  const cell = `<row r="1"><c r="A1" t="inlineStr"><is><t>${words}</t></is></c></row>`;
  const files: Record<string, string | Uint8Array> = {
    txt: `The keeper wrote: ${words}.\n`,
    md: `# The lock\n\nThe keeper wrote: ${words}.\n`,
    html: `<!doctype html><html><head><title>The lock</title></head><body><main><p>The keeper wrote: ${words}.</p></main></body></html>\n`,
    pdf: makePdf([[`The keeper wrote: ${words}.`]]),
    docx: makeDocx(docxParagraph(`The keeper wrote: ${words}.`)),
    epub: makeEpub({ one: `<p>The keeper wrote: ${words}.</p>` }),
    xlsx: makeXlsx(cell),
    pptx: makePptx(`The keeper wrote: ${words}.`),
    odt: makeOpenDocument('odt', words),
    ods: makeOpenDocument('ods', words),
    odp: makeOpenDocument('odp', words),
    rtf: `{\\rtf1\\ansi The keeper wrote: ${words}.\\par}`,
    eml: mail,
    mbox: `From keeper@example.org Thu May  2 10:00:00 2024\r\n${mail}`,
    ipynb: JSON.stringify({
      cells: [{ cell_type: 'markdown', metadata: {}, source: [`The keeper wrote: ${words}.`] }],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    }),
    json: JSON.stringify([{ id: 1, text: `The keeper wrote: ${words}.` }]),
    jsonl: `{"id":1,"text":"The lock."}\n{"id":2,"text":"The keeper wrote: ${words}."}\n`,
    csv: `id,text\n1,The lock\n2,The keeper wrote: ${words}\n`,
    tsv: `id\ttext\n1\tThe lock\n2\tThe keeper wrote: ${words}\n`,
    '1': `.TH LOCK 1\n.SH NAME\nlock \\- closes\n.SH DESCRIPTION\nThe keeper wrote: ${words}.\n`,
    rst: `The lock\n========\n\nThe keeper wrote: ${words}.\n`,
    adoc: `= The lock\n\nThe keeper wrote: ${words}.\n`,
    org: `* The lock\n\nThe keeper wrote: ${words}.\n`,
    tex: `\\documentclass{article}\\begin{document}\\section{The lock}\nThe keeper wrote: ${words}.\n\\end{document}\n`,
    dbk: `<?xml version="1.0"?><article xmlns="http://docbook.org/ns/docbook"><title>The lock</title><para>The keeper wrote: ${words}.</para></article>`,
    xml: `<?xml version="1.0"?><notes><note>The keeper wrote: ${words}.</note></notes>`,
    svg: `<svg xmlns="http://www.w3.org/2000/svg"><title>The lock</title><text>${words}</text></svg>`,
    vtt: `WEBVTT\n\n00:01.000 --> 00:04.000\nThe keeper wrote: ${words}.\n`,
    srt: `1\n00:00:01,000 --> 00:00:04,000\nThe keeper wrote: ${words}.\n`,
    ts: `/** The keeper wrote: ${words}. */\nexport function lock(): void {}\n`,
    py: `def lock():\n    """The keeper wrote: ${words}."""\n`,
    sql: `-- The keeper wrote: ${words}.\nCREATE TABLE lock (id INTEGER);\n`,
    yaml: `keeper: "${words}"\n`,
    'txt.gz': gzipSync(`The keeper wrote: ${words}.\n`),
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === 'string' ? Buffer.from(content) : content,
    ]),
  );
}
