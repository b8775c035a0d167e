import { CharacterClass, classAt, classOf, classTable, widthAt } from './characters.ts';
import { splitChunk } from './chunks.ts';
import { primaryLanguage, type Stemmer, stemmerOf } from './languages.ts';
import { normalizerFor } from './normalize.ts';
import type { Part } from './part.ts';
import { segmentDense } from './segmenter.ts';
import { stopWordsOf } from './stop-words.ts';

/** A searchable term and where it stands. */
export interface Token {
  /** Normalised, lower-cased, stemmed: equal terms match. */
  readonly term: string;
  /** UTF-16 code units into the text that was analysed, whatever normalisation did to the length. */
  readonly start: number;
  readonly end: number;
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
}

export interface AnalyzerOptions {
  /** Reduce words to stems, where the language has a stemmer. Default true. */
  readonly stem?: boolean;
  /** Leave out grammatical words. Default true. */
  readonly stopWords?: boolean;
}

const analyzers = new Map<string, Analyzer>();

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
  const primary = primaryLanguage(language);
  const key = `${primary} ${stem} ${stopWords}`;
  let analyzer = analyzers.get(key);
  if (analyzer === undefined) {
    analyzer = new ChunkAnalyzer(primary, stem, stopWords);
    analyzers.set(key, analyzer);
  }
  return analyzer;
}

/** What a chunk yields, places counted from its start. */
type Pieces = readonly Token[];

/** Chunks longer than this are cut: encoded data, not words. */
const LONGEST_CHUNK = 128;
/** Longer chunks are too rare to be worth remembering. */
const LONGEST_CACHED = 40;
/** Chunks in one generation of the cache; there are two. About 15 MB each when full. */
const GENERATION = 100_000;

/**
 * Natural text repeats its words, so the work on a chunk (splitting, normalising, stemming) is done once and remembered;
 * what remains per occurrence is finding its ends and one look-up.
 */
