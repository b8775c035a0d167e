import type { MessagePort } from 'node:worker_threads';
import type { QuestionName } from './questions.ts';

/** The work that threads of a collection do, by its name. */
export const READING = 'collection.read';

/** What a thread is started with. */
export interface ReaderData {
  /** The line to the encoders of the thread that opened the collection. */
  readonly encoders: MessagePort;
}

/** What threads know of the collection. */
export interface ReadingSetup {
  readonly directory: string;
  readonly allowRemote: boolean;
}

/** A question to one state of the collection. */
export interface Question {
  readonly name: QuestionName;
  /** Without the signal. */
  readonly given: readonly unknown[];
  readonly generation: number;
  /** Whether a newer state will do. */
  readonly newer: boolean;
}

/** An answer; or nothing, where the one that asks has to answer itself: the state is gone here, or a model is needed that it has. */
export type Reply = { readonly answer: unknown } | undefined;
