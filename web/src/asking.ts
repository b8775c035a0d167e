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
  /** What the next page goes on from. */
  readonly sofar: Sofar;
}

/** Pages that came already, of one question. */
interface Sofar {
  /** The question, whatever the page. */
  readonly question: string;
  readonly page: number;
  /** By collection: all its hits so far, and where the next page begins. */
  readonly lists: readonly { readonly hits: readonly HitIn[]; readonly next: string | undefined }[];
}

/** Whether anything is asked. */
export function isAsked({ query, like }: ViewState): boolean {
  return query.trim() !== '' || like !== undefined;
}

/**
 * Searches the collections, all at once.
 * @param before what was shown last: where it is the page before this one, its hits stay as they are and only what follows is fetched.
 */
export async function ask(
  collections: readonly CollectionInfo[],
  state: ViewState,
  signal: AbortSignal,
  before?: Answer,
): Promise<Answer> {
  const question = JSON.stringify([collections.map(({ name }) => name), { ...state, page: 0, document: undefined }]);
  const sofar = before?.sofar;
  const goesOn = sofar?.question === question && sofar.page === state.page - 1;
  const answers = await Promise.all(
    collections.map((info, i) => {
      if (!goesOn) return askOne(info, state, signal, depth(state));
      const { next } = sofar.lists[i]!;
      return next === undefined ? undefined : askOne(info, state, signal, PER_PAGE, next);
    }),
  );
  const lists = answers.map((answer, i) => {
    const earlier = goesOn ? sofar.lists[i]!.hits : [];
    const fresh = answer?.hits.map((hit) => ({ ...hit, collection: collections[i]!.name })) ?? [];
    return { hits: [...earlier, ...fresh], next: answer?.next };
  });
  const hits = merged(
    lists.map((list) => list.hits),
    state.sort,
  );
  const came = answers.filter((answer) => answer !== undefined);
  // Of what satisfies conditions alone, one is as relevant as the other.
  const judged = came.flatMap(({ relevance, retriever }) =>
    relevance === undefined || retriever === 'conditions' ? [] : [relevance],
  );
  const all = judged.length === came.length && judged.length > 0;
  // What was said of the question stays said; a page that follows may be empty.
  const first = goesOn ? before : undefined;
  const { language, suggestion, trace } = first ?? came.find((answer) => answer.hits.length > 0) ?? came[0]!;
  const most = Math.max(...lists.map((list) => list.hits.length));
  return {
    query: state.query,
    hits,
    tookMs: Math.max(0, ...came.map(({ tookMs }) => tookMs)),
    examined: came.reduce((sum, { examined }) => sum + examined, 0),
    language,
    suggestion,
    usual: first?.usual ?? (all ? Math.min(...judged.map(({ usual }) => usual)) : undefined),
    best: first?.best ?? (all ? Math.max(...judged.map(({ best }) => best)) : undefined),
    judged: first?.judged ?? judged.reduce((sum, one) => sum + one.judged, 0),
    reason: lists.some(({ next }) => next !== undefined)
      ? undefined
      : most >= MOST
        ? `pages reach the first ${MOST.toLocaleString('en')} passages`
        : (came.find(({ shortfall }) => shortfall !== undefined)?.shortfall?.reason ?? ''),
    trace,
    sofar: { question, page: state.page, lists },
  };
}

function depth({ page }: ViewState): number {
  return Math.min(MOST, PER_PAGE * page);
}

function askOne(
  info: CollectionInfo,
  state: ViewState,
  signal: AbortSignal,
  k: number,
  cursor?: string,
): Promise<SearchAnswer> {
  const { query, like, relevant, sort } = state;
  const filter = filterOf(state);
  const server = client(info.name);
  const options = {
    k,
    ...(cursor === undefined ? {} : { cursor }),
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
