import { apply, type Backward, constantOf, type DataType, ELEMENT_TYPES, type Tensor } from '../graph.ts';
import { broadcast, shapeError } from '../shape.ts';
import { type Operand, sumLike, tensorOf } from './basics.ts';

/** `a + b`, elementwise with broadcasting. */
export function add(a: Operand, b: Operand): Tensor {
  return binary('Add', a, b, ([g]) => [g, g]);
}

/** `a - b`, elementwise with broadcasting. */
export function subtract(a: Operand, b: Operand): Tensor {
  return binary('Sub', a, b, ([g]) => [g, negate(g!)]);
}

/** `a * b`, elementwise with broadcasting. */
export function multiply(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  return binary('Mul', x, y, ([g]) => [multiply(g!, y), multiply(g!, x)]);
}

/** `a / b`, elementwise with broadcasting. */
export function divide(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  return binary('Div', x, y, ([g], [ratio]) => {
    const byNumerator = divide(g!, y);
    return [byNumerator, negate(multiply(byNumerator, ratio!))];
  });
}

/** The larger of `a` and `b`, elementwise with broadcasting. Where they are equal, `a` gets the gradient. */
export function maximum(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  return binary('Max', x, y, ([g]) => {
    const first = greaterOrEqual(x, y);
    return [where(first, g!, 0), where(first, 0, g!)];
  });
}

/** The smaller of `a` and `b`, elementwise with broadcasting. Where they are equal, `a` gets the gradient. */
export function minimum(a: Operand, b: Operand): Tensor {
  return negate(maximum(negate(tensorOf(a)), negate(tensorOf(b))));
}

/** `a > b`, a mask without gradient. */
export function greater(a: Operand, b: Operand): Tensor {
  return compare('Greater', a, b);
}

/** `a >= b`, a mask without gradient. */
export function greaterOrEqual(a: Operand, b: Operand): Tensor {
  return compare('GreaterOrEqual', a, b);
}

/** `a < b`, a mask without gradient. */
export function less(a: Operand, b: Operand): Tensor {
  return compare('Less', a, b);
}

/** `a = b`, a mask without gradient; of equal element types. */
export function equal(a: Operand, b: Operand): Tensor {
  return compare('Equal', a, b);
}

/** Whether both masks hold. */
export function and(a: Tensor, b: Tensor): Tensor {
  return compare('And', a, b);
}

/** Whether the mask does not hold. */
export function not(a: Tensor): Tensor {
  return apply('Not', [a], a.shape, { type: 'bool' });
}

/** `a` where the mask holds, `b` elsewhere; all three broadcast. The gradient goes to whichever was taken. */
export function where(mask: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (mask.type !== 'bool') throw shapeError('where', [mask.shape], `the mask is ${mask.type}`);
  if (x.type !== y.type) throw shapeError('where', [mask.shape, x.shape, y.shape], `${x.type} meets ${y.type}`);
  const shape = broadcast('where', mask.shape, broadcast('where', x.shape, y.shape));
  return apply('Where', [mask, x, y], shape, {
    type: x.type,
    backward: ([g]) => [undefined, sumLike(where(mask, g!, 0), x), sumLike(where(mask, 0, g!), y)],
  });
}

/** The elements as another type: 1 and 0 for a mask, truncated for whole numbers. No gradient. */
export function cast(x: Tensor, type: DataType): Tensor {
  const attributes = { to: { integer: ELEMENT_TYPES[type] } };
  return x.type === type ? x : apply('Cast', [x], x.shape, { type, attributes });
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return apply('Identity', [x], x.shape, { type: x.type });
}

/**
 * The value of `hard` with the gradient of `soft` (Bengio et al. 2013, arXiv 1308.3432): trains through a choice that
 * has no gradient of its own. Both have the same shape.
 */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  return add(soft, stopGradient(subtract(hard, soft)));
}

export function negate(x: Tensor): Tensor {
  return unary('Neg', x, ([g]) => [negate(g!)]);
}

