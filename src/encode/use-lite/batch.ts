import type { Value } from '../../tensor/index.ts';
import type { Pooling } from './graph.ts';

/** Inputs of the graph by name, and the numbers of all tokens. */
export interface TextInputs {
  readonly tokens: Int32Array;
  readonly positions: Value;
  readonly grid: Value;
  readonly cells: Value;
  readonly mask: Value;
  readonly pool?: Value;
}

/**
 * What the graph needs to know of texts, from the numbers of their tokens (at least one each): all inputs but the
 * embeddings, for which `tokens` says which rows.
 */
export function inputsOf(texts: readonly (readonly number[])[], pooling: Pooling): TextInputs {
  const length = Math.max(...texts.map((tokens) => tokens.length));
  const total = texts.reduce((sum, tokens) => sum + tokens.length, 0);
  const all = new Int32Array(total);
  const positions = new Int32Array(total);
  const grid = new Int32Array(texts.length * length);
  const cells = new Int32Array(total);
  const mask = new Float32Array(texts.length * length).fill(-1e9);
  const pool = pooling === 'texts' ? new Float32Array(texts.length * total) : undefined;
  let at = 0;
  texts.forEach((tokens, row) => {
    tokens.forEach((token, position) => {
      const cell = row * length + position;
      all[at] = token;
      positions[at] = position;
      grid[cell] = at;
      cells[at] = cell;
      mask[cell] = 0;
      if (pool !== undefined) pool[row * total + at] = 1 / tokens.length;
      at++;
    });
  });
  return {
    tokens: all,
    positions: { data: positions, shape: [total] },
    grid: { data: grid, shape: [texts.length, length] },
    cells: { data: cells, shape: [total] },
    mask: { data: mask, shape: [texts.length, 1, 1, length] },
    ...(pool === undefined ? {} : { pool: { data: pool, shape: [texts.length, total] } }),
  };
}
