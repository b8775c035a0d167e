import { CorruptFileError } from '../base/errors.ts';
import { Parameters } from './parameters.ts';
import { product } from './shape.ts';

/**
 * The named float32 constants of an ONNX model, which are its trained parameters: what {@link toOnnx} wrote, or any
 * model whose initializers are stored inside it as raw data. Constants that operators made for themselves are left out.
 *
 * @param file where the bytes come from, for error messages.
 * @throws CorruptFileError when the bytes are not an ONNX model.
 */
export function readParameters(model: Uint8Array, file: string): Parameters {
  const parameters = new Parameters();
  try {
    const graphs = [...fields(model)].filter(({ field }) => field === GRAPH);
    if (graphs.length !== 1) throw new RangeError('it has no graph');
    for (const { field, bytes } of fields(graphs[0]!.bytes)) {
      if (field !== INITIALIZER) continue;
      const constant = readConstant(bytes);
      if (constant !== undefined) parameters.set(constant.name, constant.data, constant.shape);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CorruptFileError(
      file,
      `it is not an ONNX model (${error.message})`,
      'Train again, or restore the file.',
      {
        cause: error,
      },
    );
  }
  return parameters;
}

/** Fields of onnx.proto: ModelProto.graph and GraphProto.initializer. */
const GRAPH = 7;
const INITIALIZER = 5;
const FLOAT = 1;

function readConstant(message: Uint8Array): { name: string; shape: number[]; data: Float32Array } | undefined {
  const shape: number[] = [];
  let type = 0;
  let name = '';
  let raw: Uint8Array | undefined;
  for (const { field, value, bytes } of fields(message)) {
    if (field === 1) shape.push(value);
    else if (field === 2) type = value;
    else if (field === 8) name = new TextDecoder().decode(bytes);
    else if (field === 9) raw = bytes;
  }
  if (type !== FLOAT || name === '' || name.includes('#') || raw === undefined) return undefined;
  if (raw.byteLength !== 4 * (product(shape) as number)) throw new RangeError(`${name} has ${raw.byteLength} bytes`);
  // A copy: the bytes need not be aligned.
  return { name, shape, data: new Float32Array(raw.slice().buffer) };
}

/** The fields of a Protocol Buffers message: whole numbers in `value`, everything else in `bytes`. */
function* fields(message: Uint8Array): Generator<{ field: number; value: number; bytes: Uint8Array }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      if (at >= message.length || factor > 2 ** 56) throw new RangeError('a number does not end');
      const byte = message[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    const value = wire === 0 ? varint() : 0;
    const length = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : Number.NaN;
    if (!(at + length <= message.length)) throw new RangeError(`field ${field} reaches beyond the end`);
    yield { field, value, bytes: message.subarray(at, at + length) };
    at += length;
  }
}