/** `a * factor`. */
export function scale(a: Tensor, factor: number): Tensor {
  return multiply(a, factor);
}

export function square(x: Tensor): Tensor {
  return multiply(x, x);
}

/** Square root; its gradient is infinite at 0. */
export function sqrt(x: Tensor): Tensor {
  return unary('Sqrt', x, ([g], [y]) => [divide(scale(g!, 0.5), y!)]);
}

/** `x` to a fixed power; `x` must be positive unless the exponent is a whole number. */
export function power(x: Tensor, exponent: number): Tensor {
  const result = constantOf(Float32Array.of(exponent));
  return apply('Pow', [x, result], x.shape, {
    backward: ([g]) => [multiply(g!, scale(power(x, exponent - 1), exponent)), undefined],
  });
}

export function exp(x: Tensor): Tensor {
  return unary('Exp', x, ([g], [y]) => [multiply(g!, y!)]);
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return unary('Log', x, ([g]) => [divide(g!, x)]);
}

/** Absolute value; gradient 0 at 0. */
export function abs(x: Tensor): Tensor {
  return unary('Abs', x, ([g]) => [multiply(g!, apply('Sign', [x], x.shape))]);
}

/** `max(x, 0)`; gradient 0 at 0. */
export function relu(x: Tensor): Tensor {
  return unary('Relu', x, ([g], [y]) => [multiply(g!, cast(greater(y!, 0), 'float32'))]);
}

export function tanh(x: Tensor): Tensor {
  return unary('Tanh', x, ([g], [y]) => [multiply(g!, subtract(1, square(y!)))]);
}

/** `1 / (1 + exp(-x))`. */
export function sigmoid(x: Tensor): Tensor {
  return unary('Sigmoid', x, ([g], [y]) => [multiply(g!, multiply(y!, subtract(1, y!)))]);
}

/** `log(1 + exp(x))`, without overflow. */
export function softplus(x: Tensor): Tensor {
  return unary('Softplus', x, ([g]) => [multiply(g!, sigmoid(x))]);
}

/** Gauss error linear unit, `x` times the normal distribution function of `x` (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return multiply(x, scale(add(erf(scale(x, Math.SQRT1_2)), 1), 0.5));
}

/** {@link gelu} by its usual approximation with a hyperbolic tangent, which some models were trained with. */
export function geluTanh(x: Tensor): Tensor {
  const inner = scale(add(x, scale(multiply(x, square(x)), 0.044715)), Math.sqrt(2 / Math.PI));
  return multiply(x, scale(add(tanh(inner), 1), 0.5));
}

function erf(x: Tensor): Tensor {
  return unary('Erf', x, ([g]) => [multiply(g!, scale(exp(negate(square(x))), 2 / Math.sqrt(Math.PI)))]);
}

/** Limits to `low .. high`; gradient 0 outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  const bounds = [low, high].map((bound) => constantOf(Float32Array.of(bound)));
  return apply('Clip', [x, ...bounds], x.shape, {
    backward: ([g]) => [where(and(greaterOrEqual(x, low), greaterOrEqual(high, x)), g!, 0), undefined, undefined],
  });
}

function unary(operator: string, x: Tensor, backward: Backward): Tensor {
  return apply(operator, [x], x.shape, { backward });
}

function binary(operator: string, a: Operand, b: Operand, backward: Backward): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (x.type !== y.type) throw shapeError(operator, [x.shape, y.shape], `${x.type} meets ${y.type}`);
  return apply(operator, [x, y], broadcast(operator, x.shape, y.shape), {
    type: x.type,
    backward: (gradients, outputs) => {
      const [left, right] = backward(gradients, outputs);
      return [sumLike(left!, x), sumLike(right!, y)];
    },
  });
}

function compare(operator: string, a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (x.type !== y.type) throw shapeError(operator, [x.shape, y.shape], `${x.type} meets ${y.type}`);
  return apply(operator, [x, y], broadcast(operator, x.shape, y.shape), { type: 'bool' });
}
