import { InvalidArgumentError, MissingPackageError } from '../../base/errors.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { batchesByLength } from '../batches.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../encoder.ts';
import { withPrefix } from '../prefixes.ts';
import { formatSettings } from '../spec.ts';
import { scaleToUnit } from '../unit.ts';

/** How a text's vector is made of its tokens': their mean, the first one (`[CLS]`), or the last one. */
export type HfPooling = 'mean' | 'cls' | 'last';

/** Settings of {@link hfEncoder}. All but `cacheDir`, `localOnly`, `batchSize` and `module` change the vectors and stand in the id. */
export interface HfEncoderOptions {
  /** A model on the Hugging Face hub with ONNX files, e.g. `Xenova/all-MiniLM-L6-v2`, or a folder. */
  readonly model: string;
  /** The model's card says which. Default `mean`. */
  readonly pooling?: HfPooling;
  /** Text before every query; `{instruction}` stands for the call's instruction. Default: nothing. */
  readonly queryPrefix?: string;
  /** Text before every document. Default: nothing. */
  readonly documentPrefix?: string;
  /** Scale to unit length. Default true; false only for models that are trained for plain inner products. */
  readonly normalize?: boolean;
  /** Precision of the weights: `fp32`, `fp16`, `q8`, `q4`, ... as far as the model offers it. Default: the package's. */
  readonly dtype?: string;
  /** Branch, tag or commit on the hub. Default `main`. */
  readonly revision?: string;
  /** Folder for what is downloaded. Default: the package's. */
  readonly cacheDir?: string;
  /** Load nothing that is not on this machine. Default false. */
  readonly localOnly?: boolean;
  /** Most texts in one run of the model. Default 16. */
  readonly batchSize?: number;
  /** The package, if it is not to be imported. */
  readonly module?: HfModule;
}

/** As much of `@huggingface/transformers` as is used here. */
export interface HfModule {
  readonly AutoTokenizer: { from_pretrained(model: string, options: object): Promise<HfTokenizer> };
  readonly AutoModel: { from_pretrained(model: string, options: object): Promise<HfModel> };
}
interface HfTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}
interface HfTokenized {
  readonly attention_mask: HfTensor;
}
type HfTokenizer = (texts: string[], options: { padding: boolean; truncation: boolean }) => Promise<HfTokenized>;
interface HfModel {
  (inputs: HfTokenized): Promise<Readonly<Record<string, HfTensor | undefined>>>;
  dispose(): Promise<unknown>;
}

const PACKAGE = '@huggingface/transformers';

/**
 * Any embedding model that `@huggingface/transformers` (an optional peer dependency) can run, from the hub or from
 * disk. Texts of similar length share a run; pooling counts only tokens that are not padding, on whichever side the
 * tokenizer pads. Texts are cut to the model's own length limit. `encodeTokens` gives the last hidden states.
 *
 * @throws MissingPackageError when the package is not installed. InvalidArgumentError when it cannot load the model,
 * or the model gives no hidden states.
 */
export async function hfEncoder(options: HfEncoderOptions): Promise<Encoder & TokenEncoder> {
  const { model: name, pooling = 'mean', normalize = true, batchSize: most = 16, dtype, revision } = options;
  if (!['mean', 'cls', 'last'].includes(pooling)) {
    throw new InvalidArgumentError(`There is no pooling "${pooling}".`, 'Use one of: mean, cls, last.');
  }
  if (!Number.isInteger(most) || most < 1) {
    throw new InvalidArgumentError(`A batch of ${most} texts is impossible.`, 'Give a whole number of at least 1.');
  }
  const prefixes = { query: options.queryPrefix ?? '', document: options.documentPrefix ?? '' };
  const { tokenizer, model } = await load(options);
  let isDisposed = false;

  /** Hands out each text's hidden states without the padding: `count` rows of `width` components. */
  const forEachText = async (
    inputs: readonly string[],
    { batchSize = most, signal, onProgress }: EncodeOptions,
    use: (input: number, states: Vectors) => void,
  ) => {
    if (isDisposed) throw new InvalidArgumentError(`The encoder hf:${name} has been disposed of.`, 'Open a new one.');
    if (!(batchSize >= 1)) {
      throw new InvalidArgumentError(`A batch of ${batchSize} texts is impossible.`, 'Give one of at least 1.');
    }
    signal?.throwIfAborted();
    let done = 0;
    const lengths = inputs.map((input) => input.length);
    for (const batch of batchesByLength(lengths, Number.POSITIVE_INFINITY, batchSize)) {
      signal?.throwIfAborted();
      const tokenized = await tokenizer(
        batch.map((i) => inputs[i]!),
        { padding: true, truncation: true },
      );
      const states = hiddenStates(await model(tokenized), name);
      batch.forEach((input, row) => {
        use(input, withoutPadding(states, tokenized.attention_mask, row));
      });
      done += batch.length;
      onProgress?.(done, inputs.length);
    }
  };

  let dim = 0;
  await forEachText(['dimension'], {}, (_, states) => {
    dim = states.dim;
  });

  return {
    id: `hf:${formatSettings(name, {
      pooling: pooling === 'mean' ? undefined : pooling,
      query: prefixes.query,
      document: prefixes.document,
      normalize: normalize ? undefined : 'false',
      dtype,
      revision,
    })}`,
    dim,

    async encode(inputs, encodeOptions = {}) {
      const vectors = Vectors.zeros(inputs.length, dim);
      await forEachText(withPrefix(inputs, prefixes, encodeOptions), encodeOptions, (input, states) => {
        const row = vectors.row(input);
        pool(states, pooling, row);
        if (normalize) scaleToUnit(row);
      });
      return vectors;
    },

    async encodeTokens(inputs, encodeOptions = {}) {
      const found = new Array<Vectors>(inputs.length);
      await forEachText(withPrefix(inputs, prefixes, encodeOptions), encodeOptions, (input, states) => {
        if (normalize) for (let i = 0; i < states.count; i++) scaleToUnit(states.row(i));
        found[input] = states;
      });
      const offsets = new Uint32Array(inputs.length + 1);
      found.forEach((states, i) => {
        offsets[i + 1] = offsets[i]! + states.count;
      });
      const vectors = Vectors.zeros(offsets[inputs.length]!, dim);
      found.forEach((states, i) => {
        vectors.data.set(states.data, offsets[i]! * dim);
      });
      return new VectorSets(vectors, offsets);
    },

    async dispose() {
      if (!isDisposed) await model.dispose();
      isDisposed = true;
    },
  };
}

