export type { Address } from './address.ts';
export { Arena, type KernelBuild, type Kernels, supportedBuilds } from './arena.ts';
export type { FloatKernels } from './float.ts';
export { encodeInt8, type Int8Kernels, paddedDim, quantizeQuery } from './int8.ts';
export type { PostingsKernels } from './postings.ts';
export { PQ4_BLOCK, type PqKernels, packPq4Blocks, pq4BlockBytes, pq4RowBytes } from './pq.ts';
export { drainHeap, type Selection, type SelectOptions, selectTop } from './select.ts';
export { heapBytes, type TopKKernels } from './topk.ts';
