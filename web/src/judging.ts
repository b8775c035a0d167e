import { type CollectionInfo, client, type JudgedQuery } from './api.ts';

/** Where judgements are kept: by the server, or where that only reads, in this browser. */
export interface Judgements {
  readonly kept: 'server' | 'browser';
  load(signal?: AbortSignal): Promise<readonly JudgedQuery[]>;
  /** @param grade null takes a judgement back. @returns the query as it is then judged. */
  judge(query: string, document: string, grade: number | null): Promise<JudgedQuery>;
  addQuery(query: string): Promise<JudgedQuery>;
  removeQuery(query: string): Promise<void>;
}

export function judgementsOf(info: CollectionInfo): Judgements {
  return info.capabilities.write ? onServer(info.name) : inBrowser(info.name);
}

function onServer(collection: string): Judgements {
  const server = client(collection);
  return {
    kept: 'server',
    load: async (signal) => (await server.judgements(signal === undefined ? {} : { signal })).queries,
    judge: (query, document, grade) => server.judge({ query, document, grade }),
    addQuery: (query) => server.judge({ query }),
    removeQuery: async (query) => void (await server.judge({ query, grade: null })),
  };
}

function inBrowser(collection: string): Judgements {
  const key = `sagitta-judgements-${collection}`;
  const read = (): JudgedQuery[] => {
    try {
      return (JSON.parse(localStorage.getItem(key) ?? '[]') as JudgedQuery[]).filter(
        ({ id, text, judgements }) => typeof id === 'string' && typeof text === 'string' && Array.isArray(judgements),
      );
    } catch {
      return [];
    }
  };
  const change = (
    text: string,
    judged: (before: JudgedQuery['judgements']) => JudgedQuery['judgements'],
  ): JudgedQuery => {
    const queries = read();
    const at = queries.findIndex((one) => one.text === text);
    const taken = new Set(queries.map(({ id }) => id));
    let number = queries.length + 1;
    while (taken.has(`q${number}`)) number++;
    const before = queries[at] ?? { id: `q${number}`, text, judgements: [] };
    const after = { ...before, judgements: judged(before.judgements) };
    if (at < 0) queries.push(after);
    else queries[at] = after;
    localStorage.setItem(key, JSON.stringify(queries));
    return after;
  };
  return {
    kept: 'browser',
    load: async () => read(),
    judge: async (query, document, grade) =>
      change(query, (before) => [
        ...before.filter((one) => one.document !== document),
        ...(grade === null ? [] : [{ document, grade }]),
      ]),
    addQuery: async (query) => change(query, (before) => before),
    removeQuery: async (query) =>
      localStorage.setItem(key, JSON.stringify(read().filter(({ text }) => text !== query))),
  };
}

/** Documents of each pipeline that are to be judged. */
const DEPTH = 10;

/** A document to be judged, without a word of which pipeline found it, so that nobody judges pipelines instead. */
export interface Candidate {
  readonly id: string;
  readonly start: number;
  readonly title: string;
  readonly text: string;
  readonly highlights: readonly { readonly start: number; readonly end: number }[];
}

/** What pipelines find for a query: the first documents of each, in an order that tells nothing. */
export async function candidatesFor(
  info: CollectionInfo,
  pipelines: readonly string[],
  query: string,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const server = client(info.name);
  const answers = await Promise.all(
    pipelines.map((pipeline) => server.search(query, { k: DEPTH, perDocument: 1, pipeline, syntax: false, signal })),
  );
  const found = new Map<string, Candidate>();
  for (const { hits } of answers) {
    for (const { id, start, title, snippet } of hits) {
      if (!found.has(id)) found.set(id, { id, start, title, text: snippet.text, highlights: snippet.highlights });
    }
  }
  return [...found.values()].sort((a, b) => hashOf(a.id + query) - hashOf(b.id + query));
}

/** FNV-1a: the same order whenever the query is looked at. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
