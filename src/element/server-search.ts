import type { ElementHit } from './static-index.ts';

interface Answer {
  readonly hits: readonly {
    readonly id: string;
    readonly title: string;
    readonly path?: string;
    readonly headings: readonly string[];
    readonly metadata?: { readonly url?: unknown };
    readonly snippet: { readonly text: string; readonly highlights: readonly { start: number; end: number }[] };
  }[];
}

/** Searches a collection of a server; its `--cors` has to name the website. */
export async function searchServer(
  server: string,
  collection: string | null,
  query: string,
  k: number,
  signal: AbortSignal,
): Promise<ElementHit[]> {
  const fields = ['title', 'path', 'headings', 'snippet', 'metadata.url'];
  const body = { query, k, perDocument: 1, complete: true, fields, ...(collection === null ? {} : { collection }) };
  const response = await fetch(`${server.replace(/\/+$/, '')}/v1/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw new Error(`The server answers ${response.status}.`);
  const { hits } = (await response.json()) as Answer;
  return hits.map(({ id, title, path, headings, metadata, snippet: { text, highlights } }) => {
    const parts: { text: string; matched: boolean }[] = [];
    let at = 0;
    for (const { start, end } of highlights) {
      if (start > at) parts.push({ text: text.slice(at, start), matched: false });
      parts.push({ text: text.slice(start, end), matched: true });
      at = end;
    }
    if (at < text.length) parts.push({ text: text.slice(at), matched: false });
    const url = typeof metadata?.url === 'string' ? metadata.url : (path ?? id);
    return { id, url, title: title || id, headings, parts };
  });
}
