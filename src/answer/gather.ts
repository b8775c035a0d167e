import { given } from '../base/given.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, MEANING } from '../corpus/index.ts';
import {
  BUILT_IN,
  type PipelineInput,
  pipeline,
  type RankedPassage,
  type Ranking,
  type RelevanceCut,
  type RetrieveParams,
  type Retriever,
  type SearchEnvironment,
  type SearchOptions,
  shippedRelevance,
} from '../search/index.ts';
import { retrieve } from '../search/searching.ts';
import type { Evidence } from './types.ts';

/** How passages are looked for. */
export interface EvidenceOptions
  extends Pick<SearchOptions, 'pipeline' | 'filter' | 'language' | 'syntax' | 'variants' | 'signal'> {
  /** Passages that are looked at. Default 20, at least 1. */
  readonly k?: number;
}

/** What one search found. */
export interface Gathered {
  readonly query: Query;
  readonly evidence: readonly Evidence[];
  readonly ranking: Ranking;
  /** How relevance was judged; undefined where nobody has learned it. */
  readonly relevance: RelevanceCut | undefined;
  /** Asks again with another query, in the same way. @param further passages that are known, beside which others are wanted. */
  readonly again: (query: Query, hop: number, further: number) => Promise<Pick<Gathered, 'evidence' | 'ranking'>>;
}

/** Passages that are looked at, unless it is said. */
export const EVIDENCE = 20;

/** Finds passages for a question, each with the probability that it is relevant where that can be judged. */
export async function gatherEvidence(
  corpus: Corpus,
  question: string,
  options: EvidenceOptions,
  environment: SearchEnvironment,
): Promise<Gathered> {
  const { k = EVIDENCE, pipeline: own, ...rest } = options;
  const steps = own ?? environment.standard ?? (hasMeaning(corpus) ? 'hybrid' : 'bm25');
  const judging = await (environment.relevance?.() ?? shippedRelevance(corpus));
  const retrieved = await retrieve(
    corpus,
    question,
    {
      ...given(rest),
      k,
      perDocument: Number.POSITIVE_INFINITY,
      pipeline: judging === undefined ? steps : pipeline(resolved(steps), environment.extensions).cut({ least: 0 }),
    },
    environment,
    false,
  );
  const { query, retriever, ranking, allowed } = retrieved;
  const params: RetrieveParams = { k, ...given({ allowed, signal: options.signal }) };
  return {
    query,
    ranking,
    relevance: ranking.relevance,
    evidence: await evidenceOf(corpus, retrieved.chosen, 1),
    again: (next, hop, further) => ask(corpus, retriever, next, { ...params, k: k + further }, hop),
  };
}

/** `hybrid` and `bm25` as steps, since what is named cannot be gone on with. */
function resolved(steps: PipelineInput): PipelineInput {
  return typeof steps === 'string' && Object.hasOwn(BUILT_IN, steps) ? BUILT_IN[steps as keyof typeof BUILT_IN] : steps;
}

async function ask(
  corpus: Corpus,
  retriever: Retriever,
  query: Query,
  params: RetrieveParams,
  hop: number,
): Promise<Pick<Gathered, 'evidence' | 'ranking'>> {
  const ranking = await retriever(query, params);
  return { ranking, evidence: await evidenceOf(corpus, ranking.hits.slice(0, params.k), hop) };
}

async function evidenceOf(corpus: Corpus, hits: readonly RankedPassage[], hop: number): Promise<Evidence[]> {
  const passages = await corpus.passages(hits.map(({ passage }) => passage));
  const documents = await corpus.documents(passages.map(({ document }) => document));
  return passages.map(({ text, start, headings, page }, i) => {
    const { id, title, language } = documents[i]!;
    const { passage, score, relevance } = hits[i]!;
    return { passage, id, title, headings, text, start, language, score, hop, ...given({ page, relevance }) };
  });
}

function hasMeaning({ fields }: Corpus): boolean {
  return fields.some(({ name }) => name === MEANING);
}
