import { z } from 'zod';
import { collectionSchema, LIMITS, list } from './common.ts';

export const completeParametersSchema = z.strictObject({
  collection: collectionSchema,
  query: z.string().max(LIMITS.query).describe('What was typed so far.'),
  limit: z.coerce.number<string>().int().min(1).max(20).default(6).describe('Most completions.'),
});
export type CompleteParameters = z.infer<typeof completeParametersSchema>;

export const completionsSchema = z
  .strictObject({
    completions: list(
      z.strictObject({
        text: z.string().describe('The query with its last word finished, in the spelling of a document.'),
        from: z.int().describe('Where in `text` the last word begins.'),
        passages: z.int().describe('Passages that have the word, about.'),
      }),
    ).describe('The most frequent words first.'),
  })
  .meta({ id: 'Completions' });
export type Completions = z.infer<typeof completionsSchema>;
