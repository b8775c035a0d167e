import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { floatToHalf, halfToFloat } from '../../base/half.ts';
import { Random } from '../../base/random.ts';

/** Words that the tiny model's tokenizer knows; a word's id is its place. All other text is unknown. */
export const TINY_WORDS = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'query', 'passage', ':', 'red', 'green', 'blue', 'fox', 'dog', 'runs'],
  ...['sleeps', 'fast', 'slow', 'Red', '##s'],
];
export const TINY = {
  layers: 2,
  heads: 4,
  width: 32,
  hidden: 48,
  positions: 12,
  vocabulary: TINY_WORDS.length,
} as const;
const EPSILON = 1e-6;

type Weights = Map<string, { data: Float64Array; shape: readonly number[] }>;
export type StoredType = 'F32' | 'F16' | 'BF16';

/** How Hugging Face's two architectures name what is the same. */
const NAMES = {
  bert: {
    layer: 'encoder.layer',
    parts: {
      q: 'attention.self.query',
      k: 'attention.self.key',
      v: 'attention.self.value',
      attended: 'attention.output.dense',
      norm1: 'attention.output.LayerNorm',
      up: 'intermediate.dense',
      down: 'output.dense',
      norm2: 'output.LayerNorm',
    },
  },
  distilbert: {
    layer: 'transformer.layer',
    parts: {
      q: 'attention.q_lin',
      k: 'attention.k_lin',
      v: 'attention.v_lin',
      attended: 'attention.out_lin',
      norm1: 'sa_layer_norm',
      up: 'ffn.lin1',
      down: 'ffn.lin2',
      norm2: 'output_layer_norm',
    },
  },
} as const;

export interface TinyOptions {
  readonly architecture?: keyof typeof NAMES;
  readonly type?: StoredType;
  /** Before the name of every tensor. */
  readonly prefix?: string;
  /** Whether layer normalisation is called gamma and beta. */
  readonly isOld?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Random weights as the folder names them, rounded to what it stores. */
export function tinyWeights({ architecture = 'bert', type = 'F32', prefix = '', isOld = false }: TinyOptions): Weights {
  const random = new Random(5);
  const weights: Weights = new Map();
  const put = (name: string, shape: readonly number[], centre = 0, spread = 0.2) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float64Array.from({ length: size }, () =>
      decode(encode(centre + spread * random.normal(), type), type),
    );
    weights.set(prefix + name, { data, shape });
  };
  const linear = (name: string, to: number, from: number) => {
    put(`${name}.weight`, [to, from]);
    put(`${name}.bias`, [to]);
  };
  const norm = (name: string) => {
    put(`${name}.${isOld ? 'gamma' : 'weight'}`, [TINY.width], 1);
    put(`${name}.${isOld ? 'beta' : 'bias'}`, [TINY.width]);
  };
  const { layer, parts } = NAMES[architecture];
  put('embeddings.word_embeddings.weight', [TINY.vocabulary, TINY.width], 0, 1);
  put('embeddings.position_embeddings.weight', [TINY.positions, TINY.width]);
  if (architecture === 'bert') put('embeddings.token_type_embeddings.weight', [2, TINY.width]);
  norm('embeddings.LayerNorm');
  for (let i = 0; i < TINY.layers; i++) {
    const at = `${layer}.${i}`;
    for (const part of ['q', 'k', 'v', 'attended'] as const) linear(`${at}.${parts[part]}`, TINY.width, TINY.width);
    linear(`${at}.${parts.up}`, TINY.hidden, TINY.width);
    linear(`${at}.${parts.down}`, TINY.width, TINY.hidden);
    norm(`${at}.${parts.norm1}`);
    norm(`${at}.${parts.norm2}`);
  }
  return weights;
}

/**
 * Writes a tiny model in the layout of sentence-transformers. @param files what is written besides, or instead; undefined leaves a file out.
 * @returns its weights.
 */
export async function writeTinyBert(
  folder: string,
  options: TinyOptions = {},
  files: Readonly<Record<string, unknown>> = {},
): Promise<Weights> {
  const weights = tinyWeights(options);
  const isBert = options.architecture !== 'distilbert';
  const layout: Record<string, unknown> = {
    'config.json': {
      vocab_size: TINY.vocabulary,
      max_position_embeddings: TINY.positions,
      ...(isBert
        ? {
            model_type: 'bert',
            hidden_size: TINY.width,
            num_hidden_layers: TINY.layers,
            num_attention_heads: TINY.heads,
            intermediate_size: TINY.hidden,
            type_vocab_size: 2,
            layer_norm_eps: EPSILON,
          }
        : {
            model_type: 'distilbert',
            dim: TINY.width,
            n_layers: TINY.layers,
            n_heads: TINY.heads,
            hidden_dim: TINY.hidden,
          }),
      ...options.config,
    },
    'tokenizer.json': tokenizerJson(),
    'model.safetensors': safetensorsOf(weights, options.type ?? 'F32'),
    ...files,
  };
  for (const [path, content] of Object.entries(layout)) {
    if (content === undefined) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  return weights;
}

/** `modules.json` of a model with this pooling, and the pooling's own file. */
export function poolingFiles(mode: string, ...others: readonly string[]): Record<string, unknown> {
  const kinds = ['Transformer', 'Pooling', ...others];
  return {
    'modules.json': kinds.map((kind, idx) => ({
      idx,
      name: String(idx),
      path: idx === 0 ? '' : `${idx}_${kind}`,
      type: `sentence_transformers.models.${kind}`,
    })),
    '1_Pooling/config.json': { word_embedding_dimension: TINY.width, pooling_mode_mean_tokens: false, [mode]: true },
  };
}

/** @param lowercase whether the tokenizer itself lowers the text. */
export function tokenizerJson(lowercase = false) {
  return {
    added_tokens: TINY_WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TINY_WORDS.map((word, id) => [word, id])),
    },
  };
}

