import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { charactersFor, cutToTokens, mostTokens, share } from './budget.ts';

/** Prose in many languages and scripts, and what is no prose. */
const TEXTS: Readonly<Record<string, string>> = {
  english:
    'The harbour was closed by ice from January until the middle of May, and the ships that had waited outside were led in by pilots.',
  german:
    'Der Hafenmeister beantragte eine Geschwindigkeitsbegrenzung für Frachtschiffe, deren Wellenschlag die Uferbefestigungen beschädigte.',
  french:
    "Le phare fut éteint pendant la guerre ; les gardiens s'étaient réfugiés à l'intérieur des terres, où personne ne les cherchait.",
  finnish: 'Majakanvartijat kirjoittivat päiväkirjoihinsa jokaisen ohikulkeneen purjelaivan nimen ja lähtösataman.',
  hungarian: 'A világítótorony őrei minden elhaladó vitorlás nevét és indulási kikötőjét feljegyezték a naplójukba.',
  polish: 'Latarnicy zapisywali w dziennikach nazwę każdego przepływającego żaglowca oraz port, z którego wyruszył.',
  turkish: 'Fener bekçileri, geçen her yelkenlinin adını ve kalktığı limanı günlüklerine özenle kaydederlerdi.',
  swahili: 'Walinzi wa mnara waliandika katika vitabu vyao majina ya majahazi yote yaliyopita na bandari yalikotoka.',
  indonesian:
    'Para penjaga mercusuar mencatat nama setiap kapal layar yang lewat beserta pelabuhan asalnya dalam buku harian.',
  vietnamese: 'Những người gác đèn biển ghi lại tên của từng chiếc thuyền buồm đi qua và bến cảng nơi nó khởi hành.',
  russian:
    'Смотрители маяка записывали в журналы название каждого проходившего парусника и порт, из которого он вышел.',
  ukrainian:
    'Доглядачі маяка записували до журналів назву кожного вітрильника, що проходив повз, і порт його відправлення.',
  greek: 'Οι φαροφύλακες κατέγραφαν στα ημερολόγιά τους το όνομα κάθε ιστιοφόρου που περνούσε και το λιμάνι του.',
  hebrew: 'שומרי המגדלור רשמו ביומניהם את שמה של כל ספינת מפרש שעברה ואת הנמל שממנו הפליגה.',
  arabic: 'كان حراس المنارة يدونون في سجلاتهم اسم كل سفينة شراعية تمر بهم والميناء الذي أبحرت منه.',
  persian: 'نگهبانان فانوس دریایی نام هر کشتی بادبانی را که می‌گذشت و بندر مبدأ آن را در دفترهایشان می‌نوشتند.',
  hindi: 'प्रकाशस्तंभ के रखवाले हर गुज़रने वाले जहाज़ का नाम और उसके बंदरगाह को अपनी डायरी में लिखते थे।',
  bengali: 'বাতিঘরের রক্ষকেরা প্রতিটি জাহাজের নাম এবং তার বন্দর তাদের দিনলিপিতে লিখে রাখতেন।',
  tamil: 'கலங்கரை விளக்கத்தின் காவலர்கள் கடந்து சென்ற ஒவ்வொரு கப்பலின் பெயரையும் எழுதி வைத்தனர்.',
  georgian: 'შუქურის მცველები თავიანთ დღიურებში წერდნენ ყოველი გემის სახელს და მის ნავსადგურს.',
  amharic: 'የመብራት ቤቱ ጠባቂዎች የሚያልፉትን መርከቦች ሁሉ ስም በማስታወሻቸው ይጽፉ ነበር።',
  thai: 'ผู้เฝ้าประภาคารจดชื่อเรือใบทุกลำที่แล่นผ่านและท่าเรือต้นทางไว้ในสมุดบันทึกประจำวัน',
  chinese: '灯塔看守人在日记里记下每一艘驶过的帆船的名字，以及它从哪个港口出发。',
  japanese: '灯台守は通り過ぎるすべての帆船の名前と出港した港を日誌に書き留めていた。カモメが鳴いている。',
  korean: '등대지기들은 지나가는 모든 범선의 이름과 그 배가 떠나온 항구를 일지에 적어 두었다.',
  emoji: 'Well done 🎉🎉 👩‍👩‍👧 see you at the harbour 🇩🇪 ⚓️ ✨',
  code: 'export async function readFolder(collection: Collection, { depth, filter }: FolderParameters): Promise<Folder> {\n  return collection.read(async (snapshot) => snapshot.folder(depth));\n}\n',
  json: '{"id": "harbour/1963", "tags": ["ice", "ships"], "loc": {"lines": {"from": 3, "to": 9}}, "score": 0.8123}\n',
  table: '| year | ships | tons |\n|---|---:|---:|\n| 1962 | 1,204 | 88,120.5 |\n| 1963 | 311 | 20,004.0 |\n',
  upper: 'SHIPS MUST NOT ENTER THE HARBOUR WHILE THE RED LAMP IS LIT. NOTICE 1963-04-02.\n',
  codes: '3f9a0c7be1d24568 550e8400-e29b-41d4-a716-446655440000 U2FnaXR0YSBpcyBhbiBhcnJvdw== v1.22.3-rc.4\n',
};

describe('tokens at most', () => {
  it.each(Object.entries(TEXTS))('are no fewer than tokenizers make: %s', (_, text) => {
    for (const times of [1, 3, 20]) {
      const long = `${text} `.repeat(times);
      const bound = mostTokens(long);
      expect(Math.max(o200k(long), cl100k(long))).toBeLessThanOrEqual(bound);
    }
  });

  it('are not many more for what is most common', () => {
    for (const [name, most] of [
      ['english', 1.3],
      ['table', 1.5],
      ['code', 2.4],
    ] as const) {
      const text = TEXTS[name]!.repeat(5);
      expect(mostTokens(text)).toBeLessThan(most * o200k(text));
    }
  });

  it('are kept by beginnings and by cuts of mixed texts', () => {
    const random = new Random(7);
    const names = Object.keys(TEXTS);
    for (let round = 0; round < 60; round++) {
      const text = Array.from({ length: 40 }, () => TEXTS[names[random.below(names.length)]!]!).join('\n');
      const tokens = 10 + random.below(600);
      const start = text.slice(0, charactersFor(text, tokens));
      expect(Math.max(o200k(start), cl100k(start))).toBeLessThanOrEqual(tokens);
      expect(start.length).toBeGreaterThan(0);
      const at = random.below(text.length - 20);
      const part = cutToTokens(text, [{ start: at, end: at + 10 }], tokens);
      expect(mostTokens(part.text)).toBeLessThanOrEqual(tokens);
      expect(text.slice(part.start, part.start + part.text.length)).toBe(part.text);
    }
  });

  it('never divide a pair', () => {
    const text = '🙂'.repeat(50);
    for (let tokens = 1; tokens < 60; tokens++) {
      const start = text.slice(0, charactersFor(text, tokens));
      expect(start.length % 2).toBe(0);
    }
  });
});

describe('shares of a budget', () => {
  it('leave to long texts what short ones do not need', () => {
    expect(share([10, 1000, 500], 410)).toEqual([10, 200, 200]);
    expect(share([10, 20], 100)).toEqual([10, 20]);
  });
});
