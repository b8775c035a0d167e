import { textBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import type { Reader } from '../reader.ts';

const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  typescript: ['ts', 'mts', 'cts'],
  tsx: ['tsx'],
  javascript: ['js', 'mjs', 'cjs', 'jsx'],
  python: ['py', 'pyi', 'pyw'],
  go: ['go'],
  rust: ['rs'],
  java: ['java'],
  c: ['c', 'h'],
  cpp: ['cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'h++', 'ipp', 'inl'],
};
const byExtension = new Map(
  Object.entries(LANGUAGES).flatMap(([language, extensions]) => extensions.map((extension) => [extension, language])),
);

/** Source code. */
export const codeReader: Reader = {
  format: 'code',
  extensions: [...byExtension.keys()],
  async *read(file, context) {
    const decoded = await context.text();
    const extension = /\.([^./]+)$/.exec(file.path)?.[1]?.toLowerCase() ?? '';
    const language = byExtension.get(extension) ?? (/^#!.*python/.test(decoded.text) ? 'python' : 'javascript');
    yield makeDocument(file, {
      format: language,
      text: decoded.text,
      blocks: textBlocks(decoded.text),
      keepExtension: true,
      encoding: describeEncoding(decoded),
    });
  },
};
