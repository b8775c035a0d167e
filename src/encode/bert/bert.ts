import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import type { Runtime, Session } from '../../tensor/index.ts';
import { cached } from '../cache.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../encoder.ts';
import { Lanes } from '../lanes/lanes.ts';
import { withPrefix } from '../prefixes.ts';
import { forEachRun, type RunLimits, type TokenizedText } from '../runs.ts';
import { nativeRuntime } from '../runtime.ts';
import type { SpecSettings } from '../spec.ts';
import type { BertDescription } from './description.ts';
import type { BertParts } from './model.ts';
import { type Precision, prepareBert } from './prepare.ts';
import { OUTPUTS } from './served.ts';
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

/** Settings that change vectors, as an id names them. */
export function idSettings({ precision = 'int8', maxLength }: BertOptions): SpecSettings {
  return { precision: precision === 'int8' ? undefined : precision, length: maxLength };
}

/** Runs of the model: enough tokens for matrix products at full speed, few enough for the caches, and nothing to be padded. */
const RUN_TOKENS = 256;
/** Tokens for which threads are started, each with the model. Those that stand ready are used for any. */
const WORTH_THREADS = 32 * RUN_TOKENS;
/** Changes whenever `prepareBert` does. */
const PREPARATION = 5;

/**
 * Encoders of the BERT family. A text is cut to what the model reads; one in which the tokenizer knows no word gets the zero vector.
 * `encodeTokens` gives the last layer's states, one unit vector per token, without the two special ones; none for such a text.
 *
 * The model is loaded at the first call; `encode([])` loads it and does no more. Up to 256 tokens of texts of one length make one run. The runs
 * of a call with many texts are done by threads side by side; those of a small one hold up the event loop, some 30 ms at most. The signal is
 * heeded between runs.
 */
export function bertEncoder(source: BertSource, options: BertOptions = {}): Encoder & TokenEncoder {
  const { description } = source;
  const { width } = description.shape;
  const { threads, precision = 'int8', maxLength = description.maxLength } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new InvalidArgumentError(
      `${source.id} cannot run on ${threads} threads.`,
      'Give a whole number of at least 1.',
    );
  }
  if (!Number.isInteger(maxLength) || maxLength < 3 || maxLength > description.shape.positions) {
    throw new InvalidArgumentError(
      `${source.id} cannot read ${maxLength} tokens.`,
      `Give a whole number from 3 to ${description.shape.positions}.`,
    );
  }
  const places = Int32Array.from({ length: maxLength }, (_, i) => i);
  const model = new Model(source, precision, options.runtime, threads);

  const limits: RunLimits = { tokens: RUN_TOKENS, alike: true, atOnce: (tokens) => model.atOnce(tokens) };
  const run = async (texts: readonly TokenizedText[], { words }: Loaded, output: string, atOnce: number) => {
    const { length } = texts[0]!.tokens;
    const tokens = new Int32Array(texts.length * length);
    texts.forEach((text, i) => {
      tokens.set(text.tokens, i * length);
    });
    const inputs = {
      words: { data: words.rows(tokens), shape: [texts.length, length, width] },
      positions: { data: places.slice(0, length), shape: [length] },
    };
    if (atOnce > 1) return (await model.lanes!.run(inputs, output)).data as Float32Array;
    const session = await model.session();
    return (await session.run(inputs, {}, [output]))[output]!.data as Float32Array;
  };
  const prepared = (inputs: readonly string[], encodeOptions: EncodeOptions) => {
    const texts = withPrefix(inputs, description.prompts, encodeOptions);
    return description.lowerCase ? texts.map((text) => text.toLowerCase()) : texts;
  };

  return {
    id: source.id,
    dim: width,
    ...(description.languages === undefined ? {} : { languages: description.languages }),
    window: {
      tokens: maxLength - 2,
      count: async (text) => (await model.load()).tokenizer.encode(text).length,
    },

    async encode(inputs, encodeOptions = {}) {
      const loaded = await model.loadFor(inputs);
      const vectors = Vectors.zeros(inputs.length, width);
      const tokenize = tokensOf(loaded.tokenizer, maxLength);
      await forEachRun(prepared(inputs, encodeOptions), tokenize, limits, encodeOptions, async (texts, atOnce) => {
        const rows = await run(texts, loaded, OUTPUTS.texts, atOnce);
        texts.forEach(({ input }, i) => {
          vectors.row(input).set(rows.subarray(i * width, (i + 1) * width));
        });
      });
      return vectors;
    },

    async encodeTokens(inputs, encodeOptions = {}) {
      const loaded = await model.loadFor(inputs);
      const tokenize = tokensOf(loaded.tokenizer, maxLength);
      const texts = prepared(inputs, encodeOptions);
      // Counted first and tokenized again for the runs: cheaper than holding the tokens, or the vectors twice.
      const offsets = new Uint32Array(inputs.length + 1);
      texts.forEach((text, i) => {
        offsets[i + 1] = offsets[i]! + Math.max(0, tokenize(text).length - 2);
      });
      const vectors = Vectors.zeros(offsets[inputs.length]!, width);
      await forEachRun(texts, tokenize, limits, encodeOptions, async (batch, atOnce) => {
        const rows = await run(batch, loaded, OUTPUTS.tokens, atOnce);
        let start = 0;
        for (const { input, tokens } of batch) {
          const end = start + tokens.length * width;
          vectors.data.set(rows.subarray(start + width, end - width), offsets[input]! * width);
          start = end;
        }
      });
      return new VectorSets(vectors, offsets);
    },

    dispose: () => model.dispose(),
  };
}

