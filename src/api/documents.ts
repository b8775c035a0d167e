import { z } from 'zod';
import {
  collectionSchema,
  filterSchema,
  idSchema,
  LIMITS,
  list,
  metadataSchema,
  rangeSchema,
  sortSchema,
} from './common.ts';
import { documentInputSchema } from './document-input.ts';

export const bulkRequestSchema = z
  .strictObject({ documents: z.array(documentInputSchema).min(1).max(LIMITS.documents) })
  .meta({ id: 'BulkRequest' });
export type BulkRequest = z.infer<typeof bulkRequestSchema>;

export const bulkParametersSchema = z.strictObject({
  collection: collectionSchema,
  wait: z
    .enum(['true', 'false'])
    .default('true')
    .describe('`true`: answer when the documents are durable. `false`: answer 202 with a job at once.'),
});

export const writeAnswerSchema = z
  .strictObject({
    added: z.int(),
    updated: z.int(),
    unchanged: z.int().describe('Documents that were there already, exactly so: sending again costs nothing.'),
    cut: z
      .int()
      .describe('Passages written that are longer than the encoder reads; their ends are found by words alone.'),
    unsearchable: z.int().describe('Documents written in which no search can find anything, since they hold no word.'),
    passagesAdded: z.int(),
    generation: z.int().describe('The state in which they are: durable and visible to searches.'),
  })
  .meta({ id: 'WriteAnswer' });
export type WriteAnswer = z.infer<typeof writeAnswerSchema>;

export const removeRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    ids: z.array(idSchema).max(LIMITS.ids).optional(),
    prefix: z.string().min(1).max(LIMITS.id).optional().describe('Every document whose id starts with it.'),
    filter: filterSchema.optional().describe('Every document that satisfies it: an expression, or the same as JSON.'),
  })
  .refine(({ ids, prefix, filter }) => [ids, prefix, filter].filter((one) => one !== undefined).length === 1, {
    error: 'give one of ids, prefix and filter',
  })
  .meta({ id: 'RemoveRequest' });
export type RemoveRequest = z.infer<typeof removeRequestSchema>;

export const removeAnswerSchema = z.strictObject({ removed: z.int() }).meta({ id: 'RemoveAnswer' });
export type RemoveAnswer = z.infer<typeof removeAnswerSchema>;

const LINES = /^([1-9]\d{0,8})(-([1-9]\d{0,8})?)?$/;

/** Parameters of one document's address. Numbers arrive as text. */
export const getParametersSchema = z.strictObject({
  collection: collectionSchema,
  lines: z
    .string()
    .regex(LINES, 'expected lines such as 10-20, 10- or 10')
    .optional()
    .describe('Only these lines, from 1: `10-20`, `10-` or `10`. Default: all.'),
  passages: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also where the passages stand, so that a hit can be shown in its place.'),
  query: z.string().max(LIMITS.query).optional().describe('Also where the text holds words of this query: `marks`.'),
});

/** A range of lines, from 1, both ends included; the end is open when it is missing. */
export function parseLines(text: string): { from: number; to: number } {
  const [, from, dash, to] = LINES.exec(text)!;
  const first = Number(from);
  return { from: first, to: to !== undefined ? Number(to) : dash !== undefined ? Number.POSITIVE_INFINITY : first };
}

const passageSchema = z.strictObject({
  start: z.int(),
  end: z.int(),
  headings: list(z.string()),
  page: z.int().optional(),
});

export const documentSchema = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    path: z.string().optional(),
    format: z.string(),
    language: z.string(),
    metadata: metadataSchema,
    text: z.string(),
    lines: z
      .strictObject({ from: z.int(), to: z.int(), of: z.int() })
      .describe('Which lines the text holds, and how many the document has.'),
    passages: list(passageSchema).optional(),
    marks: list(rangeSchema)
      .optional()
      .describe('With `query`: where the text holds its words; of the first million characters, at most 5,000.'),
    original: z.boolean().optional().describe('Whether the file that it came from can be had: GET /v1/original.'),
  })
  .meta({ id: 'Document' });
