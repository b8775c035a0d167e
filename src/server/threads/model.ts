import type { MessagePort } from 'node:worker_threads';
import { errorOf, failureOf } from '../../base/failures.ts';
import { answerOf, type GenerateOptions, type LanguageModel, type Prompt } from '../../generate/index.ts';
import type { ModelReply, ModelRequest } from './messages.ts';

/** Answers what comes over this line with a model of this thread. */
export function serveModel(port: MessagePort, model: LanguageModel): void {
  const running = new Map<number, AbortController>();
  port.on('message', (request: ModelRequest) => {
    const { id } = request;
    if (request.type === 'cancel') return running.get(id)?.abort();
    const controller = new AbortController();
    running.set(id, controller);
    answerOf(model, request.prompt, { ...request.options, signal: controller.signal })
      .then(
        (text) => port.postMessage({ id, type: 'answer', text } satisfies ModelReply),
        (error: unknown) => port.postMessage({ id, type: 'failed', failure: failureOf(error) } satisfies ModelReply),
      )
      .finally(() => running.delete(id));
  });
}

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: unknown) => void;
}

/** A model of another thread, over a line to {@link serveModel}. Answers come whole. */
export class RemoteModel implements LanguageModel {
  readonly id: string;
  readonly #port: MessagePort;
  #next = 1;
  readonly #calls = new Map<number, Waiting>();

  constructor(id: string, port: MessagePort) {
    this.id = id;
    this.#port = port;
    port.on('message', (reply: ModelReply) => {
      const call = this.#calls.get(reply.id);
      this.#calls.delete(reply.id);
      if (reply.type === 'failed') call?.reject(errorOf(reply.failure));
      else call?.resolve(reply.text);
    });
  }

  async *generate(prompt: Prompt, { signal, onEnd, ...options }: GenerateOptions = {}): AsyncGenerator<string> {
    yield await this.#ask(prompt, options, signal);
    onEnd?.('stop');
  }

  /** @throws the signal's reason at once when it aborts. */
  #ask(prompt: Prompt, options: PlainOptions, signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted();
    const id = this.#next++;
    return new Promise<string>((resolve, reject) => {
      const cancel = (): void => {
        this.#calls.delete(id);
        this.#port.postMessage({ id, type: 'cancel' } satisfies ModelRequest);
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
      this.#port.postMessage({ id, type: 'ask', prompt, options } satisfies ModelRequest);
    });
  }
}

type PlainOptions = Omit<GenerateOptions, 'signal' | 'onEnd'>;
