import type { AskAnswer, AskRequestInput, ContextAnswer, ContextRequestInput } from '../api/answers.ts';
import type {
  Capabilities,
  CollectionInfo,
  Collections,
  EvaluationReport,
  Frontier,
  Job,
  JobRequestInput,
} from '../api/collections.ts';
import type { Problem } from '../api/common.ts';
import type { Completions } from '../api/completion.ts';
import type { DocumentInput } from '../api/document-input.ts';
import type {
  DocumentAnswer,
  DocumentList,
  MapAnswer,
  MapHits,
  MapHitsRequest,
  MultiGetAnswer,
  RemoveAnswer,
  WriteAnswer,
} from '../api/documents.ts';
import type { Facets } from '../api/facets.ts';
import type { FileAnswer } from '../api/files.ts';
import type { Folder } from '../api/folders.ts';
import type { JudgedQuery, JudgementsAnswer, JudgeRequest, MeasureAnswer, MeasureRequest } from '../api/judgements.ts';
import type { EmbeddingsAnswer } from '../api/models.ts';
import type { SearchAnswer, SearchRequestInput } from '../api/search.ts';
import type { SuggestAnswer, SuggestRequestInput } from '../api/suggestions.ts';
import { RemoteError } from '../base/errors.ts';
import { serverSentEvents } from '../base/server-sent-events.ts';
import { ProblemResponseError } from './errors.ts';

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Where the server is, e.g. `http://127.0.0.1:7700`. */
  readonly url: string;
  /** API key, where the server wants one. */
  readonly key?: string;
  /** Collection that calls mean which name none. Default: the server's choice. */
  readonly collection?: string;
  /** How often a request is repeated that the server could not take (429, 503) or that never reached it. Default 2. */
  readonly retries?: number;
  /** Default: the runtime's own. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Options of {@link SagittaClient.search}: those of a search over HTTP, without what is asked for. */
export interface ClientSearchOptions extends Omit<SearchRequestInput, 'query' | 'vector'>, CallOptions {
  /** An embedding made elsewhere, of the collection's encoder. */
  readonly vector?: ArrayLike<number>;
}

export interface ListOptions extends CallOptions {
  readonly prefix?: string;
  readonly filter?: string;
  readonly limit?: number;
  /** Default: by id. `year desc, title`. */
  readonly sort?: string;
  readonly after?: string;
}

/** Options of {@link SagittaClient.facets}. */
export interface FacetOptions extends CallOptions {
  readonly query?: string;
  readonly filter?: string;
  /** Most values of one field. Default 12. */
  readonly values?: number;
  /** Default: `format`, `language` and all metadata. */
  readonly fields?: readonly string[];
  /** Whether the filter's conditions on a field are left out where that field is counted. Default false. */
  readonly disjunctive?: boolean;
}

/** Longest wait, in milliseconds, before a repetition. */
const LONGEST_PAUSE = 5000;

/** A client of a Sagitta server. Uses `fetch` and nothing of Node: it works in browsers, edge runtimes and Node alike. */
export function createClient(options: ClientOptions): SagittaClient {
  return new SagittaClient(options);
}

/**
 * Every method rejects with {@link ProblemResponseError} when the server answers with a problem, and with RemoteError when
 * it cannot be reached. Reading and all writing methods are idempotent, so they are repeated when the server has no room.
 */
export class SagittaClient {
  readonly #options: ClientOptions;
  readonly #base: string;

