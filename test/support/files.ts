import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

/** A folder that exists for the length of one test. */
export interface TestFolder extends Disposable {
  readonly path: string;
  /** Writes files, with the folders around them; their time of change lies an hour back. Returns the folder. */
  write(files: Readonly<Record<string, string | Uint8Array>>): TestFolder;
  at(path: string): string;
}

export function testFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): TestFolder {
  const path = mkdtempSync(join(tmpdir(), 'sagitta-'));
  const folder: TestFolder = {
    path,
    at: (name) => join(path, name),
    write(more) {
      const settled = Date.now() / 1000 - 3600;
      for (const [name, content] of Object.entries(more)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), content);
        utimesSync(join(path, name), settled, settled);
      }
      return folder;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
  return folder.write(files);
}

/** A ZIP archive with deflated entries. */
export function makeZip(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const nameBytes = Buffer.from(name);
    const data = Buffer.from(content);
    const deflated = deflateRawSync(data);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(checksum(data), 0);
    sizes.writeUInt32LE(deflated.length, 4);
    sizes.writeUInt32LE(data.length, 8);
    const nameLengths = Buffer.alloc(4);
    nameLengths.writeUInt16LE(nameBytes.length, 0);
    // Version 2.0, UTF-8 names, deflate, 1 January 1980.
    const common = Buffer.concat([Buffer.from([20, 0, 0, 8, 8, 0, 0, 0, 33, 0]), sizes, nameLengths]);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, deflated]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

/** CRC-32 where the running Node has it built in (20.15), bit by bit otherwise. */
function checksum(data: Buffer): number {
  if (typeof crc32 === 'function') return crc32(data);
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A Word document from the XML of its body, with the styles that headings refer to. */
export function makeDocx(body: string, properties = ''): Uint8Array {
  const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  const types = 'http://schemas.openxmlformats.org/package/2006/content-types';
  const relations = 'http://schemas.openxmlformats.org/package/2006/relationships';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const word = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
  const main = 'application/vnd.openxmlformats-officedocument.wordprocessingml';
  const styles = [1, 2, 3].map(
    (level) => `<w:style w:type="paragraph" w:styleId="Heading${level}"><w:name w:val="heading ${level}"/></w:style>`,
  );
  return makeZip({
    '[Content_Types].xml':
      `${xml}<Types xmlns="${types}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${main}.document.main+xml"/>` +
      `<Override PartName="/word/styles.xml" ContentType="${main}.styles+xml"/></Types>`,
    '_rels/.rels': `${xml}<Relationships xmlns="${relations}"><Relationship Id="r1" Type="${office}/officeDocument" Target="word/document.xml"/></Relationships>`,
    'word/_rels/document.xml.rels': `${xml}<Relationships xmlns="${relations}"><Relationship Id="r1" Type="${office}/styles" Target="styles.xml"/></Relationships>`,
    'word/styles.xml': `${xml}<w:styles xmlns:w="${word}">${styles.join('')}</w:styles>`,
    'word/document.xml': `${xml}<w:document xmlns:w="${word}"><w:body>${body}</w:body></w:document>`,
    'docProps/core.xml':
      `${xml}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" ` +
      `xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">${properties}</cp:coreProperties>`,
  });
}

/** A paragraph of a Word document, as a heading where a level is given. */
export function docxParagraph(text: string, headingLevel?: number): string {
  const style = headingLevel === undefined ? '' : `<w:pPr><w:pStyle w:val="Heading${headingLevel}"/></w:pPr>`;
  return `<w:p>${style}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
}

/** A line of a PDF page: its text in Latin-1, font size (default 11) and base line (default below the one before). */
export type PdfTextLine =
  | string
  | { readonly text: string; readonly size?: number; readonly y?: number; readonly x?: number };

export interface PdfOptions {
  /** Entries of the information dictionary: `Title`, `Author`, `CreationDate`. */
  readonly info?: Readonly<Record<string, string>>;
  /** Pretend to be encrypted with a password nobody knows. */
  readonly encrypted?: boolean;
  /** Annotations of every page, as dictionaries without their brackets. */
  readonly annotations?: readonly string[];
}

/** A valid PDF 1.4 with one page per list of lines, set in Helvetica. A page without lines holds a drawing. */
export function makePdf(pages: readonly (readonly PdfTextLine[])[], options: PdfOptions = {}): Uint8Array {
  const objects: string[] = [];
  const add = (object: string): number => objects.push(object);
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add('');
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  const kids: string[] = [];
  for (const lines of pages) {
    let content = lines.length === 0 ? '0 0 m 100 100 l S' : 'BT\n';
    let y = 740;
    for (const line of lines) {
      const { text, size = 11, y: at = y, x = 72 } = typeof line === 'string' ? { text: line } : line;
      content += `/F1 ${size} Tf 1 0 0 1 ${x} ${at} Tm ${literal(text)} Tj\n`;
      y = at - size * 1.2;
    }
    if (lines.length > 0) content += 'ET';
    const stream = add(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
    const resources = '<< /Font << /F1 3 0 R >> >>';
    const annotations = (options.annotations ?? []).map((entries) => `${add(`<< /Type /Annot ${entries} >>`)} 0 R`);
    const page = add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources ${resources} /Contents ${stream} 0 R /Annots [${annotations.join(' ')}] >>`,
    );
    kids.push(`${page} 0 R`);
  }
  objects[1] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${pages.length} >>`;
  let trailer = '/Root 1 0 R';
  if (options.info !== undefined) {
    const entries = Object.entries(options.info).map(([name, value]) => `/${name} ${literal(value)}`);
    trailer += ` /Info ${add(`<< ${entries.join(' ')} >>`)} 0 R`;
  }
  if (options.encrypted) {
    const key = '5a'.repeat(32);
    const dictionary = `<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <${key}> /U <${key}> >>`;
    trailer += ` /Encrypt ${add(dictionary)} 0 R /ID [<00112233> <00112233>]`;
  }

  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const xref = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) file += `${String(offset).padStart(10, '0')} 00000 n \n`;
  file += `trailer\n<< /Size ${objects.length + 1} ${trailer} >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}

function literal(text: string): string {
  return `(${text.replace(/[\\()]/g, '\\$&')})`;
}

/** Everything that an asynchronous iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
