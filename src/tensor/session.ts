import { type DataType, dataType, type TypedArray } from './graph.ts';

/** A value that goes into or comes out of a run: row-major elements and their extents. */
export interface Value {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** A model that is ready to run. */
export interface Session {
  /**
   * Computes outputs from the inputs, each by its name in the graph.
   * @param into outputs that are written into arrays of the caller's, which must have their shapes and must not be among
   * the inputs. Nothing is allocated for them: a training step writes its parameters to the same places every time.
   * @param outputs names of those that are wanted. Default: all.
   */
  run(
    inputs: Readonly<Record<string, Value>>,
    into?: Readonly<Record<string, Value>>,
    outputs?: readonly string[],
  ): Promise<Readonly<Record<string, Value>>>;
  /** Frees the model's memory; it cannot run after that. */
  dispose(): Promise<void>;
}

export interface SessionOptions {
  /** Threads that one operator may use. Default: one per physical core. */
  readonly threads?: number;
}

/** What runs models. */
export interface Runtime {
  /** @param model an ONNX model, see `toOnnx`. */
  createSession(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}

/** As much of the interface of `onnxruntime-node` and `onnxruntime-web` as is used here. */
export interface OnnxRuntimeModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OnnxRuntimeSession>;
  };
  readonly Tensor: new (type: DataType, data: TypedArray, dims: readonly number[]) => OnnxRuntimeTensor;
}
interface OnnxRuntimeTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
  readonly type?: string;
  readonly location?: string;
}
interface OnnxRuntimeSession {
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, OnnxRuntimeTensor>,
    fetches: Record<string, OnnxRuntimeTensor | null>,
  ): Promise<Readonly<Record<string, OnnxRuntimeTensor>>>;
  release(): Promise<void>;
}

/** Runs models on ONNX Runtime: pass the module `onnxruntime-node`, or `onnxruntime-web` in a browser. */
export function onnxRuntime(module: OnnxRuntimeModule): Runtime {
  return {
    async createSession(model, { threads } = {}) {
      const session = await module.InferenceSession.create(model, {
        graphOptimizationLevel: 'all',
        // Nodes run one after the other, each on all threads; their memory comes from an arena that is kept.
        executionMode: 'sequential',
        logSeverityLevel: 3,
        // Threads that wait by spinning take the processor from everything else, other pools included: on a busy
        // machine a run then takes several times as long. Sleeping costs microseconds per operator.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      });
      return {
        async run(inputs, into = {}, wanted = session.outputNames) {
          const wrap = ({ data, shape }: Value): OnnxRuntimeTensor => {
            const type = dataType(data);
            // Where there are arrays of 16-bit floats (Node 24), its tensors hold such a one, which its native part of 1.30 cannot read.
            if (type === 'float16') return { type, data, dims: shape, location: 'cpu' };
            return new module.Tensor(type, data, shape);
          };
          const feeds: Record<string, OnnxRuntimeTensor> = {};
          for (const [name, value] of Object.entries(inputs)) feeds[name] = wrap(value);
          const fetches: Record<string, OnnxRuntimeTensor | null> = {};
          for (const name of wanted) fetches[name] = into[name] === undefined ? null : wrap(into[name]);
          const fetched = await session.run(feeds, fetches);
          const outputs: Record<string, Value> = {};
          for (const [name, { data, dims }] of Object.entries(fetched)) {
            outputs[name] = { data: data as TypedArray, shape: dims };
          }
          return outputs;
        },
        dispose: () => session.release(),
      };
    },
  };
}
