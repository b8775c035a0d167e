import type { Value } from '../../tensor/index.ts';

/** What a lane starts with. */
export interface LaneSetup {
  /** Shared: what each lane does, one of {@link LANE}. */
  readonly states: Int32Array;
  /** Its place there. */
  readonly lane: number;
}

export const LANE = { idle: 0, working: 1, stopped: 2 } as const;

/** The first message: not a part of the setup, which a thread never lets go of. */
export interface LaneModel {
  readonly model: Uint8Array;
}

export interface LaneRequest {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly output: string;
}

/** To the requests of a lane, in their order. */
export type LaneReply = { readonly value: Value } | { readonly error: string };
