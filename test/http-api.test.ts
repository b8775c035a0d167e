import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../src/server/index.ts';

type Json = Record<string, unknown>;
interface Operation {
  summary: string;
  description?: string;
  'x-scope'?: string;
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: Json }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: Json }> }>;
}

/** docs/http-api.md, from the OpenAPI document alone. */
function markdown(document: Json): string {
  const { schemas } = document['components'] as { schemas: Record<string, Json> };
  const out = [
    '# HTTP API',
    '',
    'Made from the schemas that the server checks requests and answers with; `npx vitest run test/http-api.test.ts -u` writes it anew, and a test keeps it',
    'current. A running server has the same as OpenAPI 3.1 at `/openapi.json`. Errors are problem documents (RFC 9457), described',
    'under [Problem](#problem). How to run the server: [serving.md](serving.md).',
    '',
  ];
  for (const [path, methods] of Object.entries(document['paths'] as Record<string, Record<string, Operation>>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { summary, description, parameters = [], requestBody, responses } = operation;
      out.push(
        `## ${method.toUpperCase()} ${path}`,
        '',
        `${summary.replace(/\.$/, '')}. ${description ?? ''}`.trim(),
        '',
      );
      if (operation['x-scope'] !== undefined) out.push(`Scope: ${operation['x-scope']}.`, '');
      if (parameters.length > 0) {
        out.push('| parameter | in | type | meaning |', '|---|---|---|---|');
        for (const { name, in: where, schema, description: what = '' } of parameters) {
          out.push(`| \`${name}\` | ${where} | ${typeOf(schema)} | ${cell(what)} |`);
        }
        out.push('');
      }
      for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
        out.push(
          `Body, \`${type}\`: ${typeOf(schema)}${type.includes('ndjson') ? `. ${schema['description']}` : ''}`,
          '',
        );
      }
      for (const [status, { description: what = '', content = {} }] of Object.entries(responses)) {
        if (status === 'default') continue;
        const types = Object.entries(content).map(([type, { schema }]) =>
          '$ref' in schema ? typeOf(schema) : `\`${type}\``,
        );
        out.push(`Answer ${status}: ${types.join(', ')}. ${what}`, '');
      }
    }
  }
  out.push('# Schemas', '');
  for (const [name, schema] of Object.entries(schemas)) {
    out.push(`## ${name}`, '');
    const variants = (schema['oneOf'] ?? schema['anyOf'] ?? [schema]) as Json[];
    for (const variant of variants) {
      out.push('| field | type | meaning |', '|---|---|---|', ...fields(variant, ''), '');
    }
  }
  return out.join('\n');
}

function fields(schema: Json, prefix: string): string[] {
  const required = (schema['required'] ?? []) as string[];
  return Object.entries((schema['properties'] ?? {}) as Record<string, Json>).flatMap(([name, field]) => {
    const optional = required.includes(name) ? '' : '?';
    const row = `| \`${prefix}${name}\`${optional} | ${typeOf(field)} | ${cell(String(field['description'] ?? ''))} |`;
    const inner = field['type'] === 'array' ? (field['items'] as Json) : field;
    const path = `${prefix}${name}${field['type'] === 'array' ? '[]' : ''}.`;
    return [row, ...(inner['properties'] === undefined ? [] : fields(inner, path))];
  });
}

function typeOf(schema: Json): string {
  if (typeof schema['$ref'] === 'string') {
    const name = schema['$ref'].split('/').at(-1)!;
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema['const'] !== undefined) return `\`${JSON.stringify(schema['const'])}\``;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${value}\``).join(', ');
  const any = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined;
  if (any !== undefined) return [...new Set(any.map(typeOf))].join(' or ');
  if (schema['type'] === 'array') return `list of ${typeOf(schema['items'] as Json)}`;
  if (Array.isArray(schema['type'])) return schema['type'].join(' or ');
  const { minimum, maximum, minLength, maxLength } = schema as Record<string, number | undefined>;
  const bounds = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(maxLength === undefined ? [] : [`${minLength ?? 0} to ${maxLength} characters`]),
  ];
  return [String(schema['type'] ?? 'any'), ...bounds].join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

describe('the OpenAPI document', () => {
  const document = openApiDocument('0.0.0') as Json;

  it('is complete: every reference leads somewhere, every route has answers', () => {
    const text = JSON.stringify(document);
    const { schemas, responses } = document['components'] as { schemas: Json; responses: Json };
    for (const [, kind, name] of text.matchAll(/"#\/components\/(schemas|responses)\/(\w+)"/g)) {
      expect(Object.keys(kind === 'schemas' ? schemas : responses)).toContain(name);
    }
    expect(text).not.toContain('#/$defs');
    const ids = Object.values(document['paths'] as Record<string, Record<string, { operationId?: string }>>)
      .flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
      .filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives openapi-typescript a client that compiles, with optional defaults', async () => {
    const { default: openapiTS, astToString } = await import('openapi-typescript');
    const types = astToString(await openapiTS(JSON.stringify(document)));
    const use = `
      type Body<Path extends keyof paths, M extends 'post' | 'put' = 'post'> = paths[Path] extends Record<M, { requestBody: { content: { 'application/json': infer B } } }> ? B : never;
      type Answer<Path extends keyof paths, M extends 'get' | 'post' = 'get'> = paths[Path] extends Record<M, { responses: { 200: { content: { 'application/json': infer A } } } }> ? A : never;
      const search: Body<'/v1/search'> = { query: 'lamp' };
      const filtered: Body<'/v1/search'> = { query: 'lamp', k: 3, filter: { field: 'year', op: '>', value: 3 }, facets: {}, pipeline: [{ op: 'words' }] };
      const batch: Body<'/v1/search/batch'> = { searches: [search, filtered] };
      const documents: Body<'/v1/documents'> = { documents: [{ id: 'a', text: 'b', metadata: { year: 1, tags: ['x'] } }] };
      const got: Body<'/v1/documents/get'> = { ids: ['a'] };
      const embeddings: Body<'/v1/embeddings'> = { input: ['a'] };
      const rerank: Body<'/v1/rerank'> = { query: 'a', documents: ['b', { text: 'c' }] };
      const job: Body<'/v1/jobs'> = { kind: 'compact' };
      const list: NonNullable<paths['/v1/documents']['get']['parameters']['query']> = {};
      const lines: NonNullable<paths['/v1/documents/{id}']['get']['parameters']['query']> = { lines: '1-2' };
      export const titles = (answer: Answer<'/v1/search', 'post'>): (string | undefined)[] => answer.hits.map(({ title }) => title);
      export const wrong: Body<'/v1/search'> = {
        // @ts-expect-error: a filter is misspelt
        filters: 'x',
      };
      export { search, filtered, batch, documents, got, embeddings, rerank, job, list, lines };
    `;
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    const source = `${types}\n${use}`;
    host.fileExists = (name) => name === 'client.ts' || fileExists(name);
    host.getSourceFile = (name, ...rest) =>
      name === 'client.ts' ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
    const mistakes = ts.getPreEmitDiagnostics(ts.createProgram(['client.ts'], options, host));
    expect(mistakes.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  }, 120_000);

  it('is what docs/http-api.md says', async () => {
    await expect(markdown(document)).toMatchFileSnapshot('../docs/http-api.md');
  });
});
