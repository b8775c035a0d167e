export { expandDims, expandLike, type Operand, reshape, reshapeLike, sum } from './basics.ts';
export { type ConvolutionOptions, convolve } from './convolution.ts';
export { type DropoutOptions, dropout } from './dropout.ts';
export * from './elementwise.ts';
export { biasGelu, biasGeluTanh, multiHeadAttention } from './fused.ts';
export {
  concat,
  diagonal,
  diagonalMask,
  gather,
  scatterAdd,
  select,
  slice,
  stack,
  take,
  topK,
  topKMask,
  zerosLike,
} from './indexing.ts';
export { addAll, affine, matmul, transpose, transposeLast } from './matrix.ts';
export { layerNorm, unitLength } from './normalize.ts';
export {
  affineQuantized,
  type QuantizedRows,
  type QuantizedWeight,
  quantizeColumns,
  quantizeRows,
  unsigned,
} from './quantized.ts';
export { deviation, logSoftmax, logSumExp, max, mean, norm, softmax } from './reduce.ts';
