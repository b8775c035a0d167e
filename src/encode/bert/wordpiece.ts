import { Characters, Kind, type Normalization, OPENS_TOKEN } from './characters.ts';
import type { AddedToken, TokenizerFile } from './tokenizer-file.ts';
import { Vocabulary } from './vocabulary.ts';

/** A vocabulary by itself, without tokens that stand before or after a text. */
export interface WordPieces {
  /** By id; those that go on within a word begin with `##`. The first stands for what is unknown. */
  readonly tokens: readonly string[];
  readonly normalization: Normalization;
  /** Longer words, in characters, are unknown as a whole. */
  readonly longestWord: number;
}

/**
 * Splits text into the word pieces of a model of the BERT family (Devlin et al. 2019), as its `tokenizer.json` states: the same
 * ids as Hugging Face's tokenizers, in time linear in the text.
 *
 * One pass takes the text character by character. What a character becomes (lower case, without its accent, nothing, a word by itself)
 * is looked up; the few whose neighbours matter have the text between two white spaces around them normalised as a whole.
 */
export class WordPieceTokenizer {
  /** One more than the greatest id, so the least number of rows of an embedding table. */
  readonly size: number;
  /** Ids of what stands before and after a text, of what fills up a batch, and of what is unknown. */
  readonly cls: number;
  readonly sep: number;
  readonly pad: number;
  readonly unknown: number;
  readonly #vocabulary: Vocabulary;
  readonly #characters: Characters;
  readonly #longestWord: number;
  /** Tokens that stand for themselves in the text, by first unit, the longest first; and those in the normalised text. */
  readonly #asGiven = new Map<number, AddedToken[]>();
  readonly #normalized = new Map<number, AddedToken[]>();
  readonly #contents = new Map<number, string>();
  /** The word under way. It takes more units than the longest word has, so that what does not fit need not be kept. */
  readonly #word: Uint16Array;
  #out = new Int32Array(1024);
  #count = 0;

  /** @throws NotFoundError, CorruptFileError or IncompatibleError, each naming the file and what is wrong with it. */
  static async open(file: string): Promise<WordPieceTokenizer> {
    // Here, so that a vocabulary by itself can be used where there are no files.
    const { readTokenizerFile } = await import('./tokenizer-file.ts');
    return new WordPieceTokenizer(await readTokenizerFile(file));
  }

  /** A tokenizer of a vocabulary by itself. Tokens of id 0 are words that it does not know. */
  static from({ tokens, normalization, longestWord }: WordPieces): WordPieceTokenizer {
    const vocabulary = new Vocabulary('##');
    tokens.forEach((token, id) => {
      vocabulary.add(token, 0, token.length, id);
    });
    return new WordPieceTokenizer({
      vocabulary,
      normalization,
      longestWord,
      added: [],
      unknown: 0,
      cls: 0,
      sep: 0,
      pad: 0,
    });
  }

  private constructor(file: TokenizerFile) {
    ({ cls: this.cls, sep: this.sep, pad: this.pad, unknown: this.unknown } = file);
    this.#vocabulary = file.vocabulary;
    this.#longestWord = file.longestWord;
    this.#characters = new Characters(file.normalization);
    this.#word = new Uint16Array(2 * file.longestWord + 2);
    for (const token of file.added) {
      this.#contents.set(token.id, token.content);
      const content = token.normalized ? this.#characters.normalize(token.content) : token.content;
      // A token of which normalisation leaves nothing is never met.
      if (content === '') continue;
      const unit = content.charCodeAt(0);
      const group = token.normalized ? this.#normalized : this.#asGiven;
      const others = (group.get(unit) ?? []).filter((other) => other.content !== content);
      group.set(
        unit,
        [...others, { ...token, content }].sort((a, b) => b.content.length - a.content.length),
      );
      if (!token.normalized) this.#characters.kinds[unit]! |= OPENS_TOKEN;
    }
    this.size = Math.max(file.vocabulary.size, ...file.added.map(({ id }) => id + 1));
  }

  /** The token of an id, with its prefix where it goes on within a word; undefined where there is none. */
  tokenOf(id: number): string | undefined {
    return this.#contents.get(id) ?? this.#vocabulary.tokenOf(id);
  }

