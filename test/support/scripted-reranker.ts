import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a reranker on this machine was asked. */
export interface RerankRequest {
  readonly model?: string;
  readonly query: string;
  readonly documents?: readonly string[];
  readonly texts?: readonly string[];
  readonly [more: string]: unknown;
}

/** What it does with a request. */
export type RerankScript =
  | { readonly json: unknown }
  | { readonly raw: string }
  | { readonly status: number; readonly body?: string }
  | { readonly silent: true }
  /** Sends without an end. */
  | { readonly forever: string };

export interface ScriptedReranker extends AsyncDisposable {
  readonly url: string;
  readonly requests: RerankRequest[];
  readonly headers: IncomingMessage['headers'][];
}

/** An endpoint that answers as `script` says. */
export async function scriptedReranker(script: (request: RerankRequest) => RerankScript): Promise<ScriptedReranker> {
  const requests: RerankRequest[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push(JSON.parse(body));
    headers.push(request.headers);
    const does = script(requests.at(-1)!);
    if ('silent' in does) return;
    if ('forever' in does) {
      const timer = setInterval(() => response.write(does.forever), 1);
      response.on('close', () => clearInterval(timer));
      return;
    }
    response.setHeader('content-type', 'application/json');
    if ('status' in does) response.writeHead(does.status).end(does.body ?? '{}');
    else response.end('raw' in does ? does.raw : JSON.stringify(does.json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/rerank`,
    requests,
    headers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Shorter texts are better, in Jina's and Cohere's shape, best first as they answer. */
export function byLength({ documents = [] }: RerankRequest): RerankScript {
  const results = documents.map(({ length }, index) => ({ index, relevance_score: 1 / (1 + length) }));
  return { json: { results: results.sort((a, b) => b.relevance_score - a.relevance_score) } };
}
