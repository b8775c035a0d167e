import { readFile } from 'node:fs/promises';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { Normalization } from './characters.ts';
import { scanVocabulary } from './scan-vocabulary.ts';
import { Vocabulary } from './vocabulary.ts';

/** A token that is found in the text as it stands and never split. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether it is looked for in the normalised text, instead of the text as given. */
  readonly normalized: boolean;
}

/** What `tokenizer.json` says, as far as a WordPiece tokenizer of BERT's kind needs it. */
export interface TokenizerFile {
  readonly vocabulary: Vocabulary;
  readonly normalization: Normalization;
  /** Longer words, in characters, are unknown as a whole. */
  readonly longestWord: number;
  readonly added: readonly AddedToken[];
  readonly unknown: number;
  readonly cls: number;
  readonly sep: number;
  /** The unknown token's id where the file names none. */
  readonly pad: number;
}

type Json = Readonly<Record<string, unknown>>;

const AGAIN = 'Fetch the folder of the model again.';
const ANOTHER =
  'Use a model with a WordPiece tokenizer as BERT has, or run this one through transformers.js (hfEncoder).';
/** Ids index an embedding table, and words a buffer: both are bounded, whatever the file says. */
const MOST_IDS = 1 << 24;
const LONGEST_WORD = 1 << 16;

/**
 * Reads `tokenizer.json` in the format of Hugging Face's tokenizers. What it says of truncation, padding (but for the token) and decoding
 * does not matter for ids.
 * @throws NotFoundError when there is no such file. @throws CorruptFileError when it is not JSON or contradicts itself.
 * @throws IncompatibleError naming the setting that is not supported.
 */
export async function readTokenizerFile(file: string): Promise<TokenizerFile> {
  const reader = new Reader(file);
  const { json, scanned } = reader.parse(await reader.read());
  const model = reader.model(json);
  const prefix = model.continuing_subword_prefix ?? '##';
  if (typeof prefix !== 'string' || prefix.length > 64) {
    throw reader.unsupported('model.continuing_subword_prefix', prefix);
  }
  const longestWord = model.max_input_chars_per_word ?? 100;
  if (!isWhole(longestWord) || longestWord < 1 || longestWord > LONGEST_WORD) {
    throw reader.unsupported('model.max_input_chars_per_word', longestWord);
  }
  const vocabulary = new Vocabulary(prefix);
  if (scanned !== undefined) scanned.addTo(vocabulary);
  else reader.addVocabulary(model.vocab, vocabulary);
  if (vocabulary.count === 0) throw reader.corrupt('model.vocab is empty');
  if (vocabulary.size > MOST_IDS) throw reader.corrupt(`model.vocab has the id ${vocabulary.size - 1}`);
  const added = reader.added(json);
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  const idOf = (token: string) => {
    const id = ids.get(token) ?? vocabulary.idOf(token);
    return id < 0 ? undefined : id;
  };
  const unknown = typeof model.unk_token === 'string' ? idOf(model.unk_token) : undefined;
  if (unknown === undefined) throw reader.corrupt(`model.unk_token, ${shown(model.unk_token)}, is not in model.vocab`);
  const padId = asRecord(json.padding)?.pad_id;
  return {
    vocabulary,
    normalization: reader.normalization(json),
    longestWord,
    added,
    unknown,
    ...reader.ends(json, idOf),
    pad: isId(padId) ? padId : (idOf('[PAD]') ?? unknown),
  };
}

/** Reads one file part by part, and names it in errors. */
class Reader {
  constructor(readonly file: string) {}

  corrupt(problem: string, cause?: unknown): CorruptFileError {
    return new CorruptFileError(this.file, problem, AGAIN, { cause });
  }

  unsupported(setting: string, value: unknown): IncompatibleError {
    return new IncompatibleError(`${this.file}: ${setting} is ${shown(value)}, which is not supported.`, ANOTHER);
  }

  async read(): Promise<string> {
    try {
      return await readFile(this.file, 'utf8');
    } catch (cause) {
      const code = (cause as { code?: string }).code;
      if (code === 'ENOENT') throw new NotFoundError(`There is no file ${this.file}.`, AGAIN, { cause });
      throw this.corrupt(`it cannot be read (${code})`, cause);
    }
  }

