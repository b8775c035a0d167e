import { type ExtractModel, isExtractModel, readExtractModel, writeExtractModel } from './extract-model.ts';
import { extracts } from './extracts.ts';
import { learned } from './learned.ts';
import { readSentenceModel, type SentenceModel, writeSentenceModel } from './sentence-model.ts';
import type { Compressor } from './types.ts';

/** What a compressor can be trained to know: which sentences help with a question, or which of a passage stay whatever is asked. */
export type CompressorModel = SentenceModel | ExtractModel;

/** A model of either kind as a file, covered by a checksum. */
export function writeCompressor(model: CompressorModel): Uint8Array {
  return 'extract' in model ? writeExtractModel(model) : writeSentenceModel(model);
}

/**
 * The compressor that a file of {@link writeCompressor} holds.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readCompressor(bytes: Uint8Array, file: string): Compressor {
  return isExtractModel(bytes) ? extracts(readExtractModel(bytes, file)) : learned(readSentenceModel(bytes, file));
}