  /** Use {@link createClient}. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, '');
  }

  /** The same server, another collection. */
  collection(name: string): SagittaClient {
    return new SagittaClient({ ...this.#options, collection: name });
  }

  /** Up to `k` passages, best first. The query may be empty where `vector` or `like` is given. */
  async search(query: string, { signal, vector, ...options }: ClientSearchOptions = {}): Promise<SearchAnswer> {
    const body = {
      ...this.#named(),
      ...(query === '' ? {} : { query }),
      ...(vector === undefined ? {} : { vector: Array.from(vector) }),
      ...options,
    };
    return this.#json('POST', '/v1/search', { body, signal });
  }

  /** What to read for a question, within a budget of tokens. */
  async context(
    question: string,
    { signal, ...options }: Omit<ContextRequestInput, 'question' | 'stream'> & CallOptions = {},
  ): Promise<ContextAnswer> {
    return this.#json('POST', '/v1/context', { body: { ...this.#named(), question, ...options }, signal });
  }

  /** An answer in sentences of the documents, or with `model: true` in the words of the server's language model. */
  async ask(
    question: string,
    { signal, ...options }: Omit<AskRequestInput, 'question' | 'stream'> & CallOptions = {},
  ): Promise<AskAnswer> {
    return this.#json('POST', '/v1/ask', { body: { ...this.#named(), question, ...options }, signal });
  }

  /** Several searches in one request, in order; one that fails is a problem in its place. */
  async searchAll(
    searches: readonly SearchRequestInput[],
    { signal }: CallOptions = {},
  ): Promise<readonly (SearchAnswer | Problem)[]> {
    const body = { searches: searches.map((search) => ({ ...this.#named(), ...search })) };
    const { answers } = await this.#json<{ readonly answers: (SearchAnswer | Problem)[] }>('POST', '/v1/search/batch', {
      body,
      signal,
    });
    return answers;
  }

  /** Passages similar to one, or to several, and unlike others (`unlike`). */
  async similar(
    passages: NonNullable<SearchRequestInput['like']>,
    options: Omit<ClientSearchOptions, 'like' | 'vector'> = {},
  ): Promise<SearchAnswer> {
    return this.search('', { ...options, like: passages });
  }

  /** What the last word of a query may become, the most frequent words first. */
  async complete(
    query: string,
    { limit, signal }: CallOptions & { readonly limit?: number } = {},
  ): Promise<Completions> {
    return this.#json('GET', '/v1/complete', { query: { ...this.#named(), query, limit }, signal });
  }

  /** Values of a field for a text that has none yet: the nearest documents that have the field vote for theirs. */
  async suggest(
    text: string,
    { signal, ...options }: Omit<SuggestRequestInput, 'text'> & CallOptions,
  ): Promise<SuggestAnswer> {
    return this.#json('POST', '/v1/suggest', { body: { ...this.#named(), text, ...options }, signal });
  }

  /** A document with its text, or some of its lines (`10-20`); with `query` also where the text holds its words. */
  async document(
    id: string,
    {
      lines,
      passages,
      query,
      signal,
    }: CallOptions & { readonly lines?: string; readonly passages?: boolean; readonly query?: string } = {},
  ): Promise<DocumentAnswer> {
    // In a body, since not every id can stand in an address: `.` and `..` between slashes lead elsewhere.
    const { documents } = await this.#json<MultiGetAnswer>('POST', '/v1/documents/get', {
      body: { ...this.#named(), ids: [id], lines, passages, query },
      signal,
    });
    if (documents[0] !== undefined) return documents[0];
    throw new ProblemResponseError(404, {
      type: 'urn:sagitta:problem:not-found',
      title: 'Not found',
      status: 404,
      code: 'not-found',
      detail: `There is no document "${id}" in the collection.`,
      remedy: 'Take an id from a search hit or from the list of documents.',
    });
  }

  async documents(ids: readonly string[], { signal }: CallOptions = {}): Promise<MultiGetAnswer> {
    return this.#json('POST', '/v1/documents/get', { body: { ...this.#named(), ids }, signal });
  }

  /** One page of the documents, in order of their ids; `next` is the `after` of the next page. */
  async list({ signal, ...options }: ListOptions = {}): Promise<DocumentList> {
    return this.#json('GET', '/v1/documents', { query: { ...this.#named(), ...options }, signal });
  }

  /** Adds documents or replaces them. On return they survive a crash and searches find them. */
  async add(documents: readonly DocumentInput[], { signal }: CallOptions = {}): Promise<WriteAnswer> {
    return this.#json('POST', '/v1/documents', { query: this.#named(), body: { documents }, signal });
  }

  /**
   * Reads a file of any format that the server knows and adds its documents; the file itself is not kept.
   * @param name with its extension, perhaps with folders: documents are called after it.
   */
  async addFile(
    name: string,
    bytes: Uint8Array<ArrayBuffer> | Blob,
    { signal }: CallOptions = {},
  ): Promise<FileAnswer> {
    const query = { ...this.#named(), name };
    return this.#json('POST', '/v1/files', { query, bytes, signal });
  }

  /** The file that a document came from, or a picture that its text names, where the server may read it. */
  async original(id: string, { image, signal }: CallOptions & { readonly image?: string } = {}): Promise<Blob> {
    const query = { ...this.#named(), id, image };
    return (await this.#send('GET', '/v1/original', { query, signal })).blob();
  }

  /** The queries that were judged, with their judgements. */
  async judgements({ signal }: CallOptions = {}): Promise<JudgementsAnswer> {
    return this.#json('GET', '/v1/judgements', { query: this.#named(), signal });
  }

  /** Says how well a document answers a query, or takes that back. @returns the query as it is then judged. */
  async judge(request: Omit<JudgeRequest, 'collection'>, { signal }: CallOptions = {}): Promise<JudgedQuery> {
    return this.#json('PUT', '/v1/judgements', { body: { ...this.#named(), ...request }, signal });
  }

  /** Measures pipelines by judgements: those given, or those that the collection keeps. */
  async measure(request: Omit<MeasureRequest, 'collection'>, { signal }: CallOptions = {}): Promise<MeasureAnswer> {
    return this.#json('POST', '/v1/judgements/measure', { body: { ...this.#named(), ...request }, signal });
  }

  /** The same in the background. */
  async addLater(documents: readonly DocumentInput[], { signal }: CallOptions = {}): Promise<Job> {
    return this.#json('POST', '/v1/documents', {
      query: { ...this.#named(), wait: 'false' },
      body: { documents },
      signal,
    });
  }

  /** @returns how many of them existed. */
  async remove(ids: readonly string[], { signal }: CallOptions = {}): Promise<number> {
    const { removed } = await this.#json<RemoveAnswer>('POST', '/v1/documents/remove', {
      body: { ...this.#named(), ids },
      signal,
    });
    return removed;
  }

  /** Removes the documents that satisfy a filter. @returns how many. */
  async removeWhere(filter: string | object, { signal }: CallOptions = {}): Promise<number> {
    const { removed } = await this.#json<RemoveAnswer>('POST', '/v1/documents/remove', {
      body: { ...this.#named(), filter },
      signal,
    });
    return removed;
  }

  /** Vectors of texts, by the collection's encoder. */
  async embed(
    texts: readonly string[],
    { role = 'document', signal }: CallOptions & { readonly role?: 'query' | 'document' } = {},
  ): Promise<number[][]> {
    const { data } = await this.#json<EmbeddingsAnswer>('POST', '/v1/embeddings', {
      body: { model: this.#options.collection, input: texts, input_type: role },
      signal,
    });
    return data.map(({ embedding }) => embedding as number[]);
  }

  async collections({ signal }: CallOptions = {}): Promise<readonly CollectionInfo[]> {
    return (await this.#json<Collections>('GET', '/v1/collections', { signal })).collections;
  }

  async capabilities(options: CallOptions = {}): Promise<Capabilities | undefined> {
    const all = await this.collections(options);
    const { collection } = this.#options;
    return (collection === undefined ? all[0] : all.find(({ name }) => name === collection))?.capabilities;
  }

  /** How often values of fields occur, over all documents or over those that a query finds. */
  async facets({ signal, fields, disjunctive, ...options }: FacetOptions = {}): Promise<Facets> {
    const more = {
      fields: fields?.join(','),
      disjunctive: disjunctive === undefined ? undefined : String(disjunctive),
    };
    return this.#json('GET', '/v1/facets', { query: { ...this.#named(), ...options, ...more }, signal });
  }

  /** Ids as a tree: a folder (`''` for all, else with `/` at its end), its documents, and the folders below it. */
  async folder(
    folder = '',
    {
      signal,
      ...options
    }: CallOptions & {
      readonly depth?: number;
      readonly filter?: string;
      readonly limit?: number;
      readonly after?: string;
    } = {},
  ): Promise<Folder> {
    return this.#json('GET', '/v1/folders', { query: { ...this.#named(), folder, ...options }, signal });
  }

  async map({
    signal,
    ...options
  }: CallOptions & { readonly filter?: string; readonly points?: number } = {}): Promise<MapAnswer> {
    return this.#json('GET', '/v1/map', { query: { ...this.#named(), ...options }, signal });
  }

  /** Where passages stand on the map with the same filter and points. */
  async mapHits(
    request: Omit<MapHitsRequest, 'collection' | 'points'> & { readonly points?: number },
    { signal }: CallOptions = {},
  ): Promise<MapHits> {
    return this.#json('POST', '/v1/map/hits', { body: { ...this.#named(), ...request }, signal });
  }

  /** What `sagitta plan` measured of indexes of the vectors. */
  async frontier({ signal }: CallOptions = {}): Promise<Frontier> {
    return this.#json('GET', '/v1/frontier', { query: this.#named(), signal });
  }

  /** What `sagitta eval --in` found of the collection's rankings. */
  async evaluation({ signal }: CallOptions = {}): Promise<EvaluationReport> {
    return this.#json('GET', '/v1/evaluation', { query: this.#named(), signal });
  }

  /** Jobs of the server, newest first. */
  async jobs({ signal }: CallOptions = {}): Promise<readonly Job[]> {
    return (await this.#json<{ readonly jobs: readonly Job[] }>('GET', '/v1/jobs', { signal })).jobs;
  }

  async startJob(request: JobRequestInput, { signal }: CallOptions = {}): Promise<Job> {
    return this.#json('POST', '/v1/jobs', { body: { ...this.#named(), ...request }, signal });
  }

  /** The states of a job, as they come, ending with its last one. */
  async *watchJob(id: string, { signal }: CallOptions = {}): AsyncGenerator<Job> {
    const response = await this.#send('GET', `/v1/jobs/${encodeURIComponent(id)}/events`, { signal });
    for await (const { data } of serverSentEvents(response.body!)) yield JSON.parse(data) as Job;
  }

  async cancelJob(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#json('DELETE', `/v1/jobs/${encodeURIComponent(id)}`, { signal });
  }

  #named(): { collection?: string } {
    const { collection } = this.#options;
    return collection === undefined ? {} : { collection };
  }

  async #json<T>(method: string, path: string, parts: RequestParts): Promise<T> {
    return (await (await this.#send(method, path, parts)).json()) as T;
  }

  async #send(method: string, path: string, { query = {}, body, bytes, signal }: RequestParts): Promise<Response> {
    const { key, retries = 2, fetch: send = globalThis.fetch } = this.#options;
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const address = `${this.#base}${path}${search === '' ? '' : `?${search}`}`;
    for (let attempt = 0; ; attempt++) {
      let response: Response;
      try {
        response = await send(address, {
          method,
          headers: {
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(bytes === undefined ? {} : { body: bytes }),
          ...(signal == null ? {} : { signal }),
        });
      } catch (cause) {
        if (signal?.aborted) throw cause;
        if (attempt < retries) {
          await pause(200 * 2 ** attempt, signal);
          continue;
        }
        throw new RemoteError(
          `${this.#base} cannot be reached.`,
          'Start it with `sagitta serve`, or check the address.',
          { cause },
        );
      }
      if (response.ok) return response;
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
      if ((response.status === 429 || response.status === 503) && attempt < retries) {
        await response.body?.cancel();
        await pause(Math.min(LONGEST_PAUSE, Number.isFinite(wait) ? wait * 1000 : 200 * 2 ** attempt), signal);
        continue;
      }
      throw new ProblemResponseError(
        response.status,
        await problemOf(response),
        Number.isFinite(wait) ? wait : undefined,
      );
    }
  }
}

interface RequestParts {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** A body of bytes, in place of one of JSON. */
  readonly bytes?: Uint8Array<ArrayBuffer> | Blob;
  readonly signal?: AbortSignal | undefined;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  if ((response.headers.get('content-type') ?? '').startsWith('application/problem+json')) {
    try {
      return JSON.parse(text) as Problem;
    } catch {
      // Cut off on the way: told below.
    }
  }
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: 'unknown',
    detail: `The answer has the status ${response.status} and is not a problem document.`,
    remedy: 'Check that the address is that of a Sagitta server.',
  };
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
