export type { Address } from './address.ts';
export type { AnisotropicKernels } from './anisotropic.ts';
export {
  Arena,
  type ArenaLoan,
  type ArenaOptions,
  checkSharedMemory,
  type KernelBuild,
  type Kernels,
  LoanExhaustedError,
  supportedBuilds,
} from './arena.ts';
export type { FloatKernels } from './float.ts';
export type { HadamardKernels } from './hadamard.ts';
export type { HammingKernels } from './hamming.ts';
export { encodeInt8, type Int8Kernels, paddedDim, quantizeQuery } from './int8.ts';
export { type KMeansKernels, packPanels, panelCount } from './kmeans.ts';
export type { PostingsKernels } from './postings.ts';
export { PQ4_BLOCK, type PqKernels, pq4BlockBytes, pq4RowBytes, pq4TableBytes } from './pq.ts';
export { packPq4Blocks } from './pq-blocks.ts';
export type { ScalarKernels } from './scalar.ts';
export { drainHeap, resetHeapAbove, type Selection, type SelectOptions, selectTop } from './select.ts';
export { heapBytes, type TopKKernels } from './topk.ts';
