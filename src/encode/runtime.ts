import { InvalidArgumentError, MissingPackageError } from '../base/errors.ts';
import { type OnnxRuntimeModule, onnxRuntime, type Runtime } from '../tensor/index.ts';

/**
 * ONNX Runtime's native build, loaded when first needed (some 20 MB of library).
 * @throws InvalidArgumentError when the process was started with more than 24 kB of arguments: ONNX Runtime 1.30 reads the
 * command line on Linux and overflows the native stack on a long one. MissingPackageError when the package is absent or has no library for this platform.
 */
export async function nativeRuntime(): Promise<Runtime> {
  checkCommandLine();
  try {
    const module = await import('onnxruntime-node');
    return onnxRuntime((module.default ?? module) as unknown as OnnxRuntimeModule);
  } catch (cause) {
    throw new MissingPackageError('onnxruntime-node', 'Running a model', { cause });
  }
}

const LONGEST_COMMAND_LINE = 24_000;

function checkCommandLine(): void {
  if (process.platform !== 'linux') return;
  const length = process.argv.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 1, 0);
  if (length <= LONGEST_COMMAND_LINE) return;
  throw new InvalidArgumentError(
    `This process was started with ${length} bytes of arguments, which crashes ONNX Runtime.`,
    'Give long arguments in a file or through standard input.',
  );
}
