import { deflateRawSync, gzipSync } from 'node:zlib';
import { makeZip } from './files.ts';
import { makeEpub, makeXlsx } from './samples.ts';

/**
 * Files that cost a careless reader far more than their bytes: nesting, loops, expansion, endless lists. Each is made for a size, and time and
 * memory of reading it have to stay in proportion.
 */
export interface HostileFile {
  readonly name: string;
  /** @param n how often what makes it hostile is repeated: 1,000 for a moment's reading, 100,000 for a trial. */
  readonly make: (n: number) => Uint8Array | string;
}

const sheetRow = (i: number): string =>
  `<row r="${i + 1}"><c r="A${i + 1}"><v>${i}</v></c><c r="B${i + 1}" t="inlineStr"><is><t>row ${i}</t></is></c></row>`;
const repeat = (n: number, part: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => part(i)).join('');
const mail = (type: string, body: string): string =>
  `From: a@example.org\r\nSubject: many\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\n${body}`;

/** Groups of messages within messages. */
function nestedMail(depth: number): string {
  let inner = 'Content-Type: text/plain\r\n\r\nlast\r\n';
  for (let i = 0; i < depth; i++) {
    inner = `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n${inner}\r\n--b${i}--\r\n`;
  }
  return `From: a@example.org\r\nSubject: deep\r\nMIME-Version: 1.0\r\n${inner}`;
}

