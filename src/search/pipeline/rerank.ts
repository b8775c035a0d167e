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
  },
  make: ([input], { by, depth = RERANK_DEPTH }, scope) =>
    rescored(input!, {
      stage: `rerank ${by}`,
      depth: depth as number,
      score: scorerNamed(by as string, scope),
    }),
};

type Scorer = Rescoring['score'];

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
