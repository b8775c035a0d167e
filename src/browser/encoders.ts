import { IncompatibleError, RemoteError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import type { Encoder } from '../encode/encoder.ts';
import { staticEncoder } from '../encode/static/static.ts';
import { readTable } from '../encode/static/table.ts';
import type { EncoderFacts } from './protocol.ts';

/** Gives vectors of texts, row by row: asks the page. */
export type Ask = (texts: readonly string[], role: 'query' | 'document', signal?: AbortSignal) => Promise<Float32Array>;

const STATIC = 'static';

/** The encoders that a worker has: the table `static`, fetched when it is needed, and the one that its page gave. */
export class WorkerEncoders {
  readonly #given: Encoder | undefined;
  #static: Promise<Encoder> | undefined;

  /** @param weights address of the table. */
  constructor(
    given: EncoderFacts | undefined,
    private readonly weights: string,
    ask: Ask,
  ) {
    this.#given = given === undefined ? undefined : askingEncoder(given, ask);
  }

  /** @throws IncompatibleError for one that is not here; RemoteError when the table cannot be fetched. */
  async of(id: string, field: string): Promise<Encoder> {
    if (this.#given?.id === id) return this.#given;
    if (id === STATIC) {
      this.#static ??= fetchStatic(this.weights).catch((error: unknown) => {
        this.#static = undefined;
        throw error;
      });
      return this.#static;
    }
    throw new IncompatibleError(
      `The field "${field}" has the encoder "${id}", which this page does not have.`,
      'Give an `encoder` of that id where the collection is opened, or search by words (encoder "none").',
    );
  }
}

async function fetchStatic(url: string): Promise<Encoder> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new RemoteError(`The table of the encoder static, ${url}, could not be fetched.`, REMEDY, { cause });
  });
  if (!response.ok) {
    throw new RemoteError(
      `The server answered ${response.status} for the table of the encoder static, ${url}.`,
      REMEDY,
    );
  }
  return staticEncoder(STATIC, readTable(new Uint8Array(await response.arrayBuffer()), url));
}

const REMEDY = 'Put `dist/models/static.bin` of the package on the server, and give its address as `weights`.';

function askingEncoder({ id, dim, ...facts }: EncoderFacts, ask: Ask): Encoder {
  return {
    id,
    dim,
    ...facts,
    async encode(inputs, { role = 'document', signal } = {}) {
      return new Vectors(await ask(inputs as readonly string[], role, signal), dim);
    },
  };
}
