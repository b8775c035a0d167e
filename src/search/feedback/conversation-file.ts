import { openSealed, sealFile } from '../../encode/sealed-file.ts';
import { CONVERSATION_SIGNALS, type ConversationModel, checkConversationModel } from './conversation.ts';

const KIND = { magic: 'SGTCONVS', version: 1, what: 'weights of conversations' } as const;

/** Weights of a conversation's words as a file: a description in JSON, then its numbers in float32. All of it is covered by a checksum. */
export function writeConversationModel({ width, direct, hidden, out }: ConversationModel): Uint8Array {
  return sealFile(KIND, { width }, direct, hidden, out);
}

/**
 * Reads what {@link writeConversationModel} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError, InvalidArgumentError for impossible numbers.
 */
export function readConversationModel(bytes: Uint8Array, file: string): ConversationModel {
  const rows = CONVERSATION_SIGNALS.length + 1;
  const lengths = ({ width }: { readonly width: number }) => [rows, rows * width, width];
  const { description, numbers } = openSealed<{ readonly width: number }>(KIND, bytes, file, (described) =>
    lengths(described).reduce((sum, length) => sum + 4 * length, 0),
  );
  let at = 0;
  const [direct, hidden, out] = lengths(description).map((length) => {
    const part = new Float32Array(numbers, at, length);
    at += part.byteLength;
    return part;
  });
  const model = { width: description.width, direct: direct!, hidden: hidden!, out: out! };
  checkConversationModel(model);
  return model;
}
