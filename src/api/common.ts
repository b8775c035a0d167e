import { z } from 'zod';

/** What a request may ask for at most. Part of the schemas, so the OpenAPI document states them. */
export const LIMITS = {
  /** Characters (UTF-16 code units) of a query. */
  query: 10_000,
  /** Hits of one search. */
  k: 1000,
  /** Passages of each ranking that are fused. */
  candidates: 10_000,
  /** Characters of a filter written as an expression. */
  filter: 20_000,
  /** Conditions of a filter as JSON; an expression has its length. */
  conditions: 1000,
  /** Characters of a pipeline written as a text. */
  pipeline: 4000,
  /** Levels of a filter, and of any other JSON value. */
  depth: 64,
  /** Components of a vector. */
  vector: 65_536,
  /** Ids of one request. */
  ids: 1000,
  /** Characters of an id. */
  id: 4096,
  /** Documents of one bulk request. */
  documents: 10_000,
  /** Documents listed at once. */
  page: 1000,
  /** Characters of a cursor. */
  cursor: 10_000,
  /** Searches of one batch. */
  batch: 100,
  /** Passages that a search is to be like, and unlike. */
  like: 100,
  /** Fields that are counted, sorted by or chosen in one request. */
  fields: 100,
  /** Characters of an order. */
  sort: 1000,
} as const;

/** Pipelines that every collection has by these names. */
export const RETRIEVERS = ['hybrid', 'bm25', 'dense'] as const;
export type RetrieverName = (typeof RETRIEVERS)[number];

/** A read-only list: what comes out of the engine is never changed on its way. */
export const list = <T extends z.ZodType>(item: T): z.ZodReadonly<z.ZodArray<T>> => z.array(item).readonly();

const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const metadataSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), list(scalar)]))
  .describe('Values are texts, numbers, booleans, null, or lists of texts, numbers and booleans.');

export const idSchema = z.string().min(1).max(LIMITS.id).describe('Unique within the collection; an opaque text.');

export const collectionSchema = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('Name of the collection. Default: the only one that is served, else the one named `default`.');

/**
 * Only the outside of a filter; `checkFilter` of the engine looks at every part and names the one that is wrong. A
 * recursive schema would say "matches none of six alternatives" instead.
 */
export const filterSchema = z
  .union([z.string().min(1).max(LIMITS.filter), z.record(z.string(), z.unknown())])
  .refine(
    (filter) => conditionsIn(filter) <= LIMITS.conditions,
    `expected at most ${LIMITS.conditions} conditions; list values with "in"`,
  )
  .meta({
    description:
      'Only documents that satisfy it: an expression such as `year >= 2020 and not (tags in [draft, old])`, or the same as ' +
      'JSON: `{"field", "op", "value"}` with op one of = != < <= > >= ^= (starts with) contains matches (a pattern such as ' +
      '`docs/**/*.md`), `{"field", "op": "in", "values"}`, ' +
      '`{"field", "op": "exists"}`, `{"and": []}`, `{"or": []}`, `{"not": {}}`. At most 64 levels deep, and as JSON 1,000 conditions.',
    examples: ['format = markdown and year >= 2020', { field: 'tags', op: 'in', values: ['api', 'guide'] }],
  });

/** Conditions of a filter as JSON, each of which is looked at for every document. */
function conditionsIn(filter: unknown): number {
  if (typeof filter !== 'object' || filter === null) return 0;
  if ('field' in filter) return 1;
  return Object.values(filter)
    .flat()
    .reduce((sum: number, part) => sum + conditionsIn(part), 0);
}

/**
 * Only the outside of a pipeline: operators and their parameters are declared once, in the engine, which looks at every part and says
 * where a mistake stands.
 */
export const pipelineSchema = z
  .union([
    z.string().min(1).max(LIMITS.pipeline),
    z.record(z.string(), z.unknown()),
    z.array(z.record(z.string(), z.unknown())).min(1).max(64),
  ])
  .meta({
    description:
      'How to search: steps such as `fuse(words, meaning) > rerank(NAME) > group(1) > cut`, the name of a pipeline, or the same as JSON: a list of ' +
      '`{"op", ...parameters}`, where `of` of an operator that joins rankings is a list of pipelines.',
    examples: ['fuse(words, meaning) > group(1)', [{ op: 'words' }, { op: 'group', most: 1 }]],
  });

/** A language by its code, as searches and questions may name theirs. */
export const languageSchema = z.string().regex(/^[A-Za-z]{2,3}$/, 'expected an ISO 639-1 code such as "en"');

/** The engine reads it and knows the fields that there are. */
export const sortSchema = z
  .string()
  .min(1)
  .max(LIMITS.sort)
  .meta({
    description: 'Fields of documents with commas between them, each with `asc` (default) or `desc` behind it.',
    examples: ['year desc, title'],
  });

/** A range of UTF-16 code units. */
export const rangeSchema = z.strictObject({ start: z.int().min(0), end: z.int().min(0) });

export const faultSchema = z.strictObject({
  field: z.string().describe('JSON pointer (RFC 6901) of the value, or the name of a parameter.'),
  message: z.string(),
});

/** RFC 9457, with what a program needs to react and what a person needs to mend it. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('`urn:sagitta:problem:` and the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, with the offending value.'),
    code: z.string().describe('Stable name of the mistake.'),
    remedy: z.string().optional().describe('How to mend it, one sentence.'),
    errors: list(faultSchema).optional().describe('Every value that is wrong.'),
    requestId: z.string().optional().describe('The same as in the header X-Request-Id and in the access log.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
