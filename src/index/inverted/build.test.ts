import { expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { TermNumbers } from '../../text/index.ts';
import { type IndexedField, InvertedIndexBuilder } from './build.ts';

const random = new Random(17);
const word = (): string =>
  ['', 'ä', 'b\ud800', 'b\ufffd', `w${random.below(40)}`, `v${random.below(400)}`][random.below(6)]!;
const draw = (most: number): string[] => Array.from({ length: random.below(most) }, word);
const documents = Array.from({ length: 300 }, (): IndexedField[] =>
  Array.from({ length: random.below(4) }, (_, field) => ({
    terms: draw(12).filter((term) => term !== ''),
    boost: [1, 0, 2.5][field % 3]!,
    ...(random.below(3) === 0 ? { length: 0 } : {}),
    ...(random.below(2) === 0 ? { words: draw(15) } : {}),
  })),
);

it('makes the same of numbers as of the strings that they stand for, of one numbering and of another', () => {
  const byName = new InvertedIndexBuilder();
  const byNumber = new InvertedIndexBuilder();
  let numbers = new TermNumbers();
  for (const [i, fields] of documents.entries()) {
    if (i === 200) numbers = new TermNumbers();
    byName.add(fields);
    byNumber.addNumbered(
      fields.map(({ terms, words, ...field }) => ({
        ...field,
        terms: numbers.encode(terms),
        ...(words === undefined ? {} : { words: numbers.encode(words) }),
      })),
      numbers,
    );
  }
  const expected = byName.build();
  const made = byNumber.build();
  expect([...made.keys()]).toEqual([...expected.keys()]);
  for (const [name, bytes] of expected) expect(made.get(name), name).toEqual(bytes);
});
