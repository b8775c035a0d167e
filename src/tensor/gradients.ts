import { invariant } from '../base/errors.ts';
import { constantOf, type Node, type Tensor } from './graph.ts';
import { topologicalOrder } from './onnx.ts';
import { add } from './operators/elementwise.ts';
import { zerosLike } from './operators/indexing.ts';
import { formatShape, sameShape, shapeError } from './shape.ts';

/**
 * Gradients of a scalar with respect to tensors of its graph, by reverse accumulation. They are tensors of the same
 * graph: they can be used further, and differentiated again where the operators' gradients can. A tensor that the
 * scalar does not depend on has gradient 0.
 *
 * @throws InvalidArgumentError when `scalar` has axes or is not float32, or a tensor is not float32.
 */
export function gradients(scalar: Tensor, tensors: readonly Tensor[]): Tensor[] {
  if (scalar.shape.length > 0 || scalar.type !== 'float32') {
    throw shapeError('gradients', [scalar.shape], `only a float32 scalar has them, this is ${scalar.type}`);
  }
  for (const { type, shape } of tensors) {
    if (type !== 'float32') throw shapeError('gradients', [shape], `there are none with respect to ${type}`);
  }
  const order = topologicalOrder([scalar]);
  const wanted = dependents(order, tensors);
  const found = new Map<Tensor, Tensor>([[scalar, constantOf(Float32Array.of(1))]]);
  const done = new Set<Node>();
  for (const tensor of order.toReversed()) {
    if (tensor.source.kind !== 'node') continue;
    const { node } = tensor.source;
    // The last result of a node is met first, when all that depends on any of its results is behind.
    if (done.has(node)) continue;
    done.add(node);
    if (node.backward === undefined || !node.inputs.some((input) => wanted.has(input))) continue;
    const arriving = node.outputs.map((output) => found.get(output));
    if (arriving.every((gradient) => gradient === undefined)) continue;
    node.backward(arriving, node.outputs).forEach((gradient, i) => {
      const input = node.inputs[i]!;
      if (gradient === undefined || !wanted.has(input)) return;
      invariant(
        sameShape(gradient.shape, input.shape),
        `the gradient of ${node.operator} is ${formatShape(gradient.shape)} for an input of ${formatShape(input.shape)}`,
      );
      const before = found.get(input);
      found.set(input, before === undefined ? gradient : add(before, gradient));
    });
  }
  return tensors.map((tensor) => found.get(tensor) ?? zerosLike(tensor));
}

/** The tensors among `order` through which the scalar depends on `tensors`. */
function dependents(order: readonly Tensor[], tensors: readonly Tensor[]): ReadonlySet<Tensor> {
  const reached = new Set<Tensor>(tensors);
  for (const tensor of order) {
    if (tensor.source.kind === 'node' && tensor.source.node.inputs.some((input) => reached.has(input))) {
      reached.add(tensor);
    }
  }
  return reached;
}
