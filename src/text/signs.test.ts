import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzerFor } from './analyzer.ts';
import { highlight } from './highlight.ts';

const found = (text: string, language: string): Set<string> => {
  const { terms, forms } = analyzerFor(language).analyze(text);
  return new Set([...terms, ...forms]);
};
/** Whether every word of the query finds the text in one of its forms. */
const finds = (query: string, text: string, language = 'en'): boolean => {
  const indexed = found(text, language);
  return [...found(query, language)].some((term) => indexed.has(term));
};

describe('signs that stand for numbers and words', () => {
  it.each([
    ['1', 'press ① to begin'],
    ['①', 'step 1 of the set-up'],
    ['20', 'the list ends with ⑳'],
    ['3', 'as ❸ says'],
    ['10', '➓ little indians'],
    ['7', 'item ⑺ follows'],
    ['5', 'question ⒌ was left out'],
    ['kg', 'a bag of 25㎏'],
    ['m2', 'a flat of 55㎡'],
    ['C', 'warm it to 80℃'],
    ['株', '㈱山田製作所'],
    ['3/4', 'a cup and ¾ of milk'],
  ])('%s finds %j', (query, text) => {
    for (const language of ['en', 'ja', 'und']) expect(finds(query, text, language)).toBe(true);
  });

  it('are numbers as if written, and stand where the sign stands', () => {
    expect(analyzerFor('en').terms('① ② ㉑')).toEqual(['1', '2', '21']);
    expect(analyzerFor('en').tokens('a bag ⑫')).toContainEqual({ term: '12', start: 6, end: 7 });
  });
});

describe('numbers without their zero', () => {
  it.each([
    ['.5', 'a ratio of .5 at most'],
    ['0.5', 'a ratio of .5 at most'],
    ['.5', 'a ratio of 0.5 at most'],
    ['5', 'a ratio of .5 at most'],
    ['0.05', 'significant (p<.05)'],
    ['.05', 'significant (p = 0.05)'],
    ['.5mg', 'a dose of 0.5 mg'],
    ['0.5 mg', 'a dose of .5mg'],
    ['-.25', 'a shift of -0.25'],
  ])('%s finds %j', (query, text) => expect(finds(query, text)).toBe(true));

  it('are no part of what ends before them', () => {
    expect(analyzerFor('en').terms('the end).5 more')).toEqual(['end', '5', 'more']);
    expect(analyzerFor('en').terms('wait...5')).toContain('5');
    expect(analyzerFor('en').terms('10.0.0.5')).toEqual(['10.0.0.5']);
  });
});

describe('powers of variables', () => {
  it.each([
    ['x2', 'let x² be even'],
    ['x²', 'let x2 be even'],
    ['x', 'let x² be even'],
    ['mc2', 'and so E = mc² holds'],
    ['R²', 'an R2 of 0.93'],
    ['y¹²', 'the term y12'],
  ])('%s finds %j', (query, text) => expect(finds(query, text)).toBe(true));

  it('are told from the raised numbers of notes', () => {
    expect(found('the survey²', 'en')).toEqual(found('the survey', 'en'));
    expect(finds('106', '10⁶ cells')).toBe(false);
  });
});

describe('telephone numbers', () => {
  it.each([
    '+49 30 1234567',
    '+49 (30) 123 45 67',
    '(555) 123-4567',
    '555-123-4567',
    '555.123.4567',
    '555 123 4567',
    '030/1234567',
    '030 123 45 67',
    '01 23 45 67 89',
    '1-800-555-0199',
    '+442071234567',
  ])('%s is found with and without what separates its digits', (written) => {
    const digits = written.replace(/\D/g, '');
    expect(finds(digits, `Please call ${written}, or write.`)).toBe(true);
    expect(finds(written, `Please call ${digits}, or write.`)).toBe(true);
    const groups = written.match(/\d+/g)!;
    expect(
      groups.every((group) => finds(group, `Call ${written}.`) || written.includes('.') || written.includes('-')),
    ).toBe(true);
  });

  it.each(['on 01.02.2024', 'the years 2019 2020 2021', '(2019) 123 456', '0.125 0.250 0.5', 'from 10 to 20'])(
    'are not seen in %j',
    (text) => {
      for (const form of analyzerFor('und').analyze(text).forms) expect(form.length).toBeLessThan(8);
    },
  );
});

describe('words that the end of a line broke', () => {
  it.each([
    ['information', 'all the infor-\nmation that'],
    ['informations', 'all the infor-\r\n   mation that'],
    ['retrieval', 're\u00ad\ntrie\u2010\nval of texts'],
    ['well-known', 'a well-\nknown author'],
    ['known', 'a well-\nknown author'],
    ['state-of-the-art', 'a state-of-\nthe-\nart method'],
    ['Häuser', 'viele alte Häu-\nser stehen'],
  ])('%s finds %j', (query, text) => expect(finds(query, text, /ä/u.test(text) ? 'de' : 'en')).toBe(true));

  it('are those alone: lists, ranges, dashes and names stay', () => {
    for (const text of ['a dash -\nand more', 'pages 10-\n15', 'Anna-\nMaria', 'first-\n\nsecond'])
      expect(analyzerFor('en').terms(text)).toEqual(analyzerFor('en').terms(text.replace(/-?\s*\n/, ' ')));
  });

  it('are marked as a whole', () => {
    const text = 'all the infor-\nmation there is';
    expect(highlight(text, new Set(analyzerFor('en').terms('information')), analyzerFor('en'))).toEqual([
      { start: 8, end: 21 },
    ]);
  });

  it('change nothing where a word is broken anywhere else: the words of its parts are found as before', () => {
    const word = fc.stringMatching(/^[a-z]{2,9}$/);
    fc.assert(
      fc.property(word, word, (a, b) => {
        const broken = found(`${a}-\n${b}`, 'und');
        for (const term of [a, b, `${a}${b}`]) expect(broken).toContain(term);
      }),
    );
  });
});

describe('nasals of Indic scripts', () => {
  it.each([
    ['हिंदी', 'हिन्दी', 'hi'],
    ['हिन्दी', 'हिंदी', 'hi'],
    ['पंजाब', 'पञ्जाब', 'hi'],
    ['अंक', 'अङ्क', 'hi'],
    ['ठंडा', 'ठण्डा', 'hi'],
    ['संपादक', 'सम्पादक', 'hi'],
    ['चाँद', 'चान्द', 'hi'],
    ['अंत', 'अन्त', 'mr'],
    ['હિંદી', 'હિન્દી', 'gu'],
  ])('%s finds %s (%s)', (query, text, language) => {
    for (const one of [language, 'und']) expect(finds(query, `${text} ।`, one)).toBe(true);
  });

  it('stay apart where the next consonant is of another class, or the nasal is doubled', () => {
    expect(finds('अंय', 'अन्य', 'hi')).toBe(false);
    expect(finds('पंना', 'पन्ना', 'hi')).toBe(false);
  });
});
