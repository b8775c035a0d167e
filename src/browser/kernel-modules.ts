import { baseline } from '../kernels/modules.ts';

/**
 * `kernels/modules.ts` for the worker, where it is put in its place: the build that every browser runs, in the place of both. The other is faster
 * where it runs, and would be a tenth of the script.
 */
export { baseline, baseline as relaxed };
