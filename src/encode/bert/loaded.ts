import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Runtime, Session } from '../../tensor/index.ts';
import { cached } from '../cache.ts';
import { Lanes } from '../lanes/lanes.ts';
import type { RunLimits, TokenizedText } from '../runs.ts';
import { nativeRuntime } from '../runtime.ts';
import type { BertDescription } from './description.ts';
import type { BertParts } from './model.ts';
import { type Precision, prepareBert } from './prepare.ts';
import { WordPieceTokenizer } from './wordpiece.ts';
import type { WordTable } from './words.ts';

/** Where a model comes from. */
export interface BertSource {
  readonly id: string;
  readonly description: BertDescription;
  readonly words: () => Promise<WordTable>;
  /** All that the model is made of, the table of word pieces included; read only to prepare it. */
  readonly parts: () => Promise<BertParts>;
  /** What `parts` depends on, for the cache of prepared models. Absent: prepared each time. */
  readonly cacheKey?: () => Promise<string>;
}

/** Settings of BERT encoders. */
export interface BertOptions {
  /**
   * `int8` (the default): weights and activations in 8 bits, about twice as fast and a quarter of the memory, cosine with `float32` about 0.998;
   * `float32` as the model was trained.
   */
  readonly precision?: Precision;
  /** Most tokens that are read of a text. Default: what the model says. */
  readonly maxLength?: number;
  /**
   * Texts that are encoded at a time when there are many, each by a thread with a session of its own; at least 1, which encodes in
   * the calling thread. Default: one for each processor, or 1 where `runtime` is given.
   */
  readonly threads?: number;
  /** What runs the model. Default: `onnxruntime-node`. */
  readonly runtime?: Runtime;
}

/** Runs of the model: enough tokens for matrix products at full speed, few enough for the caches, and nothing to be padded. */
export const RUN_TOKENS = 256;
/** Tokens for which threads are started, each with the model. Those that stand ready are used for any. */
const WORTH_THREADS = 32 * RUN_TOKENS;
/** Changes whenever `prepareBert` does. */
const PREPARATION = 5;
/** Changes whenever what it makes is written otherwise, while vectors stay what they are, or come nearer to those of float32. */
const PREPARED_FILE = 2;

/** What every call needs of a model. */
export interface Loaded {
  readonly tokenizer: WordPieceTokenizer;
  readonly words: WordTable;
}

/** A model that is served: loaded when first needed, what failed to load is tried again. */
export class BertModel {
  /** Most tokens of a text, special ones included. */
  readonly maxLength: number;
  readonly limits: RunLimits = { tokens: RUN_TOKENS, alike: true, atOnce: (tokens) => this.atOnce(tokens) };
  readonly #lanes: Lanes | undefined;
  readonly #runtime: Runtime | undefined;
  readonly #precision: Precision;
  readonly #worthThreads: number;
  #made: Uint8Array | undefined;
  #table: Promise<WordTable> | undefined;
  #loaded: Promise<Loaded> | undefined;
  #session: Promise<Session> | undefined;
  #isDisposed = false;

