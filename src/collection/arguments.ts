import { InvalidArgumentError } from '../base/errors.ts';

/** What programs without types may give in place of an argument, with how what is right is told to them. */
interface Wanted {
  readonly is: (value: unknown) => boolean;
  /** Ends a sentence that begins with "Give". */
  readonly as: string;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const has = (value: unknown, ...names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => value[name] !== undefined);
const isPassage = (value: unknown): boolean => isObject(value) && isText(value['id']);
/** A text can be gone through too, sign by sign, which nobody means. */
const isIterable = (value: unknown): boolean => isObject(value) && Symbol.iterator in value;

/** Arguments of calls of a collection by what they are. */
const ARGUMENTS = {
  directory: { is: isText, as: 'the path of a folder, or the address of a collection in PostgreSQL' },
  text: { is: isText, as: 'a text' },
  texts: { is: (value) => Array.isArray(value) && value.every(isText), as: 'a list of texts' },
  queries: {
    is: (value) => Array.isArray(value) && value.every((one) => isText(one) || (isObject(one) && isText(one['query']))),
    as: "a list of texts, or of { query: '...' } with options",
  },
  name: { is: isText, as: 'the name of a field' },
  id: { is: isText, as: 'the id of a document' },
  ids: { is: isIterable, as: 'a list of ids' },
  prefixes: { is: Array.isArray, as: "a list of beginnings of ids, such as ['docs/']" },
  prefix: { is: isText, as: "a beginning of ids, such as 'docs/'" },
  paths: { is: Array.isArray, as: 'a list of paths' },
  documents: {
    is: (value) => isIterable(value) || (isObject(value) && Symbol.asyncIterator in value),
    as: "documents in a list or another iterable: [{ id: 'a', text: '...' }]",
  },
  passages: {
    is: (value) => (Array.isArray(value) ? value.every(isPassage) : isPassage(value)),
    as: "{ id: 'DOCUMENT' }, with `start` for one passage of it, or a list of these",
  },
  work: { is: (value) => typeof value === 'function', as: 'a function that is given the corpus' },
  options: { is: isObject, as: 'an object of options' },
  encoder: { is: (value) => isText(value) || isObject(value), as: 'an encoder, or its specification' },
  tuned: {
    is: (value) =>
      has(value, 'description', 'files') && has((value as { description: unknown }).description, 'base', 'form'),
    as: 'what a trained encoder is made of, { description, files }',
  },
  relevance: { is: (value) => has(value, 'weights', 'threshold'), as: 'what `learnRelevance` gives' },
  reranker: {
    is: (value) => has(value, 'base', 'arrays'),
    as: 'weights of a cross-encoder, as `tuneReranker` learns them',
  },
  feedback: { is: (value) => has(value, 'passages', 'parameters'), as: 'what `trainFeedback` gives' },
  compressor: {
    is: (value) => has(value, 'encoder', 'weights') || has(value, 'extract'),
    as: 'what `learnSentences` or `learnExtracts` gives',
  },
} as const satisfies Readonly<Record<string, Wanted>>;

/**
 * Refuses an argument of another type than the call is declared with, which would fail somewhere within, or do something else.
 * @param call as it is written: `deploy`. @throws InvalidArgumentError
 */
export function checkArgument(call: string, kind: keyof typeof ARGUMENTS, value: unknown): void {
  const { is, as } = ARGUMENTS[kind];
  if (is(value)) return;
  const place = kind === 'options' ? ' for its options' : '';
  throw new InvalidArgumentError(`\`${call}\` was given ${shown(value)}${place}.`, `Give ${as}.`);
}

/** What was given, in a word or two. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
  if (Array.isArray(value)) return 'a list of something else';
  if (isObject(value)) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing in it'}`;
  return typeof value === 'function' ? 'a function' : String(value);
}