export const HOSTILE_FILES: readonly HostileFile[] = [
  { name: 'many-rows.xlsx', make: (n) => makeXlsx(repeat(10 * n, sheetRow)) },
  { name: 'far-cells.xlsx', make: (n) => makeXlsx(`<row>${'<c r="XFD1048576"><v>1</v></c>'.repeat(n)}</row>`) },
  {
    name: 'many-strings.xlsx',
    make: (n) =>
      makeZip({
        '_rels/.rels':
          '<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        'xl/workbook.xml': '<workbook><sheets><sheet name="S" r:id="s"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="s" Type="x/worksheet" Target="s.xml"/><Relationship Id="t" Type="x/sharedStrings" Target="t.xml"/></Relationships>',
        'xl/s.xml': `<worksheet><sheetData>${repeat(n, (i) => `<row><c t="s"><v>${i}</v></c></row>`)}</sheetData></worksheet>`,
        'xl/t.xml': `<sst>${repeat(n, (i) => `<si><t>string number ${i}</t></si>`)}</sst>`,
      }),
  },
  {
    name: 'loop.epub',
    make: (n) =>
      makeEpub(
        { a: '<p>one</p>', b: '<p>two <a href="a.xhtml">back</a></p>' },
        Array.from({ length: n }, (_, i) => 'ab'[i % 2]!),
      ),
  },
  {
    name: 'many-chapters.epub',
    // As many as a ZIP holds, beside what else a book has.
    make: (n) =>
      makeEpub(
        Object.fromEntries(Array.from({ length: Math.min(n, 65_000) }, (_, i) => [`c${i}`, `<p>Chapter ${i}.</p>`])),
      ),
  },
  {
    name: 'repeated.ods',
    make: (n) =>
      makeZip({
        mimetype: 'application/vnd.oasis.opendocument.spreadsheet',
        'content.xml': `<c><table:table table:name="T">${'<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row>'.repeat(Math.ceil(n / 100))}</table:table></c>`,
      }),
  },
  {
    name: 'objects.odt',
    // As many as a ZIP holds, beside what else a document has.
    make: (n) =>
      makeZip({
        mimetype: 'application/vnd.oasis.opendocument.text',
        'content.xml': `<c><office:text><text:p>${'<draw:object href="./O0"/><svg:desc>x</svg:desc>'.repeat(n)}</text:p></office:text></c>`,
        ...Object.fromEntries(
          Array.from({ length: Math.min(n, 65_000) }, (_, i) => [`O${i}/content.xml`, '<m><mi>word</mi></m>']),
        ),
      }),
  },
  {
    name: 'drawings.xlsx',
    make: (n) =>
      makeZip({
        '_rels/.rels':
          '<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        'xl/workbook.xml': '<workbook><sheets><sheet name="S" r:id="s"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="s" Type="x/worksheet" Target="s.xml"/></Relationships>',
        'xl/s.xml': `<worksheet><sheetData/>${'<oddHeader>&amp;'.repeat(n)}</worksheet>`,
        'xl/_rels/s.xml.rels': `<Relationships>${'<Relationship Id="d" Type="x/drawing" Target="d.xml"/>'.repeat(Math.ceil(n / 100))}</Relationships>`,
        'xl/d.xml': `<d>${'<p><t>word</t></p>'.repeat(n)}</d>`,
      }),
  },
  {
    name: 'deep.docx',
    make: (n) =>
      makeZip({
        '_rels/.rels':
          '<Relationships><Relationship Id="r" Type="x/officeDocument" Target="word/document.xml"/></Relationships>',
        'word/document.xml': `<w:document><w:body>${'<w:tbl><w:tr><w:tc>'.repeat(n)}<w:p><w:r><w:t>deep</w:t></w:r></w:p>${'</w:tc></w:tr></w:tbl>'.repeat(n)}</w:body></w:document>`,
      }),
  },
  {
    name: 'parts.eml',
    make: (n) =>
      mail(
        'multipart/mixed; boundary="b"',
        `${repeat(n, (i) => `--b\r\nContent-Type: text/plain; name="note-${i}.txt"\r\nContent-Disposition: attachment; filename="note-${i}.txt"\r\n\r\nnote ${i}\r\n`)}--b--\r\n`,
      ),
  },
  { name: 'deep.eml', make: (n) => nestedMail(n) },
  {
    name: 'headers.eml',
    make: (n) => `${repeat(10 * n, (i) => `X-Header-${i}: ${i}\r\n`)}${mail('text/plain', 'body')}`,
  },
  {
    name: 'addresses.eml',
    make: (n) =>
      `To: ${repeat(n, (i) => `Person ${i} <p${i}@example.org>, `)}x@example.org\r\n${mail('text/plain', 'body')}`,
  },
  {
    name: 'same-id.mbox',
    make: (n) =>
      repeat(
        n,
        (i) =>
          `From a@example.org Thu May  2 10:00:00 2024\r\nMessage-ID: <same@example.org>\r\n${mail('text/plain', `message ${i}\r\n`)}\r\n`,
      ),
  },
  {
    name: 'many-cells.ipynb',
    make: (n) =>
      JSON.stringify({
        nbformat: 4,
        metadata: {},
        cells: Array.from({ length: n }, (_, i) => ({
          cell_type: 'code',
          source: [`print(${i})`],
          outputs: [{ output_type: 'stream', text: [`${i}\n`] }],
        })),
      }),
  },
  { name: 'deep.json', make: (n) => `${'['.repeat(10 * n)}1${']'.repeat(10 * n)}` },
  { name: 'deep-objects.json', make: (n) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}` },
  { name: 'values.json', make: (n) => '{"text":"one of many"}\n'.repeat(10 * n) },
  {
    name: 'members.jsonl',
    make: (n) =>
      `{"text":"x","a":[${repeat(n, (i) => `{"k${i}":{"b":[[${i}.5,1]]}},`)}1],"b":${'{"c":'.repeat(1000)}1${'}'.repeat(1000)}}\n`,
  },
  { name: 'keys.json', make: (n) => `{${repeat(10 * n, (i) => `"k${i}":${i},`)}"last":1}` },
  { name: 'same-id.jsonl', make: (n) => repeat(10 * n, (i) => `{"id":"same","text":"record ${i}"}\n`) },
  { name: 'not.jsonl', make: (n) => 'This is a line of prose.\n'.repeat(10 * n) },
  { name: 'one-line.jsonl', make: (n) => `{"text":"${'word '.repeat(100 * n)}"}` },
  { name: 'columns.csv', make: (n) => `${repeat(n, (i) => `c${i},`)}last\n${'1,'.repeat(n)}1\n` },
  { name: 'same-columns.csv', make: (n) => `${'a,'.repeat(n)}a\n${'1,'.repeat(n)}1\n` },
  { name: 'open-quote.csv', make: (n) => `a,b\n1,"${'open, and\nnever closed\n'.repeat(10 * n)}` },
  { name: 'deep.html', make: (n) => `<html><body>${'<div><span>'.repeat(10 * n)}deep` },
  { name: 'unclosed.html', make: (n) => `<body>${'<p><b><i>text'.repeat(10 * n)}` },
  { name: 'wrong-ends.html', make: (n) => `<body>${'<a></b></i></p></table>x'.repeat(10 * n)}` },
  {
    name: 'table.html',
    make: (n) => `<table>${`<tr>${'<td colspan=1000>x</td>'.repeat(100)}</tr>`.repeat(Math.ceil(n / 10))}</table>`,
  },
  { name: 'breaks.html', make: (n) => `<p>${'a line of a poem<br>\n'.repeat(10 * n)}</p>` },
  { name: 'marks.html', make: (n) => `<p>${'word<sup>1</sup> and<sub>2</sub> '.repeat(10 * n)}</p>` },
  { name: 'readings.html', make: (n) => `<p>${'<ruby>字<rt>ji</rt></ruby>'.repeat(10 * n)}</p>` },
  { name: 'cells.html', make: (n) => `<table><tr>${'<td>a<p>b</td>'.repeat(10 * n)}</tr></table>` },
  { name: 'pictures.html', make: (n) => `<p>${'<img alt="a picture">'.repeat(10 * n)}</p>` },
  { name: 'attributes.html', make: (n) => `<p ${repeat(10 * n, (i) => `a${i}="${i}" `)}>text</p>` },
  { name: 'entities.html', make: (n) => `<p>${'&amp;&lt;&notanentity'.repeat(10 * n)}</p>` },
  {
    name: 'bomb.xml',
    make: (n) =>
      `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(n)}">${repeat(20, (i) => `<!ENTITY a${i + 1} "${`&a${i || ''};`.repeat(10)}">`)}]><book xmlns="http://docbook.org/ns/docbook"><para>&a20;</para></book>`,
  },
  {
    name: 'deep.dbk',
    make: (n) =>
      `<book xmlns="http://docbook.org/ns/docbook">${'<section><title>t</title>'.repeat(n)}<para>deep</para>`,
  },
  {
    name: 'entities.dbk',
    make: (n) =>
      `<!DOCTYPE book [<!ENTITY a "xxxxxxxxxx">${repeat(20, (i) => `<!ENTITY a${i + 1} "${`&a${i || ''};`.repeat(10)}">`)}<!ENTITY l "&l;&l;">]><book xmlns="http://docbook.org/ns/docbook"><para>${'&a2;&a20;&l;&nosuch;'.repeat(n)}</para></book>`,
  },
  { name: 'deep.svg', make: (n) => `<svg>${'<g>'.repeat(10 * n)}<text>deep</text>` },
  { name: 'brackets.md', make: (n) => `${'['.repeat(10 * n)}text${'](a)'.repeat(10 * n)}` },
  { name: 'quotes.md', make: (n) => `${'>'.repeat(n)} deep\n` },
  { name: 'emphasis.md', make: (n) => `${'**a *b __c _d '.repeat(n)}\n` },
  { name: 'lists.md', make: (n) => repeat(Math.min(n, 2000), (i) => `${' '.repeat(2 * (i % 100))}- item ${i}\n`) },
  { name: 'backticks.md', make: (n) => repeat(Math.min(n, 5000), (i) => `${'`'.repeat(i % 500)}a `) },
  {
    name: 'aliases.md',
    make: (n) =>
      `---\na: &a [x,x,x,x,x,x,x,x,x]\n${repeat(9, (i) => `${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${`*${'abcdefghi'[i]},`.repeat(9)}1]\n`)}---\n${'text '.repeat(n)}\n`,
  },
  {
    name: 'front-objects.md',
    make: (n) =>
      `---\na:\n${repeat(Math.min(n, 3000), (i) => `  - k${i}: v\n`)}b: ${'['.repeat(Math.min(n, 500))}${']'.repeat(Math.min(n, 500))}\n---\ntext\n`,
  },
  { name: 'front.md', make: (n) => `---\n${repeat(n, (i) => `key${i}: value ${i}\n`)}---\ntext\n` },
  { name: 'groups.rtf', make: (n) => `{\\rtf1 ${'{\\b '.repeat(10 * n)}deep${'}'.repeat(10 * n)}}` },
  { name: 'boxes.rtf', make: (n) => `{\\rtf1 ${'{\\shp{\\*\\shpinst{\\shptxt x '.repeat(n)}deep` },
  { name: 'comments.rtf', make: (n) => `{\\rtf1 ${'\\intbl x\\cell{\\*\\annotation y\\par}'.repeat(n)}\\row}` },
  { name: 'cells.rtf', make: (n) => `{\\rtf1 ${'\\intbl x\\cell '.repeat(10 * n)}\\row}` },
  { name: 'macro.1', make: (n) => `.TH A 1\n.SH NAME\n.de X\n.X\n.X\n..\n${'.X\n'.repeat(n)}text\n` },
  {
    name: 'strings.1',
    make: (n) =>
      `.TH A 1\n.SH NAME\n.ds a xxxxxxxxxx\n${repeat(20, (i) => `.ds a${i + 1} ${`\\*[a${i || ''}]`.repeat(10)}\n`)}${'\\*[a20]\n'.repeat(Math.ceil(n / 100))}`,
  },
  { name: 'include.1', make: (n) => `.TH A 1\n.SH NAME\n${'.so include.1\n'.repeat(n)}text\n` },
  {
    name: 'command.tex',
    make: (n) => `\\newcommand{\\a}{\\a\\a}\\begin{document}${'\\a '.repeat(n)}text\\end{document}`,
  },
  {
    name: 'doubling.tex',
    make: (n) =>
      `\\def\\a{xxxxxxxxxx}${repeat(20, (i) => `\\def\\${'abcdefghijklmnopqrstu'[i + 1]}{${`\\${'abcdefghijklmnopqrstu'[i]} `.repeat(10)}}`)}\\begin{document}${'\\u '.repeat(Math.ceil(n / 100))}\\end{document}`,
  },
  {
    name: 'environment.tex',
    make: (n) =>
      `\\newenvironment{a}{\\begin{a}\\begin{a}}{\\end{a}\\end{a}}\\begin{document}${'\\begin{a}x\\end{a}'.repeat(n)}\\end{document}`,
  },
  { name: 'deep.tex', make: (n) => `\\begin{document}${'{\\textbf{'.repeat(n)}deep${'}}'.repeat(n)}\\end{document}` },
  {
    name: 'lists.tex',
    make: (n) =>
      `\\begin{document}${'\\begin{itemize}\\item '.repeat(n)}deep${'\\end{itemize}'.repeat(n)}\\end{document}`,
  },
  { name: 'titles.rst', make: (n) => repeat(n, (i) => `Title ${i}\n${'=-~^"'[i % 5]!.repeat(9)}\n\n`) },
  { name: 'rules.rst', make: (n) => `${'=====\n'.repeat(10 * n)}text\n` },
  { name: 'blocks.adoc', make: (n) => `${'----\n'.repeat(10 * n)}text\n` },
  { name: 'stars.org', make: (n) => `${'*'.repeat(10 * n)} heading\ntext\n` },
  {
    name: 'cues.vtt',
    make: (n) =>
      `WEBVTT\n\n${repeat(n, (i) => `${String(Math.floor(i / 3600)).padStart(2, '0')}:${String(Math.floor(i / 60) % 60).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}.000 --> 99:00:00.000\ncue ${i}\n\n`)}`,
  },
  { name: 'tags.vtt', make: (n) => `WEBVTT\n\n00:01.000 --> 00:02.000\n${'<'.repeat(10 * n)}text\n` },
  { name: 'parens.ts', make: (n) => `const a = ${'('.repeat(n)}1${')'.repeat(n)};\n` },
  { name: 'braces.c', make: (n) => `int main() ${'{'.repeat(n)}\n` },
  { name: 'deep.py', make: (n) => repeat(Math.min(n, 300), (i) => `${' '.repeat(i)}if True:\n`) },
  { name: 'line.txt', make: (n) => 'word '.repeat(100 * n) },
  { name: 'one-word.txt', make: (n) => 'w'.repeat(100 * n) },
  { name: 'marks.txt', make: (n) => `a${'\u0301'.repeat(10 * n)} text` },
  { name: 'blank.txt', make: (n) => `${'\n'.repeat(100 * n)}text` },
  { name: 'spaces.txt', make: (n) => `${' '.repeat(100 * n)}\n${'\t \n'.repeat(10 * n)}text` },
  { name: 'bomb.txt.gz', make: (n) => gzipSync(Buffer.alloc(1000 * n, 'word ')) },
  { name: 'bomb.jsonl.gz', make: (n) => gzipSync(Buffer.alloc(1000 * n, 'a')) },
  { name: 'bomb.docx', make: (n) => overlapping(Math.min(n, 60_000), 20_000) },
];

/** An archive in which all entries are the same bytes: as many times as large as it is. */
function overlapping(entries: number, size: number): Uint8Array {
  const data = deflateRawSync(Buffer.alloc(size, 'x'));
  const local = Buffer.alloc(31 + data.length);
  local.write('PK\x03\x04', 0, 'latin1');
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(size, 22);
  local.writeUInt16LE(1, 26);
  local.write('a', 30);
  data.copy(local, 31);
  const directory = Array.from({ length: entries }, (_, i) => {
    const name = Buffer.from(`word/part${i}.xml`);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02', 0, 'latin1');
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    return Buffer.concat([entry, name]);
  });
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, table, end]);
}
