import { MissingPackageError } from '../base/errors.ts';
import { type OnnxRuntimeModule, onnxRuntime, type Runtime } from '../tensor/index.ts';

/**
 * ONNX Runtime's native build, loaded when first needed (some 20 MB of library).
 * @throws MissingPackageError when the package is absent or has no library for this platform.
 */
export async function nativeRuntime(): Promise<Runtime> {
  try {
    const module = await import('onnxruntime-node');
    return onnxRuntime((module.default ?? module) as unknown as OnnxRuntimeModule);
  } catch (cause) {
    throw new MissingPackageError('onnxruntime-node', 'Running a model', { cause });
  }
}
