import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpError, type Resource } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Engine } from '../operations/types.ts';
import { toProblem } from '../problem.ts';

/** Documents of one page of the list. */
const PAGE = 200;
/** The protocol's code for a resource that is not there. */
const NO_RESOURCE = -32002;

/** Requests of which anything is taken here: what the library's own schemas refuse is answered with a list of the schema's complaints. */
const READ = z.object({
  method: z.literal('resources/read'),
  params: z.looseObject({ uri: z.unknown().optional() }).optional(),
});
const LIST = z.object({
  method: z.literal('resources/list'),
  params: z.looseObject({ cursor: z.unknown().optional() }).optional(),
});

/**
 * The address of a document: `sagitta://COLLECTION/ID`. Addresses are tidied by whoever parses them, and a `.` or `..` between slashes
 * would lead to another document; such an id stands behind `?id=` instead.
 */
export function resourceUri(collection: string, id: string): string {
  const encode = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  const base = `sagitta://${encode(collection)}/`;
  const plain = base + id.split('/').map(encode).join('/');
  return parseResourceUri(new URL(plain)).id === id ? plain : `${base}?id=${encode(id)}`;
}

/** @throws McpError for an address that is not percent-encoded UTF-8. */
export function parseResourceUri(uri: URL): { readonly collection: string; readonly id: string } {
  try {
    return {
      collection: decodeURIComponent(uri.host),
      id: uri.searchParams.get('id') ?? decodeURIComponent(uri.pathname.slice(1)),
    };
  } catch {
    throw new McpError(NO_RESOURCE, `${uri.href} is not percent-encoded UTF-8. Take addresses from resources/list.`);
  }
}

/** Reads a document by its address. @throws McpError -32002 where there is none. */
export async function readResource(
  engine: Engine,
  uri: URL,
): Promise<{ contents: { uri: string; mimeType: string; text: string }[] }> {
  const document = await engine.call('get', parseResourceUri(uri)).catch((error: unknown) => {
    throw new McpError(NO_RESOURCE, toProblem(error).message, { uri: uri.href });
  });
  return { contents: [{ uri: uri.href, mimeType: mimeType(document.format), text: document.text }] };
}

/** Answers for every address; the server's own handler calls what is none, or none of ours, a mistake of the caller or of its own. */
export function readByAddress(server: McpServer, engine: Engine): void {
  server.server.setRequestHandler(READ, async ({ params: { uri } = {} }) => {
    if (typeof uri !== 'string') throw new McpError(-32602, 'The uri is no text. Take addresses from resources/list.');
    if (!URL.canParse(uri) || !uri.startsWith('sagitta://')) {
      const shown = uri.length <= 200 ? uri : `${uri.slice(0, 200)}…`;
      throw new McpError(NO_RESOURCE, `There is no resource "${shown}". Take addresses from resources/list.`, {
        uri: shown,
      });
    }
    return readResource(engine, new URL(uri));
  });
}

/** Lists the documents of all collections page by page; the server's own handler knows no pages. */
export function listInPages(server: McpServer, engine: Engine): void {
  server.server.setRequestHandler(LIST, async ({ params }, { signal }) => {
    let [index, after] = parseCursor(params?.cursor);
    const resources: Resource[] = [];
    for (; index < engine.collections.length; [index, after] = [index + 1, undefined]) {
      const name = engine.collections[index]!;
      const request = { collection: name, prefix: '', limit: PAGE - resources.length, after };
      // `status` says which collections cannot be read.
      const page = await engine.call('list', request, { signal }).catch(() => ({ documents: [], next: undefined }));
      for (const { id, title, format, language, metadata } of page.documents) {
        resources.push({
          uri: resourceUri(name, id),
          name: id,
          ...(title === '' ? {} : { title }),
          description: describe(name, format, language, metadata),
          mimeType: mimeType(format),
        });
      }
      if (page.next !== undefined) return { resources, nextCursor: JSON.stringify([index, page.next]) };
      if (resources.length === PAGE && index + 1 < engine.collections.length) {
        return { resources, nextCursor: JSON.stringify([index + 1]) };
      }
    }
    return { resources };
  });
}

/** Characters of a value, and of a description. */
const VALUE = 40;
const DESCRIPTION = 200;

/** What a document is, in a line: `markdown in notes, language en; year 2021, tags security guide`. */
function describe(
  collection: string,
  format: string,
  language: string,
  metadata: Readonly<Record<string, unknown>>,
): string {
  const facts = Object.entries(metadata).flatMap(([field, value]) => {
    const text = Array.isArray(value) ? value.join(' ') : String(value ?? '');
    return text === '' || text.length > VALUE ? [] : [`${field} ${text}`];
  });
  const tongue = language === 'und' ? '' : `, language ${language}`;
  const line = `${format} in ${collection}${tongue}${facts.length === 0 ? '' : `; ${facts.join(', ')}`}`;
  return line.replace(/\p{Cc}+/gu, ' ').slice(0, DESCRIPTION);
}

function parseCursor(cursor: unknown): [index: number, after: string | undefined] {
  if (cursor === undefined) return [0, undefined];
  try {
    const [index, after] = JSON.parse(String(cursor)) as unknown[];
    if (Number.isSafeInteger(index) && (after === undefined || typeof after === 'string')) {
      return [index as number, after];
    }
  } catch {
    // Told below.
  }
  throw new McpError(-32602, 'The cursor is none of this server. Begin again without one.');
}

/** What the text of a document of this format is; formats that were converted are plain text now. */
function mimeType(format: string): string {
  if (format === 'markdown') return 'text/markdown';
  return format === 'json' ? 'application/json' : 'text/plain';
}
