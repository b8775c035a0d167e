import { nearest } from '../../base/nearest.ts';
import { type Corpus, embeddingText, type Field } from '../../corpus/index.ts';
import { bm25 } from '../bm25.ts';
import { dense } from '../dense.ts';
import { type Rescoring, rescored } from './moves.ts';
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
    weight: {
      kind: 'number',
      least: 0,
      most: 1,
      help: 'What the new scores count beside those before, each from the worst candidate to the best. Default 1: they alone.',
    },
  },
  make: ([input], { by, depth = RERANK_DEPTH, weight = 1 }, scope) => {
    const score = scorerNamed(by as string, scope);
    return rescored(input!, {
      stage: `rerank ${by}`,
      depth: depth as number,
      score: weight === 1 ? score : mixed(score, weight as number),
    });
  },
};

type Scorer = Rescoring['score'];

/** New scores and those before, each from the worst candidate that can be scored (0) to the best (1). */
function mixed(score: Scorer, weight: number): Scorer {
  return async (query, candidates, signal) => {
    const scores = await score(query, candidates, signal);
    if (typeof scores === 'string') return scores;
    const known = candidates.flatMap((_, i) => (Number.isNaN(scores[i]!) ? [] : [i]));
    const now = unitScale(known.map((i) => scores[i]!));
    const before = unitScale(known.map((i) => candidates[i]!.score));
    return candidates.map(({ score: old }, i) => (1 - weight) * before(old) + weight * now(scores[i]!));
  };
}

/** From the least of some values to the greatest; 1 where there is no difference. */
function unitScale(values: readonly number[]): (value: number) => number {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return (value) => (range > 0 ? (value - least) / range : value - least + 1);
}

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
