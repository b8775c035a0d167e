import { RemoteError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nearest } from '../../base/nearest.ts';
import { type Corpus, embeddingText, type Field } from '../../corpus/index.ts';
import { byField } from '../by-field.ts';
import { modelReranker, WINDOW } from '../reranking/model-reranker.ts';
import { within } from '../within.ts';
import { mixedScores } from './mixed-scores.ts';
import { type Rescoring, rescored } from './moves.ts';
import type { Operator, OperatorScope, ParameterValue, Reranker } from './types.ts';

/** Candidates that are ranked again by default. */
export const RERANK_DEPTH = 50;

export const rerank: Operator = {
  name: 'rerank',
  help: 'ranks the first candidates again, by a reranker, a language model or a field (token vectors: late interaction)',
  takes: 'ranking',
  parameters: {
    by: {
      kind: 'name',
      required: true,
      help: 'A reranker, a field by which passages are scored, or a language model: listwise or pointwise.',
    },
    depth: {
      kind: 'whole',
      least: 1,
      most: 10_000,
      help: `Candidates that are ranked again, whatever k. Default ${RERANK_DEPTH}, or what the reranker says.`,
    },
    weight: {
      kind: 'number',
      least: 0,
      most: 1,
      help: 'What the new scores count beside those before, each from the worst candidate to the best. Default 1: they alone; or what the reranker says.',
    },
    ms: {
      kind: 'number',
      least: 1,
      most: 600_000,
      help: 'Milliseconds that a reranker may take. Default 5000 for endpoints, 8000 for language models, else no limit.',
    },
    otherwise: {
      kind: 'choice',
      choices: ['keep', 'fail'],
      help: 'What happens when a reranker fails, or is late: the ranking stays (keep, the default), or the search fails.',
    },
    model: { kind: 'name', help: 'Of listwise and pointwise: the language model. Default: the only one.' },
    window: { kind: 'whole', least: 2, most: 100, help: `Of listwise: candidates of one prompt. Default ${WINDOW}.` },
  },
  make: ([input], parameters, scope) => {
    const { by } = parameters;
    const own = scope.rerankers.get(by as string);
    const { depth = own?.depth ?? RERANK_DEPTH, weight = own?.weight ?? 1 } = parameters;
    const scorer = scorerNamed(by as string, parameters, scope);
    return async (query, params) => {
      const notes: string[] = [];
      const score = scorer((text) => notes.push(text));
      const ranked = await rescored(input!, {
        stage: `rerank ${by}`,
        depth: depth as number,
        score: weight === 1 ? score : mixed(score, weight as number),
      })(query, params);
      if (notes.length === 0) return ranked;
      const { trace } = ranked;
      return { ...ranked, trace: { ...trace, note: [trace.note, ...notes].join('; ') } };
    };
  },
};

type Scorer = Rescoring['score'];

/** New scores and those before. */
function mixed(score: Scorer, weight: number): Scorer {
  return async (query, candidates, signal) => {
    const scores = await score(query, candidates, signal);
    if (typeof scores === 'string') return scores;
    const before = candidates.map((candidate) => candidate.score);
    return mixedScores(before, scores, weight);
  };
}

/** @returns given what says something for the trace of one search, what scores its candidates. */
function scorerNamed(
  name: string,
  parameters: Readonly<Record<string, ParameterValue>>,
  scope: OperatorScope,
): (note: (text: string) => void) => Scorer {
  const { corpus, rerankers, fail } = scope;
  const reranker = rerankers.get(name);
  const field = reranker === undefined ? corpus.fields.find((one) => one.name === name) : undefined;
  const isModel = (name === 'listwise' || name === 'pointwise') && (reranker ?? field) === undefined;
  for (const [setting, sound] of [
    ['model', isModel],
    ['window', isModel && name === 'listwise'],
    ['ms', field === undefined],
    ['otherwise', field === undefined],
  ] as const) {
    if (parameters[setting] !== undefined && !sound) fail(`"${setting}" is not for "${name}"`, 'Leave it out.');
  }
  const { model, window, ms, otherwise = 'keep' } = parameters;
  if (reranker !== undefined || isModel) {
    const by =
      reranker ??
      modelReranker(scope.model(model as string), {
        how: name as 'listwise',
        ...given({ window: window as number | undefined }),
      });
    scope.agreed('reranker', by);
    return (note) => byReranker(by, { corpus, fail, note, ms: ms as number, keeps: otherwise === 'keep' });
  }
  if (field !== undefined) return () => fieldScorer(corpus, field);
  const known = [...rerankers.keys(), ...corpus.fields.map((one) => one.name), 'listwise', 'pointwise'];
  const guess = nearest(name, known);
  return fail(
    `there is no reranker and no field "${name}"`,
    guess === undefined ? `Name ${known.join(' or ')}, or register a reranker.` : `Did you mean "${guess}"?`,
  );
}

interface Reranking extends Pick<OperatorScope, 'corpus' | 'fail'> {
  readonly note: (text: string) => void;
  /** Its budget where the pipeline names one. */
  readonly ms: number | undefined;
  /** Whether the ranking stays as it is where the reranker fails. */
  readonly keeps: boolean;
}

function byReranker(reranker: Reranker, { corpus, fail, note, ms, keeps }: Reranking): Scorer {
  const { id, budgetMs = Number.POSITIVE_INFINITY } = reranker;
  const budget = ms ?? budgetMs;
  return async (query, hits, signal) => {
    const passages = Uint32Array.from(hits, ({ passage }) => passage);
    const read = await corpus.passages(passages);
    const documents = await corpus.documents(read.map(({ document }) => document));
    const contents = read.map(({ headings, text }, i) => embeddingText(documents[i]!.title, headings, text));
    const failed = (error: RemoteError): string => {
      if (!keeps) throw error;
      return `the ranking stays as it was: ${error.message}`;
    };
    try {
      const ended = await within(budget, signal, (both) =>
        reranker.score(query, contents, { corpus, passages, signal: both, note }),
      );
      if ('late' in ended) {
        return failed(
          new RemoteError(
            `The reranker "${id}" had not answered after ${budget} ms.`,
            'Give it more time (ms), or fewer candidates (depth).',
          ),
        );
      }
      const scores = ended.value;
      if (scores.length === hits.length) return scores;
      return fail(
        `the reranker "${id}" gave ${scores.length} scores for ${hits.length} candidates`,
        'Let it give one for each.',
      );
    } catch (error) {
      if (error instanceof RemoteError) return failed(error);
      throw error;
    }
  };
}

function fieldScorer(corpus: Corpus, field: Field): Scorer {
  const retriever = byField(corpus, field);
  return async (query, hits) => {
    const ascending = Uint32Array.from(hits, ({ passage }) => passage).sort();
    const scores = await retriever.score!(query, ascending);
    const byPassage = new Map(Array.from(ascending, (passage, i) => [passage, scores[i]!]));
    return hits.map(({ passage }) => byPassage.get(passage)!);
  };
}
