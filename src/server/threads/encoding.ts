import type { MessagePort } from 'node:worker_threads';
import { RemoteError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import { hostExtensions } from '../../collection/host-extensions.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { openTypedEncoder } from '../../encode/typed-spec.ts';
import { EncodingBatcher } from './batcher.ts';
import { describeError, reviveError } from './errors.ts';
import type { EncodingReply, EncodingRequest } from './messages.ts';

interface Served {
  readonly encoder: Encoder;
  readonly batcher: EncodingBatcher;
}

/** The encoders of the thread that encodes for all others: one model in memory, and runs shared between requests. */
export class EncodingService {
  readonly #served = new Map<string, Promise<Served>>();

  /** Answers what comes over this line. */
  serve(port: MessagePort): void {
    const running = new Map<number, AbortController>();
    port.on('message', (request: EncodingRequest) => {
      const { id } = request;
      if (request.type === 'cancel') return running.get(id)?.abort();
      const controller = new AbortController();
      running.set(id, controller);
      this.#answer(request, controller.signal)
        .then(
          ({ reply, transfer = [] }) => port.postMessage(reply, transfer),
          (error: unknown) =>
            port.postMessage({ id, type: 'failed', error: describeError(error) } satisfies EncodingReply),
        )
        .finally(() => running.delete(id));
    });
  }

  /** Gives up what waits, and frees the models once none of them runs. */
  async close(): Promise<void> {
    const served = await Promise.allSettled(this.#served.values());
    await Promise.allSettled(
      served.map(async (each) => {
        if (each.status === 'rejected') return;
        await each.value.batcher.close();
        await each.value.encoder.dispose?.();
      }),
    );
  }

  async #answer(
    request: Exclude<EncodingRequest, { type: 'cancel' }>,
    signal: AbortSignal,
  ): Promise<{ reply: EncodingReply; transfer?: ArrayBuffer[] }> {
    const { encoder, batcher } = await this.#open(request.spec, request.allowRemote);
    if (request.type === 'open') {
      const { id, dim, languages } = encoder;
      const description = { id, dim, ...(languages === undefined ? {} : { languages }) };
      return { reply: { id: request.id, type: 'opened', encoder: description } };
    }
    const { data, dim } = await batcher.encode(request.texts, request.role, signal);
    const own = data as Float32Array<ArrayBuffer>;
    return { reply: { id: request.id, type: 'encoded', data: own, dim }, transfer: [own.buffer] };
  }

  #open(spec: string, allowRemote: boolean): Promise<Served> {
    const key = `${allowRemote} ${spec}`;
    let served = this.#served.get(key);
    if (served === undefined) {
      served = hostExtensions()
        .then(({ encoders = [] }) => openTypedEncoder(spec, { allowRemote, kinds: encoders }))
        .then((encoder) => ({ encoder, batcher: new EncodingBatcher(encoder) }));
      this.#served.set(key, served);
      // An endpoint or a package may be back at the next request.
      served.catch(() => this.#served.delete(key));
    }
    return served;
  }
}

/** Encoders that live in another thread, over a line to an {@link EncodingService}. */
export class RemoteEncoders {
  #port: MessagePort | undefined;
  #connected: (() => void)[] = [];
  #next = 1;
  readonly #calls = new Map<number, { resolve: (reply: EncodingReply) => void; reject: (error: unknown) => void }>();

  /** Sets the line, or replaces one that broke. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.on('message', (reply: EncodingReply) => {
      const call = this.#calls.get(reply.id);
      this.#calls.delete(reply.id);
      if (reply.type === 'failed') call?.reject(reviveError(reply.error));
      else call?.resolve(reply);
    });
    port.on('close', () => {
      for (const { reject } of this.#calls.values()) {
        reject(new RemoteError('The thread that encodes has ended.', 'Try again; it is being started anew.'));
      }
      this.#calls.clear();
    });
    for (const go of this.#connected.splice(0)) go();
  }

  /** An encoder that is asked over the line. */
  async open(spec: string, { allowRemote }: { readonly allowRemote: boolean }): Promise<Encoder> {
    const reply = await this.#ask({ type: 'open', spec, allowRemote });
    if (reply.type !== 'opened') throw new RemoteError('The thread that encodes gave no encoder.', 'Report this.');
    const { encoder } = reply;
    return {
      ...encoder,
      encode: async (texts, options = {}) => {
        const { role = 'document', signal } = options;
        const answer = await this.#ask({ type: 'encode', spec, allowRemote, texts, role }, signal);
        return answer.type === 'encoded' ? new Vectors(answer.data, answer.dim) : Vectors.zeros(0, encoder.dim);
      },
    };
  }

  /** @throws the signal's reason at once when it aborts, whatever the thread that encodes is busy with. */
  async #ask(request: DistributiveOmit<EncodingRequest, 'id'>, signal?: AbortSignal): Promise<EncodingReply> {
    if (this.#port === undefined) await new Promise<void>((go) => this.#connected.push(go));
    signal?.throwIfAborted();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#calls.delete(id);
        this.#port?.postMessage({ type: 'cancel', id } satisfies EncodingRequest);
        reject(signal!.reason);
      };
      const settled = (): void => signal?.removeEventListener('abort', cancel);
      this.#calls.set(id, {
        resolve(reply) {
          settled();
          resolve(reply);
        },
        reject(error) {
          settled();
          reject(error);
        },
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#port!.postMessage({ ...request, id });
    });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
