import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the endpoint does with a request. */
export type Script =
  | { readonly say: string; readonly pieces?: number }
  /** Says it in one JSON answer, without streaming. */
  | { readonly json: string }
  /** Sends these bytes as they are. */
  | { readonly raw: string; readonly type?: string }
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Says it and then the connection ends without a word. */
  | { readonly breakAfter: string }
  /** Says it, and after a pause goes on. */
  | { readonly say: string; readonly pauseMs: number; readonly after: string }
  /** Never begins. */
  | { readonly silent: true }
  /** Says the same without an end. */
  | { readonly forever: string };

export interface ScriptedModel {
  /** As `--model-url` takes it. */
  readonly url: string;
  /** Bodies of requests, parsed. */
  readonly requests: { readonly messages: { role: string; content: string }[]; readonly max_tokens: number }[];
  readonly headers: IncomingMessage['headers'][];
  [Symbol.asyncDispose](): Promise<void>;
}

/** An endpoint on this machine that speaks OpenAI's chat completions and does what it is told, request by request; the last one stays. */
export async function scriptedModel(...scripts: readonly Script[]): Promise<ScriptedModel> {
  const requests: ScriptedModel['requests'][number][] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push(JSON.parse(body));
    headers.push(request.headers);
    const script = scripts[Math.min(requests.length, scripts.length) - 1]!;
    await play(script, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    headers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const event = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function play(script: Script, response: ServerResponse): Promise<void> {
  if ('silent' in script) return;
  if ('status' in script) {
    response.writeHead(script.status, { 'content-type': 'application/json', ...script.headers });
    response.end(script.body ?? '{}');
    return;
  }
  if ('json' in script) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ choices: [{ message: { content: script.json }, finish_reason: 'stop' }] }));
    return;
  }
  if ('raw' in script) {
    response.setHeader('content-type', script.type ?? 'text/event-stream');
    response.end(script.raw);
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  response.write('data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n');
  if ('forever' in script) {
    while (!response.destroyed) {
      response.write(event(script.forever));
      await sleep(1);
    }
    return;
  }
  if ('breakAfter' in script) {
    response.write(event(script.breakAfter));
    await sleep(20);
    response.destroy();
    return;
  }
  const pieces = 'pieces' in script && script.pieces !== undefined ? script.pieces : 7;
  for (let at = 0; at < script.say.length; at += pieces) response.write(event(script.say.slice(at, at + pieces)));
  if ('after' in script) {
    await sleep(script.pauseMs);
    response.write(event(script.after));
  }
  response.end(`${event('', 'stop')}data: [DONE]\n\n`);
}
