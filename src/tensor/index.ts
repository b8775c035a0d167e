export { type Attribute, type DataType, Graph, type Node, type Source, type Tensor, type TypedArray } from './graph.ts';
export { toOnnx } from './onnx.ts';
export * from './operators.ts';
export {
  type OnnxRuntimeModule,
  onnxRuntime,
  type Runtime,
  type Session,
  type SessionOptions,
  type Value,
} from './session.ts';
export type { Dim, Shape } from './shape.ts';
