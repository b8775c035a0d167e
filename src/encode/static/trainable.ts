import {
  type Batch,
  constantsOf,
  embedding,
  expandDims,
  Graph,
  given,
  matmul,
  Parameters,
  reshape,
  type Scope,
  type Tensor,
  type Tensors,
  toOnnx,
  unitLength,
} from '../../tensor/index.ts';
import type { TrainableEncoder } from '../trainable.ts';
import { staticEncoder } from './static.ts';
import { quantizeTable, type StaticTable, tableRows, tokenizerOf, writeTable } from './table.ts';

/** The parameter: vectors of tokens `[tokens, dim]`. */
const TABLE = 'tokens/table';

/** A token table that can be trained; only the rows that a batch names are touched in a step. */
export function trainableStatic(
  start: StaticTable,
  { maxLength = 128 }: { /** Tokens of a text that are read in training. */ readonly maxLength?: number } = {},
): TrainableEncoder {
  const { dim } = start;
  const count = start.pieces.tokens.length;
  const tokenizer = tokenizerOf(start);
  const parameters = new Parameters();
  parameters.set(TABLE, tableRows(start), [count, dim]);
  const encode = (scope: Scope, tokens: Tensor, present: Tensor): Tensor => {
    const rows = embedding(scope.at('tokens'), tokens, count, dim, given(parameters.get(TABLE).data));
    return unitLength(reshape(matmul(expandDims(present, 1), rows), [tokens.shape[0]!, dim]));
  };
  const table = (): StaticTable => quantizeTable(parameters.get(TABLE).data, dim, start);
  return {
    dim,
    parameters,
    groups: [],
    batch(texts, prefix): Batch {
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
      return { [`${prefix}tokens`]: { data: tokens, shape }, [`${prefix}present`]: { data: present, shape } };
    },
    shapes: (prefix) => ({
      [`${prefix}tokens`]: [null, `${prefix}length`],
      [`${prefix}present`]: [null, `${prefix}length`],
    }),
    encode: (scope: Scope, batch: Tensors, prefix) =>
      encode(scope, batch[`${prefix}tokens`]!, batch[`${prefix}present`]!),
    serve: (id) => staticEncoder(id, table()),
    toOnnx() {
      const graph = new Graph();
      const tokens = graph.input('tokens', 'int32', ['texts', 'length']);
      const present = graph.input('present', 'float32', ['texts', 'length']);
      graph.output('vectors', encode(constantsOf(graph, parameters), tokens, present));
      return toOnnx(graph);
    },
    save: async () => new Map([['table.bin', writeTable(table())]]),
  };
}
