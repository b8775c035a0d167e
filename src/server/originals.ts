import { realpathSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve, sep } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import { documentBase } from '../store/index.ts';
import type { ServedCollection } from './operations/types.ts';
import { problem } from './problem.ts';

/** Bytes of a file that is sent. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What browsers show. Everything else is saved, but for texts. */
const TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.xhtml': 'text/html',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
  '.ico': 'image/x-icon',
  '.svg': 'image/svg+xml',
};
const DOWNLOADED = /^\.(docx?|xlsx?|pptx?|od[tspg]|epub|zip|gz|rtf|mbox|eml|msg|pages|numbers|key)$/;
const BINARY = 8000;

/** A file that a document came from, or a picture that it shows. */
export interface Original {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether the file of a document lies where the server may read: in one of the collection's sources, links followed. */
export function hasOriginal(served: ServedCollection, path: string | undefined): boolean {
  return path !== undefined && locate(served, path, undefined) !== undefined;
}

/**
 * Reads the file that a document came from, or a picture that it names.
 * @param path of the document, as the collection holds it. @param image as the document's text names it, relative to its file.
 * @throws NotFoundError for a file that is gone or lies outside of the sources, for a picture that is none; ProblemError 413.
 */
export async function readOriginal(
  served: ServedCollection,
  path: string | undefined,
  image: string | undefined,
): Promise<Original> {
  const place = path === undefined ? undefined : locate(served, path, image);
  if (place === undefined) {
    throw new NotFoundError(
      image === undefined
        ? 'The file of this document is not within reach of the server.'
        : `The document shows no picture "${image.slice(0, 200)}" that is within reach of the server.`,
      'Start the server with --source PATH, the folder that was indexed.',
    );
  }
  if ((await stat(place)).size > MOST_BYTES) {
    throw problem(413, 'body-too-large', `The file has more than ${MOST_BYTES} bytes.`, 'Open it where it lies.');
  }
  const bytes = new Uint8Array(await readFile(place));
  return { bytes, headers: headersOf(place, bytes) };
}

/** @returns the path on disk, without links; undefined unless it is a file within the sources. */
function locate(
  { directory, sources = [] }: ServedCollection,
  path: string,
  image: string | undefined,
): string | undefined {
  if (sources.length === 0 || path.includes('\0')) return undefined;
  // As ids and paths were made: relative to the folder that holds the collection.
  const file = resolve(documentBase(directory), path);
  if (image !== undefined && !isPicture(image)) return undefined;
  const wanted = image === undefined ? file : resolve(dirname(file), image);
  try {
    const real = realpathSync(wanted);
    if (!statSync(real).isFile()) return undefined;
    if (image !== undefined && !isPicture(real)) return undefined;
    const inside = sources.some((source) => {
      const root = realpathSync(source);
      return real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
    });
    return inside ? real : undefined;
  } catch {
    return undefined;
  }
}

function isPicture(path: string): boolean {
  return !path.includes('\0') && TYPES[extname(path).toLowerCase()]?.startsWith('image/') === true;
}

/** What comes from documents may show itself, and do nothing: it has no scripts, no forms and no origin of its own. */
const SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'";

function headersOf(path: string, bytes: Uint8Array): Record<string, string> {
  const extension = extname(path).toLowerCase();
  const known = TYPES[extension];
  const text = known === undefined && !DOWNLOADED.test(extension) && !bytes.subarray(0, BINARY).includes(0);
  const type = known ?? (text ? 'text/plain; charset=utf-8' : 'application/octet-stream');
  const name = encodeURIComponent(basename(path)).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return {
    'content-type': type,
    'content-disposition': `${known !== undefined || text ? 'inline' : 'attachment'}; filename*=UTF-8''${name}`,
    // The browser's viewer of PDFs does not open in a sandbox; it runs no script of ours.
    'content-security-policy':
      extension === '.pdf' ? "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'" : SANDBOX,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, max-age=60',
  };
}
