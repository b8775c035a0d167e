import type { MessagePort } from 'node:worker_threads';
import type { Problem } from '../../api/index.ts';
import type { Failure } from '../../base/failures.ts';
import type { GenerateOptions, Prompt } from '../../generate/index.ts';
import type { HostOptions } from '../operations/host.ts';
import type { JobProgress, OperationName, RequestOf } from '../operations/types.ts';

/** What a thread is started with. */
export type ThreadRole =
  | ({ readonly role: 'operations' } & Pick<HostOptions, 'collections' | 'readOnly'>)
  | { readonly role: 'encoding' };

/** To a thread that carries out operations. */
export type OperationMessage =
  | {
      readonly type: 'call';
      readonly call: number;
      readonly name: OperationName;
      readonly request: RequestOf<OperationName>;
    }
  | { readonly type: 'abort'; readonly call: number }
  /** The line to the thread that encodes; a new one when that thread had to be started again. */
  | { readonly type: 'encoding'; readonly port: MessagePort }
  /** The line to the server's language model. */
  | { readonly type: 'model'; readonly id: string; readonly port: MessagePort }
  | { readonly type: 'stop' };

/** From a thread that carries out operations. */
export type OperationReply =
  | { readonly type: 'done'; readonly call: number; readonly json: Uint8Array<ArrayBuffer> }
  | {
      readonly type: 'failed';
      readonly call: number;
      readonly problem: Problem;
      readonly headers: Readonly<Record<string, string>>;
      /** For the log: what really happened, where the problem does not say. */
      readonly cause?: string | undefined;
    }
  | { readonly type: 'progress'; readonly call: number; readonly progress: JobProgress };

/** Over the line between a thread that carries out operations and the one that has the language model. */
export type ModelRequest = { readonly id: number } & (
  | { readonly type: 'ask'; readonly prompt: Prompt; readonly options: Omit<GenerateOptions, 'signal' | 'onEnd'> }
  /** Nobody waits for the request of this id any more. */
  | { readonly type: 'cancel' }
);
export type ModelReply = { readonly id: number } & (
  | { readonly type: 'answer'; readonly text: string }
  | { readonly type: 'failed'; readonly failure: Failure }
);
