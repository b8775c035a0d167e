import { InvalidArgumentError } from '../../base/errors.ts';
import type { Vectors } from '../../base/vectors.ts';
import {
  GATE_EPSILON,
  GATE_LAYERS,
  GATE_SUM,
  type QueryUpdate,
  type QueryUpdateShape,
  queryUpdateShapes,
} from '../../search/feedback/index.ts';
import {
  add,
  affine,
  concat,
  constantly,
  expandDims,
  glorot,
  greater,
  type Initializer,
  layerNorm,
  MASKED,
  matmul,
  multiply,
  normal,
  ones,
  type Parameters,
  relu,
  reshape,
  type Scope,
  scale,
  select,
  slice,
  softmax,
  sum,
  type Tensor,
  transpose,
  unitLength,
  type Value,
  where,
  zeros,
} from '../../tensor/index.ts';

/** What the mean of passages counts before training, beside a query that counts 1. */
const SHARE = 0.2;

/**
 * A query update as a graph: what `updatedQuery` computes, for many queries at once.
 * @param queries unit rows `[n, dim]`. @param passages of each, unit rows `[n, most, dim]`. @param present `[n, most]`: 1 where there is one, 0 where not. @returns unit rows `[n, dim]`.
 */
export function queryUpdateGraph(
  scope: Scope,
  shape: QueryUpdateShape,
  queries: Tensor,
  passages: Tensor,
  present: Tensor,
): Tensor {
  const shapes = queryUpdateShapes(shape);
  const at = (name: string) => scope.parameter(name, shapes.get(name)!, startOf(name));
  return shape.form === 'attention'
    ? attended(at, shape, queries, passages, present)
    : gated(at, shape, queries, passages, present);
}

type Of = (name: string) => Tensor;

function attended(at: Of, { dim, width }: QueryUpdateShape, queries: Tensor, passages: Tensor, present: Tensor) {
  const [n, most] = present.shape as [number, number];
  const offers = reshape(affine(reshape(passages, [n * most, dim]), at('offers')), [n, most, width]);
  const scores = scale(sum(multiply(offers, expandDims(matmul(queries, at('asks')), 1)), 2), 1 / Math.sqrt(width));
  const masked = add(scores, scale(add(present, -1), -MASKED));
  // One more that says nothing: its score is 0, and it adds nothing to the mean.
  const weights = slice(softmax(concat([scale(slice(scores, 1, 0, 1), 0), masked], 1)), 1, 1);
  const mean = sum(multiply(passages, expandDims(weights, 2)), 1);
  const hidden = relu(add(add(matmul(queries, at('query')), matmul(mean, at('mean'))), at('bias')));
  return unitLength(add(add(queries, multiply(mean, at('share'))), matmul(hidden, at('out'))));
}

function gated(at: Of, shape: QueryUpdateShape, queries: Tensor, passages: Tensor, present: Tensor) {
  const { width, sum: [ofQuery, ofPassage] = GATE_SUM } = shape;
  const most = present.shape[1] as number;
  const ordered = transpose(passages, [1, 0, 2]);
  let asked = queries;
  for (let i = 0; i < most; i++) {
    const passage = select(ordered, i);
    const into = (x: Tensor, name: string) => affine(x, at(name), at(`${name}/bias`));
    const agreement = scale(multiply(into(asked, 'query'), into(passage, 'key')), 1 / Math.sqrt(width));
    const values = multiply(scale(softmax(agreement), width), into(passage, 'value'));
    let state = values;
    for (let layer = 0; layer < GATE_LAYERS; layer++) {
      const own = (name: string) => at(`layer${layer}/${name}`);
      const next = layerNorm(state, own('gain'), own('offset'), GATE_EPSILON);
      state = add(state, relu(affine(next, own('weight'), own('bias'))));
    }
    const wanted = matmul(add(matmul(state, at('merge')), values), at('out'));
    const next = unitLength(add(add(scale(asked, ofQuery), scale(passage, ofPassage)), wanted));
    asked = where(greater(slice(present, 1, i, i + 1), 0.5), next, asked);
  }
  return asked;
}

/** Both forms start as nearly nothing but the sum of vectors that they add to. */
function startOf(name: string): Initializer {
  if (name === 'share') return constantly(SHARE);
  if (name === 'out') return normal(1e-3);
  if (name.endsWith('gain')) return ones;
  return name.endsWith('bias') || name.endsWith('offset') ? zeros : glorot;
}

/** What was trained, ready to serve and to be written. */
export function queryUpdateOf(
  shape: QueryUpdateShape,
  parameters: Parameters,
  besides: Pick<QueryUpdate, 'passages' | 'encoder' | 'made'>,
): QueryUpdate {
  const names = [...queryUpdateShapes(shape).keys()];
  return { ...shape, ...besides, parameters: new Map(names.map((name) => [name, parameters.get(name).data])) };
}

/** Lists of rows of unit vectors as `[lists, most, dim]`, and which of them are there. */
export function passageArrays(
  documents: Vectors,
  lists: readonly (readonly number[])[],
  most: number,
): { readonly passages: Value; readonly present: Value } {
  const { dim } = documents;
  const passages = new Float32Array(lists.length * most * dim);
  const present = new Float32Array(lists.length * most);
  for (const [i, list] of lists.entries()) {
    for (const [j, row] of list.slice(0, most).entries()) {
      passages.set(documents.row(row), (i * most + j) * dim);
      present[i * most + j] = 1;
    }
  }
  return {
    passages: { data: passages, shape: [lists.length, most, dim] },
    present: { data: present, shape: [lists.length, most] },
  };
}

/** @throws InvalidArgumentError unless there is a list for each query, and every row is one of the documents. */
export function checkRows(what: string, lists: readonly ArrayLike<number>[], queries: number, documents: number): void {
  const wrong = lists.findIndex((rows) => Array.from(rows).some((row) => !(row >= 0 && row < documents)));
  if (lists.length === queries && wrong < 0) return;
  throw new InvalidArgumentError(
    wrong < 0
      ? `There are ${what} of ${lists.length} queries, and ${queries} queries.`
      : `The ${what} of query ${wrong} name a document that is not there.`,
    'Give one list of document rows for each query.',
  );
}
