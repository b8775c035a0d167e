import { textBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { extensionOf } from '../paths.ts';
import type { Reader } from '../reader.ts';
import { decodeReferences } from '../xml-entities.ts';

/** Plain text formats that are searched as they are, and what they are called. */
const FORMATS: Readonly<Record<string, string>> = {
  bib: 'bibtex',
  yaml: 'yaml',
  yml: 'yaml',
  toml: 'toml',
  ini: 'ini',
  cfg: 'ini',
  conf: 'ini',
  properties: 'ini',
  log: 'log',
  strings: 'ini',
  css: 'css',
  scss: 'css',
  proto: 'protobuf',
  graphql: 'graphql',
  ics: 'calendar',
  vcf: 'vcard',
  vcard: 'vcard',
  ldif: 'ldif',
};

/** Messages of programs, in which letters outside of ASCII are often written by their numbers. */
const ESCAPED = new Set(['properties', 'strings']);

/** Calendars and address books, whose lines are broken in the middle of words (RFC 5545, 3.1). */
const FOLDED = new Set(['ics', 'vcf', 'vcard', 'ldif']);

/** Everything that is text and has no reader of its own. */
export const textReader: Reader = {
  format: 'text',
  extensions: ['txt', 'text', ...Object.keys(FORMATS)],
  async *read(file, context) {
    const decoded = await context.text();
    const extension = extensionOf(file.path);
    const text = asRead(decoded.text, extension);
    const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension]! : extension === 'xml' ? 'xml' : 'text';
    yield makeDocument(file, {
      format,
      text,
      blocks: textBlocks(text),
      encoding: describeEncoding(decoded),
      keepExtension: format !== 'text',
    });
  },
};

/** The text, with letters for what stands for them. */
function asRead(text: string, extension: string): string {
  if (ESCAPED.has(extension)) return unescaped(text);
  if (FOLDED.has(extension)) {
    return text
      .replace(/\r?\n[ \t]/g, '')
      .replace(/\\([nN,;\\])/g, (_, sign: string) => (/n/i.test(sign) ? '\n' : sign));
  }
  return /^\ufeff?\s*<\?xml\s/.test(text.slice(0, 200)) ? decodeReferences(text) : text;
}

/** With the letters for their numbers (`\u00e4`); numbers of signs that end lines stay. */
function unescaped(text: string): string {
  return text.replace(/(?<!\\)((?:\\\\)*)\\[uU]+([0-9a-fA-F]{4})/g, (written, before: string, code: string) => {
    const unit = Number.parseInt(code, 16);
    return unit < 0x20 ? written : before + String.fromCharCode(unit);
  });
}
