import { CollectionHost, type HostOptions } from './host.ts';
import { runOperation } from './run.ts';
import type { AnswerOf, CallOptions, Engine, OperationName, RequestOf } from './types.ts';

/** Carries operations out in this thread: for one user at a time, and for tests. */
export class LocalEngine implements Engine {
  readonly #host: CollectionHost;
  readonly collections: readonly string[];

  constructor(options: HostOptions) {
    this.#host = new CollectionHost(options);
    this.collections = options.collections.map(({ name }) => name);
  }

  async call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    return runOperation(this.#host, name, request, options);
  }

  async callJson<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    return new TextEncoder().encode(JSON.stringify(await this.call(name, request, options)));
  }

  async close(): Promise<void> {
    await this.#host.close();
  }
}
