import type { Batch, FitModel, ParameterGroup, PartialShape } from '../tensor/index.ts';
import type { Encoder } from './encoder.ts';
import type { EncoderTuning } from './tuning.ts';

/** Files of a folder by their paths in it. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** An encoder whose parameters can be trained: `fit` trains it, and it serves and saves itself. @typeParam In texts or vectors. */
export interface Trainable<In = string> extends FitModel {
  /** Which {@link EncoderForm} opens what it saves. */
  readonly form: string;
  /** Components of its vectors. */
  readonly dim: number;
  /** Which parameters stay as they are, and other exceptions. */
  readonly groups: readonly ParameterGroup[];
  /** Extents of the arrays: names for those that change with the inputs' lengths, null for how many inputs there are. */
  readonly shapes: Readonly<Record<string, PartialShape>>;
  /** Modules beside the weights that it has: those asked for, and those it had. */
  readonly tuning: EncoderTuning;
  /** Highest learning rate that suits it. */
  readonly learningRate: number;
  /**
   * Inputs as arrays, which `forward` makes unit vectors `[inputs, dim]` of. Every input counts; a text without tokens stands for itself as the
   * empty text. @param role of the texts, where the encoder has prompts. Default `document`.
   */
  batch(inputs: readonly In[], role?: 'query' | 'document'): Batch;
  /** An encoder with the parameters as they are now. @param id as `Encoder.id`. */
  serve(id: string): Encoder;
  /** The encoder with the parameters as they are now. */
  save(): Promise<Files>;
}

/** What training starts with. */
export interface StartOptions {
  /** Modules to be trained beside the weights. Default: the weights themselves. */
  readonly tuning?: EncoderTuning;
  /** Whether tables of tokens are trained too. Default true. */
  readonly trainTable?: boolean;
  readonly seed?: number;
}

/** What was saved of a trained encoder. */
export interface SavedEncoder {
  readonly folder: string;
  readonly tuning: EncoderTuning;
  /** Languages that the encoder knows; undefined means any. */
  readonly languages: readonly string[] | undefined;
  readonly dim: number;
  /** Reads the files and verifies their checksums. @throws CorruptFileError */
  files(): Promise<Files>;
}

/** A kind of encoders that can be trained: how training starts, and what becomes of what they save. */
export interface EncoderForm {
  /** As `encoder.json` has it. */
  readonly name: string;
  /**
   * Training from an encoder that was not trained here; absent where there is none. @param spec of one whose beginning the form is registered
   * with. @param rest of it, from the colon or question mark on.
   */
  start?(spec: string, rest: string, options: StartOptions): Promise<Trainable>;
  /** Training that goes on; absent where that cannot be. */
  resume?(saved: SavedEncoder, options: StartOptions): Promise<Trainable>;
  /** @param id of the encoder. @param base opens the one that it was trained from, which the caller disposes of. */
  open(saved: SavedEncoder, id: string, base: () => Promise<Encoder>): Promise<Encoder>;
}

/** Weights that were trained beforehand move little; what is added to them starts at nothing and moves more. */
export function rateOf({ lora, side }: EncoderTuning, ofWeights: number): number {
  if (side !== undefined) return 1e-3;
  return lora === undefined ? ofWeights : 5e-4;
}
