import { CorruptFileError, NotFoundError, RemoteError, UnsupportedError } from '../../base/errors.ts';
import { LARGEST_MANIFEST, manifestPath } from '../local/manifest.ts';
import { BLOCK_BYTES, type Ranges, systemError } from './ranged-files.ts';

/** Milliseconds that an answer may take. */
const PATIENCE = 30_000;

/** A file of a server, and what tells it from one that took its place. */
interface RemoteFile {
  readonly url: string;
  /** Absent where the whole of it is here. */
  readonly version?: string;
  readonly bytes?: Uint8Array;
}

/** What was asked of a server, and came. */
export interface Traffic {
  readonly requests: number;
  readonly bytes: number;
}

/**
 * Files of a web server, of which stretches are read with range requests (RFC 9110, section 14). A file must stay what it was when it was
 * first looked at, by ETag, time of change and length: bytes of two files are never mixed. For workers, where requests may be waited for.
 */
export class RemoteRanges implements Ranges<RemoteFile> {
  readonly #versions = new Map<string, string>();
  #requests = 0;
  #bytes: number;

  private constructor(
    readonly directory: string,
    private readonly manifest: Uint8Array,
  ) {
    this.#requests = 1;
    this.#bytes = manifest.byteLength;
  }

  /**
   * Looks for a collection. Its manifest is read here, and counts for as long as this is used.
   * @param url of the folder. @throws NotFoundError when there is none; RemoteError when the server cannot be reached or refuses.
   */
  static async connect(url: string, signal?: AbortSignal): Promise<RemoteRanges> {
    const directory = url.replace(/\/+$/, '');
    const path = manifestPath(directory);
    // A copy that is out of date names files that are gone.
    const response = await fetch(path, { cache: 'no-cache', ...(signal === undefined ? {} : { signal }) }).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        throw unreachable(path, error);
      },
    );
    if (response.status === 404 || response.status === 410) {
      throw new NotFoundError(
        `There is no collection at ${directory}.`,
        'Put the folder that `sagitta index` made on the server, with its manifest.json.',
      );
    }
    if (!response.ok) throw refused(path, response.status);
    const length = Number(response.headers.get('content-length') ?? 0);
    if (length > LARGEST_MANIFEST) throw new CorruptFileError(path, 'it is too large to be a manifest');
    return new RemoteRanges(directory, new Uint8Array(await response.arrayBuffer()));
  }

  /** What was asked for so far. */
  get traffic(): Traffic {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  open(path: string): { readonly file: RemoteFile; readonly size: number; readonly head?: Uint8Array } {
    if (path === manifestPath(this.directory)) {
      const { manifest } = this;
      return { file: { url: path, bytes: manifest }, size: manifest.byteLength };
    }
    const { bytes, size, version } = this.#request(path, 0, BLOCK_BYTES);
    return { file: { url: path, version }, size, head: bytes };
  }

  read({ url, version, bytes: whole }: RemoteFile, from: number, to: number): Uint8Array {
    if (whole !== undefined) return whole.subarray(from, to);
    return this.#same(url, version, from, to, this.#request(url, from, to));
  }

  list(path: string): string[] {
    throw systemError('ENOTSUP', 'scandir', path);
  }

  /** The manifest is never read again. */
  stamp(path: string): string {
    return path;
  }

  async fetch({ url, version, bytes: whole }: RemoteFile, from: number, to: number): Promise<Uint8Array> {
    if (whole !== undefined) return whole.subarray(from, to);
    // Requests that may be answered from a browser's cache wait there for each other.
    const { status, headers, bytes } = await stretch(url, from, to).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    return this.#same(
      url,
      version,
      from,
      to,
      this.#checked(url, from, to, status, (name) => headers.get(name), bytes),
    );
  }

  #request(url: string, from: number, to: number): Answer {
    const request = new XMLHttpRequest();
    request.open('GET', url, false);
    request.responseType = 'arraybuffer';
    request.timeout = PATIENCE;
    request.setRequestHeader('range', rangeOf(from, to));
    try {
      request.send();
    } catch (error) {
      throw unreachable(url, error);
    }
    const { status } = request;
    const bytes = status === 206 ? new Uint8Array(request.response as ArrayBuffer) : NOTHING;
    return this.#checked(url, from, to, status, (name) => request.getResponseHeader(name), bytes);
  }

  /** @param header of the answer, null where there is none, or it is kept from this page. */
  #checked(
    url: string,
    from: number,
    to: number,
    status: number,
    header: (name: string) => string | null,
    bytes: Uint8Array,
  ): Answer {
    if (status === 404 || status === 410) {
      if (this.#versions.has(url)) throw changed(url);
      throw systemError('ENOENT', 'open', url);
    }
    if (status === 416) throw changed(url);
    if (status === 200) {
      throw new UnsupportedError(
        `The server sends all of ${url} where it was asked for a part.`,
        'Serve the folder by a server that knows range requests, as nginx, Apache, Caddy and object stores do, and without compressing its files.',
      );
    }
    if (status !== 206) throw refused(url, status);
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header('content-range') ?? '');
    if (range === null) {
      throw new UnsupportedError(
        `The server does not let this page see which part of ${url} it sent.`,
        'Have it send Access-Control-Expose-Headers: Content-Range, ETag, Last-Modified.',
      );
    }
    const size = Number(range[3]);
    const version = [header('etag'), header('last-modified'), size].join(' ');
    if (Number(range[1]) !== from || bytes.byteLength !== Math.min(size, to) - from) throw changed(url);
    const before = this.#versions.get(url);
    if (before === undefined) this.#versions.set(url, version);
    else if (before !== version) throw changed(url);
    this.#requests++;
    this.#bytes += bytes.byteLength;
    return { bytes, size, version };
  }

  #same(url: string, version: string | undefined, from: number, to: number, answer: Answer): Uint8Array {
    if (answer.version !== version || answer.bytes.byteLength !== to - from) throw changed(url);
    return answer.bytes;
  }
}

/** What a server sent of a file. */
interface Answer {
  readonly bytes: Uint8Array;
  /** Of the whole file. */
  readonly size: number;
  readonly version: string;
}

const NOTHING = new Uint8Array(0);

/** The answer with all of its body, which may end or fail later than its head. */
async function stretch(url: string, from: number, to: number) {
  const response = await fetch(url, {
    cache: 'no-store',
    headers: { range: rangeOf(from, to) },
    signal: AbortSignal.timeout(PATIENCE),
  });
  const { status, headers } = response;
  return { status, headers, bytes: status === 206 ? new Uint8Array(await response.arrayBuffer()) : NOTHING };
}

function rangeOf(from: number, to: number): string {
  return `bytes=${from}-${to - 1}`;
}

function changed(url: string): CorruptFileError {
  return new CorruptFileError(
    url,
    'it is not what it was when the collection was opened, or is gone: another state was put on the server',
    'Open the collection again.',
  );
}

function refused(url: string, status: number): RemoteError {
  return new RemoteError(
    `The server answered ${status} for ${url}.`,
    status === 401 || status === 403
      ? 'Let this page read the folder, or sign in first.'
      : 'Look at what the server says, and repeat it later.',
  );
}

function unreachable(url: string, cause: unknown): RemoteError {
  return new RemoteError(
    `${url} could not be fetched: the server is out of reach, or does not let pages of this origin read it (CORS).`,
    'Check the address and the connection; a server of another origin must send Access-Control-Allow-Origin.',
    { cause },
  );
}
