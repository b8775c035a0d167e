import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../src/base/random.ts';
import { readZipDirectory, readZipEntry } from '../src/ingest/zip.ts';
import { docxParagraph, makeDocx, makePdf, makeZip } from '../test/support/files.ts';

/** A file that readers read as it is, before it is changed. */
export interface Seed {
  readonly extension: string;
  readonly bytes: Buffer;
}

const LARGEST = 200_000;
const PER_EXTENSION = 40;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Files of folders, at most {@link PER_EXTENSION} of an extension; and those that are made here, of formats that few folders have. */
export function seeds(folders: readonly string[], random: Random): Seed[] {
  const found = new Map<string, string[]>();
  const places = folders.length > 0 ? folders : [join(root, 'docs'), join(root, 'node_modules')];
  for (const place of places) {
    for (const name of (readdirSync(place, { recursive: true }) as string[]).sort()) {
      const extension = extname(name).toLowerCase();
      if (extension === '' || /\.(map|wasm|node|so|exe|dylib|bin|onnx|cjs|mjs|cts|mts|lock)$/.test(extension)) continue;
      const path = join(place, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() !== true || stat.size === 0 || stat.size > LARGEST) continue;
      found.set(extension, [...(found.get(extension) ?? []), path]);
    }
  }
  const real = [...found].flatMap(([extension, paths]) =>
    random
      .shuffle(paths)
      .slice(0, PER_EXTENSION)
      .map((path): Seed => ({ extension, bytes: readFileSync(path) })),
  );
  return [...real, ...made()];
}

function made(): Seed[] {
  const seed = (extension: string, content: string | Uint8Array): Seed => ({
    extension,
    bytes: Buffer.from(content as string),
  });
  const cells =
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>42.5</v></c></row><row r="2"><c r="A2"><f>A1</f><v>7</v></c></row>';
  const part = (type: string, text: string) => `--cut\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`;
  const mail = `From: Ann <a@x.test>\r\nTo: b@x.test\r\nSubject: =?utf-8?q?The_harbour?=\r\nDate: Mon, 3 Feb 2025 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="cut"\r\n\r\n${part('text/plain; charset=utf-8', 'The lamp is lit.')}${part('text/html', '<p>The <b>lamp</b> is lit.')}--cut\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="rows.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\nYSxiCjEsMgo=\r\n--cut--\r\n`;
  const odf = (kind: string, body: string): Uint8Array =>
    makeZip({
      mimetype: `application/vnd.oasis.opendocument.${kind}`,
      'content.xml': `<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document-content>`,
      'meta.xml':
        '<office:document-meta xmlns:office="o" xmlns:dc="d"><office:meta><dc:title>Lamp</dc:title></office:meta></office:document-meta>',
    });
  const lines = Array.from({ length: 30 }, (_, i) => `Line ${i} of the page about the lamp by the river.`);
  return [
    seed(
      '.pdf',
      makePdf([lines, [{ text: 'Two', size: 20 }, 'columns'], []], {
        info: { Title: 'The lamp' },
        annotations: ['/Subtype /Text /Contents (note) /Rect [0 0 9 9]'],
      }),
    ),
    seed('.pdf', makePdf([lines.slice(0, 3)], { encrypted: true })),
    seed(
      '.docx',
      makeDocx(
        `${docxParagraph('Chapter', 1)}${docxParagraph('The lamp & the river')}<w:tbl><w:tr><w:tc>${docxParagraph('cell')}</w:tc></w:tr></w:tbl>`,
        '<dc:title>Lamp</dc:title>',
      ),
    ),
    seed(
      '.xlsx',
      makeZip({
        'xl/workbook.xml':
          '<workbook xmlns:r="r"><sheets><sheet name="Lamps" sheetId="1" r:id="a"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="a" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        'xl/sharedStrings.xml': '<sst><si><t>lamp</t></si></sst>',
        'xl/worksheets/sheet1.xml': `<worksheet><dimension ref="A1:B2"/><sheetData>${cells}</sheetData></worksheet>`,
      }),
    ),
    seed(
      '.pptx',
      makeZip({
        'ppt/presentation.xml':
          '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="a"/></p:sldIdLst></p:presentation>',
        'ppt/_rels/presentation.xml.rels':
          '<Relationships><Relationship Id="a" Type="http://x/slide" Target="slides/slide1.xml"/></Relationships>',
        'ppt/slides/slide1.xml':
          '<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:txBody><a:p><a:r><a:t>The lamp</a:t></a:r></a:p></p:txBody></p:sp></p:sld>',
      }),
    ),
    seed(
      '.odt',
      odf('text', '<text:h text:outline-level="1">Lamp</text:h><text:p>By the <text:span>river</text:span>.</text:p>'),
    ),
    seed(
      '.ods',
      odf(
        'spreadsheet',
        '<table:table table:name="A"><table:table-row table:number-rows-repeated="3"><table:table-cell><text:p>lamp</text:p></table:table-cell></table:table-row></table:table>',
      ),
    ),
    seed(
      '.epub',
      makeZip({
        mimetype: 'application/epub+zip',
        'META-INF/container.xml': '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
        'book.opf':
          '<package xmlns:dc="d"><metadata><dc:title>Lamp</dc:title></metadata><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
        'a.xhtml': '<html><body><h1>Lamp</h1><p>By the river.</p></body></html>',
      }),
    ),
    seed('.eml', mail),
    seed(
      '.mbox',
      `From a@x.test Mon Feb  3 10:00:00 2025\r\n${mail}\r\nFrom b@x.test Mon Feb  3 11:00:00 2025\r\n${mail}`,
    ),
    seed(
      '.rtf',
      "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\info{\\title Lamp}}\\f0 The \\b lamp\\b0  by the r\\'efver.\\par {\\*\\unknown x}\\u8364? end\\par}",
    ),
    seed(
      '.ipynb',
      JSON.stringify({
        nbformat: 4,
        metadata: {},
        cells: [
          { cell_type: 'markdown', source: ['# Lamp\n', 'text'] },
          { cell_type: 'code', source: 'print(1)', outputs: [{ text: ['1'] }] },
        ],
      }),
    ),
    seed('.srt', '1\n00:00:01,000 --> 00:00:02,500\nThe lamp\n\n2\n00:00:03,000 --> 00:00:04,000\n<i>is lit</i>\n'),
    seed('.vtt', 'WEBVTT\n\n00:01.000 --> 00:02.000\nThe lamp\n'),
    seed(
      '.tex',
      '\\documentclass{article}\\begin{document}\\section{Lamp}By \\emph{the} river $x^2$.\\begin{itemize}\\item one\\end{itemize}\\end{document}',
    ),
    seed('.rst', 'Lamp\n====\n\n.. note:: By the river.\n\n* one\n* two\n'),
    seed('.adoc', '= Lamp\n\n== Part\n\n* one\n\n[source]\n----\ncode\n----\n'),
    seed('.org', '* Lamp\n** Part\nText /it/ =code=.\n#+BEGIN_SRC js\n1\n#+END_SRC\n'),
    seed('.1', '.TH LAMP 1\n.SH NAME\nlamp \\- gives light\n.SH SYNOPSIS\n.B lamp\n[\\fIoption\\fR]\n'),
    seed(
      '.xml',
      '<book xmlns="http://docbook.org/ns/docbook"><title>Lamp</title><chapter><title>A</title><para>By the river.</para></chapter></book>',
    ),
    seed(
      '.svg',
      '<svg xmlns="http://www.w3.org/2000/svg"><title>Lamp</title><text x="1" y="2">By the river</text></svg>',
    ),
    seed('.csv', 'id,name,value\n1,"lamp, lit",3.5\n2,"two\nlines",4\n'),
    seed('.tsv', 'id\tname\n1\tlamp\n'),
    seed('.jsonl', '{"id": 1, "text": "lamp"}\n{"id": 2, "text": "river", "meta": {"a": [1, 2]}}\n'),
    seed('.json5', "{id: 1, text: 'lamp', /* note */ list: [1, 2,],}"),
  ];
}

