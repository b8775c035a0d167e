/**
 * The English Snowball stemmer, also called Porter2 (M. F. Porter, 2001, https://snowballstem.org/algorithms/english/).
 * Written out here because English is always needed: it must load at once and run in browsers.
 *
 * @param word lower case, without apostrophes. Words of one or two letters are returned as they are.
 */
export function stemEnglish(word: string): string {
  if (word.length <= 2) return word;
  const exception = EXCEPTIONS.get(word);
  if (exception !== undefined) return exception;
  return new Stemming(word).run();
}

/** Words that the rules would spoil. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ...Object.entries({
    skis: 'ski',
    skies: 'sky',
    dying: 'die',
    lying: 'lie',
    tying: 'tie',
    idly: 'idl',
    gently: 'gentl',
    ugly: 'ugli',
    early: 'earli',
    only: 'onli',
    singly: 'singl',
  }),
  ...['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'].map((word) => [word, word] as const),
]);

/** Words that are finished once a plural ending has gone. */
const FINISHED = new Set(['inning', 'outing', 'canning', 'herring', 'earring', 'proceed', 'exceed', 'succeed']);

/** Suffix rules, longest first within each step: the longest suffix present decides, whether or not it then applies. */
const STEP2: readonly (readonly [string, string])[] = byLength([
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['entli', 'ent'],
  ['izer', 'ize'],
  ['ization', 'ize'],
  ['ational', 'ate'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['alli', 'al'],
  ['fulness', 'ful'],
  ['ousli', 'ous'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['fulli', 'ful'],
  ['lessli', 'less'],
  ['li', ''],
]);
const STEP3: readonly (readonly [string, string])[] = byLength([
  ['tional', 'tion'],
  ['ational', 'ate'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
  ['ative', ''],
]);
const STEP4: readonly (readonly [string, string])[] = byLength(
  'al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion'
    .split(' ')
    .map((suffix) => [suffix, ''] as const),
);

function byLength<T extends readonly [string, string]>(rules: readonly T[]): readonly T[] {
  return [...rules].sort((a, b) => b[0].length - a[0].length);
}

const isVowel = (letter: string | undefined): boolean => letter !== undefined && 'aeiouy'.includes(letter);

class Stemming {
  #word: string;
  /** Where the regions R1 and R2 begin; suffixes are removed only inside them. */
  readonly #r1: number;
  readonly #r2: number;

  constructor(word: string) {
    // A `y` that is a consonant (first, or after a vowel) is written `Y` until the end.
    this.#word = word.includes('y')
      ? word.replace(/^y/, 'Y').replace(/([aeiouy])y/g, (_, before: string) => `${before}Y`)
      : word;
    const prefix = /^(?:gener|commun|arsen)/.exec(this.#word);
    this.#r1 = prefix ? prefix[0].length : this.#regionAfter(0);
    this.#r2 = this.#regionAfter(this.#r1);
  }

  run(): string {
    this.#plural();
    if (FINISHED.has(this.#word)) return this.#word;
    this.#pastAndGerund();
    const word = this.#word;
    if (word.length > 2 && /[yY]$/.test(word) && !isVowel(word[word.length - 2])) this.#word = `${word.slice(0, -1)}i`;
    this.#derivations();
    this.#adjectives();
    this.#residues();
    this.#finalLetter();
    return this.#word.replaceAll('Y', 'y');
  }

  /** The position behind the first non-vowel that follows a vowel, from `start` on. */
  #regionAfter(start: number): number {
    for (let i = start + 1; i < this.#word.length; i++) {
      if (!isVowel(this.#word[i]) && isVowel(this.#word[i - 1])) return i + 1;
    }
    return this.#word.length;
  }

  #plural(): void {
    const word = this.#word;
    if (word.endsWith('sses')) this.#word = word.slice(0, -2);
    else if (word.endsWith('ied') || word.endsWith('ies')) this.#word = word.slice(0, word.length > 4 ? -2 : -1);
    else if (word.endsWith('s') && !/(?:us|ss)$/.test(word) && /[aeiouy]/.test(word.slice(0, -2))) {
      this.#word = word.slice(0, -1);
    }
  }

  #pastAndGerund(): void {
    const word = this.#word;
    const suffix = /(?:eedly|ingly|edly|eed|ing|ed)$/.exec(word)?.[0];
    if (suffix === undefined) return;
    const stem = word.slice(0, -suffix.length);
    if (suffix.startsWith('ee')) {
      if (stem.length >= this.#r1) this.#word = `${stem}ee`;
    } else if (/[aeiouy]/.test(stem)) {
      if (/(?:at|bl|iz)$/.test(stem)) this.#word = `${stem}e`;
      else if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(stem)) this.#word = stem.slice(0, -1);
      else this.#word = stem.length <= this.#r1 && endsInShortSyllable(stem) ? `${stem}e` : stem;
    }
  }

  #derivations(): void {
    const rule = this.#longest(STEP2, this.#r1);
    if (rule === undefined) return;
    const stem = this.#word.slice(0, -rule[0].length);
    if (rule[0] === 'ogi' && !stem.endsWith('l')) return;
    if (rule[0] === 'li' && !/[cdeghkmnrt]$/.test(stem)) return;
    this.#word = stem + rule[1];
  }

  #adjectives(): void {
    const rule = this.#longest(STEP3, this.#r1);
    if (rule === undefined) return;
    const stem = this.#word.slice(0, -rule[0].length);
    if (rule[0] === 'ative' && stem.length < this.#r2) return;
    this.#word = stem + rule[1];
  }

  #residues(): void {
    const rule = this.#longest(STEP4, this.#r2);
    if (rule === undefined) return;
    const stem = this.#word.slice(0, -rule[0].length);
    if (rule[0] === 'ion' && !/[st]$/.test(stem)) return;
    this.#word = stem;
  }

  #finalLetter(): void {
    const stem = this.#word.slice(0, -1);
    if (this.#word.endsWith('e')) {
      if (stem.length >= this.#r2 || (stem.length >= this.#r1 && !endsInShortSyllable(stem))) this.#word = stem;
    } else if (this.#word.endsWith('ll') && stem.length >= this.#r2) this.#word = stem;
  }

  /** The rule of the longest suffix of the word, if that suffix lies inside the region. */
  #longest(rules: readonly (readonly [string, string])[], region: number): readonly [string, string] | undefined {
    const rule = rules.find(([suffix]) => this.#word.endsWith(suffix));
    return rule !== undefined && this.#word.length - rule[0].length >= region ? rule : undefined;
  }
}

function endsInShortSyllable(stem: string): boolean {
  return /[^aeiouy][aeiouy][^aeiouywxY]$/.test(stem) || /^[aeiouy][^aeiouy]$/.test(stem);
}
