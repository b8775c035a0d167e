import { textBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import type { Reader } from '../reader.ts';
import { extensionOf } from '../scope.ts';

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
  css: 'css',
  scss: 'css',
  proto: 'protobuf',
  graphql: 'graphql',
};

/** Everything that is text and has no reader of its own. */
export const textReader: Reader = {
  format: 'text',
  extensions: ['txt', 'text', ...Object.keys(FORMATS)],
  async *read(file, context) {
    const decoded = await context.text();
    const extension = extensionOf(file.path);
    const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension]! : extension === 'xml' ? 'xml' : 'text';
    yield makeDocument(file, {
      format,
      text: decoded.text,
      blocks: textBlocks(decoded.text),
      encoding: describeEncoding(decoded),
      keepExtension: format !== 'text',
    });
  },
};
