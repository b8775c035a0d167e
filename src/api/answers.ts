import { z } from 'zod';
import {
  COMPRESSORS,
  CONTEXT_FORMATS,
  CONTEXT_ORDERS,
  CONTEXT_TOKENS,
  MOST_HOPS,
  NEXT_QUESTIONS,
} from '../answer/choices.ts';
import { collectionSchema, filterSchema, LIMITS, languageSchema, list, pipelineSchema } from './common.ts';

/** What a request about an answer may ask for at most. */
const MOST = { tokens: 100_000, passages: 200, sentences: 20, answer: 8192 } as const;

const asking = {
  collection: collectionSchema,
  question: z.string().min(1).max(LIMITS.query).describe('In words.'),
  tokens: z
    .int()
    .min(1)
    .max(MOST.tokens)
    .default(CONTEXT_TOKENS)
    .describe(
      `Most tokens of the context, by a count that usual tokenizers do not exceed. Default: ${CONTEXT_TOKENS}.`,
    ),
  k: z.int().min(1).max(MOST.passages).optional().describe('Passages that are looked at. Default: 20.'),
  hops: z.int().min(1).max(MOST_HOPS).optional().describe('Searches that build on each other. Default: 1.'),
  next: z
    .enum(NEXT_QUESTIONS)
    .optional()
    .describe(
      'With `hops`: what the next search is for: names in what was found (`bridge`), or, of a server with `--model`, what the model says is missing (`gap`) or its draft of an answer (`draft`). Default: `bridge`.',
    ),
  filter: filterSchema.optional(),
  pipeline: pipelineSchema.optional(),
  language: languageSchema.optional().describe('Language of the question (ISO 639-1). Default: detected.'),
  relevance: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'Only passages of at least this probability of being relevant; 0 takes all. Default: all if the best is probably relevant, else none.',
    ),
  compressor: z
    .enum([...COMPRESSORS, 'learned'])
    .optional()
    .describe(
      'What of passages is kept: the `sentences` that bear on the question, of these only what is salient (`salience`), whole `passages`, or what the collection has `learned` to keep. Default: sentences.',
    ),
  order: z
    .enum(CONTEXT_ORDERS)
    .optional()
    .describe('Passages best first (`rank`), as in their `document`s, or the best at both `edges`. Default: `rank`.'),
  stream: z.boolean().default(false).describe('Answer in server-sent events, as things come. Default: false.'),
} as const;

export const contextRequestSchema = z
  .strictObject({
    ...asking,
    format: z.enum(CONTEXT_FORMATS).optional().describe('How the text is written. Default: `text`.'),
  })
  .meta({ id: 'ContextRequest' });
export type ContextRequest = z.infer<typeof contextRequestSchema>;
export type ContextRequestInput = z.input<typeof contextRequestSchema>;

export const askRequestSchema = z
  .strictObject({
    ...asking,
    sentences: z
      .int()
      .min(1)
      .max(MOST.sentences)
      .optional()
      .describe('Most sentences of an answer that no model writes. Default: 3.'),
    model: z
      .boolean()
      .default(false)
      .describe(
        'Have the language model of the server put the answer in words; it needs `serve --model`. Default: false.',
      ),
    maxTokens: z.int().min(1).max(MOST.answer).optional().describe("Most tokens of a model's answer. Default: 512."),
  })
  .meta({ id: 'AskRequest' });
export type AskRequest = z.infer<typeof askRequestSchema>;
export type AskRequestInput = z.input<typeof askRequestSchema>;

const quotation = {
  start: z.int().describe("Where it stands in the document's text, in UTF-16 code units."),
  end: z.int(),
  text: z.string().describe('Word for word.'),
};

const contextPassageSchema = z
  .strictObject({
    number: z.int().describe('By which it is cited, from 1.'),
    id: z.string().describe('The document.'),
    title: z.string(),
    headings: list(z.string()),
    page: z.int().optional(),
    parts: list(z.strictObject(quotation)).describe('What of it is in the context; between two something is left out.'),
    relevance: z.number().optional().describe('The probability that it is relevant.'),
    hop: z.int().describe('Which search found it, from 1.'),
  })
  .meta({ id: 'ContextPassage' });

const hopSchema = z.strictObject({
  hop: z.int(),
  query: z.string(),
  found: z.int(),
  fresh: z.int().describe('Passages that no search before had found.'),
  tookMs: z.number(),
  note: z.string().optional(),
});

export const contextAnswerSchema = z
  .strictObject({
    question: z.string(),
    text: z.string().describe('Ready for a prompt. Empty where nothing is relevant.'),
    tokens: z.int().describe('Of `text`.'),
    passages: list(contextPassageSchema),
    left: z.int().describe('Passages that would have been fit, and had no room.'),
    hops: list(hopSchema),
    note: z.string().optional().describe('Why it is empty.'),
    tookMs: z.number(),
  })
  .meta({ id: 'ContextAnswer' });
export type ContextAnswer = z.infer<typeof contextAnswerSchema>;

export const askAnswerSchema = z
  .strictObject({
    question: z.string(),
    answer: z.string().describe('Empty where the documents do not answer.'),
    citations: list(
      z.strictObject({
        id: z.string().describe('The document.'),
        number: z.int().describe('Of its passage in the context; 0 where that had no room for it.'),
        ...quotation,
      }),
    ).describe('What the answer stands on, in its order.'),
    answered: z.boolean().describe('Whether the documents answer the question.'),
    confidence: z.number().describe('How probably the passages answer it.'),
    model: z.string().optional().describe('The model that wrote it. Absent: the sentences are those of the documents.'),
    notes: list(z.string()).describe('What a reader should know.'),
    context: z.strictObject({ tokens: z.int(), passages: list(contextPassageSchema) }),
    hops: list(hopSchema),
    tookMs: z.number(),
  })
  .meta({ id: 'AskAnswer' });
export type AskAnswer = z.infer<typeof askAnswerSchema>;
