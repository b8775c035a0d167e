import { describe, expect, it } from 'vitest';
import { analyzerFor } from './analyzer.ts';
import { loadLanguage, primaryLanguage } from './languages.ts';
import { countTokens } from './token-count.ts';

/** Whether every term of the query, and there is at least one, is a term of the text. */
const finds = (query: string, text: string, language: string) => {
  const analyzer = analyzerFor(language);
  const terms = new Set(analyzer.terms(text));
  const wanted = analyzer.terms(query);
  return wanted.length > 0 && wanted.every((term) => terms.has(term));
};
/** Whether at least one term of the query is a term of the text: the search is not empty. */
const touches = (query: string, text: string, language: string) => {
  const analyzer = analyzerFor(language);
  const terms = new Set(analyzer.terms(text));
  return analyzer.terms(query).some((term) => terms.has(term));
};

describe('a search without spaces between words', () => {
  const chinese = '我们在北京大学学习机器学习和信息检索，研究人工智能的应用。';
  const japanese = '東京都で機械学習の研究をしています。データベースの使い方も学びます。';
  const thai = 'ผมชอบเรียนภาษาไทยที่มหาวิทยาลัยในกรุงเทพมหานคร';

  it.each([
    ...['北京', '北京大学', '大学', '机器学习', '学习', '信息检索', '人工智能', '智能'].map((query) => [
      query,
      chinese,
      'zh',
    ]),
    ...['東京', '機械学習', '学習', '研究', 'データベース', '使い方'].map((query) => [query, japanese, 'ja']),
    ...['ภาษา', 'ภาษาไทย', 'มหาวิทยาลัย', 'กรุงเทพมหานคร', 'เรียน'].map((query) => [query, thai, 'th']),
  ] as [string, string, string][])(
    '%s is found in its sentence, by its own and by the general analyzer',
    (query, text, language) => {
      expect(touches(query, text, language)).toBe(true);
      expect(touches(query, text, 'und')).toBe(true);
      expect(touches(query, text, 'en')).toBe(true);
    },
  );

  it('finds every pair of Han characters that stands in the text', () => {
    for (let i = 0; i + 2 <= chinese.length; i++) {
      const pair = chinese.slice(i, i + 2);
      if (/^\p{Script=Han}{2}$/u.test(pair)) expect(touches(pair, chinese, 'zh')).toBe(true);
    }
  });

  it('finds Khmer, Lao and Burmese words', () => {
    expect(touches('រៀន', 'ខ្ញុំរៀនភាសាខ្មែរ', 'km')).toBe(true);
    expect(touches('ພາສາ', 'ຂ້ອຍຮຽນພາສາລາວ', 'lo')).toBe(true);
    expect(touches('မြန်မာ', 'ကျွန်တော်မြန်မာစာသင်သည်', 'my')).toBe(true);
  });

  it('finds Latin words and numbers inside it', () => {
    expect(finds('Docker', '如何安装Docker镜像', 'zh')).toBe(true);
    expect(finds('iPhone 15', '買ったiPhone15は速い', 'ja') || touches('iPhone15', '買ったiPhone15は速い', 'ja')).toBe(
      true,
    );
  });

  it('counts about a token for one and a half characters', () => {
    expect(countTokens('我们在北京大学学习机器学习')).toBe(9);
    expect(countTokens('four words of text')).toBe(4);
  });
});

describe('Korean', () => {
  const text = '저는 서울에 있는 대학교에서 컴퓨터공학을 공부했고 물을 마셨습니다. API를 호출합니다.';

  it.each(['서울', '대학교', '대학', '컴퓨터', '공학', '물', 'API'])('finds %s with a particle behind it', (noun) => {
    expect(touches(noun, text, 'ko')).toBe(true);
    expect(touches(noun, text, 'und')).toBe(true);
  });

  it('finds the noun when the query has the particle', () => {
    expect(finds('학교에서', '우리 학교는 큽니다', 'ko')).toBe(true);
  });
});

describe('spelling variants', () => {
  it.each([
    ['كتاب عربي', 'کتاب عربی', 'fa'],
    ['کتاب\u200cهای خوب', 'کتابهای خوب', 'fa'],
    ['می\u200cرود مدرسه', 'مدرسه', 'fa'],
    ['مُحَمَّد', 'محمد', 'ar'],
    ['العـــربية', 'العربية', 'ar'],
    ['إسلام', 'اسلام', 'ar'],
    ['۱۲۳', '123', 'fa'],
    ['१२३ ４５', '123 45', 'hi'],
    ['Straße', 'Strasse', 'de'],
    ['Häuser', 'Haus', 'de'],
    ["l'école", 'ecole', 'fr'],
    ["dell'acqua", 'acqua', 'it'],
    ["Ankara'da", 'Ankara', 'tr'],
    ['ISPARTA', 'ısparta', 'tr'],
    ['ΟΔΟΣ', 'οδός', 'el'],
    ['ёлка', 'елка', 'ru'],
    ['şi', 'și', 'ro'],
    ['שָׁלוֹם', 'שלום', 'he'],
    ['e\u0301cole', 'école', 'en'],
    ['ﬁle', 'file', 'en'],
    ['K\u00e4se', 'Ka\u0308se', 'de'],
  ])('%s meets %s (%s)', (a, b, language) => {
    const analyzer = analyzerFor(language, { stopWords: false });
    expect(analyzer.terms(b)).not.toEqual([]);
    expect(analyzer.terms(b).every((term) => analyzer.terms(a).includes(term))).toBe(true);
  });

  it('keeps letters apart that a language holds apart', () => {
    expect(finds('ano', 'año', 'es')).toBe(false);
    expect(finds('for', 'för', 'sv')).toBe(false);
    expect(finds('ma', 'má', 'vi')).toBe(false);
  });
});

