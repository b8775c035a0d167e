import { describe, expect, it } from 'vitest';
import { distinct, functionsOf } from './functions.ts';

const FILE = `
/**
 * Counts the words of a text. Empty ones are left out.
 * @param text what to read
 */
export function countWords(text) {
  // Runs of spaces count once.
  const parts = text.split(/ +/);

  return parts.filter((part) => part.length > 0).length;
}

const Shelf = {
  /** Puts a book on the shelf, unless it is there already. */
  add(book) {
    if (!this.books.has(book)) { this.books.set(book, Date.now()); notify('a book was added', book); }
  },
  /** Too short. */
  clear() { this.books.clear(); this.books.clear(); this.books.clear(); this.books.clear(); this.books.clear(); },
};
`;
const read = (text: string) => functionsOf(text, 'shelf/index.js', 'shelf');

describe('documented functions', () => {
  const [count, add] = read(FILE);

  it('are found with the first sentence of their documentation, where it says something', () => {
    expect(read(FILE).map(({ id, sentence }) => [id, sentence])).toEqual([
      ['shelf/index.js:countWords', 'Counts the words of a text.'],
      ['shelf/index.js:add', 'Puts a book on the shelf, unless it is there already.'],
    ]);
  });

  it('have a text without comments, and one without names', () => {
    expect(count!.code).toContain('(text) {\n  const parts = text.split(/ +/);\n  return');
    expect(count!.code).not.toMatch(/Runs|Counts/);
    expect(count!.renamed).toBe(
      'export function x1(x2) {\n  const x3 = x2.x4(/ +/);\n  return x3.x5((x6) => x6.x7 > 0).x7;\n}',
    );
    expect(add!.renamed).toContain("'a book was added'");
  });

  it('use what they call and read of others', () => {
    expect(count!.uses).toEqual(['split', 'filter', 'length']);
    expect(add!.uses).toEqual(['books', 'has', 'set', 'now', 'notify']);
  });

  it('are each there once, also where names or words differ a little', () => {
    const again = FILE.replaceAll('countWords', 'wordCount').replace('Counts the words', 'Tells how often words occur');
    expect(distinct([...read(FILE), ...read(again)]).map(({ name }) => name)).toEqual(['countWords', 'add']);
  });
});