export type DocumentAnswer = z.infer<typeof documentSchema>;

export const listParametersSchema = z.strictObject({
  collection: collectionSchema,
  prefix: z.string().max(LIMITS.id).default('').describe('Only ids that start with it.'),
  filter: z.string().min(1).max(LIMITS.filter).optional().describe('Only documents that satisfy this expression.'),
  limit: z.coerce.number<string>().int().min(1).max(LIMITS.page).default(100),
  sort: sortSchema.optional().describe('Default: by id. `year desc, title` for another order; ties by id.'),
  after: z.string().max(LIMITS.cursor).optional().describe('`next` of the page before.'),
});
export type ListParameters = z.infer<typeof listParametersSchema>;

export const documentSummarySchema = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    path: z.string().optional(),
    format: z.string(),
    language: z.string(),
    metadata: metadataSchema,
  })
  .meta({ id: 'DocumentSummary' });

export const documentListSchema = z
  .strictObject({
    documents: list(documentSummarySchema).describe('In ascending order of their ids, or as `sort` says.'),
    next: z.string().optional().describe('There when more documents follow: the `after` of the next page.'),
  })
  .meta({ id: 'DocumentList' });
export type DocumentList = z.infer<typeof documentListSchema>;

export const multiGetRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    ids: z.array(idSchema).min(1).max(100),
    lines: getParametersSchema.shape.lines,
    passages: z.boolean().default(false).describe('Also where the passages stand.'),
    query: getParametersSchema.shape.query,
  })
  .meta({ id: 'MultiGetRequest' });
export type MultiGetRequest = z.infer<typeof multiGetRequestSchema>;

export const multiGetAnswerSchema = z
  .strictObject({ documents: list(documentSchema), missing: list(z.string()) })
  .meta({ id: 'MultiGetAnswer' });
export type MultiGetAnswer = z.infer<typeof multiGetAnswerSchema>;

export const mapParametersSchema = z.strictObject({
  collection: collectionSchema,
  filter: z.string().min(1).max(LIMITS.filter).optional(),
  points: z.coerce.number<string>().int().min(1).max(5000).default(2000).describe('Most points.'),
});
export type MapParameters = z.infer<typeof mapParametersSchema>;

export const mapSchema = z
  .strictObject({
    passages: z
      .int()
      .describe('Passages with an embedding that the filter lets through; the points are a sample of them.'),
    documents: z.int().describe('Documents that these passages are of.'),
    dim: z.int().describe('Components of a point.'),
    vectors: z
      .string()
      .describe('Base64 of float32, little-endian, row by row: principal components of the embeddings.'),
    points: list(
      documentSummarySchema
        .omit({ path: true })
        .extend({ start: z.int(), text: z.string().describe('A beginning of the passage.') }),
    ),
  })
  .meta({ id: 'Map' });
export type MapAnswer = z.infer<typeof mapSchema>;

export const mapHitsRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    filter: z.string().min(1).max(LIMITS.filter).optional().describe('The filter of the map.'),
    points: z.int().min(1).max(5000).default(2000).describe('`points` of the map.'),
    passages: z
      .array(z.strictObject({ id: idSchema, start: z.int().min(0) }))
      .min(1)
      .max(LIMITS.ids)
      .describe('Hits of a search.'),
  })
  .meta({ id: 'MapHitsRequest' });
export type MapHitsRequest = z.infer<typeof mapHitsRequestSchema>;

export const mapHitsSchema = z
  .strictObject({
    dim: z.int().describe('Components of a vector: those of the map with the same filter and points.'),
    vectors: z.string().describe('Base64 of float32, as those of the map.'),
    passages: list(z.int()).describe(
      'Which of the passages asked for have an embedding, by their places in the request.',
    ),
  })
  .meta({ id: 'MapHits' });
export type MapHits = z.infer<typeof mapHitsSchema>;
