import type { Query } from '../../content/index.ts';
import { type Corpus, fieldOf, MEANING, WORDS } from '../../corpus/index.ts';
import { type RelevanceParameters, relevanceOf, type ScoredHit } from '../relevance.ts';
import { defaultRelevance } from '../relevance-defaults.ts';
import { encode } from '../represent.ts';
import type { RankedPassage, Ranking, Retriever, StageTrace } from '../types.ts';
import { QueryMatcher } from '../word-match.ts';
import type { Judging, Operator } from './types.ts';

/** Hits of a query that its relevance is judged from; they are judged in blocks of as many. */
export const RELEVANCE_DEPTH = 50;
/** A block of which a smaller share is kept ends the list. */
const FRUITFUL = 0.5;
/** Stages whose part of a score is none that relevance was learned from. */
const LATER = /^(rerank|neighbours)\b/;

export const cut: Operator = {
  name: 'cut',
  help: 'keeps what is probably relevant, which may be nothing; or what has at least a score',
  takes: 'ranking',
  parameters: {
    least: {
      kind: 'number',
      least: 0,
      most: 1,
      help: 'Hits of at least this probability are kept. Default: what the collection learned, or what comes with the software.',
    },
    score: { kind: 'number', help: 'Hits of at least this score are kept, whatever their relevance.' },
  },
  make: async ([input], { least, score }, { corpus, relevance, fail }) => {
    if (score !== undefined && least === undefined) return byScore(input!, score as number);
    const judging = await relevance();
    if (judging === undefined) {
      const field = corpus.fields.find(({ name }) => name === MEANING);
      const encoder = field?.kind === 'vector' ? field.encoder : 'none';
      return fail(
        `this collection has not learned what is relevant, and none is known of the encoder "${encoder}"`,
        'Teach it with judged queries: `sagitta learn-relevance --queries FILE --qrels FILE`; or cut by a score: cut(score=0.5).',
      );
    }
    const kept = score === undefined ? input! : byScore(input!, score as number);
    return byRelevance(kept, corpus, judging, least as number | undefined);
  },
};

function byScore(input: Retriever, least: number): Retriever {
  return async (query, params) => {
    const found = await input(query, params);
    const start = performance.now();
    const hits = found.hits.filter(({ score }) => score >= least);
    return {
      ...found,
      hits,
      trace: {
        stage: 'cut',
        tookMs: performance.now() - start,
        examined: found.hits.length,
        returned: hits.length,
        note: `kept ${hits.length} of ${found.hits.length} hits, those of at least ${least}`,
        inputs: [found.trace],
      },
    };
  };
}

function byRelevance(input: Retriever, corpus: Corpus, judging: Judging, least: number | undefined): Retriever {
  return async (query, params) => {
    const { k, signal } = params;
    let took = 0;
    for (let depth = RELEVANCE_DEPTH * Math.ceil(k / RELEVANCE_DEPTH); ; depth += RELEVANCE_DEPTH) {
      const found = await input(query, { ...params, k: depth });
      const start = performance.now();
      const parameters = parametersFor(found.hits, judging);
      const { threshold = parameters.threshold } = least === undefined ? {} : { threshold: least };
      const all = await probabilities(corpus, query, found, parameters, signal);
      const { judged, ended } = judgedPart(all, threshold);
      const kept = found.hits.flatMap((hit, i) =>
        i < judged && all[i]! >= threshold ? [{ ...hit, relevance: all[i]! }] : [],
      );
      took += performance.now() - start;
      if (kept.length < k && !ended && found.hits.length === depth) continue;
      const hits = kept.slice(0, k);
      const best = Math.max(0, ...all.subarray(0, judged));
      return {
        ...found,
        hits,
        relevance: { threshold, usual: parameters.threshold, judged, kept: hits.length, best },
        trace: {
          stage: 'cut',
          tookMs: took,
          examined: judged,
          returned: hits.length,
          note: `kept ${kept.length} of ${judged} judged, those of at least ${percent(threshold)}; the best has ${percent(best)}`,
          inputs: [found.trace],
        },
      };
    }
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** One for each hit. Later stages change the order of hits, not how relevant they are. */
async function probabilities(
  corpus: Corpus,
  query: Query,
  { hits, trace }: Ranking,
  parameters: RelevanceParameters,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { content, language = fieldOf(corpus, WORDS, ['terms']).analysis.languageOf(content) } = query;
  const matcher = await QueryMatcher.of(corpus, content, language);
  const matches = await matcher.match(hits.map(({ passage }) => passage));
  const meaning = corpus.fields.find(({ name }) => name === MEANING);
  const field = meaning?.kind === 'vector' && hasVectors(hits) ? meaning : undefined;
  const words = await matcher.words(await field?.open());
  const vector = parameters.query === undefined || field === undefined ? undefined : await encode(field, query, signal);
  const stage = stageOfScores(trace);
  const judged = hits.map((hit, i): ScoredHit & { readonly fused: number; readonly at: number } => {
    const { contributions = [{ stage, rank: i + 1, score: hit.score, share: hit.score }] } = hit;
    const own = contributions.filter((one) => !LATER.test(one.stage));
    return { contributions: own, match: matches[i]!, fused: own.reduce((sum, { share }) => sum + share, 0), at: i };
  });
  const scored = {
    hits: judged.toSorted((a, b) => b.fused - a.fused || a.at - b.at),
    words,
    ...(vector?.query === undefined ? {} : { vector: vector.query as Float32Array }),
  };
  const relevances = relevanceOf(scored, parameters);
  const all = new Float64Array(hits.length);
  scored.hits.forEach(({ at }, i) => {
    all[at] = relevances[i]!;
  });
  return all;
}

/** Which stage scored hits that say nothing of it: those that only leave some out pass on what was scored below them. */
function stageOfScores({ stage, inputs }: StageTrace): string {
  const [only] = inputs ?? [];
  return only !== undefined && inputs!.length === 1 && /^(group|cut)\b/.test(stage) ? stageOfScores(only) : stage;
}

function hasVectors(hits: readonly RankedPassage[]): boolean {
  return hits.some(({ contributions = [] }) => contributions.some(({ stage }) => stage === 'dense'));
}

/** Where vectors had no say, as for a query in a language that the encoder does not know, words decide alone. */
function parametersFor(hits: readonly RankedPassage[], { parameters, isOwn }: Judging): RelevanceParameters {
  return isOwn || hasVectors(hits) ? parameters : defaultRelevance('none')!;
}

/**
 * How much of a list is judged: all of it, or to the end of the first block that is mostly cut. Where a list ends does therefore not
 * depend on how many hits are asked for.
 */
function judgedPart(relevances: Float64Array, threshold: number): { judged: number; ended: boolean } {
  for (let to = RELEVANCE_DEPTH; to <= relevances.length; to += RELEVANCE_DEPTH) {
    const block = relevances.subarray(to - RELEVANCE_DEPTH, to);
    const kept = block.filter((probability) => probability >= threshold).length;
    if (kept < FRUITFUL * RELEVANCE_DEPTH) return { judged: to, ended: true };
  }
  return { judged: relevances.length, ended: false };
}
