import type { HtmlHandler } from './html-tokens.ts';
import type { DocumentPackage } from './package.ts';

const NONE: ReadonlyMap<string, string> = new Map();

/** Words of a diagram, a chart or shapes (DrawingML): their paragraphs, names of series and categories, and what pictures show. */
export async function drawingText(source: DocumentPackage, part: string, html: HtmlHandler): Promise<void> {
  let shown = false;
  let cached = 0;
  await source.read(part, {
    open(name, attributes) {
      if (name === 'p') html.open('p', NONE);
      else if (name === 'strCache') {
        cached++;
        html.open('p', NONE);
      } else if (name === 'cNvPr') {
        for (const words of new Set([attributes['title'], attributes['descr']])) {
          if (words) paragraph(html, words);
        }
      }
      shown = name === 't' || (name === 'v' && cached > 0);
    },
    close(name) {
      if (name === 'p') html.close('p');
      else if (name === 'strCache') {
        cached--;
        html.close('p');
      } else if (name === 'pt' && cached > 0) html.text(', ');
      shown = false;
    },
    text(text) {
      if (shown) html.text(text);
    },
  });
}

function paragraph(html: HtmlHandler, text: string): void {
  html.open('p', NONE);
  html.text(text);
  html.close('p');
}
