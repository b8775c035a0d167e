import { hashText as hashId } from '../../base/hash.ts';

export { hashId };

/**
 * The table that finds a document by its id: for each document three u32, high and low half of a 64-bit hash of its
 * id, and its number; sorted by hash, then number. Twelve bytes a document, whatever the ids look like. Who looks up
 * compares the id of the record, so that a collision costs a look and nothing else.
 */
const ROW = 3;

/** @param hashes high and low half for document 0, 1, ... */
export function buildIdTable(hashes: Uint32Array): Uint32Array {
  const order = Uint32Array.from({ length: hashes.length / 2 }, (_, i) => i).sort(
    (a, b) => hashes[2 * a]! - hashes[2 * b]! || hashes[2 * a + 1]! - hashes[2 * b + 1]! || a - b,
  );
  const table = new Uint32Array(ROW * order.length);
  order.forEach((document, row) => {
    table.set([hashes[2 * document]!, hashes[2 * document + 1]!, document], ROW * row);
  });
  return table;
}

/** The id that was asked for last, and its hash: each is looked for in several tables. */
let last = { id: '', hash: hashId('') };

/** The first document with the hash of `id` that is the one, as `isIt` says; undefined where none is. */
export function findById(table: Uint32Array, id: string, isIt: (document: number) => boolean): number | undefined {
  if (last.id !== id) last = { id, hash: hashId(id) };
  const [high, low] = last.hash;
  for (let row = rowOf(table, high, low); table[row] === high && table[row + 1] === low; row += ROW) {
    if (isIt(table[row + 2]!)) return table[row + 2];
  }
  return undefined;
}

/** Numbers of the rows with this hash, ascending. */
export function* withHash(table: Uint32Array, high: number, low: number): Generator<number> {
  for (let row = rowOf(table, high, low); table[row] === high && table[row + 1] === low; row += ROW)
    yield table[row + 2]!;
}

/** Where the first row is whose hash is not below. */
function rowOf(table: Uint32Array, high: number, low: number): number {
  let from = 0;
  let to = table.length / ROW;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const row = ROW * middle;
    if (table[row]! < high || (table[row] === high && table[row + 1]! < low)) from = middle + 1;
    else to = middle;
  }
  return ROW * from;
}
