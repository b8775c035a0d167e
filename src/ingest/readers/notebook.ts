import { UnreadableDocumentError } from '../../base/errors.ts';
import { markdownBlocks, textBlocks } from '../../text/index.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { parseHtml } from '../html-tokens.ts';
import { parseJson } from '../json-parse.ts';
import { isPlainObject } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { describeValue } from '../records.ts';
import { TextParts } from '../text-parts.ts';

/** Text of one output: beyond it, it is a log. */
const LONGEST_OUTPUT = 20_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colours begin with an escape
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/**
 * Jupyter notebooks: Markdown cells with their structure, code cells, and what cells printed; images and other data, and
 * what is longer than a reader's patience, are left out and noted. Offsets are into the text made.
 */
export const notebookReader: Reader = {
  format: 'notebook',
  extensions: ['ipynb'],
  async *read(file, context) {
    const value = parseJson((await context.text()).text);
    const cells = cellsOf(value);
    if (cells === undefined) {
      throw new UnreadableDocumentError('It is JSON, but no notebook.', 'Give it the extension .json.');
    }
    const parts = new TextParts();
    let images = 0;
    let cut = 0;
    for (const cell of cells) {
      if (!isPlainObject(cell)) continue;
      const source = lines(cell['source'] ?? cell['input']);
      if (cell['cell_type'] === 'markdown' || cell['cell_type'] === 'heading') {
        const level = Number(cell['level']);
        const text = Number.isInteger(level) && level > 0 ? `${'#'.repeat(Math.min(level, 6))} ${source}` : source;
        // Pictures pasted into a cell stand in it as data.
        const clean = text.replace(/\(data:[^)\s]{200,}\)/g, '()');
        parts.add(clean, markdownBlocks(clean).blocks);
      } else if (cell['cell_type'] === 'code') parts.addBlock('code', source);
      else parts.add(source, textBlocks(source));
      for (const output of list(cell['outputs'])) {
        const { text, image } = await outputText(output);
        if (image) images++;
        if (text.length > LONGEST_OUTPUT) cut++;
        if (text !== '') parts.addBlock('quote', text.slice(0, LONGEST_OUTPUT));
      }
    }
    if (images > 0) {
      const note =
        images === 1 ? 'An image among its outputs was not read.' : `${images} images among its outputs were not read.`;
      yield { path: file.path, note };
    }
    if (cut > 0) {
      const what = cut === 1 ? 'Of an output' : `Of ${cut} outputs`;
      yield { path: file.path, note: `${what} only the first ${LONGEST_OUTPUT} characters were read.` };
    }
    const heading = parts.blocks.find(({ kind }) => kind === 'heading');
    yield makeDocument(file, {
      format: 'notebook',
      text: parts.text,
      blocks: parts.blocks,
      title: heading?.name,
      fields: { cells: cells.length, ...kernelOf(value) },
    });
  },
};

function cellsOf(value: unknown): readonly unknown[] | undefined {
  if (!isPlainObject(value)) return undefined;
  if (Array.isArray(value['cells'])) return value['cells'];
  // Version 3 had sheets of cells.
  const sheets = value['worksheets'];
  if (!Array.isArray(sheets)) return undefined;
  return sheets.flatMap((sheet) => (isPlainObject(sheet) ? list(sheet['cells']) : []));
}

function kernelOf(value: unknown): Record<string, unknown> {
  const metadata = isPlainObject(value) ? value['metadata'] : undefined;
  const kernel = isPlainObject(metadata) ? metadata['kernelspec'] : undefined;
  const language = isPlainObject(kernel) ? kernel['language'] : undefined;
  return typeof language === 'string' ? { kernel: language } : {};
}

/** How programs name what they show in another way: `<Figure size 640x480 with 1 Axes>`, `<IPython.core.display.HTML object>`. */
const NAME_OF_OBJECT = /^<[^>]*>$/;

async function outputText(output: unknown): Promise<{ readonly text: string; readonly image: boolean }> {
  if (!isPlainObject(output)) return { text: '', image: false };
  const data = isPlainObject(output['data']) ? output['data'] : output;
  const image = Object.keys(data).some((type) => type.startsWith('image/') || type === 'png' || type === 'jpeg');
  if (output['output_type'] === 'error') {
    return { text: `${lines(output['ename'])}: ${lines(output['evalue'])}`.replace(COLOURS, ''), image };
  }
  const text = lines(data['text/markdown'] ?? data['text/plain'] ?? output['text']).replace(COLOURS, '');
  if (text.trim() !== '' && !NAME_OF_OBJECT.test(text.trim())) return { text, image };
  const html = lines(data['text/html']);
  const other = html === '' ? lines(data['text/latex']) : await textOfHtml(html);
  if (other.trim() !== '') return { text: other, image };
  const json = data['application/json'];
  if (json !== undefined) return { text: describeValue(json).text, image };
  return { text: image ? '' : text, image };
}

async function textOfHtml(html: string): Promise<string> {
  const text = new HtmlText();
  await parseHtml(html, text);
  text.end();
  return text.content;
}

function lines(value: unknown): string {
  if (typeof value === 'string') return value;
  return list(value)
    .filter((line) => typeof line === 'string')
    .join('');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
