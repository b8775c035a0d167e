import { openSealed, sealFile } from '../../encode/sealed-file.ts';
import { checkHypothesisModel, type HypothesisModel } from './hypothesis.ts';
import { readQueryUpdate, writeQueryUpdate } from './query-update-file.ts';

const KIND = { magic: 'SGTHYPOT', version: 1, what: 'a model of hypothetical documents' } as const;

interface Description extends Omit<HypothesisModel, 'update'> {
  /** Bytes of the update, which stands behind, as a file of its own. */
  readonly update: number;
}

/** A model of hypothetical documents as a file: what chooses sentences in JSON, then what corrects the mixture. All of it is covered by a checksum. */
export function writeHypothesisModel({ update, ...description }: HypothesisModel): Uint8Array {
  const bytes = update === undefined ? new Uint8Array() : writeQueryUpdate(update);
  return sealFile(KIND, { ...description, update: bytes.length }, bytes);
}

/**
 * Reads what {@link writeHypothesisModel} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError, InvalidArgumentError for impossible numbers.
 */
export function readHypothesisModel(bytes: Uint8Array, file: string): HypothesisModel {
  const { description, numbers } = openSealed<Description>(KIND, bytes, file, ({ update }) => update);
  const { update, ...rest } = description;
  const model = update === 0 ? rest : { ...rest, update: readQueryUpdate(new Uint8Array(numbers), file) };
  checkHypothesisModel(model);
  return model;
}
