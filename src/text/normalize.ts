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

const ARABIC_SCRIPT = new Set(['fa', 'ur', 'ps', 'ug', 'sd', 'ckb']);
const marksOfArabic = /[\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/g;
const arabicScript = /\p{Script=Arabic}/u;
const latinOrGreek = /[\p{Script=Latin}\p{Script=Greek}]/u;
const nonAscii = /[^\p{ASCII}]/u;

/** Compatibility forms become what they stand for, except where that would make a text many times as long: no word is written so. */
function compatible(word: string): string {
  const out = word.normalize('NFKC');
  return out.length <= 4 * word.length + 64 ? out : word.normalize('NFC');
}

export function normalizerFor(language: string): Normalizer {
  const distinct = new Set(DISTINCT[language] ?? '');
  const folds = !UNFOLDED.has(language);
  const turkic = language === 'tr' || language === 'az';
  return {
    clean(word) {
      if (!nonAscii.test(word)) return turkic ? word.replaceAll('I', 'ı').toLowerCase() : word.toLowerCase();
      let out = compatible(word).replace(/[\p{Cf}\p{Variation_Selector}]/gu, '');
      // 'İ'.toLowerCase() is an i with a combining dot, which is a plain i everywhere but in Turkish typography.
      out = turkic ? out.replaceAll('I', 'ı').replaceAll('İ', 'i') : out.replaceAll('İ', 'I');
      out = out.toLowerCase().replace(/\p{Nd}/gu, asciiDigit);
      if (arabicScript.test(out)) return unifyArabic(out, ARABIC_SCRIPT.has(language));
      if (language === 'de' || language === 'und' || language === 'en') out = out.replaceAll('ß', 'ss');
      if (language === 'ro') out = out.replaceAll('ş', 'ș').replaceAll('ţ', 'ț');
      return out
        .replace(/[\u0591-\u05c7]/g, '')
        .replaceAll('ё', 'е')
        .replaceAll('\u0901', '\u0902')
        .replaceAll('\u093c', '');
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
