import type { Failure } from '../../base/failures.ts';
import type { EncodeOptions, Encoder, TermEncoder, TokenEncoder } from '../encoder.ts';

/** What may be lent: an encoder of texts, of tokens, of words, or of several of them. */
export type LentEncoder = Pick<Encoder, 'id'> & Partial<Omit<Encoder & TokenEncoder & TermEncoder, 'id' | 'dispose'>>;

/** What an encoder makes of inputs, by the method that makes it. */
export const METHODS = ['encode', 'encodeTokens', 'weigh'] as const;
export type Method = (typeof METHODS)[number];

/** Over the line from a thread that borrows encoders. `wanted` is what the lender opens one by. */
export type BorrowRequest<Wanted> = { readonly id: number } & (
  | { readonly type: 'open'; readonly wanted: Wanted }
  | {
      readonly type: Method;
      readonly wanted: Wanted;
      readonly inputs: readonly unknown[];
      readonly options: Omit<EncodeOptions, 'signal' | 'onProgress'>;
    }
  /** How many tokens a text has: what the encoder's window counts. */
  | { readonly type: 'count'; readonly wanted: Wanted; readonly text: string }
  /** Nobody waits for the request of this id any more; there is no reply. */
  | { readonly type: 'cancel' }
);

export type LentReply = { readonly id: number } & (
  | { readonly type: 'done'; readonly answer: LentAnswer }
  | { readonly type: 'failed'; readonly failure: Failure }
);

/** Of the kind that was asked for. */
export type LentAnswer = LentFacts | LentVectors | readonly Float32Array[] | number;

/** What is known of an encoder without asking it. */
export interface LentFacts extends Pick<LentEncoder, 'id' | 'dim' | 'languages' | 'denseShare'> {
  readonly methods: readonly Method[];
  /** Tokens of its window. */
  readonly window?: number;
  /** Whether the borrower opens it by its id for itself. */
  readonly own: boolean;
}

/** Vectors one after the other. @see VectorSets for `offsets`. */
export interface LentVectors {
  readonly data: Float32Array;
  readonly dim: number;
  readonly offsets?: Uint32Array;
}
