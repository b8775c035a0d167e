/**
 * Meaning without a server and without a model: vectors of words and of passages, in four bits a component. A query's vector is the sum of its
 * words', as the encoder `static` has it, which the export has computed for every word of its vocabulary and of the documents; a word that is in
 * neither has no vote.
 */
export interface StaticMeaning {
  readonly dim: number;
  /** What meaning counts beside words in a score, 0 to 1. */
  readonly share: number;
  /** The first word of each file `meaning/words/N.json`; all of them are in order. */
  readonly words: readonly string[];
  /** Passages of one file `meaning/passages/N.json`. */
  readonly block: number;
}

/** `meaning/words/N.json`. */
export interface WordVectors {
  readonly words: readonly string[];
  readonly vectors: PackedVectors;
}

/** Vectors, row by row, in base64: of each a float32 scale (little-endian), then two components a byte, the first in the low half, each less 8. */
export type PackedVectors = string;

/** What a passage has at least in common with a query that none of its words answers: a cosine. */
const LEAST = 0.4;

/** @param rows `[count, dim]`. */
export function packVectors(rows: Float32Array, dim: number): PackedVectors {
  const count = rows.length / dim;
  const size = rowBytes(dim);
  const bytes = new Uint8Array(count * size);
  const view = new DataView(bytes.buffer);
  for (let row = 0; row < count; row++) {
    let largest = 0;
    for (let d = 0; d < dim; d++) largest = Math.max(largest, Math.abs(rows[row * dim + d]!));
    view.setFloat32(row * size, largest / 7, true);
    for (let d = 0; d < dim; d++) {
      const step = largest === 0 ? 8 : Math.round((7 * rows[row * dim + d]!) / largest) + 8;
      bytes[row * size + 4 + (d >> 1)]! |= step << (4 * (d & 1));
    }
  }
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The inverse of {@link packVectors}, but for its rounding. @param only of one row. */
export function unpackVectors(packed: PackedVectors, dim: number, only?: number): Float32Array {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = rowBytes(dim);
  const first = only ?? 0;
  const count = only === undefined ? bytes.length / size : 1;
  const rows = new Float32Array(count * dim);
  for (let row = 0; row < count; row++) {
    const start = (first + row) * size;
    const scale = view.getFloat32(start, true);
    for (let d = 0; d < dim; d++) {
      rows[row * dim + d] = scale * (((bytes[start + 4 + (d >> 1)]! >> (4 * (d & 1))) & 15) - 8);
    }
  }
  return rows;
}

function rowBytes(dim: number): number {
  return 4 + Math.ceil(dim / 2);
}

/** Which file holds the vector of a word, if there is one. */
export function fileOfWord({ words }: StaticMeaning, word: string): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]! <= word) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Searches by meaning, beside what words found. */
export class MeaningIndex {
  readonly #passages: Promise<Float32Array>;

  /** @param file reads a file of the export. */
  constructor(
    readonly meaning: StaticMeaning,
    readonly passages: number,
    private readonly file: <T>(name: string) => Promise<T>,
  ) {
    const files = Array.from({ length: Math.ceil(passages / meaning.block) }, (_, i) =>
      file<PackedVectors>(`meaning/passages/${i}.json`),
    );
    this.#passages = Promise.all(files).then((packed) => this.#unit(packed));
    this.#passages.catch(() => undefined);
  }

  /** Cosines of all passages with a query's words; undefined where no word of it has a vector. */
  async cosines(words: readonly string[]): Promise<Float32Array | undefined> {
    const { dim } = this.meaning;
    const query = new Float32Array(dim);
    await Promise.all(
      words.map(async (word) => {
        const at = fileOfWord(this.meaning, word);
        if (at < 0) return;
        const { words, vectors } = await this.file<WordVectors>(`meaning/words/${at}.json`);
        const row = words.indexOf(word);
        if (row < 0) return;
        const vector = unpackVectors(vectors, dim, row);
        for (let d = 0; d < dim; d++) query[d]! += vector[d]!;
      }),
    );
    const length = Math.hypot(...query);
    if (length === 0) return undefined;
    const passages = await this.#passages;
    const cosines = new Float32Array(this.passages);
    for (let passage = 0; passage < cosines.length; passage++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += query[d]! * passages[passage * dim + d]!;
      cosines[passage] = sum / length;
    }
    return cosines;
  }

  #unit(packed: readonly PackedVectors[]): Float32Array {
    const { dim } = this.meaning;
    const all = new Float32Array(this.passages * dim);
    let at = 0;
    for (const rows of packed.map((one) => unpackVectors(one, dim))) {
      all.set(rows, at);
      at += rows.length;
    }
    for (let row = 0; row < all.length; row += dim) {
      let length = 0;
      for (let d = row; d < row + dim; d++) length += all[d]! * all[d]!;
      if (length > 0) for (let d = row; d < row + dim; d++) all[d]! /= Math.sqrt(length);
    }
    return all;
  }
}

/** Candidates of each ranking. */
const CANDIDATES = 50;

/**
 * Fuses scores by words with cosines as hybrid search does: the former divided by what the query could reach. @returns passages, best first;
 * those that words do not find must be similar enough.
 */
export function fuseScores(
  words: ReadonlyMap<number, number>,
  limit: number,
  cosines: Float32Array,
  share: number,
): number[] {
  const byWords = [...words].sort(([a, x], [b, y]) => y - x || a - b).slice(0, CANDIDATES);
  const byMeaning = [...cosines.keys()]
    .filter((passage) => cosines[passage]! >= LEAST)
    .sort((a, b) => cosines[b]! - cosines[a]! || a - b)
    .slice(0, CANDIDATES);
  const score = (passage: number): number =>
    (limit > 0 ? ((1 - share) * (words.get(passage) ?? 0)) / limit : 0) + share * cosines[passage]!;
  return [...new Set([...byWords.map(([passage]) => passage), ...byMeaning])]
    .map((passage) => [passage, score(passage)] as const)
    .sort(([a, x], [b, y]) => y - x || a - b)
    .map(([passage]) => passage);
}
