import { ThreadError } from '../base/errors.ts';
import { errorOf, failureOf } from '../base/failures.ts';
import { given } from '../base/given.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { Answer, CallName, Calls, Request } from './protocol.ts';

/** What may be said of a call beside what it is given. */
export interface CallOptions<Progress = unknown> {
  /** Gives it up, as soon as the worker looks. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly onProgress: ((progress: unknown) => void) | undefined;
}

/** The page's end of what it and its worker tell each other. */
export class Link {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #ended: Error | undefined;

  /** @param encoder of the page, which the worker asks for vectors. */
  constructor(
    readonly worker: Worker,
    private readonly encoder?: Encoder,
  ) {
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.#answered(data));
    worker.addEventListener('error', (event) => {
      event.preventDefault?.();
      this.end(
        new ThreadError(
          `The worker of the collection failed: ${event.message ?? 'its script could not be loaded'}.`,
          'Give the address of `dist/browser/worker.js` of the package, on a server of this origin, as `worker`.',
        ),
      );
    });
  }

  /** Asks the worker. Errors are of the classes that the library throws elsewhere. */
  call<Name extends CallName>(call: Name, what: Calls[Name], options: CallOptions<never> = {}): Promise<unknown> {
    const { signal, onProgress } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#last;
    const abort = (): void => this.#post({ id, abort: true });
    signal?.addEventListener('abort', abort, { once: true });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress: onProgress as ((progress: unknown) => void) | undefined });
      this.#post({ id, call, given: what } as Request);
    }).finally(() => signal?.removeEventListener('abort', abort));
  }

  /** Ends the worker; what waits for it fails. */
  end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #answered(answer: Answer): void {
    if ('encode' in answer) return void this.#encode(answer);
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    if ('progress' in answer) return void waiting.onProgress?.(answer.progress);
    this.#waiting.delete(answer.id);
    if ('failed' in answer) waiting.reject(errorOf(answer.failed));
    else waiting.resolve(answer.value);
  }

  async #encode({ id, encode, role }: Extract<Answer, { readonly encode: unknown }>): Promise<void> {
    try {
      const { data } = await this.encoder!.encode(encode, { role });
      this.#post({ id, vectors: data });
    } catch (error) {
      this.#post({ id, failed: failureOf(error) });
    }
  }

  #post(request: Request): void {
    this.worker.postMessage(request);
  }
}

/** What a worker is told of an encoder, which stays with its page. */
export function factsOf({ id, dim, languages, denseShare }: Encoder) {
  return { id, dim, ...given({ languages, denseShare }) };
}
