import type { Value } from '../../tensor/index.ts';

/** What a lane starts with. */
export interface LaneSetup {
  /** Shared: what each lane does, one of {@link LANE}. */
  readonly states: Int32Array;
  /** Its place there. */
  readonly lane: number;
}

export const LANE = { idle: 0, working: 1, stopped: 2 } as const;

/** The first message, which a lane sends back when it has read it: not a part of the setup, which a thread never lets go of. */
export interface LaneModel {
  readonly model: Uint8Array;
}

export interface LaneRequest {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly output: string;
}

/** To the requests of a lane, in their order. */
export type LaneReply =
  /** The memory of the inputs goes back, as there is too little else in a lane for it to be collected. */
  { readonly value: Value; readonly given: readonly ArrayBuffer[] } | { readonly error: string };
