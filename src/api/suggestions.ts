import { z } from 'zod';
import { collectionSchema, filterSchema, LIMITS, languageSchema, list, pipelineSchema } from './common.ts';

export const suggestRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    text: z.string().min(1).max(LIMITS.query).describe('What values are wanted for, as plain text.'),
    field: z
      .string()
      .min(1)
      .max(200)
      .describe('The field whose values are suggested, as filters name it: `tags`, `metadata.owner`, `language`.'),
    k: z.int().min(1).max(100).default(5).describe('At most this many values.'),
    examples: z
      .int()
      .min(1)
      .max(LIMITS.k)
      .default(10)
      .describe('Documents that vote: the nearest of those that have the field.'),
    pipeline: pipelineSchema.optional(),
    filter: filterSchema.optional(),
    language: languageSchema.optional().describe('Language of the text (ISO 639-1). Default: detected.'),
    relevance: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Least probability of being relevant that a document needs to vote; 0 lets all vote. Default, where relevance can be judged: all vote when one of them is probably relevant, else none.',
      ),
  })
  .meta({ id: 'SuggestRequest' });
/** As it is sent. */
export type SuggestRequestInput = z.input<typeof suggestRequestSchema>;
/** As it is understood, defaults filled in. */
export type SuggestRequest = z.infer<typeof suggestRequestSchema>;

export const suggestAnswerSchema = z
  .strictObject({
    field: z.string(),
    suggestions: list(
      z.strictObject({
        value: z.union([z.string(), z.number(), z.boolean()]),
        score: z
          .number()
          .describe('Share of the votes, above 0 to 1; of values of a list each is voted for by itself.'),
        support: z.int().describe('Documents that voted for it.'),
        examples: list(z.string()).describe('Their ids, nearest first.'),
      }),
    ).describe('Best first.'),
    examples: z.int().describe('Documents that voted.'),
    relevance: z
      .strictObject({
        best: z.number().describe('How probably the nearest document is relevant.'),
        least: z.number().describe('What was asked for.'),
      })
      .optional()
      .describe('Where relevance can be judged.'),
    note: z.string().optional().describe('Why nothing is suggested.'),
    retriever: z.string().describe('How documents were found: the pipeline, as it was named or written.'),
    tookMs: z.number(),
  })
  .meta({ id: 'SuggestAnswer' });
export type SuggestAnswer = z.infer<typeof suggestAnswerSchema>;