/** Words that parsers know, to be put where they do not belong. */
const SIGNS = [
  '<',
  '</',
  '<![CDATA[',
  '&',
  '&#x',
  '{',
  '}',
  '\\',
  '[[[[',
  '"',
  "'",
  '```',
  '\0',
  '\u202e',
  '\ufdfa',
  '%',
  '\r',
  '$$',
  '<<',
  'endobj',
  '\\begin{',
  '----',
  '|',
  '99999999999999999999',
];

/** One to four changes of a file; of a zip archive, of a part within it as well as of the archive itself. */
export function mutateFile({ bytes }: Seed, all: readonly Seed[], random: Random): Buffer {
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\x03\x04' && random.below(4) > 0) {
    try {
      const parts = readZipDirectory(bytes).map((entry): [string, string] => [
        entry.name,
        Buffer.from(readZipEntry(bytes, entry, 10 * LARGEST) ?? []).toString('utf8'),
      ]);
      const chosen = parts[random.below(parts.length)]!;
      chosen[1] = mutated(Buffer.from(chosen[1]), all, random).toString('utf8');
      return Buffer.from(makeZip(Object.fromEntries(parts)));
    } catch {
      // Not an archive that can be taken apart: changed as it is.
    }
  }
  return mutated(bytes, all, random);
}

function mutated(original: Buffer, all: readonly Seed[], random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(bytes.length + 1);
    const length = Math.min(random.below(400), bytes.length - at);
    const [before, piece, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    switch (random.below(9)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = [0, 0xff, 0x80, 0x0a, 0x20][random.below(5)]!;
        break;
      case 2:
        bytes = Buffer.concat([before, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, piece, piece, after]);
        break;
      case 4: {
        const sign = Buffer.from(SIGNS[random.below(SIGNS.length)]!);
        bytes = Buffer.concat([before, sign, piece, after]);
        break;
      }
      case 5: {
        // The same many times over: depth and number are what parsers mind most.
        const sign = SIGNS[random.below(SIGNS.length)]!;
        const unit = random.below(2) === 0 ? Buffer.from(sign) : piece.subarray(0, 20);
        bytes = Buffer.concat([
          before,
          Buffer.concat(Array.from({ length: 1 + random.below(3000) }, () => unit)),
          after,
        ]);
        break;
      }
      case 6: {
        const other = all[random.below(all.length)]!.bytes;
        const from = random.below(other.length);
        bytes = Buffer.concat([before, other.subarray(from, from + random.below(2000)), after]);
        break;
      }
      case 7:
        bytes = Buffer.from(before);
        break;
      default: {
        // Another number in place of one.
        const text = bytes.toString('latin1');
        const numbers = [...text.matchAll(/\d+/g)];
        const number = numbers[random.below(Math.max(1, numbers.length))];
        if (number === undefined) break;
        const value = ['0', '-1', '2147483648', '99999999999', '1e999', '65536'][random.below(6)]!;
        bytes = Buffer.from(
          text.slice(0, number.index) + value + text.slice(number.index + number[0].length),
          'latin1',
        );
      }
    }
  }
  return bytes;
}
