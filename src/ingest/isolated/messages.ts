import type { IngestEvent, SourceFile } from '../types.ts';

/** What a process that reads may take, and its first words. */
export interface ProcessLimits {
  readonly maxSeconds: number;
  /** Bytes, resident. */
  readonly maxMemory: number;
}

/** To the process that reads. */
export type ReadMessage =
  | { readonly type: 'read'; readonly file: SourceFile; readonly maxBytes: number; readonly maxText: number }
  /** What was sent has been taken: more may come. */
  | { readonly type: 'more' };

/** From the process that reads. */
export type ReadReply =
  | { readonly type: 'events'; readonly events: readonly IngestEvent[]; readonly last: boolean }
  /** A defect of ours. */
  | { readonly type: 'defect'; readonly message: string };

/** Why a process ended itself; written to the descriptor {@link LAST_WORDS}. */
export type LastWord = 'time' | 'memory';

/** Descriptor of a pipe on which a process says why it ends. */
export const LAST_WORDS = 4;
