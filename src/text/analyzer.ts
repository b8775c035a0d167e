import { ownString, Recent } from '../base/recent.ts';
import { RecentSlices } from '../base/recent-slices.ts';
import { type BrokenWord, brokenWord, mended, nextLineOf } from './broken-words.ts';
import { CharacterClass, classAt, classOf, classTable, widthAt } from './characters.ts';
import { chunkEnd, ESCAPE, emojiEnd, escapeEnd, isDigit } from './chunk-end.ts';
import { splitChunk } from './chunks.ts';
import { primaryLanguage, type Stemmer, stemmerOf } from './languages.ts';
import { normalizerFor, plainForm, typedForm } from './normalize.ts';
import type { Part, Token } from './part.ts';
import { type Phone, phoneAt } from './phones.ts';
import { chunkWords, isBetweenWords, phraseWords } from './phrase-words.ts';
import { append, Gathered, kept, NONE, Pieces, place } from './pieces.ts';
import { inHiragana, regularRun, segmentDense, withoutFinalMark } from './segmenter.ts';
import { meaningOf } from './signs.ts';
import { stopWordsOf } from './stop-words.ts';
import type { TermNumbers } from './term-numbers.ts';

/** Raised whenever a text yields other terms than before: what was indexed with another version is not found with this one. */
export const ANALYSIS_VERSION = 6;

/** All that a text can be found by. */
export interface Analysis {
  /** Terms of its words, in order and as often as they occur: what ranks. */
  readonly terms: readonly string[];
  /**
   * Further forms of these words: unstemmed and without marks, the same whatever language the text was taken for, unless the
   * word's term is that and at most two letters less; as typed where letters are lacking (`mueller`); parts that the word is
   * seldom looked for by.
   */
  readonly forms: readonly string[];
  /** Plain forms of the grammatical words, which have no term. */
  readonly stopWords: readonly string[];
}

/** What a text is indexed by, as numbers of {@link TermNumbers}. */
export interface Reading {
  readonly terms: Uint32Array;
  /** Forms and stop words of {@link Analysis}. */
  readonly further: Uint32Array;
  /** `phraseWords` of the text; then, where ends of lines broke words of it, a 0 and those of the text with these words whole. */
  readonly words: Uint32Array;
}

/** Turns text into the terms that lexical search compares. Stateless apart from a cache; safe to share. */
export interface Analyzer {
  /** ISO 639-1, or `und`. */
  readonly language: string;
  /**
   * Terms with their places, by ascending start. Places may overlap: `parseConfig` yields the whole and its two parts.
   */
  tokens(text: string): Token[];
  /** The terms alone, same order, faster. */
  terms(text: string): string[];
  /** The terms and everything else that a text can be found by. */
  analyze(text: string): Analysis;
  /** The same as numbers, and all its words in order as phrases are looked for. */
  read(text: string, numbers: TermNumbers): Reading;
  /** Where everything stands that a text can be found by, by ascending start. @param wanted only these terms. Default: all. */
  places(text: string, wanted?: ReadonlySet<string>): Token[];
}

export interface AnalyzerOptions {
  /** Reduce words to stems, where the language has a stemmer. Default true. */
  readonly stem?: boolean;
  /** Leave out grammatical words. Default true. */
  readonly stopWords?: boolean;
}

const analyzers = new Map<string, Analyzer>();
/** Those with the default options by the tags that they were asked for with, of which there may be any number. */
const usualAnalyzers = new Map<string, Analyzer>();
const MOST_TAGS = 1_000;

/**
 * The analyzer of a language, made once. A language without stemmer or stop words gets the same segmentation and
 * normalisation; text in any script is accepted by all of them.
 *
 * @param language ISO 639-1 or a tag that starts with it (`pt-BR`); `und` for unknown.
 * @throws InvalidArgumentError in a browser, for a language other than English whose stemmer is not loaded yet
 * (`loadLanguage`).
 */
