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

/** Documents whose id may be `id`: those with its hash. */
export function candidates(table: Uint32Array, id: string): Generator<number> {
  return withHash(table, ...hashId(id));
}

/** Numbers of the rows with this hash, ascending. */
export function* withHash(table: Uint32Array, high: number, low: number): Generator<number> {
  let from = 0;
  let to = table.length / ROW;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const row = ROW * middle;
    if (table[row]! < high || (table[row] === high && table[row + 1]! < low)) from = middle + 1;
    else to = middle;
  }
  for (let row = ROW * from; table[row] === high && table[row + 1] === low; row += ROW) yield table[row + 2]!;
}
