import type { Graph, Tensor, Value } from '../tensor/index.ts';

/** How the tokens of a text become what is asked for: one vector by some rule, or a vector each. */
export type Pooling = 'mean' | 'cls' | 'last' | 'max' | 'tokens';

/** What a model over texts of different lengths is given; see {@link raggedInputs}. */
export interface Ragged<T = Tensor> {
  /** `[tokens]` places of tokens in their texts. */
  readonly positions: T;
  /** `[texts, length]` token by text and position (any token where there is none). */
  readonly grid: T;
  /** `[tokens]` the cell of each token in the flattened grid. */
  readonly cells: T;
  /** `[texts, 1, 1, length]` 0 where there is a token, -1e9 where not. */
  readonly mask: T;
  /** For `mean`: `[texts, tokens]` with 1/n where a token is one of the n of a text. */
  readonly pool?: T;
  /** For `cls` and `last`: `[texts]` the token that stands for its text. */
  readonly chosen?: T;
}

/**
 * Texts as arrays, from the numbers of their tokens (at least one each): all tokens one after the other, without padding, so that
 * linear layers, which are nearly all of the work, do nothing in vain; only attention sees a padded grid.
 */
export function raggedInputs(
  texts: readonly ArrayLike<number>[],
  pooling: Pooling,
): Ragged<Value> & { readonly tokens: Int32Array } {
  let [length, total] = [0, 0];
  for (const tokens of texts) {
    length = Math.max(length, tokens.length);
    total += tokens.length;
  }
  const all = new Int32Array(total);
  const positions = new Int32Array(total);
  const grid = new Int32Array(texts.length * length);
  const cells = new Int32Array(total);
  const mask = new Float32Array(texts.length * length).fill(-1e9);
  const pool = pooling === 'mean' ? new Float32Array(texts.length * total) : undefined;
  const chosen = pooling === 'cls' || pooling === 'last' ? new Int32Array(texts.length) : undefined;
  let at = 0;
  texts.forEach((tokens, row) => {
    if (chosen !== undefined) chosen[row] = pooling === 'cls' ? at : at + tokens.length - 1;
    for (let position = 0; position < tokens.length; position++, at++) {
      const cell = row * length + position;
      all[at] = tokens[position]!;
      positions[at] = position;
      grid[cell] = at;
      cells[at] = cell;
      mask[cell] = 0;
      if (pool !== undefined) pool[row * total + at] = 1 / tokens.length;
    }
  });
  return {
    tokens: all,
    positions: { data: positions, shape: [total] },
    grid: { data: grid, shape: [texts.length, length] },
    cells: { data: cells, shape: [total] },
    mask: { data: mask, shape: [texts.length, 1, 1, length] },
    ...(pool === undefined ? {} : { pool: { data: pool, shape: [texts.length, total] } }),
    ...(chosen === undefined ? {} : { chosen: { data: chosen, shape: [texts.length] } }),
  };
}

/** Extents of those arrays and of `tokens`, by name: what a trainer is told. @param prefix before every name. */
export function raggedShapes(prefix: string, pooling: Pooling): Readonly<Record<string, (string | number | null)[]>> {
  const [length, tokens] = [`${prefix}length`, `${prefix}tokens`];
  return {
    [`${prefix}tokens`]: [tokens],
    [`${prefix}positions`]: [tokens],
    [`${prefix}grid`]: [null, length],
    [`${prefix}cells`]: [tokens],
    [`${prefix}mask`]: [null, 1, 1, length],
    ...(pooling === 'mean' ? { [`${prefix}pool`]: [null, tokens] } : {}),
    ...(pooling === 'cls' || pooling === 'last' ? { [`${prefix}chosen`]: [null] } : {}),
  };
}

/** The same arrays as inputs of a graph that is served. */
export function declareRagged(graph: Graph, pooling: Pooling): Ragged {
  return {
    grid: graph.input('grid', 'int32', ['texts', 'length']),
    cells: graph.input('cells', 'int32', ['tokens']),
    mask: graph.input('mask', 'float32', ['texts', 1, 1, 'length']),
    positions: graph.input('positions', 'int32', ['tokens']),
    ...(pooling === 'mean' ? { pool: graph.input('pool', 'float32', ['texts', 'tokens']) } : {}),
    ...(pooling === 'cls' || pooling === 'last' ? { chosen: graph.input('chosen', 'int32', ['texts']) } : {}),
  };
}

/** Those of a batch whose names begin with `prefix`. */
export function raggedOf(batch: Readonly<Record<string, Tensor>>, prefix: string): Ragged {
  const [pool, chosen] = [batch[`${prefix}pool`], batch[`${prefix}chosen`]];
  return {
    positions: batch[`${prefix}positions`]!,
    grid: batch[`${prefix}grid`]!,
    cells: batch[`${prefix}cells`]!,
    mask: batch[`${prefix}mask`]!,
    ...(pool === undefined ? {} : { pool }),
    ...(chosen === undefined ? {} : { chosen }),
  };
}
