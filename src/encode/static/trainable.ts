import { Vectors } from '../../base/vectors.ts';
import { LinearMap, transpose } from '../../math/index.ts';
import {
  type Batch,
  embedding,
  expandDims,
  given,
  matmul,
  Parameters,
  reshape,
  type Scope,
  type Tensor,
  type Tensors,
  unitLength,
} from '../../tensor/index.ts';
import type { EncoderForm, SavedEncoder, Trainable } from '../trainable.ts';
import { decodeRows } from './rows.ts';
import { readTableFile, shippedTable } from './shipped.ts';
import { staticEncoder } from './static.ts';
import { quantizeTable, readTable, type StaticTable, tokenizerOf, writeTable } from './table.ts';

/** The parameter: vectors of tokens `[tokens, dim]`. */
const TABLE = 'tokens/table';
/** The parameter: the map behind it `[width, dim]`. */
const MAP = 'map/weight';

const FILE = 'table.bin';

/** Options of {@link trainableStatic}. */
export interface TrainableStaticOptions {
  /** Tokens of a text that are read in training. Default 128. */
  readonly maxLength?: number;
  /**
   * A linear map of the texts' vectors, `[table's components, dim]` row by row, which is trained too: a narrow table then learns vectors of `dim`
   * components. Served and saved it is multiplied into the table. Default: none.
   */
  readonly map?: Float32Array;
}

/** A token table that can be trained; only the rows that a batch names are touched in a step. */
export function trainableStatic(start: StaticTable, options: TrainableStaticOptions = {}): Trainable {
  const { maxLength = 128, map } = options;
  const width = start.dim;
  const dim = map === undefined ? width : map.length / width;
  const count = start.pieces.tokens.length;
  const tokenizer = tokenizerOf(start);
  const parameters = new Parameters();
  parameters.set(TABLE, decodeRows(start.rows, width), [count, width]);
  if (map !== undefined) parameters.set(MAP, map.slice(), [width, dim]);
  const table = (): StaticTable => {
    const { data } = parameters.get(TABLE);
    const rows =
      map === undefined
        ? data
        : new LinearMap(transpose(parameters.get(MAP).data, dim), width).apply(new Vectors(data, width)).data;
    return quantizeTable(rows, dim, start);
  };
  return {
    form: 'static',
    dim,
    parameters,
    groups: [],
    shapes: { tokens: [null, 'length'], present: [null, 'length'] },
    tuning: {},
    learningRate: 3e-3,
    batch(texts): Batch {
      const lists = texts.map((text) => tokenizer.encode(text, maxLength));
      const length = Math.max(1, ...lists.map((list) => list.length));
      const tokens = new Int32Array(texts.length * length);
      const present = new Float32Array(texts.length * length);
      lists.forEach((list, row) => {
        // What stands in for a missing token is one of the text's own: no other row is touched.
        tokens.fill(list[0] ?? 0, row * length, (row + 1) * length);
        tokens.set(list, row * length);
        // A text without tokens counts as one that is unknown.
        present.fill(1, row * length, row * length + Math.max(1, list.length));
      });
      const shape = [texts.length, length];
      return { tokens: { data: tokens, shape }, present: { data: present, shape } };
    },
    forward(scope: Scope, { tokens, present }: Tensors): Tensor {
      const rows = embedding(scope.at('tokens'), tokens!, count, width, given(parameters.get(TABLE).data));
      const sums = reshape(matmul(expandDims(present!, 1), rows), [tokens!.shape[0]!, width]);
      if (map === undefined) return unitLength(sums);
      return unitLength(matmul(unitLength(sums), scope.parameter(MAP, [width, dim], given(map))));
    },
    serve: (id) => staticEncoder(id, table()),
    save: async () => new Map([[FILE, writeTable(table())]]),
  };
}

const tableOf = async (saved: SavedEncoder) =>
  readTable((await saved.files()).get(FILE) ?? new Uint8Array(), saved.folder);

/** Token tables: `static`, `static:<file>`. */
export const form: EncoderForm = {
  name: 'static',
  start: async (_, rest) => trainableStatic(rest === '' ? await shippedTable() : await readTableFile(rest.slice(1))),
  resume: async (saved) => trainableStatic(await tableOf(saved)),
  open: async (saved, id) => staticEncoder(id, await tableOf(saved)),
};
