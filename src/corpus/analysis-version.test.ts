import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SHORT_QUERIES, shortQueries } from '../../test/support/short-queries.ts';
import { ANALYSIS_VERSION, analyzerFor, phraseWords } from '../text/index.ts';
import { analyzeQuery, weightedTerms } from './query-analysis.ts';

/** What each rule of the analysis was made for, without scripts whose words the runtime finds: its dictionaries differ. */
const TRICKY = [
  'parseConfigFile parse_config_file HTTPServer2 v2.4.1 2.4.1 HCA060T 0x1f RFC 7231 RFC7231 .NET .5 -.5 C++ C# F#',
  "don't dogs' l'été O\u2019Neil rock\u2018n\u2019roll jusqu\u2019au `code` don`t qu'est-ce",
  '1 234 567 1,234.50 3,14 12\u00b2 m\u00b2 x\u00b2 mc\u00b2 \u2460 \u2776 \u338f \u00bd 10\u00a0000 2023-04-01 10:30',
  '+49 (30) 123 456-78 (0)30/1234567 555 123 4567 030 12345678',
  'a word that was bro-\nken at the end of a line, and co\u00ad\noperation, and self-\nmade',
  '\u001b[31mERROR\u001b[0m <b>bold</b>text snake.case.path/to/file.ts user@example.org https://example.org/a?b=c#d',
  '\u2764\ufe0f \u2764 \ud83c\udde9\ud83c\uddea \ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 :-) \ud835\udc00\ud835\udc01 \ufb01nd \uff21\uff22',
  'Donaudampfschifffahrt mueller M\u00fcller Stra\u00dfe STRASSE \u0130stanbul I\u0307 \u0131\u015f\u0131k \u01c6 \u00c6on na\u00efve cafe\u0301',
  '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u06a9\u062a\u0627\u0628\u200c\u0647\u0627\u06cc \u0643\u062a\u0627\u0628 \u0627\u0644\u0645\u062f\u0631\u0633\u0629 \u06f1\u06f2\u06f3 \u0661\u0662\u0663 \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd',
  '\u0939\u093f\u0928\u094d\u0926\u0940 \u0939\u093f\u0902\u0926\u0940 \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u0454\u0432\u0440\u043e\u043f\u0430 \u0451\u043b\u043a\u0430 \ud55c\uad6d\uc5b4\ub97c',
  'to be or not to be the who',
] as const;

describe('the analysis of words', () => {
  it('is of the version that it says', () => {
    const hash = createHash('sha256');
    const languages = [...Object.keys(SHORT_QUERIES), 'und', 'ar', 'fa', 'tr', 'pl', 'fi', 'ko', 'hi', 'el'];
    for (const language of languages) {
      const queries = Object.hasOwn(SHORT_QUERIES, language) ? shortQueries(language) : shortQueries('en');
      for (const text of [...TRICKY, ...queries]) {
        hash.update(JSON.stringify(analyzerFor(language).analyze(text)));
        hash.update(JSON.stringify(analyzerFor(language).places(text)));
        hash.update(JSON.stringify(analyzeQuery(text, [language], ['en', 'de'])));
        hash.update(JSON.stringify(analyzeQuery(text, [language, 'fr'])));
      }
    }
    // Where this differs: documents that were indexed before would not be found any more. Raise ANALYSIS_VERSION, then put the new hash here.
    expect([ANALYSIS_VERSION, hash.digest('hex').slice(0, 16)]).toEqual([6, '0112857953f51f11']);
  }, 20_000);
});

describe('the words of phrases', () => {
  it('are those that documents were indexed by', () => {
    const hash = createHash('sha256');
    for (const text of TRICKY) hash.update(JSON.stringify(phraseWords(text)));
    // Where this differs: phrases are not found in what was indexed before. Raise INGEST_VERSION, so that files are read again, then put the new hash here.
    expect(hash.digest('hex').slice(0, 16)).toBe('af950c265ce1e3a8');
  });
});

describe('weightedTerms', () => {
  it('counts each term, in order of appearance, however many there are', () => {
    expect(weightedTerms(['a', 'b', 'a'])).toEqual([
      { term: 'a', weight: 2 },
      { term: 'b', weight: 1 },
    ]);
    for (const distinct of [0, 1, 11, 12, 13, 14, 200]) {
      const terms = Array.from({ length: 7 * distinct }, (_, i) => `t${(5 * i * i + i) % distinct}`);
      const counts = new Map<string, number>();
      for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
      expect(weightedTerms(terms)).toEqual(Array.from(counts, ([term, weight]) => ({ term, weight })));
    }
  });
});
