/** A term that is near a word. */
export interface NearTerm {
  /** In the order of the terms. */
  readonly number: number;
  /** Letters inserted, left out, exchanged, or swapped with their neighbour. */
  readonly edits: number;
}

/** A place in a word with few edits before it. */
export interface Head {
  /** Letters before the place. */
  readonly letters: number;
  /** Most edits of them. */
  readonly most: number;
}

/**
 * Sorted terms as a tree of their letters, in the order in which a walk meets them: what is below a node follows it, and `behind` says where
 * that ends. 11 bytes a node, some four nodes a term.
 *
 * The terms near a word are found by a walk that keeps a row of the edit distance (optimal string alignment, which counts two swapped neighbours as
 * one edit) for each letter on the way, as far as it may matter: at most `most` to both sides of the diagonal. Where no value of a row is
 * within the bound, all that is below is passed over. It is a Levenshtein automaton that is computed as it goes.
 *
 * Near the root a tree is broad, and nearly all of a walk would be spent on words that begin otherwise. Who has the terms in reverse too need not
 * go there: of `most` edits, at most half are in one half of the word ({@link Head}).
 */
export class TermTrie {
  readonly #letters: Uint16Array;
  readonly #depths: Uint16Array;
  /** First node that is not below. */
  readonly #behind: Uint32Array;
  /** Number of the term that ends here, plus one. */
  readonly #ends: Uint32Array;
  /** Whether the first term is the empty one, which has no node. */
  readonly #startsEmpty: boolean;
  /** Rows of the last walk: short arrays that are made for each would cost more than the walk. */
  #rows = new Uint8Array(1024);
  /** Whether its head was had, by depth. */
  #passed = new Uint8Array(128);
  readonly #own: number[] = [];
  readonly #path: number[] = [];

  /** @param terms distinct, in ascending order of code units. */
  constructor(terms: readonly string[]) {
    this.#startsEmpty = terms[0] === '';
    let nodes = 0;
    let before = '';
    for (const term of terms) {
      nodes += term.length - common(before, term);
      before = term;
    }
    this.#letters = new Uint16Array(nodes);
    this.#depths = new Uint16Array(nodes);
    this.#behind = new Uint32Array(nodes);
    this.#ends = new Uint32Array(nodes);
    /** Nodes of the letters of the term before. */
    const path: number[] = [];
    let next = 0;
    before = '';
    for (const [number, term] of terms.entries()) {
      const shared = common(before, term);
      while (path.length > shared) this.#behind[path.pop()!] = next;
      for (let depth = shared; depth < term.length; depth++) {
        path.push(next);
        this.#letters[next] = term.charCodeAt(depth);
        this.#depths[next] = Math.min(depth, 0xffff);
        next++;
      }
      if (path.length > 0) this.#ends[path.at(-1)!] = number + 1;
      before = term;
    }
    while (path.length > 0) this.#behind[path.pop()!] = next;
  }

  /**
   * Terms within `most` edits, the word itself among them, in their order.
   * @param head where given, only those of which some beginning is that near to the word's. Two letters that are swapped at its end count as one
   * edit of the head, at least.
   */
  near(word: string, most: number, head: Head = { letters: 0, most: 0 }): NearTerm[] {
    const found: NearTerm[] = [];
    const size = word.length;
    if (this.#startsEmpty && size <= most && head.letters <= head.most) found.push({ number: 0, edits: size });
    const width = size + 2;
    const far = most + 1;
    // Row d is for the first d letters of a term; column j for the first j of the word. What is outside of the band is far.
    const cells = (size + most + 2) * width;
    if (cells > this.#rows.length) this.#rows = new Uint8Array(2 * cells);
    const rows = this.#rows.fill(far, 0, cells);
    for (let j = 0; j <= Math.min(size, most); j++) rows[j] = j;
    const [own, path] = [this.#own, this.#path];
    for (let i = 0; i < size; i++) own[i] = word.charCodeAt(i);
    const [letters, depths, behind, ends] = [this.#letters, this.#depths, this.#behind, this.#ends];
    const count = letters.length;
    const deepest = size + most;
    if (deepest + 1 > this.#passed.length) this.#passed = new Uint8Array(2 * deepest + 2);
    const passed = this.#passed;
    const { letters: place, most: within } = head;
    passed[0] = place <= within ? 1 : 0;
    for (let node = 0; node < count; ) {
      const depth = depths[node]! + 1;
      if (depth > deepest) {
        node = behind[node]!;
        continue;
      }
      const letter = letters[node]!;
      path[depth] = letter;
      const row = depth * width;
      const above = row - width;
      const from = depth > most ? depth - most : 1;
      const to = depth + most < size ? depth + most : size;
      // Left of the band: the first column, or what an earlier term left there.
      let left = from === 1 && depth <= most ? depth : far;
      rows[row + from - 1] = left;
      let least = left;
      let leastBefore = from - 1 <= place ? left : far;
      let diagonal = rows[above + from - 1]!;
      for (let j = from; j <= to; j++) {
        const up = rows[above + j]!;
        let value = diagonal;
        if (own[j - 1] !== letter) {
          if (up < value) value = up;
          if (left < value) value = left;
          value++;
          if (j > 1 && depth > 1 && own[j - 1] === path[depth - 1] && own[j - 2] === letter) {
            const swapped = rows[above - width + j - 2]! + 1;
            if (swapped < value) value = swapped;
          }
          if (value > far) value = far;
        }
        diagonal = up;
        left = value;
        rows[row + j] = value;
        if (value < least) least = value;
        if (j <= place && value < leastBefore) leastBefore = value;
      }
      if (to < size) rows[row + to + 1] = far;
      const had = passed[depth - 1] === 1 || (place >= from - 1 && place <= to && rows[row + place]! <= within);
      passed[depth] = had ? 1 : 0;
      if (least > most || (!had && leastBefore > within)) {
        node = behind[node]!;
        continue;
      }
      const end = ends[node]!;
      if (end > 0 && had && to === size) {
        const edits = rows[row + size]!;
        if (edits <= most) found.push({ number: end - 1, edits });
      }
      node++;
    }
    return found;
  }
}

/** Code units that two terms have in common from their beginning. */
function common(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
