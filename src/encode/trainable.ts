import type { Batch, ParameterGroup, Parameters, PartialShape, Scope, Tensor, Tensors } from '../tensor/index.ts';
import type { Encoder } from './encoder.ts';

/** An encoder whose parameters can be trained: what a trainer needs of it. */
export interface TrainableEncoder {
  /** Components of its vectors. */
  readonly dim: number;
  readonly parameters: Parameters;
  /** Which parameters stay as they are, and other exceptions. */
  readonly groups: readonly ParameterGroup[];
  /**
   * Texts as arrays, each name with `prefix` before it, so that several lists of texts can be part of one batch. Every
   * text counts; one without tokens stands for itself as the empty text.
   */
  batch(texts: readonly string[], prefix: string): Batch;
  /** Extents of those arrays: names for those that change with the texts' lengths, null for how many texts there are. */
  shapes(prefix: string): Readonly<Record<string, PartialShape>>;
  /** Unit vectors `[texts, dim]` of the texts whose arrays have that prefix. */
  encode(scope: Scope, batch: Tensors, prefix: string): Tensor;
  /** An encoder with the parameters as they are now. @param id as `Encoder.id`. */
  serve(id: string): Encoder;
  /** The model as an ONNX file with the parameters as they are now. */
  toOnnx(): Uint8Array;
  /** The encoder as files by their paths, where that is more than an ONNX file: a folder that sentence-transformers opens. */
  save?(): Promise<ReadonlyMap<string, Uint8Array>>;
}
