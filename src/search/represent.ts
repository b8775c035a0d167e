import type { Query, Representation, WeightedTerm } from '../content/index.ts';
import type { AnalysedWords, TermsField, VectorField, VectorsField } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';

/** What was made of queries that are still at work: each is analysed and encoded once, however many stages ask. */
const analysed = new WeakMap<Query, Map<TermsField, AnalysedWords>>();
const encoded = new WeakMap<Query, Map<VectorField | VectorsField, Promise<Encoded>>>();

/** A query as a field of vectors sees it; `undefined` with a reason where the encoder has no say. */
export type Encoded = { readonly query: Representation } | { readonly query: undefined; readonly reason: string };

/** The words of a query, by the field's own analysis, whatever the query says of the field. */
export function wordsOf(field: TermsField, query: Query): AnalysedWords {
  let byField = analysed.get(query);
  if (byField === undefined) {
    byField = new Map();
    analysed.set(query, byField);
  }
  let words = byField.get(field);
  if (words === undefined) {
    words = field.analysis.analyse(query);
    byField.set(field, words);
  }
  return words;
}

/** The terms that a query is searched for in a field. */
export function termsOf(field: TermsField, query: Query): readonly WeightedTerm[] {
  return (query.encoded?.get(field.name) as readonly WeightedTerm[] | undefined) ?? wordsOf(field, query).terms;
}

/** The query, searched for in a field by something else. What its words became for other fields is not made again. */
export function represented(query: Query, field: string, representation: Representation): Query {
  const other: Query = { ...query, encoded: new Map([...(query.encoded ?? []), [field, representation]]) };
  const words = analysed.get(query);
  if (words !== undefined) analysed.set(other, words);
  const made = new Map(encoded.get(query));
  for (const one of made.keys()) if (one.name === field) made.delete(one);
  encoded.set(other, made);
  return other;
}

/** What a query becomes for a field of vectors. An embedding of words that a model never saw ranks at random: then there is none. */
export function encode(field: VectorField | VectorsField, query: Query, signal?: AbortSignal): Promise<Encoded> {
  let byField = encoded.get(query);
  if (byField === undefined) {
    byField = new Map();
    encoded.set(query, byField);
  }
  let made = byField.get(field);
  if (made === undefined) {
    made = encodeAnew(field, query, signal);
    byField.set(field, made);
  }
  return made;
}

async function encodeAnew(field: VectorField | VectorsField, query: Query, signal?: AbortSignal): Promise<Encoded> {
  const given = query.encoded?.get(field.name);
  if (given !== undefined) return { query: given };
  const { content, language } = query;
  const how = { role: 'query', ...(signal === undefined ? {} : { signal }) } as const;
  const mute = (encoder: Pick<Encoder, 'id' | 'languages'>): Encoded | undefined =>
    language === undefined || speaks(encoder, language)
      ? undefined
      : {
          query: undefined,
          reason: `no vote: the query is in language "${language}", and ${encoder.id} knows ${encoder.languages?.join(', ')}`,
        };
  if (field.kind === 'vector') {
    const encoder = await field.open();
    return mute(encoder) ?? { query: (await encoder.encode([content], how)).row(0) };
  }
  const encoder = await field.open();
  const silent = mute(encoder);
  if (silent !== undefined) return silent;
  const tokens = (await encoder.encodeTokens([content], how)).item(0);
  return tokens.count > 0
    ? { query: tokens }
    : { query: undefined, reason: `no vote: ${encoder.id} knows no token of the query` };
}
