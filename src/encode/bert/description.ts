import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { Prefixes } from '../prefixes.ts';
import type { Pooling } from '../ragged.ts';
import type { BertShape } from './model.ts';

/** How texts become one vector: see `pooled`. */
export type TextPooling = Exclude<Pooling, 'tokens'>;

/** What a folder in the layout of sentence-transformers says of its model. */
export interface BertDescription {
  /** For messages. */
  readonly name: string;
  readonly folder: string;
  /** Path of the weights, a safetensors file. */
  readonly weights: string;
  /** Path of `tokenizer.json`. */
  readonly tokenizer: string;
  /** `distilbert` names its weights otherwise and has no types of tokens. */
  readonly architecture: 'bert' | 'distilbert';
  readonly shape: BertShape;
  readonly pooling: TextPooling;
  /** Whether vectors are scaled to unit length; not where a model says that inner products are its similarity. */
  readonly normalize: boolean;
  /** Most tokens that are read of a text, special ones included. */
  readonly maxLength: number;
  readonly lowerCase: boolean;
  readonly prompts: Prefixes;
  /** ISO 639-1, from the model's card. Absent: not said, or many. */
  readonly languages?: readonly string[];
}

/** Files of the layout, by their names in the folder. */
export const FILES = {
  config: 'config.json',
  modules: 'modules.json',
  transformer: 'sentence_bert_config.json',
  prompts: 'config_sentence_transformers.json',
  weights: 'model.safetensors',
  tokenizer: 'tokenizer.json',
  card: 'README.md',
} as const;

type Json = Record<string, unknown>;

/**
 * Reads a folder as sentence-transformers writes it (`config.json`, `modules.json`, `N_Pooling/config.json`, ...). Without `modules.json` it is a
 * bare BERT: mean pooling, as sentence-transformers does then.
 * @throws NotFoundError for a missing folder or file. CorruptFileError for broken JSON. IncompatibleError for what is not supported;
 * each names the file and the setting.
 */
export async function readDescription(folder: string, weightsName: string = FILES.weights): Promise<BertDescription> {
  if (!(await isFolder(folder))) {
    throw new NotFoundError(
      `There is no folder ${folder}.`,
      'Give the folder of a sentence-transformers model, which holds config.json.',
    );
  }
  const config = await readObject(join(folder, FILES.config), true);
  const { architecture, shape } = readShape(config, join(folder, FILES.config));
  const modules = await readModules(folder);
  const transformer = await readObject(join(folder, modules.transformer, FILES.transformer));
  const settings = await readObject(join(folder, FILES.prompts));
  const similarity = settings['similarity_fn_name'] ?? 'cosine';
  if (similarity !== 'cosine' && similarity !== 'dot') {
    throw unsupported(join(folder, FILES.prompts), 'similarity_fn_name', similarity, 'cosine, dot');
  }
  for (const name of [weightsName, FILES.tokenizer]) await mustExist(folder, name);
  const asked = transformer['max_seq_length'];
  const languages = await languagesOf(folder);
  return {
    name: basename(folder),
    folder,
    weights: join(folder, weightsName),
    tokenizer: join(folder, FILES.tokenizer),
    architecture,
    shape,
    pooling: modules.pooling,
    normalize: modules.normalize || similarity === 'cosine',
    maxLength: Math.min(typeof asked === 'number' && asked >= 3 ? asked : shape.positions, shape.positions),
    lowerCase: transformer['do_lower_case'] === true,
    prompts: promptsOf(settings, join(folder, FILES.prompts)),
    ...(languages === undefined ? {} : { languages }),
  };
}

