import { type CollectionInfo, client, type SearchAnswer } from './api.ts';
import { filterOf, type ViewState } from './state.ts';

/** Passages that one page holds: some ten to thirty documents. */
export const PER_PAGE = 30;
/** Passages of one document. */
const PER_DOCUMENT = 3;
const MOST = 1000;

/** A hit, and which collection it is of. */
export type HitIn = SearchAnswer['hits'][number] & { readonly collection: string };

/** A document with the passages of it that were found, best first. */
export interface Group {
  readonly key: string;
  readonly hits: readonly HitIn[];
}

/** What several collections, or one, answered. */
export interface Answer {
  readonly query: string;
  readonly hits: readonly HitIn[];
  readonly tookMs: number;
  readonly examined: number;
  readonly language: string;
  readonly suggestion: string | undefined;
  /** Probability from which a hit counts as relevant; undefined where that is not known. */
  readonly usual: number | undefined;
  /** The greatest probability of all. */
  readonly best: number | undefined;
  readonly judged: number;
  /** Why there are no more; undefined where there may be. */
  readonly reason: string | undefined;
  /** Of the first collection. */
  readonly trace: SearchAnswer['trace'];
}

/** Whether anything is asked. */
export function isAsked({ query, like }: ViewState): boolean {
  return query.trim() !== '' || like !== undefined;
}

/** Searches the collections, all at once. */
export async function ask(
  collections: readonly CollectionInfo[],
  state: ViewState,
  signal: AbortSignal,
): Promise<Answer> {
  const answers = await Promise.all(collections.map((info) => askOne(info, state, signal)));
  const hits = merged(
    answers.map(({ hits }, i) => hits.map((hit) => ({ ...hit, collection: collections[i]!.name }))),
    state.sort,
  );
  const { language, suggestion, trace } = answers.find((answer) => answer.hits.length > 0) ?? answers[0]!;
  const judged = answers.flatMap(({ relevance }) => (relevance === undefined ? [] : [relevance]));
  const all = judged.length === answers.length && judged.length > 0;
  const wanted = depth(state);
  return {
    query: state.query,
    hits,
    tookMs: Math.max(...answers.map(({ tookMs }) => tookMs)),
    examined: answers.reduce((sum, { examined }) => sum + examined, 0),
    language,
    suggestion,
    usual: all ? Math.min(...judged.map(({ usual }) => usual)) : undefined,
    best: all ? Math.max(...judged.map(({ best }) => best)) : undefined,
    judged: judged.reduce((sum, one) => sum + one.judged, 0),
    reason: answers.every((answer) => answer.hits.length < wanted)
      ? (answers.find(({ shortfall }) => shortfall !== undefined)?.shortfall?.reason ?? '')
      : wanted >= MOST
        ? `pages reach the first ${MOST.toLocaleString('en')} passages`
        : undefined,
    trace,
  };
}

function depth({ page }: ViewState): number {
  return Math.min(MOST, PER_PAGE * page);
}

function askOne(info: CollectionInfo, state: ViewState, signal: AbortSignal): Promise<SearchAnswer> {
  const { query, like, relevant, sort } = state;
  const filter = filterOf(state);
  const server = client(info.name);
  const options = {
    k: depth(state),
    perDocument: PER_DOCUMENT,
    explain: true,
    collapse: true,
    signal,
    ...(filter === undefined ? {} : { filter }),
    ...(sort === undefined ? {} : { sort }),
  };
  if (like !== undefined) return server.similar({ id: like.id, start: like.start ?? 0 }, options);
  const pipeline = pipelineFor(info, state);
  const how = { ...options, complete: true, ...(pipeline === 'hybrid' ? {} : { pipeline }) };
  if (!canJudge(info, pipeline)) return server.search(query, { ...how, pipeline });
  return server.search(query, { ...how, ...(relevant ? { relevant } : { judged: true }) });
}

/** What a collection is searched by: what was chosen where it has it, else its own. */
export function pipelineFor({ capabilities }: CollectionInfo, { pipeline }: Pick<ViewState, 'pipeline'>): string {
  const { retrievers, pipelines, pipeline: own } = capabilities;
  const standard = own ?? (retrievers.includes('hybrid') ? 'hybrid' : 'bm25');
  if (pipeline === undefined) return standard;
  const known = retrievers.some((name) => name === pipeline) || pipelines.some(({ name }) => name === pipeline);
  return known || /[(>]/.test(pipeline) ? pipeline : standard;
}

/** Whether it can be told how probably hits of a pipeline are relevant. Those that cut say so themselves. */
export function canJudge({ capabilities: { relevance, pipelines } }: CollectionInfo, pipeline: string): boolean {
  const text = pipelines.find(({ name }) => name === pipeline)?.text ?? pipeline;
  return relevance && pipeline !== 'dense' && !/\bcut\b/.test(text);
}

/**
 * One list of several: by how relevant hits are, where all collections can tell; else by turns, since scores of different encoders mean different
 * things.
 */
function merged(lists: readonly (readonly HitIn[])[], sort: string | undefined): readonly HitIn[] {
  if (lists.length === 1) return lists[0]!;
  const all = lists.flat();
  if (sort === undefined && all.every(({ relevance }) => relevance !== undefined)) {
    return all.sort((a, b) => b.relevance! - a.relevance!);
  }
  return all.sort((a, b) => a.rank - b.rank);
}

/** Documents in the order of their best passages. */
export function grouped(hits: readonly HitIn[]): readonly Group[] {
  const groups = new Map<string, HitIn[]>();
  for (const hit of hits) {
    const key = `${hit.collection} ${hit.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [hit]);
    else group.push(hit);
  }
  return Array.from(groups, ([key, found]) => ({ key, hits: found }));
}
