import { CorruptFileError } from '../../base/errors.ts';

/** A piece of the vocabulary and its logarithmic probability. */
export type Piece = readonly [text: string, score: number | null];

/** U+2581, which stands for a space and opens a word. */
const SEPARATOR = 0x2581;
/** Pieces before this one are control symbols that never match text; piece 0 stands for what is unknown. */
const FIRST_PIECE = 6;
const UNKNOWN = 0;
/** Marks a node that ends no piece. */
const NO_PIECE = -1;

/**
 * Splits text into the most probable sequence of vocabulary pieces (the unigram language model of Kudo 2018,
 * "Subword Regularization", as SentencePiece decodes it): Viterbi over a trie, in time linear in the text.
 *
 * Text is normalised to NFKC, spaces become U+2581, and one U+2581 is put in front. As no piece holds a U+2581 beyond
 * its first character, every U+2581 begins a new piece whatever follows: the best path up to it is final. Decoding
 * goes from one to the next and stops as soon as `limit` tokens are certain, so that a book costs no more than a page.
 *
 * To give the very same tokens as the model was served with, three of its habits are kept: characters that begin no
 * piece have score 0 and runs of them make one unknown token; pieces without a score count as 0; and a path whose
 * score is exactly 0 is replaced by the next one found.
 */
export class UnigramTokenizer {
  /** Number of the character among those that occur in pieces, plus 1; 0 for all others. */
  readonly #classes = new Uint8Array(0x10000);
  /** Child of the root by character class; 0 for none. */
  readonly #roots: Uint16Array;
  /** Open-addressing table: `node * 256 + class` to child node; 0 marks a free slot. */
  readonly #keys: Int32Array;
  readonly #children: Uint16Array;
  readonly #mask: number;
  /** By trie node. */
  readonly #pieces: Int32Array;
  readonly #scores: Float64Array;
  /** Characters of each piece. */
  readonly #lengths: Uint8Array;
  // Decoding state of one stretch between separators, grown to the longest seen.
  #best = new Float64Array(256);
  #last = new Int32Array(256);
  #stack = new Int32Array(256);

  /**
   * @param vocabulary pieces by id. @param file where they come from, for error messages.
   * @throws CorruptFileError when the pieces break what decoding relies on.
   */
  constructor(vocabulary: readonly Piece[], file = 'vocabulary') {
    const nodes = checkedSize(vocabulary, file);
    const bits = 32 - Math.clz32(nodes * 2);
    this.#mask = (1 << bits) - 1;
    this.#keys = new Int32Array(1 << bits);
    this.#children = new Uint16Array(1 << bits);
    this.#pieces = new Int32Array(nodes).fill(NO_PIECE);
    this.#scores = new Float64Array(nodes);
    this.#lengths = new Uint8Array(vocabulary.length).fill(1);
    this.#roots = new Uint16Array(256);
    let used = 1;
    let classes = 1;
    for (let id = FIRST_PIECE; id < vocabulary.length; id++) {
      const [text, score] = vocabulary[id]!;
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        const char = text.charCodeAt(i);
        let charClass = this.#classes[char]!;
        if (charClass === 0) {
          charClass = classes++;
          this.#classes[char] = charClass;
        }
        if (i === 0) {
          if (this.#roots[charClass] === 0) this.#roots[charClass] = used++;
          node = this.#roots[charClass]!;
        } else {
          const slot = this.#slot(node, charClass);
          if (this.#children[slot] === 0) {
            this.#keys[slot] = node * 256 + charClass;
            this.#children[slot] = used++;
          }
          node = this.#children[slot]!;
        }
      }
      // Of pieces that are listed twice, the later one counts.
      this.#pieces[node] = id;
      this.#scores[node] = score ?? 0;
      this.#lengths[id] = text.length;
    }
  }

  /** At most `limit` token ids of the text, from its beginning; none for the empty text. */
  encode(text: string, limit = Number.POSITIVE_INFINITY): number[] {
    const tokens: number[] = [];
    if (text.length === 0) return tokens;
    const normalized = text.normalize('NFKC');
    let score = 0;
    for (let start = -1; start < normalized.length && tokens.length < limit; ) {
      let end = start + 1;
      while (end < normalized.length && !isSeparator(normalized.charCodeAt(end))) end++;
      score = this.#decode(normalized, start, end, score, tokens);
      start = end;
    }
    if (tokens.length > limit) tokens.length = limit;
    return tokens;
  }