function readShape(config: Json, file: string): Pick<BertDescription, 'architecture' | 'shape'> {
  const architecture = config['model_type'];
  if (architecture !== 'bert' && architecture !== 'distilbert') {
    throw unsupported(file, 'model_type', architecture, 'bert, distilbert');
  }
  const position = config['position_embedding_type'] ?? 'absolute';
  if (position !== 'absolute') throw unsupported(file, 'position_embedding_type', position, 'absolute');
  if (config['is_decoder'] === true) throw unsupported(file, 'is_decoder', true, 'false');
  const number = (...names: string[]): number => {
    const name = names.find((candidate) => config[candidate] !== undefined) ?? names[0]!;
    const value = config[name];
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 1e7) {
      throw new CorruptFileError(file, `${name} is ${shown(value)}, not a whole number`, RESTORE);
    }
    return value as number;
  };
  const activation = config['hidden_act'] ?? config['activation'] ?? 'gelu';
  const known = { gelu: 'gelu', gelu_new: 'geluTanh', gelu_pytorch_tanh: 'geluTanh', relu: 'relu' } as const;
  if (typeof activation !== 'string' || !Object.hasOwn(known, activation)) {
    throw unsupported(file, 'hidden_act', activation, Object.keys(known).join(', '));
  }
  const width = number('hidden_size', 'dim');
  const heads = number('num_attention_heads', 'n_heads');
  if (width % heads !== 0) {
    throw new CorruptFileError(file, `hidden_size ${width} does not divide into ${heads} heads`, RESTORE);
  }
  const epsilon = config['layer_norm_eps'] ?? 1e-12;
  return {
    architecture,
    shape: {
      layers: number('num_hidden_layers', 'n_layers'),
      heads,
      width,
      hidden: number('intermediate_size', 'hidden_dim'),
      vocabulary: number('vocab_size'),
      positions: number('max_position_embeddings'),
      types: architecture === 'bert' ? number('type_vocab_size') : 0,
      epsilon: typeof epsilon === 'number' && epsilon > 0 ? epsilon : 1e-12,
      activation: known[activation as keyof typeof known],
    },
  };
}

interface Modules {
  /** Folder of the transformer within the model's, mostly the same. */
  readonly transformer: string;
  readonly pooling: TextPooling;
  readonly normalize: boolean;
}

async function readModules(folder: string): Promise<Modules> {
  const file = join(folder, FILES.modules);
  const list = await readJson(file);
  let modules: Modules = { transformer: '', pooling: 'mean', normalize: false };
  if (list === undefined) return modules;
  const isModule = (entry: unknown): entry is { type: string; path?: string } => {
    const { type, path = '' } = isObject(entry) ? entry : {};
    return typeof type === 'string' && typeof path === 'string';
  };
  if (!Array.isArray(list) || !list.every(isModule))
    throw new CorruptFileError(file, 'it is not a list of modules', RESTORE);
  for (const { type, path = '' } of list) {
    const kind = type.split('.').at(-1);
    if (kind === 'Transformer') modules = { ...modules, transformer: path };
    else if (kind === 'Pooling') modules = { ...modules, pooling: await readPooling(join(folder, path, FILES.config)) };
    else if (kind === 'Normalize') modules = { ...modules, normalize: true };
    else throw unsupported(file, 'type', type, 'Transformer, Pooling, Normalize');
  }
  return modules;
}

const POOLINGS: Readonly<Record<string, TextPooling>> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_lasttoken: 'last',
};

async function readPooling(file: string): Promise<TextPooling> {
  const config = await readObject(file, true);
  const modes = Object.keys(config).filter((name) => name.startsWith('pooling_mode_') && config[name] === true);
  const [mode] = modes;
  if (modes.length !== 1 || !Object.hasOwn(POOLINGS, mode!)) {
    throw unsupported(file, 'pooling_mode_*', modes.join(' and ') || 'none', Object.keys(POOLINGS).join(', '));
  }
  if (config['include_prompt'] === false) throw unsupported(file, 'include_prompt', false, 'true');
  return POOLINGS[mode!]!;
}

function promptsOf(settings: Json, file: string): Prefixes {
  const { prompts = {} } = settings;
  if (!isObject(prompts)) throw new CorruptFileError(file, `prompts is ${shown(prompts)}, not an object`, RESTORE);
  const usual = settings['default_prompt_name'];
  const first = (...names: readonly unknown[]) => {
    const name = names.find((candidate) => typeof candidate === 'string' && typeof prompts[candidate] === 'string');
    return name === undefined ? '' : (prompts[name as string] as string);
  };
  return { query: first('query', usual), document: first('document', 'passage', usual) };
}

/** `language:` of the card's front matter: one code, or a list. */
async function languagesOf(folder: string): Promise<string[] | undefined> {
  const card = await readFile(join(folder, FILES.card), 'utf8').catch(() => '');
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  const entry = /^language:[ \t]*(.*(?:\r?\n[ \t]*- .*)*)/m.exec(front)?.[1] ?? '';
  const codes = entry.match(/\b[a-z]{2,}\b/g) ?? [];
  return codes.length > 0 && codes.every((code) => code.length === 2) ? codes : undefined;
}

