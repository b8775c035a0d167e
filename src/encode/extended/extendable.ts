import type { Vectors } from '../../base/vectors.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../encoder.ts';

/** A table of positions that takes the place of a model's own. */
export interface PositionRows {
  /** Most tokens of a text, special ones included. */
  readonly window: number;
  /** Names it among all tables: prepared models are kept by it. */
  readonly name: string;
  /** `[window, width]` from the table of the model, `[count, width]`. */
  readonly rows: (table: Float32Array, width: number) => Float32Array;
}

/** What `extendedEncoder` asks of an encoder: those of the BERT family have it. */
export interface Extendable {
  /** The same model over other positions. To be disposed of by itself. */
  withPositions(id: string, table: PositionRows): Encoder & TokenEncoder;
  /** Word pieces of texts with their prompts, at most `most` of each, without special ones. */
  piecesOf(texts: readonly string[], most: number, options?: EncodeOptions): Promise<Int32Array[]>;
  /** A vector for each list of word pieces, of no more than `window.tokens`; the zero vector where none is known. */
  encodePieces(pieces: readonly Int32Array[], options?: EncodeOptions): Promise<Vectors>;
}