export function analyzerFor(language: string, options: AnalyzerOptions = {}): Analyzer {
  const { stem = true, stopWords = true } = options;
  const usual = stem && stopWords ? usualAnalyzers.get(language) : undefined;
  if (usual !== undefined) return usual;
  const primary = primaryLanguage(language);
  const key = `${primary} ${stem} ${stopWords}`;
  let analyzer = analyzers.get(key);
  if (analyzer === undefined) {
    analyzer = new ChunkAnalyzer(primary, stem, stopWords);
    analyzers.set(key, analyzer);
  }
  if (stem && stopWords && usualAnalyzers.size < MOST_TAGS) usualAnalyzers.set(language, analyzer);
  return analyzer;
}

/** Longer chunks are too rare to be worth remembering. */
const LONGEST_CACHED = 40;
/** What is remembered whole. */
const LONGEST_QUERY = 500;
/** Chunks that are remembered: about 30 MB when full. */
const CHUNKS = 200_000;
/** The same of words in scripts without spaces. */
const DENSE_WORDS = 100_000;

/**
 * Natural text repeats its words, so the work on a chunk (splitting, normalising, stemming) is done once and remembered;
 * what remains per occurrence is finding its ends and one look-up.
 */
class ChunkAnalyzer implements Analyzer {
  readonly #stemmer: Stemmer | undefined;
  readonly #stopWords: ReadonlySet<string>;
  readonly #normalizer;
  readonly #known = new RecentSlices<Pieces>(CHUNKS);
  readonly #terms = new Gathered();
  readonly #further = new Gathered();
  readonly #words = new Gathered();
  /** Whether ends of lines broke words of the text that was scanned last. */
  #mends = false;
  /** A query is asked for in several ways, one after the other. */
  #last: { readonly text: string; readonly pieces: readonly Pieces[] } | undefined;
  readonly #denseTerms = new Recent<string, string>(DENSE_WORDS);

  constructor(
    readonly language: string,
    stem: boolean,
    stopWords: boolean,
  ) {
    this.#stemmer = stem ? stemmerOf(language) : undefined;
    this.#normalizer = normalizerFor(language);
    const { clean } = this.#normalizer;
    this.#stopWords = new Set(stopWords ? [...stopWordsOf(language)].map(clean) : []);
  }

