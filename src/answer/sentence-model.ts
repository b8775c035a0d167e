import { given } from '../base/given.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, MEANING } from '../corpus/index.ts';
import { openSealed, sealFile } from '../encode/sealed-file.ts';
import { dot } from '../math/index.ts';
import { encode } from '../search/represent.ts';
import { LINKED_FEATURES, linkedFeatures } from './linked-features.ts';
import { type SentenceScores, scoreSentences } from './scored-sentences.ts';
import { weighted } from './sentence-weights.ts';
import type { Evidence } from './types.ts';

/** A correction of vectors, `x + x A B`, scaled to unit length. */
export interface LowRank {
  /** `A`, `dim` rows of `rank`. */
  readonly down: Float32Array;
  /** `B`, `rank` rows of `dim`. */
  readonly up: Float32Array;
}

/** A dual encoder over frozen vectors: one correction for questions, one for sentences. */
export interface DualEncoder {
  readonly dim: number;
  readonly rank: number;
  /** What the cosine of the corrected vectors is multiplied by. */
  readonly scale: number;
  readonly question: LowRank;
  readonly sentence: LowRank;
}

/** What `learnSentences` of `sagitta-search/train` learned: what sentences are worth, as logits of a choice among them and nothing. */
export interface SentenceModel {
  /** Id of the encoder whose vectors it learned from, without settings; `none` for words alone. */
  readonly encoder: string;
  /** Of `linkedFeatures`. */
  readonly weights: readonly number[];
  readonly dual?: DualEncoder;
  /** The logit of choosing nothing. */
  readonly nothing: number;
}

/** The sentences of a question's passages as a model takes them. */
export interface SentenceInputs {
  readonly scored: SentenceScores;
  readonly features: readonly (readonly number[])[];
  /** Absent where the encoder has no say. */
  readonly question?: Float32Array;
}

/** Cuts passages into sentences and finds what a model takes. Costs one run of the encoder over all sentences. */
export async function sentenceInputs(
  query: Query,
  passages: readonly Evidence[],
  { corpus, signal }: { readonly corpus: Corpus; readonly signal?: AbortSignal },
): Promise<SentenceInputs> {
  const scored = await scoreSentences(query, passages, { corpus, ...given({ signal }) });
  const features = await linkedFeatures(scored, passages, query.content, corpus);
  const field = corpus.fields.find(({ name }) => name === MEANING);
  const encoded = field?.kind === 'vector' ? (await encode(field, query, signal)).query : undefined;
  return { scored, features, ...given({ question: encoded as Float32Array | undefined }) };
}

/** The logit of each sentence. One without a vector has no cosine. */
export function sentenceLogits(
  { weights, dual }: Pick<SentenceModel, 'weights' | 'dual'>,
  { scored, features, question }: SentenceInputs,
): number[] {
  const asked = dual === undefined || question === undefined ? undefined : corrected(question, dual.question, dual);
  return features.map((row, i) => {
    const { vector } = scored.sentences[i]!;
    const own = weighted(row, weights);
    if (asked === undefined || vector === undefined) return own;
    return own + dual!.scale * dot(asked, corrected(vector, dual!.sentence, dual!));
  });
}

/** Probability that one of the sentences helps: the share of them in the softmax over sentences and nothing. */
export function helpful(logits: readonly number[], nothing: number): number {
  const most = Math.max(nothing, ...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return sum / (sum + Math.exp(nothing - most));
}

function corrected(
  x: ArrayLike<number>,
  { down, up }: LowRank,
  { dim, rank }: Pick<DualEncoder, 'dim' | 'rank'>,
): Float64Array {
  const moved = Float64Array.from(x);
  for (let r = 0; r < rank; r++) {
    let along = 0;
    for (let i = 0; i < dim; i++) along += x[i]! * down[i * rank + r]!;
    for (let i = 0; i < dim; i++) moved[i]! += along * up[r * dim + i]!;
  }
  const length = Math.sqrt(dot(moved, moved)) || 1;
  return moved.map((value) => value / length);
}

const KIND = { magic: 'SGTSENTS', version: 1, what: 'a trained compressor' } as const;

/** The description in a file: the numbers of the dual encoder stand behind it. */
type Description = Omit<SentenceModel, 'dual'> & { readonly dual?: Pick<DualEncoder, 'dim' | 'rank' | 'scale'> };

/** A model as a file: a description in JSON, then the dual encoder in float32. All of it is covered by a checksum. */
export function writeSentenceModel({ dual, ...rest }: SentenceModel): Uint8Array {
  if (dual === undefined) return sealFile(KIND, rest);
  const { question, sentence, ...shape } = dual;
  return sealFile(KIND, { ...rest, dual: shape }, question.down, question.up, sentence.down, sentence.up);
}

/**
 * Reads what {@link writeSentenceModel} wrote.
 * @param file where the bytes come from, for error messages. @throws CorruptFileError, IncompatibleError
 */
export function readSentenceModel(bytes: Uint8Array, file: string): SentenceModel {
  const { description, numbers } = openSealed<Description>(KIND, bytes, file, ({ dual }) =>
    dual === undefined ? 0 : 16 * dual.dim * dual.rank,
  );
  const { dual, ...rest } = description;
  if (dual === undefined) return rest;
  const size = dual.dim * dual.rank;
  const part = (i: number): Float32Array => new Float32Array(numbers, 4 * i * size, size);
  return {
    ...rest,
    dual: { ...dual, question: { down: part(0), up: part(1) }, sentence: { down: part(2), up: part(3) } },
  };
}

/** Whether a model's weights are those of today's features. */
export function knowsFeatures({ weights }: Pick<SentenceModel, 'weights'>): boolean {
  return weights.length === LINKED_FEATURES;
}
