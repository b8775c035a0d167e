import { z } from 'zod';
import { LIMITS, list } from './common.ts';

/** Texts of one request, and characters of each. */
const MOST_TEXTS = 2048;
const LONGEST = 100_000;

const modelSchema = z
  .string()
  .max(2000)
  .optional()
  .describe(
    'A collection, whose encoder is meant, or the name of an encoder. Default: that of the default collection.',
  );
const passed = z.unknown().optional().describe('Taken, and without effect.');
const textSchema = z.string().max(LONGEST);

export const embeddingsRequestSchema = z
  .strictObject({
    model: modelSchema,
    input: z
      .union([textSchema, z.array(textSchema).min(1).max(MOST_TEXTS)])
      .describe('A text, or up to 2,048; tokens are not taken.'),
    input_type: z
      .string()
      .optional()
      .describe('`query` or `search_query` where queries are encoded otherwise than documents. Default: `document`.'),
    encoding_format: z.enum(['float', 'base64']).default('float').describe('`base64`: float32, little-endian.'),
    dimensions: z.int().min(1).optional().describe("The encoder's own number; another one is refused."),
    user: passed,
    truncate: passed,
  })
  .meta({ id: 'EmbeddingsRequest' });
export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;

export const embeddingsAnswerSchema = z
  .strictObject({
    object: z.literal('list'),
    data: list(
      z.strictObject({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z
          .union([z.array(z.number()), z.string()])
          .describe('Of unit length, or zero for a text of which the encoder knows no word.'),
      }),
    ),
    model: z.string().describe('The encoder.'),
    usage: z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() }).describe('Estimated.'),
  })
  .meta({ id: 'EmbeddingsAnswer' });
export type EmbeddingsAnswer = z.infer<typeof embeddingsAnswerSchema>;

export const rerankRequestSchema = z
  .strictObject({
    model: modelSchema.describe(
      'A collection: the cross-encoder that was trained for it is meant where there is one, else its encoder. Or the name of an encoder. Default: the default collection.',
    ),
    query: z.string().min(1).max(LIMITS.query),
    documents: z
      .array(z.union([textSchema, z.looseObject({ text: textSchema })]))
      .min(1)
      .max(LIMITS.ids)
      .describe('Texts, or objects with a text. Of a long one its best passage counts.'),
    top_n: z.int().min(1).optional().describe('Only the best so many. Default: all.'),
    return_documents: z.boolean().default(false).describe('Whether results carry the texts.'),
    max_chunks_per_doc: passed,
    max_tokens_per_doc: passed,
    truncate: passed,
    user: passed,
  })
  .meta({ id: 'RerankRequest' });
export type RerankRequest = z.infer<typeof rerankRequestSchema>;

export const rerankAnswerSchema = z
  .strictObject({
    id: z.string(),
    model: z.string().describe('The encoder, or `cross` for the cross-encoder of the collection.'),
    results: list(
      z.strictObject({
        index: z.int().describe('Place in the request.'),
        relevance_score: z
          .number()
          .describe(
            'Of the best passage: its cosine with the query, 0 where it is below, or what the cross-encoder gives, from 0 to 1.',
          ),
        document: z.strictObject({ text: z.string() }).optional(),
      }),
    ).describe('Best first.'),
    usage: z.strictObject({ total_tokens: z.int() }).describe('Estimated.'),
    meta: z.strictObject({ billed_units: z.strictObject({ search_units: z.int() }) }),
  })
  .meta({ id: 'RerankAnswer' });
export type RerankAnswer = z.infer<typeof rerankAnswerSchema>;

export const modelsSchema = z
  .strictObject({
    object: z.literal('list'),
    data: list(
      z.strictObject({
        id: z.string().describe('The collection.'),
        object: z.literal('model'),
        created: z.int(),
        owned_by: z.string().describe('Its encoder.'),
      }),
    ),
  })
  .meta({ id: 'Models' });
export type Models = z.infer<typeof modelsSchema>;