  /** @param worthThreads tokens of a call for which threads are started. @throws InvalidArgumentError for impossible settings. */
  constructor(
    private readonly source: BertSource,
    { threads, precision = 'int8', runtime, maxLength = source.description.maxLength }: BertOptions,
    worthThreads = WORTH_THREADS,
  ) {
    const { positions } = source.description.shape;
    if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
      throw new InvalidArgumentError(
        `${source.id} cannot run on ${threads} threads.`,
        'Give a whole number of at least 1.',
      );
    }
    if (!Number.isInteger(maxLength) || maxLength < 3 || maxLength > positions) {
      throw new InvalidArgumentError(
        `${source.id} cannot read ${maxLength} tokens.`,
        `Give a whole number from 3 to ${positions}.`,
      );
    }
    [this.maxLength, this.#precision, this.#runtime, this.#worthThreads] = [
      maxLength,
      precision,
      runtime,
      worthThreads,
    ];
    if (runtime === undefined && threads !== 1) this.#lanes = new Lanes(() => this.#model(), threads);
  }

  /** One output for texts of equally many tokens, one after the other. @param types of their tokens, where pairs are judged. */
  async run(
    texts: readonly TokenizedText[],
    { words }: Loaded,
    output: string,
    atOnce: number,
    types?: Int32Array,
  ): Promise<Float32Array> {
    const { length } = texts[0]!.tokens;
    const tokens = new Int32Array(texts.length * length);
    texts.forEach((text, i) => {
      tokens.set(text.tokens, i * length);
    });
    const inputs = {
      words: { data: words.rows(tokens), shape: [texts.length, length, this.source.description.shape.width] },
      positions: { data: Int32Array.from({ length }, (_, i) => i), shape: [length] },
      ...(types === undefined ? {} : { types: { data: types, shape: [length] } }),
    };
    if (atOnce > 1) return (await this.#lanes!.run(inputs, output)).data as Float32Array;
    const session = await this.session();
    return (await session.run(inputs, {}, [output]))[output]!.data as Float32Array;
  }

  /** Runs at a time for a call with so many tokens. */
  atOnce(tokens: number): number {
    const lanes = this.#lanes;
    if (lanes === undefined || lanes.count === 1) return 1;
    return lanes.areStarted || tokens >= this.#worthThreads ? lanes.atOnce : 1;
  }

  /** What every call needs, and the session of the calling thread where the texts are too few for others; a text has hardly more tokens than characters. */
  async loadFor(texts: readonly string[]): Promise<Loaded> {
    const loading = this.load();
    const most = texts.reduce((sum, text) => sum + text.length + 2, 0);
    if (this.atOnce(most) > 1) return loading;
    const creating = this.session();
    // Also where one fails, nothing goes on behind the caller's back.
    await Promise.allSettled([loading, creating]);
    const loaded = await loading;
    await creating;
    return loaded;
  }

  /** Of the calling thread. */
  session(): Promise<Session> {
    this.#checkInUse();
    this.#session ??= this.#createSession().catch((error) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  #checkInUse(): void {
    if (!this.#isDisposed) return;
    throw new InvalidArgumentError(`The model ${this.source.id} has been disposed of.`, 'Open a new one.');
  }

  async #createSession(): Promise<Session> {
    const runtime = this.#runtime ?? (await nativeRuntime());
    return runtime.createSession(await this.#model(), { threads: 1 });
  }

  load(): Promise<Loaded> {
    this.#checkInUse();
    this.#loaded ??= this.#load().catch((error) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #load(): Promise<Loaded> {
    const { description } = this.source;
    const [tokenizer, words] = await Promise.all([WordPieceTokenizer.open(description.tokenizer), this.#words()]);
    if (tokenizer.size > description.shape.vocabulary) {
      throw new CorruptFileError(
        description.tokenizer,
        `it has ${tokenizer.size} tokens, and the model vectors of ${description.shape.vocabulary}`,
        'Fetch the folder of the model again.',
      );
    }
    return { tokenizer, words };
  }

  #words(): Promise<WordTable> {
    this.#table ??= this.source.words().catch((error) => {
      this.#table = undefined;
      throw error;
    });
    return this.#table;
  }

  /** The prepared model, from the cache where it has a place there. */
  async #model(): Promise<Uint8Array> {
    const { description, parts, cacheKey } = this.source;
    const make = async () => {
      const runtime = this.#runtime ?? (await nativeRuntime());
      return prepareBert(await parts(), this.#precision, (await this.#words()).type, runtime);
    };
    if (this.#precision === 'float32') return make();
    if (cacheKey === undefined) {
      this.#made ??= await make();
      return this.#made.slice();
    }
    return cached(
      description.name,
      `bert ${PREPARATION}.${PREPARED_FILE} ${this.#precision} ${await cacheKey()}`,
      make,
    );
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#lanes?.dispose();
    const session = await this.#session?.catch(() => undefined);
    this.#loaded = undefined;
    this.#session = undefined;
    this.#table = undefined;
    await session?.dispose();
  }
}