  /** `model.vocab` is most of the file and is scanned apart, three times as fast, unless it is written in an unusual way. */
  parse(text: string) {
    const scanned = scanVocabulary(text);
    if (scanned !== undefined) {
      const json = this.#json(`${text.slice(0, scanned.start)}0${text.slice(scanned.end)}`);
      if (asRecord(json.model)?.vocab === 0) return { json, scanned };
    }
    return { json: this.#json(text) };
  }

  #json(text: string): Json {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw this.corrupt('it is not JSON', cause);
    }
    const object = asRecord(json);
    if (object === undefined) throw this.corrupt('it is not a JSON object');
    return object;
  }

  model(json: Json): Json {
    const model = asRecord(json.model);
    if (model === undefined) throw this.corrupt('it describes no model');
    // Files of early versions name no type; only WordPiece has this setting beside a vocabulary without merges.
    const type = model.type ?? ('max_input_chars_per_word' in model ? 'WordPiece' : undefined);
    if (type !== 'WordPiece') throw this.unsupported('model.type', type);
    return model;
  }

  addVocabulary(vocab: unknown, vocabulary: Vocabulary): void {
    const entries = asRecord(vocab);
    if (entries === undefined) throw this.corrupt('model.vocab is missing');
    for (const [token, id] of Object.entries(entries)) {
      if (!isId(id)) throw this.corrupt(`the id of ${shown(token)} in model.vocab is ${shown(id)}`);
      vocabulary.add(token, 0, token.length, id);
    }
  }

  normalization(json: Json): Normalization {
    const stated = asRecord(json.normalizer);
    if (stated?.type !== 'BertNormalizer') throw this.unsupported('normalizer', typed(json.normalizer));
    if (asRecord(json.pre_tokenizer)?.type !== 'BertPreTokenizer') {
      throw this.unsupported('pre_tokenizer', typed(json.pre_tokenizer));
    }
    const flag = (name: string, absent: boolean): boolean => {
      const value = stated[name] ?? absent;
      if (typeof value !== 'boolean') throw this.unsupported(`normalizer.${name}`, value);
      return value;
    };
    const lowercase = flag('lowercase', true);
    return {
      clean: flag('clean_text', true),
      ideographs: flag('handle_chinese_chars', true),
      stripAccents: flag('strip_accents', lowercase),
      lowercase,
    };
  }

  /** White space gives no tokens, so `lstrip` and `rstrip` make no difference here. */
  added(json: Json): AddedToken[] {
    const tokens = json.added_tokens ?? [];
    if (!Array.isArray(tokens)) throw this.corrupt('added_tokens is not a list');
    return tokens.map((item: unknown, i) => {
      const { content, id, normalized, special, single_word: single } = asRecord(item) ?? {};
      if (typeof content !== 'string' || content === '' || !isId(id)) {
        throw this.corrupt(`added_tokens[${i}] has no content or no id`);
      }
      if (single === true) throw this.unsupported(`added_tokens[${i}].single_word (of ${shown(content)})`, single);
      return { content, id, normalized: typeof normalized === 'boolean' ? normalized : special !== true };
    });
  }

  /** What stands before and after a text. */
  ends(json: Json, idOf: (token: string) => number | undefined): { cls: number; sep: number } {
    const post = asRecord(json.post_processor);
    let names: unknown[];
    if (post?.type === 'BertProcessing') {
      names = [post.cls, post.sep].map((pair) => (Array.isArray(pair) ? pair[0] : undefined));
    } else if (post?.type === 'TemplateProcessing') {
      const single = Array.isArray(post.single) ? post.single.map(asRecord) : [];
      if (single.length !== 3 || asRecord(single[1]?.Sequence)?.id !== 'A') {
        throw this.unsupported('post_processor.single', post.single);
      }
      names = [single[0], single[2]].map((item) => asRecord(item?.SpecialToken)?.id);
    } else {
      throw this.unsupported('post_processor', typed(json.post_processor));
    }
    const [cls, sep] = names.map((name) => {
      const id = typeof name === 'string' ? idOf(name) : undefined;
      if (id === undefined) throw this.corrupt(`post_processor names ${shown(name)}, which is no token`);
      return id;
    });
    return { cls: cls!, sep: sep! };
  }
}

function asRecord(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A part of the file as an error names it: by its type, where it has one. */
function typed(part: unknown): unknown {
  return asRecord(part)?.type ?? part;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isId(value: unknown): value is number {
  return isWhole(value) && value >= 0 && value < MOST_IDS;
}
