import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectLanguage } from './language.ts';

const language = (text: string) => detectLanguage(text).language;

describe('the language of a text', () => {
  it.each([
    ['en', 'What did the committee decide about the new building?'],
    ['de', 'Wie kann ich den Schlüssel für meine Wohnung austauschen lassen?'],
    ['fr', 'Comment puis-je remplacer la clé de mon appartement sans attendre ?'],
    ['es', '¿Cómo puedo cambiar la llave de mi apartamento sin esperar?'],
    ['it', 'Come posso cambiare la chiave del mio appartamento senza aspettare?'],
    ['pt', 'Como posso trocar a chave do meu apartamento sem esperar muito?'],
    ['nl', 'Hoe kan ik de sleutel van mijn woning vervangen zonder te wachten?'],
    ['ro', 'Cum pot schimba cheia de la apartamentul meu fără să aștept?'],
    ['tr', 'Dairemin anahtarını beklemeden nasıl değiştirebilirim ve ne kadar sürer?'],
    ['vi', 'Làm thế nào để thay chìa khóa căn hộ của tôi?'],
    ['pl', 'Jak mogę wymienić klucz do mojego mieszkania bez czekania?'],
    ['sv', 'Hur kan jag byta nyckeln till min lägenhet utan att vänta?'],
    ['ru', 'Как я могу заменить ключ от квартиры без ожидания?'],
    ['uk', 'Як я можу замінити ключ від квартири без очікування?'],
    ['el', 'Πώς μπορώ να αλλάξω το κλειδί του διαμερίσματός μου;'],
    ['ar', 'كيف يمكنني تغيير مفتاح شقتي دون انتظار؟'],
    ['fa', 'چگونه می‌توانم کلید آپارتمانم را بدون انتظار عوض کنم؟'],
    ['ur', 'میں اپنے گھر کی چابی کیسے بدل سکتا ہوں؟'],
    ['hi', 'मैं बिना इंतज़ार किए अपने घर की चाबी कैसे बदल सकता हूँ?'],
    ['he', 'איך אפשר להחליף את המפתח של הדירה שלי?'],
    ['th', 'ฉันจะเปลี่ยนกุญแจอพาร์ตเมนต์ได้อย่างไร'],
    ['ko', '아파트 열쇠를 어떻게 바꿀 수 있나요?'],
    ['ja', 'アパートの鍵を交換するにはどうすればいいですか。'],
    ['zh', '我怎样才能更换公寓的钥匙？'],
  ])('%s', (expected, text) => {
    const found = detectLanguage(text);
    expect(found.language).toBe(expected);
    expect(found.confidence).toBeGreaterThanOrEqual(0.5);
  });

  it('is told in spite of terms and names in Latin letters', () => {
    expect(language('Dockerのインストール方法')).toBe('ja');
    expect(language('如何在 Ubuntu 上安装 Docker Compose')).toBe('zh');
    expect(language('Как установить Docker Compose на Ubuntu')).toBe('ru');
  });

  it('is not taken from single words of an English search', () => {
    const queries =
      `docker;rust error handling;git rebase;die hard;mit license;pip install numpy;vi editor;com port;sed in place;
      man page;regex lookahead;null pointer exception;kubernetes ingress;oauth token refresh;api rate limit;tar extract gz;
      css grid center;sql join;async await;memory leak;node_modules size;typescript generics;react hooks;linux kernel panic;
      ssh key permission denied;fatal: not a git repository;undefined is not a function;segmentation fault core dumped;npm err;
      port already in use;vector database;nearest neighbor search;bm25;k means clustering;jupyter notebook;la liga;el capitan;
      de facto standard;ad hoc query;vim macros;bash for loop;csv to json;http 404;tls certificate;public key;postgres index;
      redis cache eviction;garbage collection;unit test mock;ci pipeline;graphql schema;utf-8 bom;json parse error;binary search;
      hash map;race condition;deadlock;café menu;naïve bayes;über api;sort an array;time zone;a b testing;o notation;
      log rotate;terraform state;elastic search;sagitta index docs;rotate encryption key;backup to s3;parse date`
        .split(';')
        .map((query) => query.trim());
    expect(queries.length).toBeGreaterThanOrEqual(60);
    const wrong = queries
      .map((query) => ({ query, ...detectLanguage(query) }))
      .filter((found) => found.confidence >= 0.5 && found.language !== 'en');
    expect(wrong).toEqual([]);
  });

  it('is unknown, or English, for program text, numbers, addresses and nothing', () => {
    const texts = [
      'const x = parseConfig(file); if (!x) { return null; } for (let i = 0; i < n; i++) out.push(x[i]);',
      'def main():\n    import os\n    for name in os.listdir("."):\n        print(name)\n\nif __name__ == "__main__":\n    main()',
      'fn main() -> Result<(), Error> { let mut v = Vec::new(); v.push(1); println!("{:?}", v); Ok(()) }',
      '1 2 3 4 5 6.7 8,9 10',
      'https://example.org/der/die/das/und',
      '',
      '   \n',
      '\ud800\u202e\0',
      '!!! ???',
    ];
    for (const text of texts) {
      const found = detectLanguage(text);
      if (found.language !== 'en') expect(found.confidence).toBeLessThan(0.5);
    }
    expect(detectLanguage('')).toEqual({ language: 'und', confidence: 0 });
  });

  it('comes from the given ones only', () => {
    expect(detectLanguage('Como posso trocar a chave do meu apartamento?', { among: ['es', 'en'] }).language).toBe(
      'es',
    );
    expect(detectLanguage('Как я могу заменить ключ?', { among: ['en', 'de'] })).toEqual({
      language: 'und',
      confidence: 0,
    });
  });

  it('of a long text is told from a sample', () => {
    const text = 'Der Hund und die Katze sind auf dem Dach. '.repeat(50_000);
    const begin = performance.now();
    expect(detectLanguage(text)).toMatchObject({ language: 'de' });
    expect(performance.now() - begin).toBeLessThan(300);
  });

  it('is something for any input, with a confidence between 0 and 1', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const found = detectLanguage(text);
        expect(found.confidence).toBeGreaterThanOrEqual(0);
        expect(found.confidence).toBeLessThanOrEqual(1);
        expect(found.language).toMatch(/^[a-z]{2,3}$/);
      }),
    );
  });
});

