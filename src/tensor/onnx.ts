import {
  type Attribute,
  type DataType,
  ELEMENT_TYPES,
  type Graph,
  type Node,
  type Tensor,
  type TypedArray,
} from './graph.ts';
import { ProtobufWriter } from './protobuf.ts';
import type { Shape } from './shape.ts';

/** Version 17 of the standard operators is the first with LayerNormalization. */
const OPSET = 17;
/** The file format that goes with that operator set. */
const IR_VERSION = 8;
/** Operators that ONNX Runtime adds to the standard ones, in all its builds. */
const MICROSOFT = 'com.microsoft';

/**
 * The graph as an ONNX model (onnx.proto of https://github.com/onnx/onnx): the nodes that the outputs depend on, in an
 * order in which they can run, the constants they use, and the named inputs and outputs with their shapes.
 */
export function toOnnx(graph: Graph): Uint8Array {
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of graph.inputs) names.set(tensor, name);
  const aliases: [name: string, tensor: Tensor][] = [];
  for (const [name, tensor] of graph.outputs) {
    if (tensor.source.kind === 'node' && !names.has(tensor)) names.set(tensor, name);
    else aliases.push([name, tensor]);
  }
  const order = topologicalOrder([...graph.outputs.values()]);
  order.forEach((tensor, i) => {
    if (names.has(tensor)) return;
    const label = tensor.source.kind === 'node' ? tensor.source.node.operator : 'constant';
    names.set(tensor, (tensor.source.kind !== 'node' && tensor.source.name) || `${label}#${i}`);
  });
  const nameOf = (tensor: Tensor) => names.get(tensor)!;

  const model = new ProtobufWriter().integer(1, IR_VERSION).text(2, 'sagitta');
  model.message(7, (body) => {
    for (const tensor of order) {
      const { source } = tensor;
      if (source.kind === 'node') {
        const { node } = source;
        // All results of a node are in the order, one after the other; the first stands for it.
        if (node.outputs[0] !== tensor) continue;
        body.message(1, (message) => writeNode(message, node, node.inputs.map(nameOf), node.outputs.map(nameOf)));
      } else if (source.kind === 'constant') {
        body.message(5, (message) => writeConstant(message, nameOf(tensor), tensor.shape, tensor.type, source.data));
      }
    }
    for (const [name, tensor] of aliases) {
      const identity = { operator: 'Identity', attributes: {} };
      body.message(1, (message) => writeNode(message, identity, [nameOf(tensor)], [name]));
    }
    body.text(2, 'graph');
    for (const [name, tensor] of graph.inputs) body.message(11, (message) => writeValue(message, name, tensor));
    for (const [name, tensor] of graph.outputs) body.message(12, (message) => writeValue(message, name, tensor));
  });
  model.message(8, (message) => message.text(1, '').integer(2, OPSET));
  model.message(8, (message) => message.text(1, MICROSOFT).integer(2, 1));
  return model.finish();
}

/** Every tensor that the outputs depend on, after those it is computed from; all results of a node together. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order = new Set<Tensor>();
  // Iterative, as a training step is deeper than the call stack may be.
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const tensor = stack.at(-1)!;
    const node = tensor.source.kind === 'node' ? tensor.source.node : undefined;
    const missing = order.has(tensor) || node === undefined ? [] : node.inputs.filter((input) => !order.has(input));
    if (missing.length > 0) {
      stack.push(...missing.reverse());
    } else {
      for (const result of node?.outputs ?? [tensor]) order.add(result);
      stack.pop();
    }
  }
  return [...order];
}

function writeNode(
  message: ProtobufWriter,
  { operator, attributes }: Pick<Node, 'operator' | 'attributes'>,
  inputs: readonly string[],
  outputs: readonly string[],
): void {
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  const isAdded = operator.startsWith(`${MICROSOFT}.`);
  message.text(3, outputs[0]!).text(4, isAdded ? operator.slice(MICROSOFT.length + 1) : operator);
  if (isAdded) message.text(7, MICROSOFT);
  for (const [name, attribute] of Object.entries(attributes)) {
    message.message(5, (inner) => writeAttribute(inner.text(1, name), attribute));
  }
}

function writeAttribute(message: ProtobufWriter, attribute: Attribute): void {
  if ('float' in attribute) {
    message.float(2, attribute.float).integer(20, 1);
  } else if ('integer' in attribute) {
    message.integer(3, attribute.integer).integer(20, 2);
  } else if ('text' in attribute) {
    message.text(4, attribute.text).integer(20, 3);
  } else {
    for (const value of attribute.integers) message.integer(8, value);
    message.integer(20, 7);
  }
}

function writeConstant(message: ProtobufWriter, name: string, shape: Shape, type: DataType, data: TypedArray): void {
  for (const dim of shape) message.integer(1, dim as number);
  message.integer(2, ELEMENT_TYPES[type]).text(8, name);
  message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue(message: ProtobufWriter, name: string, { type, shape }: Tensor): void {
  message.text(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensorType) =>
      tensorType.integer(1, ELEMENT_TYPES[type]).message(2, (dims) => {
        for (const dim of shape) {
          dims.message(1, (one) => (typeof dim === 'number' ? one.integer(1, dim) : one.text(2, dim)));
        }
      }),
    ),
  );
}
