import type { Value } from '../../tensor/index.ts';

/** What a lane starts with. */
export interface LaneSetup {
  readonly model: Uint8Array;
  /** Shared: what each lane does, one of {@link LANE}. */
  readonly states: Int32Array;
  /** Its place there. */
  readonly lane: number;
}

export const LANE = { idle: 0, working: 1, stopped: 2 } as const;

export interface LaneRequest {
  readonly run: number;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly output: string;
}

export type LaneReply =
  | { readonly run: number; readonly value: Value }
  | { readonly run: number; readonly error: string };
