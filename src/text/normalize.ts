/**
 * Brings the spellings of one word together: compatibility forms, case, invisible characters, optional marks, digits of
 * other scripts. `clean` runs before stemming, because stemmers expect their language's own letters; `fold` runs after it
 * and removes the diacritics that people leave out when they type.
 */
export interface Normalizer {
  clean(word: string): string;
  fold(stem: string): string;
}

/** Letters with marks that are letters of their own in a language: folding them would merge different words. */
const DISTINCT: Readonly<Record<string, string>> = {
  sv: 'åäö',
  fi: 'åäö',
  et: 'äöüõ',
  da: 'åæø',
  no: 'åæø',
  is: 'áéíóúýæöðþ',
  es: 'ñ',
  tr: 'çğıöşü',
  az: 'çğıöşüə',
};

/** Languages whose marks carry the meaning throughout, such as Vietnamese tones. */
const UNFOLDED = new Set(['vi', 'yo']);

/** What is typed for letters where a keyboard lacks them, besides leaving out their marks. */
const TYPED: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe' };
/** Languages that have these letters in every other word, and are typed without marks if at all. */
const UNTYPED = new Set(['fi', 'et', 'hu', 'sk', 'tr', 'az', 'tk', 'vi', 'sq', 'eu']);

const ARABIC_SCRIPT = new Set(['fa', 'ur', 'ps', 'ug', 'sd', 'ckb']);
const marksOfArabic = /[\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/g;
const arabicScript = /\p{Script=Arabic}/u;
const latinOrGreek = /[\p{Script=Latin}\p{Script=Greek}]/u;
/** Marks that stand alone after composition: stress over Cyrillic, and pairs that have no letter of their own. */
const looseMarks = /[\u0300-\u036f]/g;
const nonAscii = /[^\p{ASCII}]/u;

export function normalizerFor(language: string): Normalizer {
  const distinct = new Set(DISTINCT[language] ?? '');
  const folds = !UNFOLDED.has(language);
  const turkic = language === 'tr' || language === 'az';
  return {
    clean(word) {
      if (!nonAscii.test(word)) return turkic ? word.replaceAll('I', 'ı').toLowerCase() : word.toLowerCase();
      let out = compatible(word);
      // 'İ'.toLowerCase() is an i with a combining dot, which is a plain i everywhere but in Turkish typography.
      out = turkic ? out.replaceAll('I', 'ı').replaceAll('İ', 'i') : out.replaceAll('İ', 'I');
      out = lowerCase(out);
      if (arabicScript.test(out)) return unifyArabic(out, ARABIC_SCRIPT.has(language));
      if (language === 'de' || language === 'und' || language === 'en') out = out.replaceAll('ß', 'ss');
      if (language === 'ro') out = out.replaceAll('ş', 'ș').replaceAll('ţ', 'ț');
      return withoutOptionalMarks(out);
    },
    fold(stem) {
      if (!folds || !nonAscii.test(stem)) return stem;
      let out = '';
      for (const letter of stem) {
        if (distinct.has(letter) || !latinOrGreek.test(letter)) out += letter;
        else out += SPECIAL[letter] ?? letter.normalize('NFD').replace(/\p{M}/gu, '');
      }
      return out;
    },
  };
}

/**
 * A word as it is typed without care for marks, case and language: the same for every language, so that a word is found in
 * a text whatever either was taken for.
 */
export function plainForm(word: string): string {
  if (!nonAscii.test(word)) return word.toLowerCase();
  let out = lowerCase(compatible(word).replaceAll('İ', 'I'));
  if (arabicScript.test(out))
    out = unifyArabic(out, false).replace(/ئ/g, 'ي').replace(/ؤ/g, 'و').replace(/[ہے]/g, plainArabic);
  let plain = '';
  for (const letter of withoutOptionalMarks(out)) {
    if (latinOrGreek.test(letter)) plain += SPECIAL[letter] ?? letter.normalize('NFD').replace(/\p{M}/gu, '');
    else plain += PLAIN_CYRILLIC[letter] ?? letter;
  }
  return plain.replace(looseMarks, '');
}

/** The form that is typed with two letters for one (`Mueller`), not yet plain; undefined where it is no other. */
export function typedForm(word: string, language: string): string | undefined {
  if (!nonAscii.test(word) || UNTYPED.has(language)) return undefined;
  const lower = word.normalize('NFC').toLowerCase();
  const typed = lower.replace(/[äöüåø]/g, (letter) => TYPED[letter]!);
  return typed === lower ? undefined : typed;
}

const PLAIN_CYRILLIC: Readonly<Record<string, string>> = { ґ: 'г', ї: 'і', ў: 'у' };

function plainArabic(letter: string): string {
  return letter === 'ہ' ? 'ه' : 'ي';
}

/**
 * Compatibility forms as what they stand for, except where that would make a text many times as long (no word is written so), without
 * invisible characters.
 */
function compatible(word: string): string {
  const plain = word.normalize('NFKC');
  const short = plain.length <= 4 * word.length + 64 ? plain : word.normalize('NFC');
  return short.replace(/[\p{Cf}\p{Variation_Selector}]/gu, '');
}

/** Lower case, and digits of every script as those of ASCII. A dotted i is an i, however it came to its dot. */
function lowerCase(word: string): string {
  return word
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
    .replace(/\p{Nd}/gu, asciiDigit);
}

/** Without points, stress and nuktas, which few type; of two ways to write a nasal the usual one. */
function withoutOptionalMarks(word: string): string {
  return word
    .replace(/[\u0591-\u05c7]/g, '')
    .replace(/(?<=\p{Script=Cyrillic})[\u0300\u0301]/gu, '')
    .replaceAll('ё', 'е')
    .replaceAll('\u0901', '\u0902')
    .replaceAll('\u093c', '')
    .replace(assimilated, (nasal) => String.fromCharCode((nasal.charCodeAt(0) & ~0x7f) + ANUSVARA));
}

/** Blocks of Indic scripts that write a nasal before a consonant of its own class as a letter or as a dot, at will: Devanagari, Gujarati, Telugu, Kannada. */
const INDIC = [0x900, 0xa80, 0xc00, 0xc80];
const ANUSVARA = 0x02;
const VIRAMA = 0x4d;
/** Nasals within a block, and the first of the four consonants of their class. */
const NASALS = [
  [0x19, 0x15],
  [0x1e, 0x1a],
  [0x23, 0x1f],
  [0x28, 0x24],
  [0x2e, 0x2a],
] as const;
/** `न्` of हिन्दी, which is हिंदी as well. */
const assimilated = new RegExp(
  INDIC.flatMap((block) => {
    const letter = (offset: number): string => String.fromCharCode(block + offset);
    return NASALS.map(
      ([nasal, first]) => `${letter(nasal)}${letter(VIRAMA)}(?=[${letter(first)}-${letter(first + 3)}])`,
    );
  }).join('|'),
  'g',
);

/** Letters that Unicode does not decompose. */
const SPECIAL: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ı: 'i',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ə: 'e',
  ς: 'σ',
};

/** The value of a decimal digit of any script. Digits of a script are ten code points in a row. */
function asciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0)!;
  if (codePoint < 0x80) return digit;
  let value = 0;
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(codePoint - value - 1))) value++;
  return String(value);
}

/**
 * One letter for each group that Arabic and Persian keyboards, and writers, use interchangeably: the alefs, the yehs, the
 * kafs, heh with and without dots. @param persian which member stands for the group (stemmers expect their own).
 */
function unifyArabic(word: string, persian: boolean): string {
  const plain = word
    .normalize('NFC')
    .replace(marksOfArabic, '')
    .replace(/[أإآٱ]/g, 'ا')
    .replace(/[ةۀە]/g, 'ه');
  return persian
    ? plain.replace(/[يىئ]/g, 'ی').replace(/ك/g, 'ک').replace(/ؤ/g, 'و')
    : plain.replace(/[یى]/g, 'ي').replace(/[کڪ]/g, 'ك');
}
