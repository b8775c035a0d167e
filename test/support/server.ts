import { type InputDocument, openCollection } from '../../src/collection/index.ts';
import { type RunningServer, type ServeOptions, serve } from '../../src/server/index.ts';
import { type TestFolder, testFolder } from './files.ts';

/** A server over one collection called `notes`, on a free port of this machine, for the length of a test file. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly folder: TestFolder;
  /** Folder of the collection. */
  readonly directory: string;
  readonly running: RunningServer;
  /** Lines of the access log so far. */
  readonly log: Readonly<Record<string, unknown>>[];
  readonly faults: string[];
  /** Sends JSON and reads JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly body: any;
}

export async function testServer(
  documents: readonly InputDocument[],
  options: Partial<ServeOptions> = {},
  encoder = 'hash:64',
): Promise<TestServer> {
  const folder = testFolder();
  const directory = folder.at('notes');
  const collection = await openCollection(directory, { create: true, encoder });
  if (documents.length > 0) await collection.add(documents);
  await collection.close();
  const log: TestServer['log'] = [];
  const faults: string[] = [];
  const running = await serve({
    collections: [{ name: 'notes', directory }],
    port: 0,
    threads: 1,
    web: null,
    onAccess: (line) => log.push(line),
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  return {
    url: running.url,
    folder,
    directory,
    running,
    log,
    faults,
    ask: (method, path, body, headers) => ask(running.url, method, path, body, headers),
    async [Symbol.asyncDispose]() {
      await running.stop();
      folder[Symbol.dispose]();
    },
  };
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, headers: response.headers, body: json && text !== '' ? JSON.parse(text) : text };
}

/** Documents about a few different things, with metadata of every kind. */
export const NOTES: readonly InputDocument[] = [
  {
    id: 'docs/keys.md',
    title: 'Keys',
    format: 'markdown',
    text: '# Keys\n\nRotate the signing key every ninety days.\n\n## Loss\n\nA lost key is revoked at once.\n',
    metadata: { year: 2021, tags: ['security', 'guide'], draft: false },
  },
  {
    id: 'docs/backups.md',
    title: 'Backups',
    format: 'markdown',
    text: '# Backups\n\nCopies are taken at night and kept for a year.\n',
    metadata: { year: 2020, tags: ['guide'] },
  },
  {
    id: 'harbour',
    text: 'The harbour was closed by ice.\nShips waited.\nIt opened in May.\n',
    metadata: { year: 1963 },
  },
  { id: 'ships', text: 'Ships left the harbour at dawn.', metadata: { year: 1971, tags: ['ships'] } },
];
