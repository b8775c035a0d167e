import type { Tensor } from '../graph.ts';
import { reshape } from '../operators/basics.ts';
import { add, multiply, sigmoid, subtract, tanh } from '../operators/elementwise.ts';
import { slice, stack } from '../operators/indexing.ts';
import { affine } from '../operators/matrix.ts';
import { glorot, type Scope, zeros } from '../parameters.ts';
import { shapeError } from '../shape.ts';
import { widthOf } from './dense.ts';

/**
 * One step of a gated recurrent unit (Cho et al. 2014, in the form of cuDNN that resets after the product).
 * @param x `[batch, from]`. @param state `[batch, width]`. Result `[batch, width]`.
 */
export function gruCell(scope: Scope, x: Tensor, state: Tensor): Tensor {
  const [from, width] = [widthOf('gruCell', x), widthOf('gruCell', state)];
  const byInput = affine(
    x,
    scope.parameter('input', [from, 3 * width], glorot),
    scope.parameter('inputBias', [3 * width], zeros),
  );
  const byState = affine(
    state,
    scope.parameter('state', [width, 3 * width], glorot),
    scope.parameter('stateBias', [3 * width], zeros),
  );
  const part = (all: Tensor, i: number) => slice(all, 1, i * width, (i + 1) * width);
  const reset = sigmoid(add(part(byInput, 0), part(byState, 0)));
  const update = sigmoid(add(part(byInput, 1), part(byState, 1)));
  const fresh = tanh(add(part(byInput, 2), multiply(reset, part(byState, 2))));
  return add(multiply(update, state), multiply(subtract(1, update), fresh));
}

/**
 * A gated recurrent unit over a sequence of known length, unrolled.
 * @param x `[batch, length, from]`. @param state at the start, `[batch, width]`.
 * @returns the states after each step, `[batch, length, width]`.
 */
export function gru(scope: Scope, x: Tensor, state: Tensor): Tensor {
  const length = x.shape[1];
  if (x.shape.length !== 3 || typeof length !== 'number') {
    throw shapeError('gru', [x.shape, state.shape], 'the input needs a batch, a known length and a width');
  }
  const states: Tensor[] = [];
  let current = state;
  for (let i = 0; i < length; i++) {
    const step = reshape(slice(x, 1, i, i + 1), [x.shape[0]!, x.shape[2]!]);
    current = gruCell(scope, step, current);
    states.push(current);
  }
  return stack(states, 1);
}