  /**
   * Decodes a separator at `start` (-1 for the one put in front) and the characters up to `end`, appends the tokens,
   * and returns the score of the whole path so far.
   */
  #decode(text: string, start: number, end: number, score: number, tokens: number[]): number {
    const count = end - start;
    if (count >= this.#best.length) this.#grow(count + 1);
    const best = this.#best;
    const last = this.#last;
    best.fill(0, 0, count + 1);
    best[0] = score;
    for (let from = 0; from < count; from++) {
      const first = from === 0 ? SEPARATOR : text.charCodeAt(start + from);
      let node = this.#roots[this.#classes[first]!]!;
      if (node === 0) {
        relax(best, last, from + 1, best[from]!, UNKNOWN);
        continue;
      }
      for (let to = from + 1; node !== 0; to++) {
        const piece = this.#pieces[node]!;
        if (piece !== NO_PIECE) relax(best, last, to, best[from]! + this.#scores[node]!, piece);
        if (to === count) break;
        const charClass = this.#classes[text.charCodeAt(start + to)]!;
        if (charClass === 0) break;
        node = this.#children[this.#slot(node, charClass)]!;
      }
    }
    let depth = 0;
    for (let at = count; at > 0; ) {
      const piece = last[at]!;
      if (piece !== UNKNOWN || depth === 0 || this.#stack[depth - 1] !== UNKNOWN) this.#stack[depth++] = piece;
      at -= this.#lengths[piece]!;
    }
    while (depth > 0) tokens.push(this.#stack[--depth]!);
    return best[count]!;
  }

  /** Slot of the child of `node` by a character class, or the free slot where it would go. */
  #slot(node: number, charClass: number): number {
    const key = node * 256 + charClass;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 12) & this.#mask;
    while (this.#children[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(size: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(size));
    this.#best = new Float64Array(capacity);
    this.#last = new Int32Array(capacity);
    this.#stack = new Int32Array(capacity);
  }
}

function relax(best: Float64Array, last: Int32Array, to: number, score: number, piece: number): void {
  if (best[to] === 0 || score >= best[to]!) {
    best[to] = score;
    last[to] = piece;
  }
}

function isSeparator(char: number): boolean {
  return char === 0x20 || char === SEPARATOR;
}

/** Checks what decoding relies on, and returns an upper bound of the trie's nodes. */
function checkedSize(vocabulary: readonly Piece[], file: string): number {
  const remedy = 'Install the package that holds it again.';
  const characters = new Set<string>();
  const singles = new Set<string>();
  let nodes = 1;
  for (let id = FIRST_PIECE; id < vocabulary.length; id++) {
    const [text, score] = vocabulary[id] ?? ['', 0];
    if (typeof text !== 'string' || text.length === 0 || text.length > 255) {
      throw new CorruptFileError(file, `piece ${id} is not a text of 1 to 255 characters`, remedy);
    }
    if (score !== null && !Number.isFinite(score)) {
      throw new CorruptFileError(file, `the score of piece ${id} is not a number`, remedy);
    }
    if (text.lastIndexOf('\u2581') > 0) {
      throw new CorruptFileError(file, `piece ${id} has a separator that is not its first character`, remedy);
    }
    nodes += text.length;
    for (const char of text) characters.add(char);
    if (text.length === 1) singles.add(text);
  }
  if (vocabulary.length <= FIRST_PIECE || nodes > 0xffff || characters.size > 255) {
    throw new CorruptFileError(file, `${vocabulary.length} pieces of ${characters.size} characters`, remedy);
  }
  const stranded = vocabulary.slice(FIRST_PIECE).find(([text]) => !singles.has(text[0]!));
  if (stranded !== undefined) {
    throw new CorruptFileError(file, `${JSON.stringify(stranded[0])} begins with a character that is no piece`, remedy);
  }
  return nodes;
}
