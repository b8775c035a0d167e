import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { readLatex } from '../latex.ts';
import { CUT_OFF, type Reader } from '../reader.ts';
import { textReader } from './text.ts';

/** Beyond this it is data: figures of measurements. UTF-16 code units. */
const LARGEST = 10_000_000;

/**
 * LaTeX: sections, lists, tables, notes, captions and formulas as text, accents and signs as characters, commands of the
 * document's own expanded; comments, options and labels are left out, and drawings, which are named. Offsets are into the extracted text.
 */
export const latexReader: Reader = {
  format: 'latex',
  extensions: ['tex', 'latex', 'ltx'],
  async *read(file, context) {
    const decoded = await context.text();
    if (decoded.text.length > LARGEST || !/\\[a-zA-Z]/.test(decoded.text)) {
      yield* textReader.read(file, context);
      return;
    }
    const { text, blocks, title, fields, drawings, pictures } = readLatex(decoded.text);
    if (drawings + pictures > 0) {
      const what = [
        ...(pictures === 0 ? [] : [pictures === 1 ? 'a picture' : `${pictures} pictures`]),
        ...(drawings === 0 ? [] : [drawings === 1 ? 'a drawing' : `${drawings} drawings`]),
      ].join(' and ');
      yield {
        path: file.path,
        note: `${what[0]!.toUpperCase()}${what.slice(1)} in it ${drawings + pictures === 1 ? 'was' : 'were'} not read.`,
      };
    }
    if (/\\begin\{document\}/.test(decoded.text) && !/\\end\{document\}/.test(decoded.text)) {
      yield { path: file.path, note: CUT_OFF };
    }
    yield makeDocument(file, {
      format: 'latex',
      text,
      blocks,
      title: title ?? blocks.find(({ kind }) => kind === 'heading')?.name,
      fields,
      encoding: describeEncoding(decoded),
    });
  },
};
