import { join } from 'node:path';
import { CorruptFileError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { type OpenModel, openModel, Parameters, toVectors } from '../../tensor/index.ts';
import { openSafetensors, writeSafetensors } from '../bert/safetensors.ts';
import type { Encoder } from '../encoder.ts';
import { nativeRuntime } from '../runtime.ts';
import type { EncoderForm, Trainable } from '../trainable.ts';
import { frozen } from '../tuning.ts';

/** What a small encoder, which is trained from nothing, is made of. */
export interface SmallModel extends Pick<Trainable, 'dim' | 'parameters' | 'batch' | 'forward' | 'tuning'> {
  readonly form: string;
  /** All that makes the model but its parameters, as JSON has it. */
  readonly settings: object;
  /** Names of parameters that are trained; the others stay as they are. Default: all. */
  readonly trained?: RegExp;
}

const FILE = 'model.safetensors';

/** A model as an encoder that can be trained, is served by running it as it was trained, and saved as one file. */
export function smallTrainable(model: SmallModel): Trainable {
  const { form, settings, parameters, trained = /^/, dim, batch, forward, tuning } = model;
  const kept = parameters.names.filter((name) => !trained.test(name));
  return {
    form,
    dim,
    parameters,
    groups: kept.length === 0 ? [] : [frozen(kept)],
    shapes: {},
    tuning,
    learningRate: 3e-3,
    batch,
    forward,
    serve: (id) => running(id, { ...model, parameters: parameters.clone() }),
    save: async () => {
      const arrays = new Map(parameters.names.map((name) => [name, parameters.get(name)]));
      return new Map([[FILE, writeSafetensors(arrays, { settings: JSON.stringify(settings) })]]);
    },
  };
}

/** The form of what {@link smallTrainable} saves. @param make the model again, with the parameters that it had. */
export function smallForm<Settings extends object>(
  name: string,
  make: (settings: Settings, parameters: Parameters) => Trainable,
): EncoderForm {
  return {
    name,
    async resume({ folder, files }) {
      // Verifies the checksum.
      await files();
      const file = openSafetensors(join(folder, FILE));
      try {
        const { settings } = file.metadata;
        if (settings === undefined) throw new CorruptFileError(file.path, 'it does not say its settings');
        const parameters = new Parameters();
        for (const [parameter, { shape }] of file.tensors) parameters.set(parameter, file.read(parameter), shape);
        return make(JSON.parse(settings), parameters);
      } finally {
        file.close();
      }
    },
    async open(saved, id) {
      return (await this.resume!(saved, {})).serve(id);
    },
  };
}

/** Texts that are run at a time. */
const BATCH = 256;

function running(id: string, { dim, parameters, batch, forward }: SmallModel): Encoder {
  let open: Promise<OpenModel> | undefined;
  return {
    id,
    dim,
    async encode(texts, { role = 'document', batchSize = BATCH, signal, onProgress } = {}) {
      open ??= nativeRuntime().then((runtime) => openModel(forward, { parameters, runtime, threads: 1 }));
      const vectors = Vectors.zeros(texts.length, dim);
      for (let from = 0; from < texts.length; from += batchSize) {
        signal?.throwIfAborted();
        const some = texts.slice(from, from + batchSize);
        const { output } = await (await open).run(batch(some, role));
        vectors.data.set(toVectors(output!).data, from * dim);
        onProgress?.(from + some.length, texts.length);
      }
      return vectors;
    },
    dispose: async () => (await open)?.dispose(),
  };
}