describe('languages', () => {
  it('are named by their primary subtag', () => {
    expect(['en-GB', 'zh_Hans', 'PT-br', 'nb', '', 'english!', '12'].map(primaryLanguage)).toEqual([
      'en',
      'zh',
      'pt',
      'no',
      'und',
      'und',
      'und',
    ]);
  });

  it('can be loaded before they are needed, and unknown ones are no mistake', async () => {
    await loadLanguage('sv');
    await loadLanguage('xx');
    expect(finds('bilar', 'bilen', 'sv')).toBe(true);
    expect(analyzerFor('xx').terms('Any words')).toEqual(['any', 'words']);
  });

  it('share one analyzer for equal settings', () => {
    expect(analyzerFor('de')).toBe(analyzerFor('de-AT', { stem: true }));
    expect(analyzerFor('de')).not.toBe(analyzerFor('de', { stem: false }));
  });
});

describe('bad input', () => {
  it('of 100,000 characters without a space is cut into terms of bounded length, quickly', () => {
    for (const unit of [
      'x',
      'Ab',
      '词',
      'か',
      'ก',
      '가',
      '1',
      '-',
      "a'",
      '\u0301',
      '\ud800',
      '\0',
      '\u202e',
      '🚀',
      'a.',
      'ـ',
    ]) {
      const text = unit.repeat(100_000 / unit.length);
      const begin = performance.now();
      const tokens = analyzerFor('en').tokens(text);
      expect(performance.now() - begin).toBeLessThan(6_000);
      const longest = tokens.reduce((most, { start, end }) => Math.max(most, end - start), 0);
      expect(longest).toBeLessThanOrEqual(140);
    }
  });

  it('of directional overrides and null characters hides no word', () => {
    expect(analyzerFor('en').terms('\u202eabc\u202c de\0f \u2066ghi\u2069')).toEqual(['abc', 'de', 'f', 'ghi']);
    expect(analyzerFor('en').terms('word\ud800word')).toEqual(['word', 'word']);
  });
});

describe('parts of a word that nobody sees as parts', () => {
  it.each([
    ['ផ្លូវការ', 'ភាសាខ្មែរជាភាសាផ្លូវការរបស់ព្រះរាជាណាចក្រកម្ពុជា', 'km'],
    ['ភាសា', 'ភាសាខ្មែរជាភាសាផ្លូវការរបស់ព្រះរាជាណាចក្រកម្ពុជា', 'km'],
    ['សាលា', 'គាត់ទៅសាលារៀននៅភ្នំពេញ', 'km'],
    ['ຮຽນ', 'ຢູ່ໂຮງຮຽນປະຖົມ', 'lo'],
    ['သား', 'မြန်မာကျောင်းသားများ', 'my'],
    ['နိုင်ငံခြား', 'မြန်မာနိုင်ငံခြားရေး', 'my'],
    ['international', 'an in\u200bter\u200bnational treaty', 'en'],
    ['ter', 'an in\u200bter\u200bnational treaty', 'en'],
    ['Haustür', 'die Haus\u200btür', 'de'],
    ['getUserName', 'call getUser\u200bName()', 'en'],
    ['userdata', 'user\ufeffdata', 'en'],
    ['1234567', 'un total de 1\u202f234\u202f567 francs', 'fr'],
    ['1.234.567', 'insgesamt 1\u00a0234\u00a0567 Mark', 'de'],
    ['1234.5', 'ein Preis von 1\u2009234,5', 'de'],
    ['234', 'un total de 1\u202f234\u202f567 francs', 'fr'],
    ['12', 'le 12\u00a02024', 'fr'],
    ['2024', 'le 12\u00a02024', 'fr'],
    ['francs', 'un total de 567\u00a0francs', 'fr'],
  ])('%s is found in %j', (query, text, language) => {
    for (const one of [language, 'und']) {
      const everything = (words: string): string[] => {
        const { terms, forms } = analyzerFor(one).analyze(words);
        return [...terms, ...forms];
      };
      const indexed = new Set(everything(text));
      expect(everything(query).some((term) => indexed.has(term))).toBe(true);
    }
  });
});
