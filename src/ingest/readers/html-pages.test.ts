import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { readContent } from '../../../test/support/ingest.ts';

/** Where Debian and npm leave documentation; a machine may have none of it. */
const FOLDERS = ['/usr/share/doc', '/usr/share/gtk-doc', 'node_modules'];
const LARGEST = 400_000;
const MOST_PAGES = 120;

/** What readers of a page do not count among its text, as the page itself marks it. */
const AROUND =
  'head, script, style, noscript, template, svg, button, select, textarea, iframe, nav, footer, [role=navigation], ' +
  '[role=contentinfo], [hidden], [aria-hidden=true], .navheader, .navfooter, .NAVHEADER, .NAVFOOTER, .docnav, .navigation, #column2, .header, .footer, #footer, ' +
  '.sphinxsidebar, .related, .gtkdoc-toolbar, .top, .nav, .hogan-footer, dialog, [class*=headerlink]';
const INLINE = new Set(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong time tt u var wbr'.split(
    ' ',
  ),
);

/** HTML pages below a folder, in the order of their names. */
function* pages(folder: string): Generator<string> {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* pages(path);
    else if (entry.isFile() && /\.html?$/.test(entry.name) && statSync(path).size < LARGEST) yield path;
  }
}

/** The page's main text by a tree of it, which the reader never builds: words, inline elements not dividing them. */
function wordsOfTree(html: string): string[] {
  // The tree does not know attributes in capitals for what they are.
  const { document } = parseHTML(html.replaceAll(/\bCLASS=/g, 'class='));
  for (const element of document.querySelectorAll(AROUND)) element.remove();
  const parts: string[] = [];
  const visit = (node: Node): void => {
    for (const child of node.childNodes) {
      if (child.nodeType === 3) parts.push(child.nodeValue ?? '');
      if (child.nodeType !== 1) continue;
      const inline = INLINE.has((child as Element).localName);
      if (!inline) parts.push(' ');
      visit(child);
      if (!inline) parts.push(' ');
    }
  };
  visit(document.documentElement ?? document);
  return wordsOf(parts.join(''));
}

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** How many of the words are not among those found, each counted as often as it stands there. */
function missing(words: readonly string[], found: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const word of found) left.set(word, (left.get(word) ?? 0) + 1);
  return words.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count <= 0;
  });
}

describe('the HTML reader on pages as generators make them', () => {
  const all = FOLDERS.flatMap((folder) => [...pages(folder)]);
  const step = Math.max(1, Math.floor(all.length / MOST_PAGES));
  const chosen = all.filter((_, i) => i % step === 0);

  it.skipIf(chosen.length < 40)(
    'keeps at least 99.5% of the words of the main text',
    { timeout: 120_000 },
    async () => {
      let words = 0;
      let lost = 0;
      const poor: string[] = [];
      for (const path of chosen) {
        const html = readFileSync(path);
        const { documents } = await readContent('page.html', html);
        const expected = wordsOfTree(html.toString());
        const indexed = documents.flatMap(({ text, blocks }) => blocks.map(({ start, end }) => text.slice(start, end)));
        const gone = missing(expected, wordsOf(indexed.join('\n')));
        words += expected.length;
        lost += gone.length;
        if (gone.length > 5 && gone.length > expected.length / 50) {
          poor.push(`${path}: ${gone.length} of ${expected.length} (${gone.slice(0, 12).join(' ')})`);
        }
      }
      expect(lost / words).toBeLessThan(0.005);
      expect(poor).toEqual([]);
    },
  );
});
