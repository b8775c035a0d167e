import { embeddingText } from '../corpus/index.ts';
import {
  type PackedVectors,
  packVectors,
  type StaticMeaning,
  type StaticPassage,
  type WordVectors,
  wordsOf,
} from '../element/index.ts';
import { denseShareOf } from '../encode/dense-share.ts';
import { shippedTable } from '../encode/index.ts';
import { rowAdder } from '../encode/static/rows.ts';
import { staticEncoder } from '../encode/static/static.ts';
import { type StaticTable, tokenizerOf } from '../encode/static/table.ts';

/** Words of one file: a query reads one file for each of its words. */
const WORDS = 128;
/** Passages of one file: all of them are read before the first search. */
const PASSAGES = 1024;

/** A passage with the language of its document. */
export interface ExportedPassage extends StaticPassage {
  readonly language: string;
}

/**
 * Writes what a page needs to search by meaning: vectors of words and passages by the encoder `static`.
 * @param vocabulary words of the documents.
 * @param write writes a file of the export.
 * @returns undefined where no passage is in a language that the encoder knows: nothing is written then.
 */
export async function writeMeaning(
  passages: readonly ExportedPassage[],
  vocabulary: ReadonlySet<string>,
  write: (name: string, value: PackedVectors | WordVectors) => Promise<void>,
): Promise<StaticMeaning | undefined> {
  const table = await shippedTable();
  const known = ({ language }: ExportedPassage): boolean => table.languages?.includes(language) ?? true;
  if (!passages.some(known)) return undefined;
  const encoder = staticEncoder('static', table);
  const { dim } = table;
  for (let at = 0; at * PASSAGES < passages.length; at++) {
    const block = passages.slice(at * PASSAGES, (at + 1) * PASSAGES);
    // What is in another language gets no vector, and so no vote. An id that stands in for a title means nothing.
    const texts = block.map((passage) => {
      const { id, title, headings, text } = passage;
      return known(passage) ? embeddingText(title === id ? '' : title, headings, text) : '';
    });
    await write(`meaning/passages/${at}.json`, packVectors((await encoder.encode(texts)).data, dim));
  }
  const vectors = wordVectors(table, vocabulary);
  const words = [...vectors.keys()].sort();
  const first: string[] = [];
  for (let at = 0; at < words.length; at += WORDS) {
    const block = words.slice(at, at + WORDS);
    const rows = new Float32Array(block.length * dim);
    block.forEach((word, row) => void rows.set(vectors.get(word)!, row * dim));
    await write(`meaning/words/${first.length}.json`, { words: block, vectors: packVectors(rows, dim) });
    first.push(block[0]!);
  }
  return { dim, share: denseShareOf(encoder), words: first, block: PASSAGES };
}

/**
 * Vectors of words as a text of one would have them, but for their length: of the table's own words, and of those of the documents that
 * consist of several pieces. Other words are left out: their pieces would say something about them that is not so.
 */
function wordVectors(table: StaticTable, vocabulary: ReadonlySet<string>): Map<string, Float32Array> {
  const { dim, rows, pieces } = table;
  const add = rowAdder(rows, dim);
  const tokenizer = tokenizerOf(table);
  const vectors = new Map<string, Float32Array>();
  const words = new Set([...pieces.tokens.filter((token) => !token.startsWith('##')), ...vocabulary]);
  for (const word of words) {
    const alone = wordsOf(word);
    if (alone.length !== 1 || alone[0]!.word !== word) continue;
    const vector = new Float32Array(dim);
    const tokens = tokenizer.encode(word);
    if (tokens.includes(0)) continue;
    for (const token of tokens) add(token, vector);
    vectors.set(word, vector);
  }
  return vectors;
}
