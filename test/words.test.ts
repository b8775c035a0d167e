import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, openCollection } from 'sagitta-search';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IncompatibleError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { encodeManifest, parseManifest } from '../src/store/local/manifest.ts';
import { ARABIC, CYRILLIC, DEVANAGARI, LATIN } from '../src/text/language-marks.ts';
import { shortQueries } from './support/short-queries.ts';

let folder: string;
let opened: Collection[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-words-'));
});

afterEach(async () => {
  for (const collection of opened) await collection.close();
  opened = [];
  rmSync(folder, { recursive: true, force: true });
});

/** A collection without embeddings of these texts, ids by name. */
async function collectionOf(texts: Readonly<Record<string, string>>): Promise<Collection> {
  const collection = await openCollection(join(folder, 'collection'), { create: true, encoder: 'none' });
  opened.push(collection);
  await collection.add(Object.entries(texts).map(([id, text]) => ({ id, text })));
  return collection;
}

const found = async (collection: Collection, query: string, k = 10): Promise<string[]> =>
  (await collection.search(query, { k, perDocument: 1 })).hits.map(({ id }) => id);

describe('a word copied from a document', () => {
  it('finds it whatever share of the collection its language has', async () => {
    const english = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `en${i}`,
        `The gardener planted tree number ${i} with great care, and it was watered by all of the neighbours.`,
      ]),
    );
    const collection = await collectionOf({
      ...english,
      de: 'Die Verwaltungen der Städte haben über die Genehmigungen für neue Brücken entschieden, und sie werden gebaut.',
      fr: 'Les associations des quartiers ont demandé que les jardins publics soient ouverts pendant les vacances.',
      fi: 'Kaupungin puistoihin istutettiin uusia puita, ja ne kastellaan joka päivä, koska kesä on ollut kuiva.',
    });
    for (const [id, words] of [
      ['de', 'Verwaltungen Städte Genehmigungen Brücken entschieden gebaut'],
      ['fr', 'associations quartiers demandé publics ouverts vacances'],
      ['fi', 'Kaupungin puistoihin istutettiin kastellaan kuiva'],
    ] as const) {
      for (const word of words.split(' ')) expect((await found(collection, word))[0], word).toBe(id);
    }
  });

  it('stands before one that only shares its stem', async () => {
    const collection = await collectionOf({
      other: 'The universe expands, as all universal laws have it.',
      exact: 'The university expands, as all its papers have it.',
    });
    expect(await found(collection, 'university')).toEqual(['exact', 'other']);
  });

  it('is an identifier, in part and as a whole', async () => {
    const collection = await collectionOf({
      a: 'relay KTB204X replaced',
      b: 'relay KTB204Y replaced',
      c: 'call rotateZ here',
      d: 'call rotateW here',
      hex: 'mask 0xBE set',
      version: 'since v3.14.2 only',
      number: 'since 7.1.9 only',
      joined: 'as ISO27001 demands',
      apart: 'as ISO 9001 demands',
    });
    expect(await found(collection, 'ktb204x')).toEqual(['a']);
    expect(await found(collection, 'KTB204X')).toEqual(['a', 'b']);
    expect(await found(collection, 'rotatez')).toEqual(['c']);
    expect(await found(collection, 'rotateZ')).toEqual(['c', 'd']);
    expect(await found(collection, '0xbe')).toEqual(['hex']);
    expect(await found(collection, '3.14.2')).toEqual(['version']);
    expect(await found(collection, 'v7.1.9')).toEqual(['number']);
    expect((await found(collection, 'ISO 27001'))[0]).toBe('joined');
    expect((await found(collection, 'iso9001'))[0]).toBe('apart');
  });

  it('is a number with its unit, a name with its number, or a number in groups, together and apart', async () => {
    const collection = await collectionOf({
      unit: 'a load of 55kg at most',
      name: 'over IPv6 alone',
      camel: 'the iPhone15Pro arrived',
      letter: 'fits model QRB050T here',
      apart: 'fits model QRC 051T here',
      groups: 'kostete 7.654.321 damals',
      keycap: 'press 3️⃣ now',
      joined: 'runs on machines42 as well',
      // By a stem, beside which parts of words stand as they are.
      alone: 'one machine, and other machines',
    });
    for (const [query, id] of [
      ['iphone', 'camel'],
      ['machines42', 'joined'],
      ['machines', 'alone'],
      ['55 kg', 'unit'],
      ['55kg', 'unit'],
      ['IPv 6', 'name'],
      ['iphone 15', 'camel'],
      ['QRB 050T', 'letter'],
      ['QRC051T', 'apart'],
      ['7654321', 'groups'],
      ['3', 'keycap'],
      ['3️⃣', 'keycap'],
    ] as const) {
      expect((await found(collection, query))[0], query).toBe(id);
    }
    expect(await found(collection, 'machines')).toEqual(['alone', 'joined']);
  });

  it('is Persian, with a space within the word or without', async () => {
    const collection = await collectionOf({ a: 'می‌نویسم و کتاب‌ها را می‌خوانم', b: 'خانه دور است و باغ بزرگ است' });
    for (const query of ['می‌نویسم', 'مینویسم', 'نویسم', 'کتاب‌ها', 'کتابها', 'کتاب', 'كتاب']) {
      expect((await found(collection, query))[0], query).toBe('a');
    }
  });

  it('is Japanese inside a longer run, inflected, of half width, or without its final mark', async () => {
    const collection = await collectionOf({
      a: 'クラウドストレージを契約する。',
      b: 'マシンビジョンの応用。',
      c: '昨日手紙を書きました。',
      d: '古いプリンターを売る。',
      e: 'コーヒーを飲んだ。',
      f: '大阪ドームで会う。',
    });
    for (const [query, id] of [
      ['ストレージ', 'a'],
      ['ビジョン', 'b'],
      ['書く', 'c'],
      ['プリンタ', 'd'],
      ['ﾌﾟﾘﾝﾀｰ', 'd'],
      ['飲む', 'e'],
      ['コーヒー', 'e'],
      ['ドーム', 'f'],
    ] as const) {
      expect((await found(collection, query))[0], query).toBe(id);
    }
  });

  it('may be typed without its marks, or with two letters for one', async () => {
    const collection = await collectionOf({
      de: 'Frau Schröder wohnt in Würzburg und arbeitet bei der Bahn, aber sie ist nicht immer zu Hause.',
      plain: 'Herr Goedel wohnt in Muenster und ist mit der Arbeit nicht immer zufrieden.',
      es: 'La señora vive en La Coruña con su familia y no quiere ir a la escuela este año.',
      vi: 'Cô ấy sống ở Đà Nẵng và làm việc tại một bệnh viện lớn của Việt Nam.',
      da: 'Hun bor i Ålborg, og hendes søn Søren er ikke hjemme hver dag.',
      tr: 'Kız kardeşi Iğdır şehrinde yaşıyor ve her gün işe gidiyor.',
      ru: 'За́мок стоит на берегу, и его ещё никто не видел.',
      pl: 'On mieszka w Łodzi i nie jest zadowolony z tej pracy.',
    });
    for (const [query, id] of [
      ['Schroeder', 'de'],
      ['Schroder', 'de'],
      ['wuerzburg', 'de'],
      ['Gödel', 'plain'],
      ['Münster', 'plain'],
      ['Coruna', 'es'],
      ['senora', 'es'],
      ['Da Nang', 'vi'],
      ['Aalborg', 'da'],
      ['Soeren', 'da'],
      ['Igdir', 'tr'],
      ['kardesi', 'tr'],
      ['замок', 'ru'],
      ['еще', 'ru'],
      ['Lodzi', 'pl'],
    ] as const) {
      expect((await found(collection, query))[0], query).toBe(id);
    }
    // Less than the exact spelling.
    const scoreOf = async (query: string) => (await collection.search(query, { k: 1 })).hits[0]!.score;
    for (const [exact, typed] of [
      ['Schröder', 'Schroeder'],
      ['Würzburg', 'Wurzburg'],
      ['Coruña', 'Coruna'],
      ['Đà Nẵng', 'Da Nang'],
    ] as const) {
      expect(await scoreOf(exact), exact).toBeGreaterThan(await scoreOf(typed));
    }
  });

  it('has its apostrophe in any shape, or none', async () => {
    const collection = await collectionOf({
      a: 'Mrs D‛Arcy wrote: I can´t see Niʻihau or the Qurʾān.',
      b: 'I didn`t `run` it',
      c: 'Ms O‘Hara isn＇t in',
    });
    for (const query of ["D'Arcy", 'D’Arcy', 'darcy', "can't", 'can’t', 'cant', 'Niihau', "Ni'ihau", 'Quran']) {
      expect(await found(collection, query), query).toEqual(['a']);
    }
    for (const query of ["O'Hara", 'O’Hara', 'ohara', "isn't"])
      expect(await found(collection, query), query).toEqual(['c']);
    for (const query of ["didn't", 'didnt', 'run']) expect(await found(collection, query), query).toEqual(['b']);
  });

  it('is a pictograph, with a selector or without', async () => {
    const collection = await collectionOf({
      a: 'careful ☢️ there',
      b: 'snow ❄ and ☀️',
      c: 'done 🎉',
      de: 'to 🇩🇪',
      fr: 'to 🇫🇷',
    });
    for (const [query, id] of [
      ['☢️', 'a'],
      ['☢', 'a'],
      ['❄️', 'b'],
      ['☀', 'b'],
      ['🎉', 'c'],
      ['🇩🇪', 'de'],
      ['🇫🇷', 'fr'],
    ] as const) {
      expect(await found(collection, query), query).toEqual([id]);
    }
  });

  it('is a grammatical word, where there is no other', async () => {
    const collection = await collectionOf({
      beatles: 'Let it be, let it be.',
      who: 'Vitamin D and the band The Who.',
      fr: 'La fête a lieu en été dans le parc, et les enfants sont très heureux.',
    });
    expect((await found(collection, 'it be'))[0]).toBe('beatles');
    expect((await found(collection, 'the'))[0]).toBe('who');
    expect(await found(collection, 'été')).toEqual(['fr']);
    expect((await found(collection, 'parc été'))[0]).toBe('fr');
    // Summer is no grammatical word, though it is spelled like one.
    await collection.add([{ id: 'summer', text: 'Les nuits de cet été étaient chaudes, et personne ne dormait.' }]);
    expect((await found(collection, 'les parcs en été')).slice(0, 2)).toEqual(['fr', 'summer']);
  });

  it('stands behind what a terminal needs to show it', async () => {
    const collection = await collectionOf({ a: 'build \u001b[31mfailed\u001b[0m now' });
    expect(await found(collection, 'failed')).toEqual(['a']);
    expect(await found(collection, '31mfailed')).toEqual([]);
  });
});

