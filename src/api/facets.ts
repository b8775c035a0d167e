import { z } from 'zod';
import { collectionSchema, LIMITS, list } from './common.ts';

export const facetParametersSchema = z.strictObject({
  collection: collectionSchema,
  filter: z.string().min(1).max(LIMITS.filter).optional().describe('Count only documents that satisfy it.'),
  query: z
    .string()
    .min(1)
    .max(LIMITS.query)
    .optional()
    .describe('Count only documents that hold a word of this query; where it has none, the 100 best of the ranking.'),
  fields: z
    .string()
    .min(1)
    .max(LIMITS.filter)
    .optional()
    .describe('Only these fields, with commas between them. Default: `format`, `language` and all metadata.'),
  disjunctive: z
    .enum(['true', 'false'])
    .default('false')
    .describe(
      "Leave the filter's conditions on a field out where that field is counted, so that other values can be chosen as well.",
    ),
  values: z.coerce.number<string>().int().min(1).max(100).default(12).describe('Most values of one field.'),
});
export type FacetParameters = z.infer<typeof facetParametersSchema>;

export const facetsSchema = z
  .strictObject({
    documents: z.int().describe('Documents that the query finds and the filter lets through.'),
    facets: list(
      z.strictObject({
        field: z.string(),
        documents: z.int().describe('Documents that have the field.'),
        distinct: z.int().describe('Different values; counting stops at 10,000.'),
        range: z.strictObject({ least: z.number(), greatest: z.number() }).optional().describe('Of the numbers.'),
        values: list(
          z.strictObject({ value: z.union([z.string(), z.number(), z.boolean()]), documents: z.int() }),
        ).describe('The most frequent ones, most frequent first.'),
      }),
    ),
  })
  .meta({ id: 'Facets' });
export type Facets = z.infer<typeof facetsSchema>;
