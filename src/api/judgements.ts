import { z } from 'zod';
import { collectionSchema, idSchema, LIMITS, list } from './common.ts';

/** Grades that a judge may give: 0 for what does not answer, up to 3 for what answers completely. */
export const GREATEST_GRADE = 3;

const gradeSchema = z.int().min(0).max(GREATEST_GRADE);

export const judgedQuerySchema = z
  .strictObject({
    id: z.string().min(1).max(200),
    text: z.string().min(1).max(LIMITS.query),
    judgements: list(z.strictObject({ document: idSchema, grade: gradeSchema })),
  })
  .meta({ id: 'JudgedQuery' });
export type JudgedQuery = z.infer<typeof judgedQuerySchema>;

export const judgementsParametersSchema = z.strictObject({ collection: collectionSchema });

export const judgementsSchema = z.strictObject({ queries: list(judgedQuerySchema) }).meta({ id: 'Judgements' });
export type JudgementsAnswer = z.infer<typeof judgementsSchema>;

export const judgeRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    query: z.string().trim().min(1).max(LIMITS.query).describe('The query as it was asked.'),
    document: idSchema
      .optional()
      .describe('What was judged. Without it the query alone is kept, or removed with all judgements.'),
    grade: gradeSchema
      .nullable()
      .optional()
      .describe(
        '0: does not answer, 1: touches on it, 2: answers, 3: answers completely. `null` takes back what was said.',
      ),
  })
  .meta({ id: 'JudgeRequest' });
export type JudgeRequest = z.infer<typeof judgeRequestSchema>;

/** Queries that are measured at most, and pipelines. */
const MOST_QUERIES = 1000;
const MOST_PIPELINES = 8;

export const measureRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    pipelines: z
      .array(z.string().min(1).max(LIMITS.pipeline))
      .min(1)
      .max(MOST_PIPELINES)
      .describe('Names or texts of pipelines; the others are compared with the first.'),
    queries: z
      .array(judgedQuerySchema)
      .max(MOST_QUERIES)
      .optional()
      .describe('Judgements to measure by. Default: those that the collection keeps.'),
  })
  .meta({ id: 'MeasureRequest' });
export type MeasureRequest = z.infer<typeof measureRequestSchema>;

const intervalSchema = z.strictObject({ low: z.number(), high: z.number() });

export const measureAnswerSchema = z
  .strictObject({
    queries: z.int().describe('Queries with a relevant document; the others say nothing of a ranking.'),
    results: list(
      z.strictObject({
        pipeline: z.string(),
        ndcg10: z.number(),
        interval: intervalSchema.describe('95 %, percentile bootstrap over queries.'),
        judged10: z.number().describe('Share of the first ten documents that was judged.'),
        p50: z.number().describe('Milliseconds of a query.'),
        byQuery: list(z.strictObject({ query: z.string(), ndcg10: z.number() })),
      }),
    ),
    comparisons: list(
      z.strictObject({
        pipeline: z.string(),
        baseline: z.string(),
        difference: z.number(),
        interval: intervalSchema,
        p: z.number().describe("Paired randomisation test, Holm's adjustment."),
      }),
    ),
  })
  .meta({ id: 'MeasureAnswer' });
export type MeasureAnswer = z.infer<typeof measureAnswerSchema>;
