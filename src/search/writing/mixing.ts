import type { Query, WeightedTerm } from '../../content/index.ts';
import { type Field, type TermsField, type VectorField, weightedTerms } from '../../corpus/index.ts';
import { speaks } from '../../encode/speaks.ts';
import { mixedTerms, mixedVector } from '../feedback/mixing.ts';
import { encode, represented, termsOf } from '../represent.ts';

/** Terms of what was written that are looked for at most. */
const MOST_TERMS = 64;

/** How what was written counts beside the query. */
export interface Mixing {
  /** Weight of the query's own words, 0 to 1; what was written has the rest. */
  readonly original: number;
  /** Of its vector. */
  readonly originalVector: number;
  readonly role: 'query' | 'document';
}

/**
 * The query with what was written for it: its words with those of the texts, and the mean of its vector and theirs. What a field's own vectors are of more than one for each
 * passage stays as it is.
 * @param texts whose words are added. @param sentences what is encoded of them. Default: the texts.
 */
export async function withWritten(
  query: Query,
  fields: readonly Field[],
  texts: readonly string[],
  mixing: Mixing,
  signal: AbortSignal | undefined,
  sentences: readonly string[] = texts,
): Promise<Query> {
  let mixed = query;
  for (const field of fields) {
    if (field.kind === 'terms') mixed = represented(mixed, field.name, terms(field, query, texts, mixing.original));
    if (field.kind === 'vector') {
      const vector = await vectorOf(field, query, sentences, mixing, signal);
      if (vector !== undefined) mixed = represented(mixed, field.name, vector);
    }
  }
  return mixed;
}

/** The weight of a term is how often the texts have it: what several of them say counts more. */
function terms(field: TermsField, query: Query, texts: readonly string[], original: number): readonly WeightedTerm[] {
  const { own } = field.analysis.languagesFor(query.language);
  const written = own.map((language) =>
    texts.flatMap((text) => field.analysis.analyzerOf(language).analyze(text).terms),
  );
  const counts = weightedTerms(written[0] ?? []).sort((a, b) => b.weight - a.weight);
  return mixedTerms(
    termsOf(field, query),
    counts.slice(0, MOST_TERMS).map(({ term, weight }) => [term, weight]),
    original,
  );
}

async function vectorOf(
  field: VectorField,
  query: Query,
  texts: readonly string[],
  { originalVector, role }: Mixing,
  signal: AbortSignal | undefined,
): Promise<Float32Array | undefined> {
  const asked = (await encode(field, query, signal)).query as Float32Array | undefined;
  if (asked === undefined) return undefined;
  const encoder = await field.open();
  if (query.language !== undefined && !speaks(encoder, query.language)) return undefined;
  const vectors = await encoder.encode(texts, { role, ...(signal === undefined ? {} : { signal }) });
  const rows = texts.map((_, i) => vectors.row(i));
  return mixedVector(asked, rows, originalVector);
}