const data = process.env['SAGITTA_DATA'] ?? new URL('../../../shared/data', import.meta.url).pathname;

describe.skipIf(!existsSync(`${data}/xquad`))('on questions and news sentences of at least six words', () => {
  const read = (file: string): string[] =>
    readFileSync(`${data}/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text);
  const long = (texts: string[], code: string) =>
    texts.filter((text) => ['zh', 'th'].includes(code) || text.split(/\s+/).length >= 6);

  it.each([
    ...['en', 'ar', 'de', 'el', 'es', 'hi', 'ro', 'ru', 'th', 'tr', 'vi', 'zh'].map(
      (code) => [code, `xquad/queries.${code}.jsonl`] as const,
    ),
    ...[
      ['fr', 'fra'],
      ['it', 'ita'],
      ['pt', 'por'],
      ['nl', 'nld'],
    ].map(([code, name]) => [code!, `ntrex/queries.${name}.jsonl`] as const),
  ])('%s is recognised in at least 98 of 100 (%s)', (code, file) => {
    const texts = long(read(file), code);
    const found = texts.map((text) => detectLanguage(text));
    expect(found.filter((one) => one.language === code).length / texts.length).toBeGreaterThanOrEqual(0.98);
    const misled = found.filter((one) => one.language !== code && one.confidence >= 0.5).length / texts.length;
    expect(misled).toBeLessThan(0.005);
  });
});