export function safetensorsOf(weights: Weights, type: StoredType): Uint8Array {
  const bytesEach = type === 'F32' ? 4 : 2;
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { data, shape }] of weights) {
    const stored = type === 'F32' ? Float32Array.from(data) : Uint16Array.from(data, (value) => encode(value, type));
    parts.push(new Uint8Array(stored.buffer));
    header[name] = { dtype: type, shape, data_offsets: [at, at + bytesEach * data.length] };
    at += bytesEach * data.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...parts]);
}

/** The number as it is stored: itself in float32, else 16 bits. */
function encode(value: number, type: StoredType): number {
  if (type === 'F16') return floatToHalf(value);
  if (type === 'F32') return Math.fround(value);
  return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
}

function decode(stored: number, type: StoredType): number {
  if (type === 'F16') return halfToFloat(stored);
  if (type === 'F32') return stored;
  return new Float32Array(Uint32Array.of(stored << 16).buffer)[0]!;
}

/**
 * The states of the tokens of one text after the last layer, number by number in double precision: Devlin et al. 2018 as Hugging Face's BertModel
 * and DistilBertModel compute it, `gelu` by the error function unless said otherwise.
 */
export function referenceStates(
  weights: Weights,
  ids: readonly number[],
  { architecture = 'bert', prefix = '', isOld = false, config = {} }: TinyOptions = {},
  activation: (x: number) => number = gelu,
): Float64Array[] {
  const { width, heads, layers } = TINY;
  const epsilon = Number(config.layer_norm_eps ?? (architecture === 'bert' ? EPSILON : 1e-12));
  const get = (name: string) => weights.get(prefix + name)!.data;
  const row = (name: string, at: number) => get(name).subarray(at * width, (at + 1) * width);
  const linear = (x: Float64Array, name: string) => {
    const [matrix, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    return bias.map((start, to) => x.reduce((sum, value, from) => sum + value * matrix[to * x.length + from]!, start));
  };
  const norm = (x: Float64Array, name: string) => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length + epsilon);
    const [gain, offset] = [get(`${name}.${isOld ? 'gamma' : 'weight'}`), get(`${name}.${isOld ? 'beta' : 'bias'}`)];
    return x.map((value, d) => ((value - mean) / deviation) * gain[d]! + offset[d]!);
  };
  const plus = (a: Float64Array, b: Float64Array) => a.map((value, d) => value + b[d]!);

  let states = ids.map((id, position) => {
    let x = plus(row('embeddings.word_embeddings.weight', id), row('embeddings.position_embeddings.weight', position));
    if (architecture === 'bert') x = plus(x, row('embeddings.token_type_embeddings.weight', 0));
    return norm(x, 'embeddings.LayerNorm');
  });
  const { layer, parts } = NAMES[architecture];
  const each = width / heads;
  for (let i = 0; i < layers; i++) {
    const name = (part: keyof typeof parts) => `${layer}.${i}.${parts[part]}`;
    const [q, k, v] = (['q', 'k', 'v'] as const).map((part) => states.map((x) => linear(x, name(part))));
    states = states.map((x, token) => {
      const attended = new Float64Array(width);
      for (let head = 0; head < heads; head++) {
        const part = (y: Float64Array) => y.subarray(head * each, (head + 1) * each);
        const scores = k!.map((key) => dotOf(part(q![token]!), part(key)) / Math.sqrt(each));
        const most = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - most));
        const sum = shares.reduce((a, b) => a + b);
        v!.forEach((value, j) => {
          for (let d = 0; d < each; d++) attended[head * each + d]! += (shares[j]! / sum) * part(value)[d]!;
        });
      }
      const middle = norm(plus(x, linear(attended, name('attended'))), name('norm1'));
      const inner = linear(middle, name('up')).map(activation);
      return norm(plus(middle, linear(inner, name('down'))), name('norm2'));
    });
  }
  return states;
}

export function dotOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function unitOf(x: Float64Array): Float64Array {
  const length = Math.sqrt(dotOf(x, x));
  return x.map((value) => value / length);
}

export function gelu(x: number): number {
  return (x / 2) * (1 + erf(x / Math.SQRT2));
}

/** By its series (Abramowitz and Stegun 1964, 7.1.6), which converges everywhere; to about 1e-12 for what occurs here. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
