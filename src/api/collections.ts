import { z } from 'zod';
import { collectionSchema, list, RETRIEVERS } from './common.ts';

export const capabilitiesSchema = z
  .strictObject({
    retrievers: list(z.enum(RETRIEVERS)),
    write: z.boolean().describe('Whether documents can be added and removed through this server.'),
    sync: z.boolean().describe('Whether folders were named that a `sync` job reads again.'),
    frontier: z.boolean().describe('Whether `sagitta plan` has measured indexes of its vectors: GET /v1/frontier.'),
    relevance: z.boolean().describe('Whether a search can be cut off where relevance ends.'),
    evaluation: z.boolean().describe('Whether `sagitta eval` has judged its rankings: GET /v1/evaluation.'),
    originals: z.boolean().describe('Whether files that documents came from may be had: GET /v1/original.'),
    pipelines: list(z.strictObject({ name: z.string(), text: z.string() })).describe(
      'Pipelines that the collection has names for, besides `retrievers`.',
    ),
    pipeline: z
      .string()
      .optional()
      .describe('The pipeline of searches that name none, where the collection has its own.'),
  })
  .meta({ id: 'Capabilities' });
export type Capabilities = z.infer<typeof capabilitiesSchema>;

const fieldSchema = z.strictObject({
  name: z.string().describe('What pipelines call it.'),
  kind: z
    .enum(['terms', 'vector', 'vectors', 'impacts'])
    .describe('Terms, one vector for each passage, one for each token, or terms with learned impacts.'),
  of: z.string().describe('`passage`, `text`, `title`, `headings` or `metadata.NAME`.'),
  encoder: z.string().optional(),
});

export const collectionInfoSchema = z
  .strictObject({
    name: z.string(),
    state: z.enum(['ready', 'unavailable']),
    problem: z.string().optional().describe('Why it is unavailable.'),
    context: z.string().optional().describe('What its documents are about: `sagitta about`.'),
    documents: z.int().optional(),
    passages: z.int().optional(),
    bytes: z.int().optional(),
    segments: z.int().optional(),
    generation: z.int().optional(),
    encoder: z.string().optional().describe('`none` for BM25 alone.'),
    dim: z.int().optional(),
    fields: list(fieldSchema).optional().describe('What pipelines can search.'),
    languages: z.record(z.string(), z.int()).optional().describe('Documents by language.'),
    capabilities: capabilitiesSchema,
  })
  .meta({ id: 'CollectionInfo' });
export type CollectionInfo = z.infer<typeof collectionInfoSchema>;

const operatingPointSchema = z.strictObject({
  spec: z.string().describe('The index, as `sagitta rebuild --spec` takes it.'),
  nprobe: z.int(),
  refine: z.number(),
  bytes: z.number().describe('Memory in bytes for a vector.'),
  recall10: z.number().describe('Share of the 10 truly nearest that are found.'),
  p50: z.number().describe('Milliseconds of a search of ten.'),
  p95: z.number(),
});

export const frontierParametersSchema = z.strictObject({ collection: collectionSchema });

export const frontierSchema = z
  .strictObject({
    vectors: z.int(),
    dim: z.int(),
    points: list(operatingPointSchema).describe('Those that no other beats in bytes, recall and time together.'),
    chosen: operatingPointSchema.optional().describe('The one that keeps the budget best.'),
  })
  .meta({ id: 'Frontier' });
export type Frontier = z.infer<typeof frontierSchema>;

export const evaluationParametersSchema = z.strictObject({ collection: collectionSchema });

export const evaluationReportSchema = z
  .strictObject({
    collection: z.string().describe('The test collection.'),
    queries: z.int().describe('Judged queries.'),
    results: list(
      z.strictObject({
        retriever: z.string(),
        metrics: z.record(z.string(), z.number().nullable()).describe('Means over queries; null where undefined.'),
      }),
    ),
  })
  .meta({ id: 'EvaluationReport' });
export type EvaluationReport = z.infer<typeof evaluationReportSchema>;

export const collectionsSchema = z
  .strictObject({ collections: list(collectionInfoSchema) })
  .meta({ id: 'Collections' });
export type Collections = z.infer<typeof collectionsSchema>;

export const jobRequestSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('sync').describe('Read the folders again that were named when the server was started.'),
      collection: collectionSchema,
    }),
    z.strictObject({
      kind: z.literal('compact').describe('Merge segments where that pays.'),
      collection: collectionSchema,
      full: z.boolean().default(false),
    }),
    z.strictObject({
      kind: z
        .literal('reencode')
        .describe('Give the collection another encoder; searches go on with the one before until all is done.'),
      collection: collectionSchema,
      encoder: z
        .string()
        .max(2000)
        .optional()
        .describe(
          'A name without an address or a folder, or `none`. Default: the change that was begun, whatever its encoder.',
        ),
    }),
    z.strictObject({
      kind: z.literal('verify').describe('Read every byte and check every checksum.'),
      collection: collectionSchema,
    }),
  ])
  .meta({ id: 'JobRequest' });
export type JobRequest = z.infer<typeof jobRequestSchema>;
export type JobRequestInput = z.input<typeof jobRequestSchema>;

export const jobSchema = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['add', 'sync', 'compact', 'reencode', 'verify']),
    collection: z.string(),
    state: z
      .enum(['waiting', 'running', 'done', 'failed', 'cancelled'])
      .describe(
        '`waiting` while others write the collection; `running` from when it may, before it has read anything.',
      ),
    created: z.string().describe('ISO 8601.'),
    finished: z.string().optional(),
    progress: z
      .strictObject({
        phase: z.string(),
        done: z.int(),
        total: z.int().optional(),
        passages: z.int().optional(),
        published: z.int().optional().describe('Documents that are durable and visible already.'),
      })
      .optional(),
    report: z.record(z.string(), z.unknown()).optional().describe('What was done, for a job that is done.'),
    problem: z.string().optional().describe('Why it failed.'),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof jobSchema>;

export const jobsSchema = z.strictObject({ jobs: list(jobSchema) }).meta({ id: 'Jobs' });
