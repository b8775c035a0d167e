import { VectorSets, Vectors } from '../../base/vectors.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../encoder.ts';
import type { Extendable, PositionRows } from '../extended/extendable.ts';
import { withPrefix } from '../prefixes.ts';
import { forEachRun } from '../runs.ts';
import type { SpecSettings } from '../spec.ts';
import { BertModel, type BertOptions, type BertSource, type Loaded } from './loaded.ts';
import { POSITIONS } from './model.ts';
import { OUTPUTS } from './served.ts';
import type { WordPieceTokenizer } from './wordpiece.ts';

/** Settings that change vectors, as an id names them. */
export function idSettings({ precision = 'int8', maxLength }: BertOptions): SpecSettings {
  return { precision: precision === 'int8' ? undefined : precision, length: maxLength };
}

/** An encoder of the BERT family: vectors of texts and of tokens, and of longer texts by `extendedEncoder`. */
export type BertEncoder = Encoder & TokenEncoder & Extendable;

/**
 * Encoders of the BERT family. A text is cut to what the model reads; one in which the tokenizer knows no word gets the zero vector.
 * `encodeTokens` gives the last layer's states, one unit vector per token, without the two special ones; none for such a text.
 *
 * The model is loaded at the first call; `encode([])` loads it and does no more. Up to 256 tokens of texts of one length make one run. The runs
 * of a call with many texts are done by threads side by side; those of a small one hold up the event loop, some 30 ms at most. The signal is
 * heeded between runs.
 * @param worthThreads tokens of a call for which threads are started. Default 8192.
 */
export function bertEncoder(source: BertSource, options: BertOptions = {}, worthThreads?: number): BertEncoder {
  const { description } = source;
  const { width } = description.shape;
  const model = new BertModel(source, options, worthThreads);
  const { maxLength, limits } = model;
  const prepared = (inputs: readonly string[], encodeOptions: EncodeOptions) => {
    const texts = withPrefix(inputs, description.prompts, encodeOptions);
    return description.lowerCase ? texts.map((text) => text.toLowerCase()) : texts;
  };
  const vectorsOf = async <T>(
    inputs: readonly T[],
    tokenize: (input: T) => ArrayLike<number>,
    loaded: Loaded,
    encodeOptions: EncodeOptions,
  ): Promise<Vectors> => {
    const vectors = Vectors.zeros(inputs.length, width);
    await forEachRun(inputs, tokenize, limits, encodeOptions, async (texts, atOnce) => {
      const rows = await model.run(texts, loaded, OUTPUTS.texts, atOnce);
      texts.forEach(({ input }, i) => {
        vectors.row(input).set(rows.subarray(i * width, (i + 1) * width));
      });
    });
    return vectors;
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
      return vectorsOf(prepared(inputs, encodeOptions), tokensOf(loaded.tokenizer, maxLength), loaded, encodeOptions);
    },

    // One long text takes seconds, which would hold up the event loop: threads are worth it for any.
    withPositions: (id, table) => bertEncoder(longer(source, id, table), { ...options, maxLength: table.window }, 1),

    async piecesOf(texts, most, encodeOptions = {}) {
      const { tokenizer } = await model.load();
      return prepared(texts, encodeOptions).map((text) => Int32Array.from(tokenizer.encode(text, most)));
    },

    async encodePieces(pieces, encodeOptions = {}) {
      const loaded = await model.load();
      return vectorsOf(pieces, (own) => withSpecial(own, loaded.tokenizer), loaded, encodeOptions);
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
        const rows = await model.run(batch, loaded, OUTPUTS.tokens, atOnce);
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
  return (text) => withSpecial(tokenizer.encode(text, maxLength - 2), tokenizer);
}

/** Word pieces with the special tokens around them; none where none of them is known. */
function withSpecial(inner: ArrayLike<number>, { cls, sep, unknown }: WordPieceTokenizer): ArrayLike<number> {
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
}

const NO_TOKENS = new Int32Array(0);

/** The model with another table of positions. */
function longer(source: BertSource, id: string, { window, name, rows }: PositionRows): BertSource {
  const { description, cacheKey } = source;
  const shape = { ...description.shape, positions: window };
  return {
    ...source,
    id,
    description: { ...description, shape },
    async parts() {
      const parts = await source.parts();
      const parameters = parts.parameters.clone();
      const table = rows(parameters.get(POSITIONS).data, shape.width);
      parameters.set(POSITIONS, table, [window, shape.width]);
      return { ...parts, parameters, shape };
    },
    ...(cacheKey === undefined ? {} : { cacheKey: async () => `${await cacheKey()} ${name}` }),
  };
}