describe('the reason for an empty result', () => {
  it('is true', async () => {
    const collection = await collectionOf({ a: 'The lighthouse of the island.', b: 'A boat to the mainland.' });
    const reason = async (query: string) => (await collection.search(query)).shortfall!.reason;
    expect(await reason('!!! ...')).toBe('the query has no words');
    expect(await reason('zebra')).toBe('none of 2 passages contains a word of the query');
    expect(await reason('the zebra of Oz')).toBe(
      'none of 2 passages contains a word of the query other than "the", "of", which most texts have',
    );
    expect((await collection.search('to the')).hits.length).toBe(2);
    await collection.add([{ id: 'de', text: 'Das Schiff ist nicht mehr im Hafen, und die Fischer sind auf See.' }]);
    expect(await reason('the zebra of Oz')).toMatch(/^none of 3 passages contains .* other than "the", "of"/);
  });
});

describe('a collection whose words were indexed in another way', () => {
  it('is refused, with what to do', async () => {
    const collection = await collectionOf({ a: 'one' });
    await collection.close();
    const path = join(collection.directory, 'manifest.json');
    const manifest = parseManifest(readFileSync(path), path);
    const { analysis: _, ...options } = manifest.settings.options;
    writeFileSync(path, encodeManifest({ ...manifest, settings: { ...manifest.settings, options } }));
    const opening = openCollection(collection.directory);
    await expect(opening).rejects.toThrow(IncompatibleError);
    await expect(openCollection(collection.directory)).rejects.toThrow(/by analysis 1, .*Index its documents again/s);
  });
});

