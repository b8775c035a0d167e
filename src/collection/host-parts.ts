import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { readCross } from '../encode/cross/weights.ts';
import {
  DEFAULT_MODEL_URL,
  type EndpointModelOptions,
  endpointModel,
  keptAnswers,
  type LanguageModelKind,
} from '../generate/index.ts';
import {
  type CrossRerankerOptions,
  crossReranker,
  type EndpointRerankerOptions,
  endpointReranker,
  isLocal,
  keptScores,
} from '../rerank/index.ts';
import type { Reranker } from '../search/index.ts';
import type { Extension } from './extensions.ts';

/** Settings of the configuration that name what is asked over a network, and the variables of the environment by which threads, and users, say the same. */
export const HOST_PARTS: Readonly<Record<'rerankers' | 'models', string>> = {
  rerankers: 'SAGITTA_RERANKERS',
  models: 'SAGITTA_MODELS',
};

interface Kept {
  /** Whether answers are kept on disk. Default true. */
  readonly keep?: boolean;
}
/** A cross-encoder that runs here, from a folder in Hugging Face's layout or a file of `sagitta tune --what reranker`; or an endpoint. */
type RerankerEntry = (EndpointRerankerOptions & Kept) | ({ readonly cross: string } & CrossRerankerOptions);
type ModelEntry = Partial<EndpointModelOptions> & Kept;

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  rerankers: [
    ...['url', 'model', 'shape', 'apiKeyEnv', 'batchSize', 'longest', 'timeoutMs', 'retries', 'backoffMs', 'budgetMs'],
    ...['headers', 'keep', 'cross', 'depth', 'weight'],
  ],
  models: [
    ...['url', 'model', 'apiKeyEnv', 'window', 'firstMs', 'pauseMs', 'totalMs', 'retries', 'backoffMs', 'headers'],
    'keep',
  ],
};

/** The rerankers and language models that the environment names. @throws InvalidArgumentError for what is none. */
export function hostParts(): Extension {
  const rerankers = Object.entries(read('rerankers') as Record<string, RerankerEntry>).map(([id, entry]) =>
    rerankerOf(id, entry),
  );
  const languageModels = Object.entries(read('models') as Record<string, ModelEntry>).map(([name, entry]) =>
    modelOf(name, entry),
  );
  return { rerankers, languageModels };
}

function rerankerOf(id: string, entry: RerankerEntry): Reranker {
  if ('cross' in entry) return localReranker(id, entry);
  const { keep = true, ...options } = entry;
  const reranker = endpointReranker({ ...options, id });
  return keep ? keptScores(reranker, JSON.stringify([options.url, options.model])) : reranker;
}

/** Paths are relative to the folder that the command runs in. */
function localReranker(id: string, { cross, ...options }: { readonly cross: string } & CrossRerankerOptions): Reranker {
  const path = resolve(cross);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new NotFoundError(
      `The reranker "${id}" is to be in ${path}, where there is nothing.`,
      'Name the folder of a cross-encoder, or a file that `sagitta tune --what reranker` made.',
    );
  }
  if (found.isDirectory()) {
    const open = async () => (await import('../encode/cross/folder.ts')).crossFolder(path, { id });
    return crossReranker(open, { ...options, id });
  }
  const weights = readCross(readFileSync(path), path);
  const open = async () => (await import('../encode/cross/open.ts')).openCross(id, weights);
  return crossReranker(open, { ...weights.suggested, ...options, id });
}

function modelOf(
  name: string,
  { keep = true, url = DEFAULT_MODEL_URL, model = '', ...rest }: ModelEntry,
): LanguageModelKind {
  const asked = endpointModel({ ...rest, url, model });
  return {
    name,
    remote: !isLocal(new URL(url).hostname),
    open: () => (keep ? keptAnswers(asked) : asked),
  };
}

function read(setting: keyof typeof HOST_PARTS): object {
  const variable = HOST_PARTS[setting];
  const text = process.env[variable];
  if (text === undefined || text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `${variable} is no JSON: ${(error as Error).message}.`,
      `Write ${EXAMPLES[setting]}.`,
    );
  }
  return checkHostParts(setting, value, variable);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  rerankers: '{"jina": {"url": "https://api.jina.ai/v1/rerank", "model": "jina-reranker-v2-base-multilingual"}}',
  models: '{"writer": {"model": "llama3.2"}}',
};

/** Holds a value to what such a setting is: named objects whose members are known. @param where for messages. */
export function checkHostParts(setting: string, value: unknown, where: string): object {
  const fail = (problem: string, remedy = `Write ${EXAMPLES[setting]}.`): never => {
    throw new InvalidArgumentError(`${where}: ${problem}.`, remedy);
  };
  const isObject = (one: unknown): one is object => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isObject(value)) return fail(`its ${setting} are no object`);
  for (const [name, entry] of Object.entries(value)) {
    if (!/^[a-z][\w-]*$/i.test(name))
      fail(`"${name}" cannot be a name`, 'Use letters, digits and "-", a letter first.');
    if (!isObject(entry)) return fail(`"${name}" of its ${setting} is no object`);
    const known = MEMBERS[setting]!;
    const unknown = Object.keys(entry).find((member) => !known.includes(member));
    if (unknown === undefined) continue;
    const guess = nearest(unknown, known);
    fail(
      `"${name}" of its ${setting} has a member "${unknown}"`,
      guess === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  return value;
}