/** A text's tokens with the special ones around them; none where no word of it is known. */
function tokensOf(tokenizer: WordPieceTokenizer, maxLength: number): (text: string) => ArrayLike<number> {
  const { cls, sep, unknown } = tokenizer;
  return (text) => {
    const inner = tokenizer.encode(text, maxLength - 2);
    let isKnown = false;
    const tokens = new Int32Array(inner.length + 2);
    for (let i = 0; i < inner.length; i++) {
      tokens[i + 1] = inner[i]!;
      if (inner[i] !== unknown) isKnown = true;
    }
    if (!isKnown) return NO_TOKENS;
    tokens[0] = cls;
    tokens[tokens.length - 1] = sep;
    return tokens;
  };
}

const NO_TOKENS = new Int32Array(0);

interface Loaded {
  readonly tokenizer: WordPieceTokenizer;
  readonly words: WordTable;
}

/** Loaded when first needed. What failed to load is tried again. */
class Model {
  readonly lanes: Lanes | undefined;
  #made: Uint8Array | undefined;
  #table: Promise<WordTable> | undefined;
  #loaded: Promise<Loaded> | undefined;
  #session: Promise<Session> | undefined;
  #isDisposed = false;

  constructor(
    private readonly source: BertSource,
    private readonly precision: Precision,
    private readonly runtime: Runtime | undefined,
    threads: number | undefined,
  ) {
    if (runtime === undefined && threads !== 1) this.lanes = new Lanes(() => this.#model(), threads);
  }

  /** Runs at a time for a call with so many tokens. */
  atOnce(tokens: number): number {
    const { lanes } = this;
    if (lanes === undefined || lanes.count === 1) return 1;
    return lanes.areStarted || tokens >= WORTH_THREADS ? lanes.atOnce : 1;
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
    throw new InvalidArgumentError(`The encoder ${this.source.id} has been disposed of.`, 'Open a new one.');
  }

  async #createSession(): Promise<Session> {
    const runtime = this.runtime ?? (await nativeRuntime());
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
      const runtime = this.runtime ?? (await nativeRuntime());
      return prepareBert(await parts(), this.precision, (await this.#words()).type, runtime);
    };
    if (this.precision === 'float32') return make();
    if (cacheKey === undefined) {
      this.#made ??= await make();
      return this.#made.slice();
    }
    return cached(description.name, `bert ${PREPARATION} ${this.precision} ${await cacheKey()}`, make);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.lanes?.dispose();
    const session = await this.#session?.catch(() => undefined);
    this.#loaded = undefined;
    this.#session = undefined;
    this.#table = undefined;
    await session?.dispose();
  }
}