/** The short i of Cyrillic is a letter that every keyboard has. */
const marked = /(?![иИ]\u0306)[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}][\u0300-\u036f]+/gu;
/** Without the marks of scripts whose letters few keyboards have all of. */
const unmarked = (word: string): string =>
  word
    .normalize('NFD')
    .replace(marked, (cluster) => cluster.replace(/[\u0300-\u036f]/g, ''))
    .normalize('NFC');

/** A word as it may be typed. */
const TYPED: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => word.toLowerCase(),
  (word) => word.toUpperCase(),
  unmarked,
  (word) => unmarked(word.toLowerCase()),
  (word) => word.normalize('NFC'),
  (word) => word.normalize('NFD'),
  (word) => word.normalize('NFKC'),
];

/** Asks for random words of the documents; the words that do not find theirs. */
async function lost(texts: Readonly<Record<string, string>>, wordsOf: (id: string) => string[]): Promise<string[]> {
  const collection = await collectionOf(texts);
  const ids = Object.keys(texts);
  const random = new Random(31 + Number(process.env['SEED'] ?? 0));
  const missing: string[] = [];
  for (const id of ids) {
    const words = wordsOf(id);
    const word = words[random.below(words.length)]!;
    for (const query of new Set(TYPED.map((type) => type(word)))) {
      if (!(await found(collection, query, ids.length)).includes(id)) missing.push(`${id}: ${word} as ${query}`);
    }
  }
  return missing;
}

