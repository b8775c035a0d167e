import { z } from 'zod';
import { problemSchema } from '../api/index.ts';
import { ROUTES, type Route } from './http/routes.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made from the routes and their schemas: what it says is what the server checks. */
export function openApiDocument(version: string): Json {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    const path = route.name === undefined ? route.path : route.path.replace('{name}', `{${route.name}}`);
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route, components);
  }
  const problem = reference(problemSchema, 'output', components);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sagitta',
      version,
      description: 'Search, documents and jobs of the collections that this server serves.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }, {}],
    paths: {
      ...paths,
      '/health': plain('Whether the process is alive.', 'application/json'),
      '/ready': plain('Whether requests are served: 503 while the server starts or stops.', 'application/json'),
      '/metrics': plain("Metrics in Prometheus' text format.", 'text/plain'),
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'Needed when the server has API keys.' } },
      responses: {
        Problem: {
          description: 'A problem document (RFC 9457).',
          content: { 'application/problem+json': { schema: problem } },
        },
      },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, components: Json): Json {
  const { title, description, scope, name, parameters, body, answers } = route;
  const query =
    parameters === undefined ? undefined : (z.toJSONSchema(parameters, { io: 'input', override: tidy }) as Json);
  const required = (query?.['required'] ?? []) as string[];
  const responses: Json = {};
  for (const [status, { schema, type, description: what }] of Object.entries(answers)) {
    const content =
      schema === undefined ? { schema: { type: 'string' } } : { schema: reference(schema, 'output', components) };
    responses[status] = { description: what, content: { [type ?? 'application/json']: content } };
  }
  responses['default'] = { $ref: '#/components/responses/Problem' };
  return {
    summary: title,
    ...(description === undefined ? {} : { description }),
    operationId: title.toLowerCase().replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()),
    'x-scope': scope,
    parameters: [
      ...(name === undefined ? [] : [{ name, in: 'path', required: true, schema: { type: 'string' } }]),
      ...Object.entries((query?.['properties'] ?? {}) as Record<string, Json>).map(
        ([key, { description: what, ...schema }]) => ({
          name: key,
          in: 'query',
          required: required.includes(key),
          ...(what === undefined ? {} : { description: what }),
          schema,
        }),
      ),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              body.types.map((type) => [
                type,
                {
                  schema:
                    type === 'application/json'
                      ? reference(body.schema, 'input', components)
                      : { type: 'string', description: 'One DocumentInput a line, as JSON.' },
                },
              ]),
            ),
          },
        }),
    responses,
  };
}

/** A reference to the schema, which with everything that it refers to is put among the components. */
function reference(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const { $schema: _, $defs = {}, ...root } = z.toJSONSchema(schema, { io, override: tidy }) as Json & { $defs?: Json };
  const moved = JSON.parse(JSON.stringify({ root, $defs }).replaceAll('"#/$defs/', '"#/components/schemas/')) as {
    root: Json;
    $defs: Json;
  };
  Object.assign(components, moved.$defs);
  const id = schema.meta()?.id;
  if (id === undefined || '$ref' in moved.root) return moved.root;
  const { id: __, ...body } = moved.root;
  components[id] = body;
  return { $ref: `#/components/schemas/${id}` };
}

/** Takes out what says nothing, the bounds of safe integers and marks of immutability, and says defaults in words. */
function tidy({ jsonSchema }: { jsonSchema: Json }): void {
  // Code generators take a member with a default for one that is always there, also in requests.
  if (jsonSchema['default'] !== undefined) {
    const { default: standard, description = '' } = jsonSchema;
    const value = `Default \`${typeof standard === 'string' ? standard : JSON.stringify(standard)}\`.`;
    jsonSchema['description'] = `${description} ${value}`.trim();
    delete jsonSchema['default'];
  }
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
  delete jsonSchema['readOnly'];
  delete jsonSchema['id'];
}

function plain(description: string, type: string): Json {
  return { get: { summary: description, responses: { 200: { description, content: { [type]: { schema: {} } } } } } };
}