  /**
   * Ids of the text's tokens, without those that stand before and after it: all, or the first `limit` of them. Reads little
   * more of the text than these come from, up to the next white space.
   */
  encode(text: string, limit = Number.POSITIVE_INFINITY): Int32Array {
    this.#count = 0;
    if (this.#normalized.size > 0) this.#encodeNormalized(text);
    else this.#encodeSection(text, limit);
    return this.#out.slice(0, Math.min(this.#count, limit));
  }

  #encodeSection(text: string, limit: number): void {
    const characters = this.#characters;
    const { kinds, letters } = characters;
    const word = this.#word;
    let length = 0;
    // Where the text since the last white space begins, and how many tokens came before it.
    let chunk = 0;
    let before = this.#count;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let kind = kinds[unit]!;
      if (kind === Kind.letter) {
        word[length++] = letters[unit]!;
        if (length === word.length) length--;
        continue;
      }
      if (kind >= OPENS_TOKEN) {
        const token = tokenAt(text, at, this.#asGiven);
        if (token !== undefined) {
          this.#finish(length);
          length = 0;
          this.#push(token.id);
          at += token.content.length - 1;
          chunk = at + 1;
          before = this.#count;
          if (this.#count >= limit) return;
          continue;
        }
        kind -= OPENS_TOKEN;
      }
      let codePoint = unit;
      if (kind === Kind.unseen) kind = characters.look(unit) & (OPENS_TOKEN - 1);
      if (kind === Kind.surrogate) {
        // Not at the end: of a text that was cut from a longer one, optimised code of V8 in Node 24 reads on there.
        codePoint = at + 1 < text.length ? text.codePointAt(at)! : unit;
        if (codePoint > 0xffff) kind = characters.look(codePoint);
        else kind = characters.normalization.clean ? Kind.dropped : Kind.contextual;
      }
      switch (kind) {
        case Kind.dropped:
          break;
        case Kind.letter:
          word[length++] = letters[unit]!;
          break;
        case Kind.letters:
          length = append(word, length, characters.expanded(codePoint));
          break;
        case Kind.contextual: {
          const end = this.#chunkEnd(text, at);
          this.#count = before;
          this.#encodeWords(characters.words(text.slice(chunk, end)));
          length = 0;
          at = end - 1;
          codePoint = 0;
          chunk = end;
          before = this.#count;
          break;
        }
        default:
          this.#finish(length);
          length = 0;
          if (kind === Kind.space) {
            chunk = at + 1;
            before = this.#count;
          } else {
            if (kind === Kind.alone) word[length++] = letters[unit]!;
            else length = append(word, length, characters.expanded(codePoint));
            this.#finish(length);
            length = 0;
          }
          if (this.#count >= limit) return;
      }
      if (length === word.length) length--;
      if (codePoint > 0xffff) at++;
    }
    this.#finish(length);
  }

  /** Where the next white space or token that stands for itself begins, or the text ends. */
  #chunkEnd(text: string, from: number): number {
    const { kinds } = this.#characters;
    for (let at = from; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let kind = kinds[unit]!;
      if ((kind & (OPENS_TOKEN - 1)) === Kind.unseen) {
        this.#characters.look(unit);
        kind = kinds[unit]!;
      }
      if ((kind & (OPENS_TOKEN - 1)) === Kind.space) return at;
      if (kind >= OPENS_TOKEN && tokenAt(text, at, this.#asGiven) !== undefined) return at;
    }
    return text.length;
  }

  /** Where tokens are looked for in the normalised text, sections between those in the text as given are normalised as a whole. */
  #encodeNormalized(text: string): void {
    for (const section of sections(text, this.#asGiven)) {
      if (typeof section !== 'string') {
        this.#push(section.id);
        continue;
      }
      for (const part of sections(this.#characters.normalize(section), this.#normalized)) {
        if (typeof part === 'string') this.#encodeWords(this.#characters.split(part));
        else this.#push(part.id);
      }
    }
  }

  #encodeWords(words: readonly string[]): void {
    for (const word of words) this.#finish(append(this.#word, 0, word));
  }

  /** Appends the tokens of the first `length` units of the word under way. */
  #finish(length: number): void {
    if (length === 0) return;
    const word = this.#word;
    if (length > this.#longestWord && charactersOf(word, length) > this.#longestWord) {
      this.#push(this.unknown);
      return;
    }
    this.#reserve(length);
    const pieces = this.#vocabulary.split(word, length, this.#out, this.#count);
    if (pieces === 0) this.#out[this.#count++] = this.unknown;
    else this.#count += pieces;
  }

  #push(id: number): void {
    this.#reserve(1);
    this.#out[this.#count++] = id;
  }

  #reserve(more: number): void {
    if (this.#count + more <= this.#out.length) return;
    const larger = new Int32Array(2 * (this.#count + more));
    larger.set(this.#out);
    this.#out = larger;
  }
}

/** Appends what fits of `units`, and returns the new length. */
function append(word: Uint16Array, length: number, units: string): number {
  let at = length;
  for (let i = 0; i < units.length && at < word.length; i++) word[at++] = units.charCodeAt(i);
  return at;
}

/** The longest of the tokens that stand at a place of the text. */
function tokenAt(text: string, at: number, tokens: ReadonlyMap<number, AddedToken[]>): AddedToken | undefined {
  return tokens.get(text.charCodeAt(at))?.find(({ content }) => text.startsWith(content, at));
}

/** The text cut at the tokens that stand in it. */
function* sections(text: string, tokens: ReadonlyMap<number, AddedToken[]>): Generator<string | AddedToken> {
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const token = tokenAt(text, at, tokens);
    if (token === undefined) continue;
    if (at > start) yield text.slice(start, at);
    yield token;
    start = at + token.content.length;
    at = start - 1;
  }
  if (start < text.length) yield text.slice(start);
}

/** Characters, not units, among the first `length` units. */
function charactersOf(word: Uint16Array, length: number): number {
  let count = length;
  for (let i = 1; i < length; i++) {
    if ((word[i]! & 0xfc00) === 0xdc00 && (word[i - 1]! & 0xfc00) === 0xd800) count--;
  }
  return count;
}
