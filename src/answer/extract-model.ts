import { IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { openSealed, sealFile } from '../encode/sealed-file.ts';
import { EXTRACT_FEATURES, type ExtractInputs } from './extract-features.ts';
import { weighted } from './sentence-weights.ts';

/** What `learnExtracts` of `sagitta-search/train` learned: the odds that a sentence belongs into the extract of its passage, whatever is asked. */
export interface ExtractModel {
  /** A weight for each number of `extractInputs`, and a constant: their sum is the logit of keeping the sentence. */
  readonly extract: readonly number[];
}

/** How long an extract becomes. */
export interface ExtractLength {
  /** Most of the passage's tokens, as a share: above 0, at most 1; or `own`: what is rather kept than not by the model's own odds, which is often a sentence. Default 0.4. */
  readonly share?: number | 'own';
}

/** The logit of keeping each sentence. @throws IncompatibleError for a model of other features. */
export function extractLogits({ extract }: ExtractModel, { features }: Pick<ExtractInputs, 'features'>): number[] {
  if (extract.length !== EXTRACT_FEATURES + 1) {
    throw new IncompatibleError(
      `The trained extracts go by ${extract.length - 1} signals, and this version has ${EXTRACT_FEATURES}.`,
      'Train them again.',
    );
  }
  return features.map((row) => weighted(row, extract));
}

/**
 * Chooses sentences of a passage by a number of each, the greatest first. One is always kept: where none fits, the best.
 * @param worth of each sentence; logits where the length is `own`. @param sizes tokens of each sentence. @returns places of those that are kept, ascending.
 * @throws InvalidArgumentError for a share out of range.
 */
export function chosenOf(worth: readonly number[], sizes: readonly number[], length: ExtractLength = {}): number[] {
  const share = shareOf(length);
  const order = [...worth.keys()].sort((a, b) => worth[b]! - worth[a]! || a - b);
  const chosen: number[] = [];
  let left = share === 'own' ? 0 : share * sizes.reduce((sum, size) => sum + size, 0);
  for (const i of order) {
    const stays = share === 'own' ? worth[i]! >= 0 : sizes[i]! <= left;
    if (!stays) continue;
    left -= sizes[i]!;
    chosen.push(i);
  }
  if (chosen.length === 0 && order.length > 0) chosen.push(order[0]!);
  return chosen.sort((a, b) => a - b);
}

/** The share that is meant. @throws InvalidArgumentError where it is out of range. */
export function shareOf({ share = 0.4 }: ExtractLength): number | 'own' {
  if (share === 'own' || (share > 0 && share <= 1)) return share;
  throw new InvalidArgumentError(`A share of ${share} of the tokens.`, "Keep a share above 0, at most 1, or 'own'.");
}

const KIND = { magic: 'SGTEXTRC', version: 1, what: 'trained extracts' } as const;

/** A model as a file, covered by a checksum. */
export function writeExtractModel(model: ExtractModel): Uint8Array {
  return sealFile(KIND, { extract: model.extract });
}

/** Whether bytes begin as those that {@link writeExtractModel} wrote. */
export function isExtractModel(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, KIND.magic.length)) === KIND.magic;
}

/**
 * Reads what {@link writeExtractModel} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readExtractModel(bytes: Uint8Array, file: string): ExtractModel {
  return openSealed<ExtractModel>(KIND, bytes, file, () => 0).description;
}
