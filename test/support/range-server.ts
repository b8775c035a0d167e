import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** A web server of static files, as any is, that can be made to misbehave. */
export interface RangeServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, and how many bytes were sent, since it was emptied last. */
  readonly log: { readonly path: string; readonly range: string | undefined; readonly bytes: number }[];
  /** Answers in its place where it says true. */
  before: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** @param folders by the beginning of the path. @param headers of every answer. */
export async function rangeServer(
  folders: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RangeServer> {
  const log: RangeServer['log'][number][] = [];
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (running.before?.(request, response) === true) return;
    const path = decodeURIComponent(new URL(request.url!, 'http://x').pathname);
    const prefix = Object.keys(folders)
      .sort((a, b) => b.length - a.length)
      .find((one) => path.startsWith(one));
    const file = join(folders[prefix ?? '/'] ?? '/nowhere', path.slice(prefix?.length ?? 0));
    const { range } = request.headers;
    const send = (status: number, body: Uint8Array | undefined): void => {
      log.push({ path, range, bytes: body?.byteLength ?? 0 });
      response.writeHead(status).end(body);
    };
    if (!existsSync(file) || statSync(file).isDirectory()) return send(404, undefined);
    const { mtimeMs, size } = statSync(file);
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.setHeader('etag', `"${size}-${mtimeMs}"`);
    response.setHeader('accept-ranges', 'bytes');
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    if (asked === null) return send(200, readFileSync(file));
    const [from, last] = [Number(asked[1]), Math.min(Number(asked[2]), size - 1)];
    if (from >= size) return send(416, undefined);
    response.setHeader('content-range', `bytes ${from}-${last}/${size}`);
    send(206, stretch(file, from, last + 1));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const running: RangeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    before: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return running;
}

/** Bytes `from` (inclusive) to `to` (exclusive), and no others: files are large, and stretches many. */
function stretch(path: string, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.byteLength, from));
  } finally {
    closeSync(file);
  }
}
