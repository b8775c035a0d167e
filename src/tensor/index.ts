export { dealt, drawn, fit } from './fit.ts';
export type {
  FitBatch,
  FitCheckpoint,
  FitData,
  FitModel,
  FitObjective,
  FitOptions,
  FitPoint,
  FitProgress,
  FitReport,
  FitState,
  FitValidation,
  Forward,
} from './fit-options.ts';
export { gradients } from './gradients.ts';
export {
  type Attribute,
  apply,
  applyMany,
  type Backward,
  constantOf,
  type DataType,
  Graph,
  type Node,
  type Source,
  type Tensor,
  type TypedArray,
} from './graph.ts';
export * from './layers/index.ts';
export { toOnnx } from './onnx.ts';
export { readParameters } from './onnx-reader.ts';
export * from './operators/index.ts';
export {
  type AdamWOptions,
  adamW,
  type Optimizer,
  type SgdOptions,
  sgd,
  type UpdateInput,
} from './optimizer.ts';
export {
  constantly,
  constantsOf,
  given,
  glorot,
  type Initializer,
  identity,
  normal,
  ones,
  type ParameterSource,
  Parameters,
  type ParameterValue,
  Scope,
  zeros,
} from './parameters.ts';
export { partOf, prefixed, withParts } from './parts.ts';
export { type Model, type OpenModel, openModel, type RunOptions, run, toValue, toVectors } from './run.ts';
export { cosineSchedule, linearSchedule, type Schedule, type WarmupOptions } from './schedule.ts';
export {
  type OnnxRuntimeModule,
  onnxRuntime,
  type Runtime,
  type Session,
  type SessionOptions,
  type Value,
} from './session.ts';
export { type Dim, type PartialShape, product, type Shape } from './shape.ts';
export type { Objective, ParameterGroup, Tensors } from './step.ts';
export { compareGradients, type GradientPair } from './testing.ts';
export { Trainer } from './trainer.ts';
export type { Batch, StepReport, TrainerOptions, TrainerState } from './trainer-options.ts';
