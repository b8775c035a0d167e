import type { MessagePort } from 'node:worker_threads';
import { RemoteError } from '../../base/errors.ts';
import { errorOf } from '../../base/failures.ts';
import { given } from '../../base/given.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import type { EncodeOptions } from '../encoder.ts';
import { type OpenEncoder, openEncoder } from '../registry.ts';
import type { BorrowRequest, LentAnswer, LentFacts, LentReply, LentVectors, Method } from './messages.ts';

interface Waiting {
  readonly resolve: (answer: LentAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Encoders that live in another thread, over a line to {@link lendEncoders}. */
export class BorrowedEncoders<Wanted> {
  #port: MessagePort | undefined;
  #connected: (() => void)[] = [];
  #next = 1;
  readonly #calls = new Map<number, Waiting>();
  /** Opened here, by their ids. */
  readonly #own = new Map<string, Promise<OpenEncoder>>();

  /** Sets the line, or replaces one that broke. Calls wait for the first. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.on('message', (reply: LentReply) => {
      const call = this.#calls.get(reply.id);
      this.#calls.delete(reply.id);
      if (reply.type === 'failed') call?.reject(errorOf(reply.failure));
      else call?.resolve(reply.answer);
    });
    port.on('close', () => {
      for (const { reject } of this.#calls.values()) {
        reject(new RemoteError('The thread that encodes has ended.', 'Try again; it is being started anew.'));
      }
      this.#calls.clear();
    });
    for (const go of this.#connected.splice(0)) go();
  }

  /** An encoder that is asked over the line, with the methods of the one that is lent. The lender disposes of it. */
  async open(wanted: Wanted): Promise<OpenEncoder> {
    const { methods, window, own, ...facts } = (await this.#ask({ type: 'open', wanted })) as LentFacts;
    if (own) return this.#openOwn(facts.id);
    const ask = (type: Method, inputs: readonly unknown[], { signal, onProgress: _, ...options }: EncodeOptions) =>
      this.#ask({ type, wanted, inputs, options }, signal);
    const all: Pick<OpenEncoder, Method> = {
      encode: async (inputs, options = {}) => {
        const { data, dim } = (await ask('encode', inputs, options)) as LentVectors;
        return new Vectors(data, dim);
      },
      encodeTokens: async (inputs, options = {}) => {
        const { data, dim, offsets } = (await ask('encodeTokens', inputs, options)) as LentVectors;
        return new VectorSets(new Vectors(data, dim), offsets!);
      },
      weigh: async (texts, options = {}) => (await ask('weigh', texts, options)) as readonly Float32Array[],
    };
    const count = async (text: string) => (await this.#ask({ type: 'count', wanted, text })) as number;
    return {
      ...facts,
      ...Object.fromEntries(methods.map((method) => [method, all[method]])),
      ...given({ window: window === undefined ? undefined : { tokens: window, count } }),
    } as OpenEncoder;
  }

  #openOwn(id: string): Promise<OpenEncoder> {
    let opened = this.#own.get(id);
    if (opened === undefined) {
      opened = openEncoder(id);
      this.#own.set(id, opened);
      opened.catch(() => this.#own.delete(id));
    }
    return opened;
  }

  /** @throws the signal's reason at once when it aborts, whatever the thread that encodes is busy with. */
  async #ask(request: DistributiveOmit<BorrowRequest<Wanted>, 'id'>, signal?: AbortSignal): Promise<LentAnswer> {
    if (this.#port === undefined) await new Promise<void>((go) => this.#connected.push(go));
    signal?.throwIfAborted();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#calls.delete(id);
        this.#port?.postMessage({ type: 'cancel', id } satisfies BorrowRequest<Wanted>);
        reject(signal!.reason);
      };
      const settling =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', cancel);
          settle(value);
        };
      this.#calls.set(id, { resolve: settling(resolve), reject: settling(reject) });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#port!.postMessage({ ...request, id });
    });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
