import type { Tensor } from '../graph.ts';
import { add, multiply, scale } from '../operators/elementwise.ts';
import { matmul } from '../operators/matrix.ts';
import { normal, ones, Scope, zeros } from '../parameters.ts';
import { type Activation, activations, widthOf } from './dense.ts';

/** Options of {@link bottleneckAdapter}. */
export interface BottleneckOptions {
  /** Width of the bottleneck. */
  readonly rank: number;
  /** Default `relu`. */
  readonly activation?: Activation;
}

/**
 * A small module to train between frozen blocks (Houlsby et al. 2019, arXiv 1902.00751, without biases):
 * `x + act(x W_down) W_up`. `W_up` is 0 at the start, so it begins as if it were not there. Parameters `down` [width, rank] and
 * `up` [rank, width].
 */
export function bottleneckAdapter(scope: Scope, x: Tensor, { rank, activation = 'relu' }: BottleneckOptions): Tensor {
  const width = widthOf('bottleneckAdapter', x);
  const down = matmul(x, scope.parameter('down', [width, rank], normal(1 / Math.sqrt(width))));
  return add(x, matmul(activations[activation](down), scope.parameter('up', [rank, width], zeros)));
}

/** Options of {@link connectedAdapters}. */
export interface ConnectedOptions extends BottleneckOptions {
  /** Width of the state that the side path carries. Default: `rank`. */
  readonly side?: number;
}

/**
 * Adapters joined by a side path that bypasses the frozen blocks between them, so that gradients reach the first as directly as the
 * last. A reconstruction of Ma et al. 2022 (arXiv 2208.09847), whose exact form was not available: at the `l`-th place
 *
 * `u = x + act(x W_down) W_up`, `c_l = g * c_(l-1) + u P`, result `u + c_l Q`,
 *
 * with `W_up` and `Q` 0 and the gates `g` 1 at the start. Parameters by place: `down`, `up`, `p` [width, side], `q` [side, width] and, from the
 * second on, `gate` [side].
 *
 * @returns to be applied after each block, in order; one for each pass through the model.
 */
export function connectedAdapters(scope: Scope, options: ConnectedOptions): (x: Tensor) => Tensor {
  const { rank, side = rank } = options;
  let carried: Tensor | undefined;
  let place = 0;
  return (x) => {
    const width = widthOf('connectedAdapters', x);
    const at = scope.at(place++);
    const u = bottleneckAdapter(at, x, options);
    const own = matmul(u, at.parameter('p', [width, side], normal(1 / Math.sqrt(width))));
    carried = carried === undefined ? own : add(multiply(carried, at.parameter('gate', [side], ones)), own);
    return add(u, matmul(carried, at.parameter('q', [side, width], zeros)));
  };
}

/** Options of {@link withLora}. */
export interface LoraOptions {
  readonly rank: number;
  /** The update is scaled by `alpha / rank`. Default: `rank`. */
  readonly alpha?: number;
  /** Names of the matrices that get an update, paths included. Default: those named `weight`. */
  readonly match?: RegExp;
}

/**
 * A scope in which matrices have low-rank updates (Hu et al. 2021, LoRA, arXiv 2106.09685): `W + alpha / rank * A B`, with `A` `[from, rank]`
 * random and `B` `[rank, to]` 0 at the start. Parameters `NAME_a` and `NAME_b` beside each `NAME`; freeze the others by a group.
 */
export function withLora(scope: Scope, { rank, alpha = rank, match = /(^|\/)weight$/ }: LoraOptions): Scope {
  return new Scope({
    lookup: (name, shape, ids, initializer) => scope.lookup(name, shape, ids, initializer),
    parameter: (name, shape, initializer) => {
      const base = scope.parameter(name, shape, initializer);
      if (shape.length !== 2 || !match.test(name)) return base;
      const [from, to] = shape as [number, number];
      const down = scope.parameter(`${name}_a`, [from, rank], normal(1 / Math.sqrt(from)));
      const up = scope.parameter(`${name}_b`, [rank, to], zeros);
      return add(base, scale(matmul(down, up), alpha / rank));
    },
  });
}