/** The small files of the layout for a model, by their paths: what {@link readDescription} reads, and sentence-transformers too. */
export function describedFiles(description: BertDescription): Map<string, Uint8Array> {
  const { architecture, shape, pooling, normalize, maxLength, lowerCase, prompts, languages } = description;
  const modes = Object.entries(POOLINGS).map(([mode, name]) => [mode, name === pooling]);
  const parts = ['Transformer', 'Pooling', ...(normalize ? ['Normalize'] : [])];
  const json: Record<string, unknown> = {
    [FILES.config]: configOf(architecture, shape),
    [FILES.modules]: parts.map((part, idx) => ({
      idx,
      name: String(idx),
      path: idx === 0 ? '' : `${idx}_${part}`,
      type: `sentence_transformers.models.${part}`,
    })),
    [`1_Pooling/${FILES.config}`]: { word_embedding_dimension: shape.width, ...Object.fromEntries(modes) },
    [FILES.transformer]: { max_seq_length: maxLength, do_lower_case: lowerCase },
    [FILES.prompts]: { prompts, default_prompt_name: null, similarity_fn_name: normalize ? 'cosine' : 'dot' },
    // What sentence-transformers needs to open tokenizer.json.
    'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast', model_max_length: maxLength },
  };
  const files = new Map(Object.entries(json).map(([path, value]) => [path, `${JSON.stringify(value, null, 2)}\n`]));
  if (languages !== undefined) files.set(FILES.card, cardOf(languages));
  const encoder = new TextEncoder();
  return new Map(Array.from(files, ([path, text]) => [path, encoder.encode(text)]));
}

function cardOf(languages: readonly string[]): string {
  const list = languages.map((code) => `- ${code}\n`).join('');
  return `---\nlanguage:\n${list}library_name: sentence-transformers\npipeline_tag: sentence-similarity\n---\n`;
}

function configOf(architecture: BertDescription['architecture'], shape: BertShape): Json {
  const act = { gelu: 'gelu', geluTanh: 'gelu_new', relu: 'relu' }[shape.activation];
  if (architecture === 'distilbert') {
    return {
      model_type: 'distilbert',
      architectures: ['DistilBertModel'],
      vocab_size: shape.vocabulary,
      dim: shape.width,
      n_layers: shape.layers,
      n_heads: shape.heads,
      hidden_dim: shape.hidden,
      max_position_embeddings: shape.positions,
      activation: act,
    };
  }
  return {
    model_type: 'bert',
    architectures: ['BertModel'],
    vocab_size: shape.vocabulary,
    hidden_size: shape.width,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.hidden,
    max_position_embeddings: shape.positions,
    type_vocab_size: shape.types,
    layer_norm_eps: shape.epsilon,
    hidden_act: act,
  };
}

const RESTORE = 'Restore the file, or download the model again.';

/** A file's object; an empty one where the file is absent and need not be there. */
async function readObject(file: string, isNeeded = false): Promise<Json> {
  const value = (await readJson(file)) ?? (isNeeded ? undefined : {});
  if (value === undefined)
    throw new NotFoundError(`There is no file ${file}.`, 'Give the folder of a sentence-transformers model.');
  if (isObject(value)) return value;
  throw new CorruptFileError(file, 'it is not a JSON object', RESTORE);
}

/** What a file says; undefined where there is none. */
async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new CorruptFileError(file, `it cannot be read (${code})`, RESTORE, { cause });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CorruptFileError(file, 'it is not JSON', RESTORE, { cause });
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function mustExist(folder: string, name: string): Promise<void> {
  try {
    await stat(join(folder, name));
  } catch (cause) {
    const other = await stat(join(folder, 'pytorch_model.bin')).catch(() => undefined);
    throw new NotFoundError(
      `${folder} has no ${name}.`,
      other !== undefined && name.endsWith('.safetensors')
        ? 'Save the model as safetensors, in one file: with sentence-transformers, model.save_pretrained(folder).'
        : `Give a folder that holds ${name}.`,
      { cause },
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function unsupported(file: string, setting: string, value: unknown, known: string): IncompatibleError {
  return new IncompatibleError(
    `${file}: ${setting} is ${shown(value)}, which is not supported.`,
    `Use a model with one of: ${known}; others run through hf:FOLDER with the package @huggingface/transformers.`,
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'missing';
}
