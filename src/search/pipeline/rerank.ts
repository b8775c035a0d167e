import { nearest } from '../../base/nearest.ts';
import type { Query } from '../../content/index.ts';
import { type Corpus, embeddingText, type Field } from '../../corpus/index.ts';
import { bm25 } from '../bm25.ts';
import { dense } from '../dense.ts';
import type { RankedPassage } from '../types.ts';
import { reordered } from './moves.ts';
import type { Operator, OperatorScope, Reranker } from './types.ts';

/** Candidates that are ranked again by default. */
export const RERANK_DEPTH = 50;

export const rerank: Operator = {
  name: 'rerank',
  help: 'ranks the first candidates again, by a reranker or by a field (token vectors: late interaction)',
  takes: 'ranking',
  parameters: {
    by: { kind: 'name', required: true, help: 'A reranker, or a field by which passages are scored.' },
    depth: {
      kind: 'whole',
      least: 1,
      most: 10_000,
      help: `Candidates that are ranked again, whatever k. Default ${RERANK_DEPTH}.`,
    },
  },
  make: ([input], { by, depth = RERANK_DEPTH }, scope) => {
    const name = by as string;
    const scorer = scorerNamed(name, scope);
    const candidates = depth as number;
    const stage = `rerank ${name}`;
    return async (query, params) => {
      const found = await input!(query, { ...params, k: Math.max(params.k, candidates) });
      const start = performance.now();
      const first = found.hits.slice(0, candidates);
      const scores = first.length === 0 ? [] : await scorer(query, first, params.signal);
      // What cannot be scored stays behind what can.
      const known = first.flatMap((hit, i) => (Number.isNaN(scores[i]!) ? [] : [{ hit, score: scores[i]! }]));
      const unknown = first.filter((_, i) => Number.isNaN(scores[i]!));
      const { hits, moved } = reordered(found, known, [...unknown, ...found.hits.slice(candidates)], stage);
      const unscored = unknown.length === 0 ? '' : `; ${unknown.length} have nothing to be scored by and stand behind`;
      return {
        ...found,
        hits: hits.slice(0, params.k),
        trace: {
          stage,
          tookMs: performance.now() - start,
          examined: first.length,
          returned: Math.min(params.k, hits.length),
          note: `${known.length} candidates ranked again, ${moved} of them changed places${unscored}`,
          inputs: [found.trace],
        },
      };
    };
  },
};

type Scorer = (query: Query, hits: readonly RankedPassage[], signal?: AbortSignal) => Promise<ArrayLike<number>>;

function scorerNamed(name: string, { corpus, rerankers, fail }: OperatorScope): Scorer {
  const reranker = rerankers.get(name);
  if (reranker !== undefined) return byReranker(corpus, reranker, fail);
  const field = corpus.fields.find((one) => one.name === name);
  if (field !== undefined) return byField(corpus, field);
  const known = [...rerankers.keys(), ...corpus.fields.map((one) => one.name)];
  const guess = nearest(name, known);
  return fail(
    `there is no reranker and no field "${name}"`,
    guess === undefined ? `Name ${known.join(' or ')}, or register a reranker.` : `Did you mean "${guess}"?`,
  );
}

function byReranker(corpus: Corpus, reranker: Reranker, fail: OperatorScope['fail']): Scorer {
  return async (query, hits, signal) => {
    const passages = Uint32Array.from(hits, ({ passage }) => passage);
    const read = await corpus.passages(passages);
    const documents = await corpus.documents(read.map(({ document }) => document));
    const contents = read.map(({ headings, text }, i) => embeddingText(documents[i]!.title, headings, text));
    const scores = await reranker.score(query, contents, {
      corpus,
      passages,
      ...(signal === undefined ? {} : { signal }),
    });
    if (scores.length === hits.length) return scores;
    return fail(
      `the reranker "${reranker.id}" gave ${scores.length} scores for ${hits.length} candidates`,
      'Let it give one for each.',
    );
  };
}

function byField(corpus: Corpus, field: Field): Scorer {
  const retriever = field.kind === 'terms' ? bm25(corpus, field.name) : dense(corpus, { field: field.name });
  return async (query, hits) => {
    const ascending = Uint32Array.from(hits, ({ passage }) => passage).sort();
    const scores = await retriever.score!(query, ascending);
    const byPassage = new Map(Array.from(ascending, (passage, i) => [passage, scores[i]!]));
    return hits.map(({ passage }) => byPassage.get(passage)!);
  };
}
