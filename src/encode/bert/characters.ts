/** BERT's normaliser, as `tokenizer.json` states it. */
export interface Normalization {
  /** Control characters are dropped. */
  readonly clean: boolean;
  /** A Chinese ideograph is a word by itself. */
  readonly ideographs: boolean;
  /** Accents (nonspacing marks after canonical decomposition) are dropped. */
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** What a UTF-16 unit means for the words of a text. */
export const Kind = {
  /** Not looked at yet. */
  unseen: 0,
  /** Part of a word, as one other unit. */
  letter: 1,
  /** Part of a word, as several units. */
  letters: 2,
  /** A word by itself: punctuation, or an ideograph of one unit. */
  alone: 3,
  /** Likewise, as several units. */
  aloneLetters: 4,
  space: 5,
  /** Nothing, as if it were not there. */
  dropped: 6,
  /** The first half of a character of two units, perhaps. */
  surrogate: 7,
  /** What becomes of it depends on its neighbours. */
  contextual: 8,
} as const;
/** Added to the kind of a unit with which a token that stands for itself begins. */
export const OPENS_TOKEN = 16;

const DROPPED = /(?![\t\n\r])[\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const SPACES = /\s/gu;
const IDEOGRAPHS = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/g;
const PUNCTUATION = '\\p{P}\\u0021-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u007e';
const WORD = new RegExp(`[^\\s${PUNCTUATION}]+|[${PUNCTUATION}]`, 'gu');
const ONE_WORD = new RegExp(`^[^\\s${PUNCTUATION}]+$`, 'u');
const ONE_SIGN = new RegExp(`^[${PUNCTUATION}]$`, 'u');
const ACCENTS = /\p{Mn}/gu;
const LONG_RUN = /\p{M}{65}/u;
const RUNS = /\P{M}*\p{M}{0,64}/gu;
const CAPITAL_SIGMA = 0x3a3;

/**
 * BERT's normaliser and pre-tokeniser, character by character. Every character is looked at with {@link normalize}'s own means once, and
 * remembered. Only three things depend on neighbours: a capital sigma, whose lower case differs at the end of a word; marks
 * that canonical decomposition puts in another order; and unpaired surrogates that are not dropped. They are `contextual`, and whoever meets
 * one takes the text around it through {@link words}.
 *
 * As in `@huggingface/tokenizers`, ideographs beyond U+FFFF are no words by themselves, though a final sigma is written as
 * one; the implementation in Rust differs in both.
 */
export class Characters {
  /** {@link Kind} by UTF-16 unit, with {@link OPENS_TOKEN} where that applies. */
  readonly kinds = new Uint8Array(0x10000);
  /** What becomes of a unit of the kinds `letter` and `alone`. */
  readonly letters = new Uint16Array(0x10000);
  /** By code point, for the kinds that become several units. */
  readonly #expanded = new Map<number, string>();
  /** Kinds of code points beyond U+FFFF. */
  readonly #beyond = new Map<number, number>();

  constructor(readonly normalization: Normalization) {
    for (let unit = 0; unit < 128; unit++) this.look(unit);
  }

  /** The kind of a code point that was not looked at yet; sets what the arrays say of it. */
  look(codePoint: number): number {
    if (codePoint > 0xffff) {
      let kind = this.#beyond.get(codePoint);
      if (kind === undefined) {
        kind = this.#classify(codePoint);
        this.#beyond.set(codePoint, kind);
      }
      return kind;
    }
    const kind = this.#classify(codePoint);
    this.kinds[codePoint]! |= kind;
    return kind;
  }

  /** The units that a character of the kinds `letters` and `aloneLetters` becomes. */
  expanded(codePoint: number): string {
    return this.#expanded.get(codePoint)!;
  }

  /** The words of a text whose neighbourhood is known: white space, or where the text ends, on both sides. */
  words(text: string): string[] {
    return this.split(this.normalize(text));
  }

  /** The words of a text that was normalised. */
  split(normalized: string): string[] {
    return normalized.match(WORD) ?? [];
  }

  normalize(text: string): string {
    const { clean, ideographs, stripAccents, lowercase } = this.normalization;
    let result = text;
    if (clean) result = result.replace(DROPPED, '').replace(SPACES, ' ');
    if (ideographs) result = result.replace(IDEOGRAPHS, ' $& ');
    if (lowercase) result = result.toLowerCase();
    return stripAccents ? decompose(result).replace(ACCENTS, '') : result;
  }

  #classify(codePoint: number): number {
    const { clean, ideographs, stripAccents, lowercase } = this.normalization;
    const character = String.fromCodePoint(codePoint);
    if (codePoint >= 0xd800 && codePoint < 0xe000) {
      if (codePoint < 0xdc00) return Kind.surrogate;
      return clean ? Kind.dropped : Kind.contextual;
    }
    if (clean && character.search(DROPPED) === 0) return Kind.dropped;
    if (character.search(SPACES) === 0) return Kind.space;
    if (lowercase && codePoint === CAPITAL_SIGMA) return Kind.contextual;
    const normalized = this.normalize(character).trim();
    if (normalized === '') return Kind.dropped;
    // U+0334 is of the lowest class of marks that have an order: only what has one itself changes places with it.
    if (stripAccents && `${normalized}\u0334`.normalize('NFD') !== `${normalized}\u0334`) return Kind.contextual;
    const alone = ONE_SIGN.test(normalized) || (ideographs && character.search(IDEOGRAPHS) === 0);
    if (!alone && !ONE_WORD.test(normalized)) return Kind.contextual;
    if (normalized.length > 1 || codePoint > 0xffff) {
      this.#expanded.set(codePoint, normalized);
      return alone ? Kind.aloneLetters : Kind.letters;
    }
    this.letters[codePoint] = normalized.charCodeAt(0);
    return alone ? Kind.alone : Kind.letter;
  }
}

/** Canonical decomposition, in linear time: sorting an endless run of marks is not, so runs are cut. */
function decompose(text: string): string {
  if (!LONG_RUN.test(text)) return text.normalize('NFD');
  return text.replace(RUNS, (run) => run.normalize('NFD'));
}
