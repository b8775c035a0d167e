import { describe, expect, it } from 'vitest';
import { SHORT_QUERIES, shortQueries } from '../../test/support/short-queries.ts';
import { detectLanguage } from '../text/index.ts';
import { languagesFor, queryLanguage } from './query-analysis.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const LANGUAGES = Object.keys(SHORT_QUERIES);

/** A collection of 1,000 documents, most of them in one language, the others spread over all, some in none. */
function mostly(language: string): { languages: Map<string, number> } {
  const languages = new Map(LANGUAGES.map((other) => [other, 8]));
  return { languages: languages.set(language, 890).set('und', 30) };
}

/** How many queries of 20 are told right. */
const told = (queries: readonly string[], right: (query: string) => boolean): number => queries.filter(right).length;

/** Whether the query alone says it. */
const alone = (query: string, language: string): boolean => {
  const found = detectLanguage(query);
  return found.language === language && found.confidence >= 0.5;
};

describe('the language of a short query', () => {
  it.each(LANGUAGES)('is told in at least 18 of 20 cases where most documents are in it (%s)', (language) => {
    const queries = shortQueries(language);
    expect(queries.length).toBe(20);
    expect(told(queries, (query) => queryLanguage(query, mostly(language)) === language)).toBeGreaterThanOrEqual(18);
    // Of the queries alone half are told.
    expect(told(queries, (query) => alone(query, language))).toBeLessThan(20);
  });

  it('is English in every case where most documents are English', () => {
    for (const query of shortQueries('en')) expect(queryLanguage(query, mostly('en')), query).toBe('en');
    for (const query of ['mit license', 'die hard', 'vi editor', 'rate limit', 'null pointer exception']) {
      // One word of another language may be a name or borrowed: then it is left open.
      expect(['en', 'und'], query).toContain(queryLanguage(query, mostly('en')));
    }
  });

  it.each(LANGUAGES.filter((language) => language !== 'en'))(
    'is told no more seldom in an English collection than without one, and English is said of few (%s)',
    (language) => {
      const queries = shortQueries(language);
      const taken = queries.map((query) => queryLanguage(query, mostly('en')));
      expect(told(taken, (found) => found === language)).toBeGreaterThanOrEqual(
        told(queries, (query) => alone(query, language)) - 1,
      );
      expect(told(taken, (found) => found === 'en')).toBeLessThanOrEqual(4);
    },
  );

  it('keeps a language that its script or its words settle, whatever the documents are in', () => {
    for (const [language, query] of [
      ['de', 'Wo ist der Schlüssel für die Wohnung?'],
      ['fr', 'Où est la clé de mon appartement ?'],
      ['es', '¿Dónde está la llave de mi apartamento?'],
      ['en', 'where is the key to my flat'],
      ['uk', 'де ключ від моєї квартири'],
      ['fa', 'کلید آپارتمان من کجاست'],
      ['ar', 'أين مفتاح شقتي'],
      ['el', 'πού είναι το κλειδί'],
      ['ko', '열쇠'],
      ['th', 'กุญแจ'],
      ['zh', '我的钥匙在哪里'],
      ['ja', '鍵はどこ'],
      ['he', 'מפתח'],
    ] as const) {
      for (const documents of ['en', 'de', 'fr', 'ru', 'ja']) {
        expect(queryLanguage(query, mostly(documents)), `${query} among ${documents}`).toBe(language);
      }
    }
  });

  it('follows the documents where a script is shared and the words say nothing', () => {
    expect(queryLanguage('東京大学', mostly('ja'))).toBe('ja');
    expect(queryLanguage('東京大学', { languages: new Map([['zh', 10]]) })).toBe('zh');
    expect(queryLanguage('книга', mostly('uk'))).toBe('uk');
    expect(queryLanguage('книга', mostly('ru'))).toBe('ru');
  });

  it('stays open where documents are in many languages, or in none', () => {
    const even = { languages: new Map(LANGUAGES.map((language) => [language, 10])) };
    expect(queryLanguage('bus timetable saturday', even)).toBe('und');
    expect(queryLanguage('bus timetable saturday', { languages: new Map([['und', 10]]) })).toBe('und');
    expect(queryLanguage('bus timetable saturday', { languages: new Map() })).toBe('und');
    expect(queryLanguage('1234 !!!', mostly('en'))).toBe('und');
  });
});

describe('the analysis of a query', () => {
  it('is that of its language, if there are documents in it, else that of the major languages; others count less', () => {
    const snapshot = {
      languages: new Map([
        ['en', 90],
        ['de', 8],
        ['fr', 2],
        ['und', 20],
      ]),
    };
    expect(languagesFor('fr', snapshot, DEFAULT_SETTINGS)).toEqual({ own: ['fr'], others: ['en', 'de'] });
    expect(languagesFor('sv', snapshot, DEFAULT_SETTINGS)).toEqual({ own: ['en', 'de'], others: ['fr'] });
    expect(languagesFor('und', snapshot, DEFAULT_SETTINGS)).toEqual({ own: ['en', 'de'], others: ['fr'] });
    expect(languagesFor('und', { languages: new Map() }, DEFAULT_SETTINGS)).toEqual({ own: ['en'], others: [] });
  });
});
