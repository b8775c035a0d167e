export { type Address, Arena, type KernelBuild, type Kernels, supportedBuilds } from './arena.ts';
