import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wellFormed } from '../base/byte-order.ts';
import { Random } from '../base/random.ts';
import { analyzerFor } from './analyzer.ts';
import { phraseWords } from './phrase-words.ts';
import { TermNumbers } from './term-numbers.ts';

const terms = (text: string, language = 'en') => analyzerFor(language).terms(text);

describe('the English analyzer', () => {
  it('lower-cases, stems and leaves out stop words', () => {
    expect(terms('The Runners were RUNNING to the cities')).toEqual(['runner', 'were', 'run', 'citi']);
  });

  it('finds identifiers by their parts and as a whole, however they are joined', () => {
    for (const name of [
      'parseConfigFile',
      'parse_config_file',
      'parse-config-file',
      'parse.config.file',
      'ParseConfigFile',
    ]) {
      expect(terms(name)).toEqual([terms('parseconfigfile')[0], ...terms('parse config file')]);
    }
    expect(terms('HTTPServer')).toEqual(expect.arrayContaining(['http', 'server']));
    expect(terms('__init__')).toEqual(['init']);
  });

  it('keeps single letters of names with their word', () => {
    expect(terms('mRNA PhD iPhone')).toEqual(['mrna', 'phd', 'iphon']);
  });

  it('finds email in e-mail, and the reverse', () => {
    expect(terms('an e-mail')).toContain('email');
    expect(terms('emails')).toEqual(['email']);
  });

  it('drops the possessive and joins contractions', () => {
    expect(terms("Alice's dog")).toEqual(terms('Alice dog'));
    expect(terms('don’t')).toEqual(terms("don't"));
  });

  it('keeps numbers, versions and names with signs together', () => {
    expect(terms('3.14 1,000 v1.2.3 C++ C# .NET C++17')).toEqual([
      '3.14',
      '1000',
      'v1.2.3',
      'c++',
      'c#',
      '.net',
      'net',
      'c++17',
      'c++',
    ]);
  });

  it('ignores accents, compatibility forms and invisible characters', () => {
    expect(terms('café naïve ﬁne co\u00adoperate H₂O ４２')).toEqual(terms('cafe naive fine cooperate H2O 42'));
  });

  it('keeps pictographs', () => {
    expect(terms('launch 🚀 now')).toContain('🚀');
  });
});

describe('every analyzer', () => {
  const languages = [
    'en',
    'de',
    'fr',
    'tr',
    'ru',
    'ar',
    'fa',
    'hi',
    'el',
    'zh',
    'ja',
    'ko',
    'th',
    'und',
    'xx',
    'pt-BR',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[a-zA-Z0-9 .'_#+\-&,]*$/),
    fc
      .array(
        fc.constantFrom(
          'Straße',
          'ИЮНЬ',
          '机器学习',
          'ภาษาไทย',
          '대학교에서',
          'می‌رود',
          'ﬁ',
          'e\u0301',
          '\ud800',
          '\u202e',
          '\0',
          'İ',
          'camelCase',
          "l'eau",
          'A.B.C',
          ' ',
          '-',
          '𝒳y',
          '１２',
        ),
      )
      .map((x) => x.join('')),
  );

  it.each(languages)(
    '%s: places are inside the text, ascending, never cut a surrogate pair, and agree with terms()',
    (language) => {
      const analyzer = analyzerFor(language);
      fc.assert(
        fc.property(text, (input) => {
          const tokens = analyzer.tokens(input);
          expect(tokens.map(({ term }) => term)).toEqual(analyzer.terms(input));
          let last = 0;
          for (const { term, start, end } of tokens) {
            expect(term).not.toBe('');
            expect(start).toBeGreaterThanOrEqual(last);
            expect(end).toBeGreaterThan(start);
            expect(end).toBeLessThanOrEqual(input.length);
            expect(input.slice(start, end)).not.toMatch(/\p{Surrogate}/u);
            last = start;
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(languages)('%s: what stands at a place yields the term that is said to stand there', (language) => {
    const analyzer = analyzerFor(language);
    fc.assert(
      fc.property(text, (input) => {
        for (const { term, start, end } of analyzer.tokens(input)) {
          const place = input.slice(start, end);
          // A Korean noun may end in what looks like one more particle: then it stands there as it is.
          if (/\p{Script=Hangul}/u.test(place))
            expect([...analyzer.terms(place), place.normalize('NFKC')]).toContain(term);
          else expect(analyzer.terms(place)).toContain(term);
        }
      }),
      { numRuns: 60, examples: [['가𑲒'], ['가나𑲒다']] },
    );
  });
});

it('a character that stands for many is found by them, and a run of such characters stays as long as it is', () => {
  const analyzer = analyzerFor('ar');
  const [term] = analyzer.terms('\ufdfa');
  expect(term!.length).toBeGreaterThan(10);
  expect(analyzer.terms('قال \ufdfa هنا')).toContain(term);
  const run = '\ufdfa'.repeat(50_000);
  expect(analyzer.terms(run).join('').length).toBeLessThanOrEqual(run.length);
});

it('finds measures, fractions and kana however they are written', () => {
  const found = (text: string): Set<string> => {
    const { terms, forms } = analyzerFor('en').analyze(text);
    return new Set([...terms, ...forms]);
  };
  const meets = (a: string, b: string): boolean =>
    [...found(a)].every((term) => found(b).has(term)) ||
    [...analyzerFor('en').terms(a)].every((term) => found(b).has(term));
  for (const [a, b] of [
    ['55m2', '55m²'],
    ['55 m2', '55m²'],
    ['55 m²', '55m2'],
    ['km3', '12km³'],
    ['1/2', '½'],
    ['½', '1/2'],
    ['2 1/2', '2½'],
    ['きのこ', 'キノコ'],
  ] as const)
    expect(meets(a, b), `${a} in ${b}`).toBe(true);
  expect(found('キノコ').has('きのこ')).toBe(true);
  // The raised number of a note is no part of the word.
  expect(analyzerFor('en').terms('the survey² of 10⁶')).toEqual(['survey', '10']);
});

describe('read', () => {
  const pieces = [
    'Cities',
    "don't",
    'C++',
    'a.b',
    ' ',
    ' ',
    ' — ',
    ', ',
    '+',
    '½',
    '東京',
    '😀',
    '.NET',
    'é',
    'x\u00ad',
    '\ud83d',
    '`so',
    '"',
    'q'.repeat(140),
  ];

  it('finds what analyze and phraseWords find', () => {
    const random = new Random(23);
    let numbers = new TermNumbers();
    const named = (list: Uint32Array) => Array.from(list, (number) => numbers.names[number]!);
    for (let i = 0; i < 400; i++) {
      // What is remembered of a word is its numbers too, and those of one numbering mean nothing to another.
      if (i % 50 === 0) numbers = new TermNumbers();
      const text = Array.from({ length: 1 + random.below(9) }, () => pieces[random.below(pieces.length)]!).join('');
      for (const language of ['en', 'und', 'ja']) {
        const analyzer = analyzerFor(language);
        const { terms: found, further, words } = analyzer.read(text, numbers);
        const { terms: expected, forms, stopWords } = analyzer.analyze(text);
        expect(named(found), text).toEqual(expected.map(wellFormed));
        expect(named(further).sort(), text).toEqual([...forms, ...stopWords].map(wellFormed).sort());
        expect(named(words), text).toEqual(phraseWords(text).map(wellFormed));
      }
    }
  });
});
