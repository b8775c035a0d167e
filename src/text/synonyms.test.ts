import { describe, expect, it } from 'vitest';
import { parseSynonyms } from './synonyms.ts';

describe('parseSynonyms', () => {
  const synonyms = parseSynonyms(`# vehicles
car, automobile, motor  car
PC => Computer, notebook   # one way
Straße, Weg
c++, cpp
`);

  it.each([
    ['my Car', ['automobile', 'motor car']],
    ['a motor car here', ['car', 'automobile', 'motor car']],
    ['pc', ['computer', 'notebook']],
    ['computer', []],
    ['STRASSE', ['weg']],
    ['C++', ['cpp']],
    ['scar', []],
  ])('%s', (query, expected) => expect(synonyms.expand(query).sort()).toEqual([...expected].sort()));

  it('counts rules, and has none of nothing', () => {
    expect(synonyms.size).toBe(4);
    expect(parseSynonyms('\n# nothing\n').expand('car')).toEqual([]);
  });

  it.each([
    ['a, b\nalone', /Line 2 .*one word alone/],
    ['a => b => c', /Line 1 .*more than one =>/],
    ['a =>', /Line 1 .*one side only/],
    ['a, b c d e f g h i j k', /more than 8 words/],
  ])('refuses %j', (source, message) => expect(() => parseSynonyms(source)).toThrow(message));
});