describe('a random word of a document, as written, in lower case or in another normal form, finds it', () => {
  it('in thirty languages of one collection', async () => {
    const random = new Random(5);
    const vocabulary = new Map<string, string[]>();
    for (const [language, { words }] of Object.entries({ ...LATIN, ...CYRILLIC, ...ARABIC, ...DEVANAGARI })) {
      vocabulary.set(language, words.split(/\s+/));
    }
    for (const language of ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'ru', 'uk']) {
      const contents = shortQueries(language).flatMap((query) => query.split(' '));
      vocabulary.set(language, [...vocabulary.get(language)!, ...contents]);
    }
    vocabulary.set('el', 'το κλειδί του σπιτιού χάθηκε χθες και δεν βρέθηκε ποτέ ξανά ΑΘΗΝΑ'.split(' '));
    vocabulary.set('he', 'המפתח של הבית אבד אתמול ולא נמצא שׁוּב'.split(' '));
    vocabulary.set('hy', 'տան բանալին երեկ կորավ և այլևս չգտնվեց'.split(' '));
    vocabulary.set('ka', 'სახლის გასაღები გუშინ დაიკარგა და ვეღარ იპოვეს'.split(' '));
    vocabulary.set('ko', '집 열쇠를 어제 잃어버렸고 다시는 찾지 못했습니다 서울에서'.split(' '));
    vocabulary.set('ta', 'வீட்டின் சாவி நேற்று தொலைந்தது மீண்டும் கிடைக்கவில்லை'.split(' '));
    vocabulary.set('bn', 'বাড়ির চাবি গতকাল হারিয়ে গেছে আর পাওয়া যায়নি'.split(' '));
    expect(vocabulary.size).toBeGreaterThanOrEqual(30);
    const texts: Record<string, string> = {};
    for (const [language, words] of vocabulary) {
      for (let i = 0; i < 4; i++) {
        texts[`${language}${i}`] = Array.from({ length: 12 }, () => words[random.below(words.length)]!).join(' ');
      }
    }
    expect(await lost(texts, (id) => texts[id]!.split(' '))).toEqual([]);
  });

  it('in documentation of programs', async () => {
    const folders = readdirSync('node_modules').filter((name) => existsSync(`node_modules/${name}/README.md`));
    const texts = Object.fromEntries(
      folders
        .slice(0, 60)
        .map((name) => [name, readFileSync(`node_modules/${name}/README.md`, 'utf8').slice(0, 3_000)]),
    );
    const words = (id: string) => texts[id]!.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
    expect(await lost(texts, words)).toEqual([]);
  });

  const data = `${process.env['SAGITTA_DATA'] ?? new URL('../../shared/data', import.meta.url).pathname}/ntrex`;
  it.skipIf(!existsSync(data))('in news of 27 languages', async () => {
    const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
    const texts: Record<string, string> = {};
    for (const file of readdirSync(data).filter((name) => /^queries\..*\.jsonl$/.test(name))) {
      const lines = readFileSync(join(data, file), 'utf8').split('\n').slice(0, 25);
      lines.forEach((line, i) => {
        texts[`${file}${i}`] = (JSON.parse(line) as { text: string }).text;
      });
    }
    const words = (id: string) => {
      const text = texts[id]!;
      if (!/[\p{Script=Han}\p{Script=Kana}\p{Script=Thai}]/u.test(text)) {
        return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
      }
      // A sign of a word that the segmenter does not know is no word.
      const parts = Array.from(segmenter.segment(text), ({ segment }) => segment);
      return parts.filter((part) => /[\p{L}\p{N}]/u.test(part) && !/^\p{Script=Kana}$/u.test(part));
    };
    expect(await lost(texts, words)).toEqual([]);
  });
});