  tokens(text: string): Token[] {
    const tokens: Token[] = [];
    if (text.length > LONGEST_QUERY) {
      this.#scan(text, ({ terms }, offset) => place(terms, offset, tokens));
      return tokens;
    }
    const pieces: Pieces[] = [];
    this.#scan(text, (found, offset) => {
      pieces.push(found);
      place(found.terms, offset, tokens);
    });
    this.#last = { text, pieces };
    return tokens;
  }

  places(text: string, wanted?: ReadonlySet<string>): Token[] {
    const tokens: Token[] = [];
    this.#scan(text, ({ terms, forms, stopWords }, offset) => {
      place(terms, offset, tokens, wanted);
      place(forms, offset, tokens, wanted);
      place(stopWords, offset, tokens, wanted);
    });
    if (tokens.length < 2) return tokens;
    return tokens.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  terms(text: string): string[] {
    const terms: string[] = [];
    this.#scan(text, (pieces) => pieces.addTerms(terms));
    return terms;
  }

  analyze(text: string): Analysis {
    const terms: string[] = [];
    const forms: string[] = [];
    const stopWords: string[] = [];
    const take = (pieces: Pieces): void => {
      pieces.addTerms(terms);
      append(pieces.forms, forms);
      append(pieces.stopWords, stopWords);
    };
    if (this.#last?.text === text) this.#last.pieces.forEach(take);
    else this.#scan(text, take);
    return { terms, forms, stopWords };
  }

  read(text: string, numbers: TermNumbers): Reading {
    const terms = this.#terms.begin();
    const further = this.#further.begin();
    const words = this.#words.begin();
    this.#mends = false;
    // Where chunks have nothing but separators between them, their words are those of the text.
    let apart = true;
    let at = 0;
    this.#scan(text, (pieces, start, end) => {
      const own = pieces.numbered(numbers);
      const firstFurther = pieces.terms.length;
      const firstWord = firstFurther + pieces.forms.length + pieces.stopWords.length;
      terms.take(own, 0, firstFurther);
      further.take(own, firstFurther, firstWord);
      if (!apart) return;
      apart = pieces.words !== undefined && (start > at || start === 0) && isBetweenWords(text, at, start);
      if (apart) words.take(own, firstWord, own.length);
      at = end;
    });
    const numbered = (text: string): number[] => phraseWords(text).map((word) => numbers.of(word));
    if (!apart || !isBetweenWords(text, at, text.length)) words.begin().take(numbered(text));
    if (this.#mends) words.take([0, ...numbered(mended(text))]);
    return { terms: terms.end(numbers), further: further.end(numbers), words: words.end(numbers) };
  }

  /** Finds the chunks and dense runs of the text and reports what each yields, and where it begins and ends. */
  #scan(text: string, found: (pieces: Pieces, start: number, end: number) => void): void {
    const length = text.length;
    let i = 0;
    let afterPhone = 0;
    while (i < length) {
      let kind = classTable[text.charCodeAt(i)]!;
      if (kind > CharacterClass.dense) kind = classAt(text, i);
      if (kind === CharacterClass.word) {
        if (i >= afterPhone && isDigit(text.charCodeAt(i))) {
          const phone = phoneAt(text, i);
          if (phone !== undefined) {
            afterPhone = phone.end;
            found(phonePieces(phone), phone.start, phone.end);
          }
        }
        const start = i > 0 && text.charCodeAt(i - 1) === DOT && startsWord(text, i - 1) ? i - 1 : i;
        i = chunkEnd(text, i);
        const next = nextLineOf(text, i);
        if (next < 0) found(this.#analyzed(text, start, i), start, i);
        else {
          const broken = brokenWord(text, start, i, next);
          i = broken.end;
          found(this.#broken(broken), start, i);
        }
      } else if (kind === CharacterClass.dense) {
        const start = i;
        while (i < length && continuesDense(text, i)) i += widthAt(text, i);
        found(this.#dense(text.slice(start, i)), start, i);
      } else if (kind === CharacterClass.emoji) {
        const end = emojiEnd(text, i);
        found(new Pieces([{ term: text.slice(i, end), start: 0, end: end - i }]), i, end);
        i = end;
      } else if (text.charCodeAt(i) === ESCAPE) i = escapeEnd(text, i);
      else {
        const meaning = meaningOf(text, i);
        const end = i + widthAt(text, i);
        if (meaning !== undefined) found(this.#sign(meaning, end - i), i, end);
        i = end;
      }
    }
  }

  /** What a sign is found by: numbers that it stands for are as good as written, words stand aside. */
  #sign(meaning: string, width: number): Pieces {
    const found: Token[] = [];
    const add = ({ term }: Token): number => found.push({ term, start: 0, end: width });
    this.#scan(meaning, ({ terms, forms }) => {
      terms.forEach(add);
      forms.forEach(add);
    });
    return /^[\d ]+$/.test(meaning) ? new Pieces(found) : new Pieces(NONE, found);
  }

  /** A word that ends of lines broke, as it would be on one line: by its whole and its parts. */
  #broken({ word, joints }: BrokenWord): Pieces {
    this.#mends = true;
    const { terms, forms, stopWords, words } = this.#analyzed(word, 0, word.length);
    const moved = (at: number): number => joints.reduce((sum, joint) => (at > joint.at ? sum + joint.left : sum), at);
    const placed = (tokens: readonly Token[]): Token[] =>
      tokens.map(({ term, start, end }) => ({ term, start: moved(start), end: moved(end) }));
    return new Pieces(placed(terms), placed(forms), placed(stopWords), words);
  }

  #analyzed(text: string, start: number, end: number): Pieces {
    return this.#known.get(text, start, end) ?? this.#remember(text.slice(start, end));
  }

  #remember(slice: string): Pieces {
    // A slice keeps the whole document alive; what is remembered must be a string of its own.
    const chunk = ownString(slice);
    const pieces = this.#finish(splitChunk(chunk, this.language), chunkWords(chunk));
    if (chunk.length <= LONGEST_CACHED) this.#known.set(chunk, pieces);
    return pieces;
  }

  /** Normalises, stems and sorts the parts. */
  #finish(parts: readonly Part[], words: readonly string[]): Pieces {
    const terms: Token[] = [];
    const forms: Token[] = [];
    const stopWords: Token[] = [];
    for (const { text, start, end, aside } of parts) {
      const term = aside ? '' : this.#term(text);
      if (term !== '') terms.push({ term, start, end });
      const further = term === '' && !aside ? stopWords : forms;
      const plain = plainForm(text);
      if (plain !== '' && (term === '' || !isNear(term, plain, this.language)))
        further.push({ term: plain, start, end });
      // Stemmers expect the marks: without them a word may have another stem.
      const bare = term !== '' && plain !== text.toLowerCase() ? this.#term(plain) : '';
      if (bare !== '' && bare !== term && bare !== plain) further.push({ term: bare, start, end });
      const typed = typedForm(text, this.language);
      if (typed !== undefined) further.push({ term: plainForm(typed), start, end });
    }
    return new Pieces(kept(terms), kept(forms), kept(stopWords), words);
  }

  /** The words of a run without spaces; what they become is remembered one by one, since no two runs are equal. */
  #dense(run: string): Pieces {
    const regular = regularRun(run);
    const terms: Token[] = [];
    const forms: Token[] = [];
    for (const { text, start, end, aside } of segmentDense(regular?.text ?? run)) {
      let term = this.#denseTerms.get(text);
      if (term === undefined) {
        const own = ownString(text);
        term = withoutFinalMark(plainForm(own));
        this.#denseTerms.set(own, term);
      }
      if (term === '') continue;
      const place =
        regular === undefined ? { start, end } : { start: regular.starts[start]!, end: regular.ends[end - 1]! };
      (aside ? forms : terms).push({ term, ...place });
      const hiragana = inHiragana(term);
      if (!aside && hiragana !== undefined) forms.push({ term: hiragana, ...place });
    }
    return new Pieces(terms, forms);
  }

  /** The term of one part; empty for stop words and what normalisation leaves nothing of. */
  #term(part: string): string {
    const clean = this.#normalizer.clean(part);
    if (clean === '' || this.#stopWords.has(clean)) return '';
    // English stems are taken without accents: the few words that have them are as often written without.
    const word = this.language === 'en' ? this.#normalizer.fold(clean) : clean;
    return this.#normalizer.fold(this.#stemmer?.(word) ?? word);
  }
}

