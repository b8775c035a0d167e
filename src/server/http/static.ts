import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * What the page may do: load what this server serves and talk to it, nothing else. No inline script or style, so text of
 * documents cannot become either, whatever it holds.
 */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip?: Uint8Array<ArrayBuffer>;
  readonly brotli?: Uint8Array<ArrayBuffer>;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

/** The files of the built page, read and compressed once: an address can only name one of them, never a path. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(folder: string) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.map')) continue;
      const path = join(entry.parentPath, entry.name);
      const address = `/${path.slice(folder.length).split(sep).filter(Boolean).join('/')}`;
      this.#files.set(address === '/index.html' ? '/' : address, load(path, address.startsWith('/assets/')));
    }
  }

  /** @returns undefined for an address that is none of the files'. */
  answer(pathname: string, request: Request): Response | undefined {
    const file = this.#files.get(pathname);
    if (file === undefined) return undefined;
    const headers: Record<string, string> = {
      ...PAGE_HEADERS,
      'content-type': file.type,
      etag: file.etag,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'Accept-Encoding',
    };
    if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
    const accepted = request.headers.get('accept-encoding') ?? '';
    let { bytes } = file;
    if (file.brotli !== undefined && /\bbr\b/.test(accepted)) {
      bytes = file.brotli;
      headers['content-encoding'] = 'br';
    } else if (file.gzip !== undefined && /\bgzip\b/.test(accepted)) {
      bytes = file.gzip;
      headers['content-encoding'] = 'gzip';
    }
    return new Response(request.method === 'HEAD' ? null : bytes, { headers });
  }
}

function load(path: string, immutable: boolean): StaticFile {
  const bytes = new Uint8Array(readFileSync(path));
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  if (!/text|json|svg/.test(type) || bytes.length < 1024) return { type, etag, bytes, immutable };
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  return {
    type,
    etag,
    bytes,
    immutable,
    gzip: new Uint8Array(gzipSync(bytes, { level: 9 })),
    brotli: new Uint8Array(brotliCompressSync(bytes, quality)),
  };
}
