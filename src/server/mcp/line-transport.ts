import type { Readable, Writable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ErrorCode, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { checkMessage, type Refused, refused } from './messages.ts';

/** Bytes of one line. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Messages line by line, as clients that start a server speak with it. What is no message is answered too: whoever sent it waits for an answer. Several
 * in a list are taken one after the other.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #input: Readable;
  readonly #output: Writable;
  /** What came of a line that has not ended. */
  #begun: Buffer[] = [];
  #length = 0;
  /** Whether the rest of a line is passed over, which was too long. */
  #skipping = false;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  async start(): Promise<void> {
    this.#input.on('data', this.#take);
    this.#input.on('error', this.#fail);
  }

  send(message: JSONRPCMessage | Refused): Promise<void> {
    return new Promise((done) => {
      if (this.#output.write(`${JSON.stringify(message)}\n`)) done();
      else this.#output.once('drain', done);
    });
  }

  async close(): Promise<void> {
    this.#input.off('data', this.#take);
    this.#input.off('error', this.#fail);
    this.#input.pause();
    this.onclose?.();
  }

  readonly #fail = (error: Error): void => this.onerror?.(error);

  readonly #take = (chunk: Buffer): void => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#keep(rest.subarray(0, end));
      this.#line();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  };

  #keep(part: Buffer): void {
    if (this.#skipping || part.length === 0) return;
    this.#begun.push(part);
    this.#length += part.length;
    if (this.#length <= LONGEST) return;
    this.#skipping = true;
    this.#begun = [];
    void this.send(refused(ErrorCode.InvalidRequest, 'The line has more than 64 MiB. Send less at once.'));
  }

  #line(): void {
    const text = Buffer.concat(this.#begun).toString('utf8').trim();
    const passed = this.#skipping;
    this.#begun = [];
    this.#length = 0;
    this.#skipping = false;
    if (text === '' || passed) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      void this.send(refused(ErrorCode.ParseError, 'The line is no JSON. Send each message on a line of its own.'));
      return;
    }
    for (const one of Array.isArray(value) && value.length > 0 ? (value as unknown[]) : [value]) {
      const checked = checkMessage(one);
      if ('message' in checked) this.onmessage?.(checked.message);
      else void this.send(checked.refused);
    }
  }
}
