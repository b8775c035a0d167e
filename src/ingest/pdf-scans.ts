import type { getDocumentProxy } from 'unpdf';
import { openRecognizer, type Recognizer } from './ocr.ts';
import type { PdfLine } from './pdf-lines.ts';
import { encodePng } from './png.ts';

type PDFDocumentProxy = Awaited<ReturnType<typeof getDocumentProxy>>;

/** Smaller pictures are signs, not pages: pixels of the shorter side. */
const LEAST_SIDE = 100;
/** Pictures of one page that are looked at, the largest first. */
const MOST_PICTURES = 4;
/** Less sure than this, it is no text. Of 100. */
const SURE = 50;
/** What a line of print measures where nobody says; PDF units. */
const SIZE = 10;

/**
 * Recognises text in the pictures of pages, where a recogniser is installed.
 * @param numbers of the pages, from 1.
 * @returns lines by page, of those in which text was found.
 */
export async function readScans(
  pdf: PDFDocumentProxy,
  numbers: readonly number[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, readonly PdfLine[]>> {
  const found = new Map<number, readonly PdfLine[]>();
  const recognizer = numbers.length === 0 ? undefined : await openRecognizer();
  if (recognizer === undefined) return found;
  try {
    for (const number of numbers) {
      signal?.throwIfAborted();
      const text = await recognizePage(pdf, number, recognizer);
      if (text !== '') found.set(number, linesOf(text));
    }
  } finally {
    await recognizer.close();
  }
  return found;
}

async function recognizePage(pdf: PDFDocumentProxy, number: number, recognizer: Recognizer): Promise<string> {
  const { extractImages } = await import('unpdf');
  const pictures = await extractImages(pdf, number).catch(() => []);
  const large = pictures
    .filter(({ width, height }) => Math.min(width, height) >= LEAST_SIDE)
    .sort((a, b) => b.width * b.height - a.width * a.height);
  const texts: string[] = [];
  for (const picture of large.slice(0, MOST_PICTURES)) {
    const { text, confidence } = await recognizer.recognize(encodePng(picture));
    if (confidence >= SURE && text !== '') texts.push(text);
  }
  return texts.join('\n\n');
}

/** Lines one under the other, empty ones as gaps, so that paragraphs are found by them. */
function linesOf(text: string): PdfLine[] {
  return text.split('\n').flatMap((line, i): PdfLine[] => {
    const clean = line.trim();
    if (clean === '') return [];
    return [{ text: clean, x: 0, right: (clean.length * SIZE) / 2, y: -i * SIZE * 1.2, size: SIZE }];
  });
}