class ChunkAnalyzer implements Analyzer {
  readonly #stemmer: Stemmer | undefined;
  readonly #stopWords: ReadonlySet<string>;
  readonly #normalizer;
  /** Two generations: when the young one is full it becomes the old one, so that frequent chunks survive. */
  #young = new Map<string, Pieces>();
  #old = new Map<string, Pieces>();
  readonly #denseTerms = new Map<string, string>();

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
    this.#scan(text, (pieces, offset) => {
      for (const { term, start, end } of pieces) tokens.push({ term, start: offset + start, end: offset + end });
    });
    return tokens;
  }

  terms(text: string): string[] {
    const terms: string[] = [];
    this.#scan(text, (pieces) => {
      for (let i = 0; i < pieces.length; i++) terms.push(pieces[i]!.term);
    });
    return terms;
  }

  /** Finds the chunks and dense runs of the text and reports what each yields. */
  #scan(text: string, found: (pieces: Pieces, offset: number) => void): void {
    const length = text.length;
    let i = 0;
    while (i < length) {
      let kind = classTable[text.charCodeAt(i)]!;
      if (kind > CharacterClass.dense) kind = classAt(text, i);
      if (kind === CharacterClass.word) {
        const start = i > 0 && text.charCodeAt(i - 1) === DOT && startsName(text, i - 1) ? i - 1 : i;
        i = chunkEnd(text, i);
        found(this.#analyzed(text, start, i), start);
      } else if (kind === CharacterClass.dense) {
        const start = i;
        while (i < length && continuesDense(text, i)) i += widthAt(text, i);
        found(this.#dense(text.slice(start, i)), start);
      } else if (kind === CharacterClass.emoji) {
        const end = i + widthAt(text, i);
        found([{ term: text.slice(i, end), start: 0, end: end - i }], i);
        i = end;
      } else i++;
    }
  }

  #analyzed(text: string, start: number, end: number): Pieces {
    const slice = text.slice(start, end);
    const known = this.#young.get(slice);
    if (known !== undefined) return known;
    return this.#remember(slice);
  }

  #remember(slice: string): Pieces {
    // A slice keeps the whole document alive; what is remembered must be a string of its own.
    const chunk = slice.split('').join('');
    const pieces = this.#old.get(chunk) ?? this.#finish(splitChunk(chunk, this.language));
    if (chunk.length <= LONGEST_CACHED) {
      if (this.#young.size >= GENERATION) {
        this.#old = this.#young;
        this.#young = new Map();
      }
      this.#young.set(chunk, pieces);
    }
    return pieces;
  }

  /** Normalises, stems and filters the parts. */
  #finish(parts: readonly Part[]): Pieces {
    const pieces: Token[] = [];
    for (const { text, start, end } of parts) {
      const term = this.#term(text);
      if (term !== '') pieces.push({ term, start, end });
    }
    return pieces;
  }

  /** The words of a run without spaces; what they become is remembered one by one, since no two runs are equal. */
  #dense(run: string): Pieces {
    const pieces: Token[] = [];
    for (const { text, start, end } of segmentDense(run)) {
      let term = this.#denseTerms.get(text);
      if (term === undefined) {
        if (this.#denseTerms.size >= GENERATION) this.#denseTerms.clear();
        const own = text.split('').join('');
        term = this.#term(own);
        this.#denseTerms.set(own, term);
      }
      if (term !== '') pieces.push({ term, start, end });
    }
    return pieces;
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

const DOT = 46;
const COMMA = 44;
const ZERO_WIDTH_NON_JOINER = 0x200c;

/** The end of the chunk that starts at `start`. */
function chunkEnd(text: string, start: number): number {
  const length = text.length;
  const limit = start + LONGEST_CHUNK;
  let i = start;
  while (i < length) {
    let kind = classTable[text.charCodeAt(i)]!;
    if (kind === CharacterClass.word && i < limit) {
      i++;
      continue;
    }
    if (kind > CharacterClass.dense) kind = classAt(text, i);
    if (kind === CharacterClass.word) {
      if (i >= limit) return i;
      i += widthAt(text, i);
    } else if (kind === CharacterClass.connector || kind === CharacterClass.ignorable) {
      const next = afterJoint(text, i, kind);
      if (next < 0) break;
      i = next;
    } else break;
  }
  return withSigns(text, start, i);
}

/** Where the word goes on behind the connector or the invisible characters at `i`; -1 where it ends. */
function afterJoint(text: string, i: number, first: number): number {
  const before = text.charCodeAt(i - 1);
  const unit = text.charCodeAt(i);
  let j = i + (first === CharacterClass.ignorable ? widthAt(text, i) : 1);
  while (j < text.length && classAt(text, j) === CharacterClass.ignorable) j += widthAt(text, j);
  if (j >= text.length || classAt(text, j) !== CharacterClass.word) return -1;
  if (unit === COMMA && !(isDigit(before) && isDigit(text.charCodeAt(j)))) return -1;
  // The zero-width non-joiner separates the parts of Persian words as a space does.
  if (unit === ZERO_WIDTH_NON_JOINER && before >= 0x600 && before <= 0x6ff) return -1;
  return j;
}

/** Whether the dot at `index` belongs to the name behind it (`.NET`, `.gitignore`) rather than to what is before. */
function startsName(text: string, index: number): boolean {
  if (index > 0) {
    const before = classAt(text, index - 1);
    if (before !== CharacterClass.separator || '.)]}"/\\'.includes(text[index - 1]!)) return false;
  }
  return /\p{L}/u.test(text[index + 1]!);
}

/** Takes in the signs of C++, C# and their kin. */
function withSigns(text: string, start: number, end: number): number {
  const next = text.charCodeAt(end);
  if (end - start !== 1 || (next !== 43 && next !== 35)) return end;
  const signs = next === 35 ? 1 : text.charCodeAt(end + 1) === 43 ? 2 : 0;
  if (signs === 0 || !/[a-zA-Z]/.test(text[start]!)) return end;
  let after = end + signs;
  while (after < text.length && isDigit(text.charCodeAt(after))) after++;
  return after < text.length && classAt(text, after) === CharacterClass.word ? end : after;
}

function continuesDense(text: string, i: number): boolean {
  const kind = classOf(text.charCodeAt(i));
  return (
    kind === CharacterClass.dense || (kind === CharacterClass.surrogate && classAt(text, i) === CharacterClass.dense)
  );
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}
