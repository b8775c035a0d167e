import { InvalidArgumentError } from '../../base/errors.ts';
import type { BertDescription } from '../bert/description.ts';
import type { WordPieceTokenizer } from '../bert/wordpiece.ts';

/** How much of a pair is read. */
export interface PairLimits {
  /** Tokens of a pair, special ones included, at most those that the model has places for. Default: what the model reads of a text. */
  readonly maxLength?: number;
  /** Tokens of the query, at most; the passage has the rest. Default 64, and never more than half of the pair. */
  readonly maxQuery?: number;
}

/** A query and a passage as one input. */
export interface PairTokens {
  /** `[CLS] query [SEP] passage [SEP]`. */
  readonly tokens: Int32Array;
  /** Where the passage begins. */
  readonly second: number;
}

const MOST_QUERY = 64;

/** The limits with all that they leave open. @throws InvalidArgumentError for what the model has no places for. */
export function limitsOf(limits: PairLimits, { name, maxLength: usual, shape }: BertDescription): Required<PairLimits> {
  const { maxLength = usual, maxQuery = MOST_QUERY } = limits;
  if (!Number.isInteger(maxLength) || maxLength < 8 || maxLength > shape.positions) {
    throw new InvalidArgumentError(
      `A cross-encoder on ${name} cannot read ${maxLength} tokens.`,
      `Give a whole number from 8 to ${shape.positions}.`,
    );
  }
  if (!Number.isInteger(maxQuery) || maxQuery < 1) {
    throw new InvalidArgumentError(`A query of ${maxQuery} tokens.`, 'Give a whole number of at least 1.');
  }
  return { maxLength, maxQuery };
}

/** The tokens of a pair; what is too long loses its end. */
export function pairTokens(
  tokenizer: WordPieceTokenizer,
  { lowerCase }: Pick<BertDescription, 'lowerCase'>,
  query: string,
  passage: string,
  { maxLength, maxQuery }: Required<PairLimits>,
): PairTokens {
  const read = (text: string, most: number) => tokenizer.encode(lowerCase ? text.toLowerCase() : text, most);
  const first = read(query, Math.min(maxQuery, (maxLength - 3) >> 1));
  const rest = read(passage, maxLength - 3 - first.length);
  const tokens = new Int32Array(first.length + rest.length + 3);
  tokens[0] = tokenizer.cls;
  tokens.set(first, 1);
  const second = first.length + 2;
  tokens[second - 1] = tokenizer.sep;
  tokens.set(rest, second);
  tokens[tokens.length - 1] = tokenizer.sep;
  return { tokens, second };
}