/** Letters by which a form may be longer than its term without being one of its own. */
const ENDING = 2;

/**
 * Whether a form says nothing that the term does not say: it has the term's letters and an ending (`networks`, `happily`), which
 * is unlike `university` beside `univers`. Most forms do; to index them as well makes an index half as large again.
 */
export function isNear(term: string, plain: string, language: string): boolean {
  // Capitals of Turkish are those of another letter wherever they were not typed as Turkish.
  if (language === 'tr' || language === 'az') return term === plain;
  // The stems of `cities` and `happy` end in an i for the y.
  const stem = term.endsWith('i') ? term.slice(0, -1) : term;
  return plain.length - stem.length <= ENDING && plain.startsWith(stem);
}

const DOT = 46;

/** Whether the dot at `index` belongs to the name or the number behind it (`.NET`, `.gitignore`, `.5`) rather than to what is before. */
function startsWord(text: string, index: number): boolean {
  const isNumber = isDigit(text.charCodeAt(index + 1));
  if (index > 0) {
    const before = text[index - 1]!;
    const isSign = isNumber && before === '-' && (index === 1 || classAt(text, index - 2) === CharacterClass.separator);
    if ((classAt(text, index - 1) !== CharacterClass.separator && !isSign) || '.)]}"/\\'.includes(before)) return false;
  }
  return isNumber || /\p{L}/u.test(text[index + 1]!);
}

function phonePieces({ start, end, digits }: Phone): Pieces {
  return new Pieces(NONE, [{ term: digits, start: 0, end: end - start }]);
}

function continuesDense(text: string, i: number): boolean {
  const kind = classOf(text.charCodeAt(i));
  return (
    kind === CharacterClass.dense || (kind === CharacterClass.surrogate && classAt(text, i) === CharacterClass.dense)
  );
}
