import type { Hits } from '../../base/hits.ts';
import type { Work } from '../../base/parallel.ts';
import { Vectors } from '../../base/vectors.ts';
import { type IvfLoan, IvfReader, type IvfRequest } from './reader.ts';
import type { Scan, ScanShare } from './search.ts';

/** Several queries to be searched, or one to be searched in part. Queries are checked, and normalised for cosine. */
export type SearchPiece =
  | { readonly queries: Float32Array; readonly from: number; readonly to: number; readonly request: IvfRequest }
  | { readonly query: Float32Array; readonly request: IvfRequest; readonly share: ScanShare };

/** Hits of several queries, one after the other. */
export interface PackedHits {
  readonly ids: Uint32Array;
  readonly scores: Float32Array;
  /** Where the hits of each query end. */
  readonly ends: Uint32Array;
  readonly examined: Float64Array;
}

/** Searches an index in memory that threads share: {@link PackedHits} for queries, a {@link Scan} for a part of one. */
export const searchWork: Work<IvfLoan, SearchPiece, PackedHits | Scan> = {
  name: 'index.search',
  prepare: (loan, thread) => {
    const reader = IvfReader.attach(loan, thread);
    return (piece) => {
      if ('share' in piece) return reader.findShare(piece.query, piece.request, piece.share);
      const queries = new Vectors(piece.queries, reader.model.dim);
      const { from, to, request } = piece;
      return packHits(Array.from({ length: to - from }, (_, i) => reader.find(queries.row(from + i), request)));
    };
  },
};

function packHits(all: readonly Hits[]): PackedHits {
  const ends = new Uint32Array(all.length);
  let total = 0;
  for (const [i, { ids }] of all.entries()) ends[i] = total += ids.length;
  const ids = new Uint32Array(total);
  const scores = new Float32Array(total);
  for (const [i, hits] of all.entries()) {
    ids.set(hits.ids, ends[i]! - hits.ids.length);
    scores.set(hits.scores, ends[i]! - hits.ids.length);
  }
  return { ids, scores, ends, examined: Float64Array.from(all, ({ examined }) => examined) };
}

export function unpackHits({ ids, scores, ends, examined }: PackedHits): Hits[] {
  return [...ends].map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]!;
    return { ids: ids.slice(start, end), scores: scores.slice(start, end), examined: examined[i]! };
  });
}
