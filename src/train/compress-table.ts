import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { Vectors } from '../base/vectors.ts';
import { ProductQuantizer } from '../codec/index.ts';
import { CENTROIDS, decodeRows, type TableCodes } from '../encode/static/rows.ts';
import { type StaticTable, tokenizerOf } from '../encode/static/table.ts';
import { dot, solvePositive, unitRows } from '../math/index.ts';

/** How much a centroid is drawn to the mean of its rows: a share of what a centroid weighs in the texts on average. */
const PULL = 0.03;

/** Options of {@link compressTable}. */
export interface CompressTableOptions {
  /** Bytes of a token; divides the table's components. Default 64. */
  readonly parts?: number;
  /** Tokens of a text that are looked at. Default 128. */
  readonly maxLength?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * A token table in codes, a byte for each part of a row: a quarter of its size in 8 bits with 64 parts of four components. Rows of unit
 * length choose their centroids (product quantization: Jégou, Douze and Schmid 2011); then the centroids are fitted by least squares to
 * what a table is for, sums over the tokens of texts, so that errors of tokens that stand together cancel out.
 *
 * @param texts as the encoder is to read them; 30,000 suffice. Without any, centroids stay the means of their rows.
 * @throws InvalidArgumentError for parts that do not divide the components, and for fewer tokens than centroids.
 */
export async function compressTable(
  table: StaticTable,
  texts: readonly string[],
  options: CompressTableOptions = {},
): Promise<StaticTable> {
  const { parts = 64, maxLength = 128, seed = 1, signal } = options;
  const { dim } = table;
  if (!Number.isInteger(parts) || parts < 1 || dim % parts !== 0) {
    throw new InvalidArgumentError(
      `Rows of ${dim} components cannot be cut into ${parts} equal parts.`,
      'Give a number of parts that divides the components.',
    );
  }
  const rows = new Vectors(decodeRows(table.rows, dim), dim);
  const lengths = Float32Array.from({ length: rows.count }, (_, token) =>
    Math.sqrt(dot(rows.row(token), rows.row(token))),
  );
  const unit = unitRows(rows);
  const quantizer = new ProductQuantizer(dim, parts, 8);
  await quantizer.train(unit, given({ seed, signal }));
  const means = byPart(quantizer.transposed, parts, dim / parts);
  const codes = { parts, centroids: means, lengths, codes: quantizer.encode(unit) };
  const tokenizer = tokenizerOf(table);
  // What is unknown has no vote.
  const read = texts.map((text) => tokenizer.encode(text, maxLength).filter((token) => token !== 0));
  const some = read.filter(({ length }) => length > 0);
  return { ...table, rows: some.length === 0 ? codes : { ...codes, centroids: fitted(codes, rows, some, signal) } };
}

/** Centroids `[parts, 256, width]`, which a quantizer has by component. */
function byPart(transposed: Float32Array, parts: number, width: number): Float32Array {
  const centroids = new Float32Array(transposed.length);
  for (let part = 0; part < parts; part++) {
    for (let one = 0; one < CENTROIDS; one++) {
      for (let d = 0; d < width; d++) {
        centroids[(part * CENTROIDS + one) * width + d] = transposed[(part * width + d) * CENTROIDS + one]!;
      }
    }
  }
  return centroids;
}

/**
 * Centroids under which the sums over texts come out best: for each part the least squares of `sum over texts |A C - Y|^2 / tokens`, where `A`
 * says how much of each centroid a text's tokens hold and `Y` is the sum of their rows, with a pull to what the centroids are.
 */
function fitted(
  { parts, centroids, lengths, codes }: TableCodes,
  rows: Vectors,
  texts: readonly ArrayLike<number>[],
  signal: AbortSignal | undefined,
): Float32Array {
  const width = rows.dim / parts;
  const out = new Float32Array(centroids.length);
  const held = new Float64Array(CENTROIDS);
  const sum = new Float64Array(width);
  for (let part = 0; part < parts; part++) {
    signal?.throwIfAborted();
    const matrix = new Float64Array(CENTROIDS * CENTROIDS);
    const right = new Float64Array(width * CENTROIDS);
    for (const tokens of texts) {
      sum.fill(0);
      const used = new Set<number>();
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i]!;
        const code = codes[token * parts + part]!;
        used.add(code);
        held[code]! += lengths[token]!;
        const row = rows.row(token);
        for (let d = 0; d < width; d++) sum[d]! += row[part * width + d]!;
      }
      for (const a of used) {
        const share = held[a]! / tokens.length;
        for (const b of used) matrix[a * CENTROIDS + b]! += share * held[b]!;
        for (let d = 0; d < width; d++) right[d * CENTROIDS + a]! += share * sum[d]!;
      }
      for (const a of used) held[a] = 0;
    }
    let trace = 0;
    for (let a = 0; a < CENTROIDS; a++) trace += matrix[a * CENTROIDS + a]!;
    const pull = (PULL * trace) / CENTROIDS;
    for (let a = 0; a < CENTROIDS; a++) {
      matrix[a * CENTROIDS + a]! += pull;
      for (let d = 0; d < width; d++) {
        right[d * CENTROIDS + a]! += pull * centroids[(part * CENTROIDS + a) * width + d]!;
      }
    }
    const solved = solvePositive(matrix, CENTROIDS, right);
    for (let a = 0; a < CENTROIDS; a++) {
      for (let d = 0; d < width; d++) out[(part * CENTROIDS + a) * width + d] = solved[d * CENTROIDS + a]!;
    }
  }
  return out;
}