async function load(options: HfEncoderOptions): Promise<{ tokenizer: HfTokenizer; model: HfModel }> {
  const { model: name, dtype, revision, cacheDir, localOnly = false } = options;
  const module = options.module ?? (await importPackage());
  const settings = {
    ...(dtype === undefined ? {} : { dtype }),
    ...(revision === undefined ? {} : { revision }),
    ...(cacheDir === undefined ? {} : { cache_dir: cacheDir }),
    ...(localOnly ? { local_files_only: true } : {}),
  };
  try {
    const [tokenizer, model] = await Promise.all([
      module.AutoTokenizer.from_pretrained(name, settings),
      module.AutoModel.from_pretrained(name, settings),
    ]);
    return { tokenizer, model };
  } catch (cause) {
    throw new InvalidArgumentError(
      `${PACKAGE} cannot load the model ${name} (${(cause as Error).message}).`,
      'Check the name, and that the model has ONNX files, on the hub or in the folder.',
      { cause },
    );
  }
}

async function importPackage(): Promise<HfModule> {
  // By a variable, as the package need not be there when this is compiled or bundled.
  const specifier: string = PACKAGE;
  try {
    return (await import(specifier)) as HfModule;
  } catch (cause) {
    // Not when the package is there and something that it imports itself is not.
    if (!/['"]@huggingface\/transformers['"]/.test((cause as Error).message)) throw cause;
    throw new MissingPackageError(PACKAGE, 'An encoder hf:<model>', { cause });
  }
}

function hiddenStates(outputs: Readonly<Record<string, HfTensor | undefined>>, name: string): HfTensor {
  const states = outputs['last_hidden_state'] ?? outputs['token_embeddings'];
  if (states?.dims.length === 3) return states;
  throw new InvalidArgumentError(
    `The model ${name} gives ${Object.keys(outputs).join(', ')} and no last_hidden_state.`,
    'Use an embedding model.',
  );
}

/** Copies the states of one text's tokens. A text without any keeps its first position, so that it has a vector. */
function withoutPadding(states: HfTensor, mask: HfTensor, row: number): Vectors {
  const [, length, width] = states.dims as [number, number, number];
  const kept: number[] = [];
  for (let i = 0; i < length; i++) if (Number(mask.data[row * length + i]) !== 0) kept.push(i);
  if (kept.length === 0) kept.push(0);
  const out = Vectors.zeros(kept.length, width);
  kept.forEach((position, i) => {
    const start = (row * length + position) * width;
    for (let d = 0; d < width; d++) out.data[i * width + d] = Number(states.data[start + d]);
  });
  return out;
}

function pool(states: Vectors, pooling: HfPooling, row: Float32Array): void {
  if (pooling !== 'mean') {
    row.set(states.row(pooling === 'cls' ? 0 : states.count - 1));
    return;
  }
  for (let i = 0; i < states.count; i++) {
    for (let d = 0; d < row.length; d++) row[d]! += states.data[i * row.length + d]! / states.count;
  }
}
