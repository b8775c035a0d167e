import { z } from 'zod';
import { collectionSchema, idSchema, LIMITS, list } from './common.ts';
import { writeAnswerSchema } from './documents.ts';

export const originalParametersSchema = z.strictObject({
  collection: collectionSchema,
  id: idSchema,
  image: z
    .string()
    .min(1)
    .max(LIMITS.id)
    .optional()
    .describe('A picture that the document shows, as its text names it, relative to its file: `images/plan.png`.'),
});
export type OriginalParameters = z.infer<typeof originalParametersSchema>;

/** A path without a beginning slash, a drive, `.`, `..` or control characters: nothing that leads elsewhere. */
const NAME = /^(?!\.{1,2}(\/|$))[^/\\:\p{Cc}]{1,255}(\/(?!\.{1,2}(\/|$))[^/\\:\p{Cc}]{1,255}){0,15}$/u;

export const addFileParametersSchema = z.strictObject({
  collection: collectionSchema,
  name: z
    .string()
    .max(LIMITS.id)
    .regex(NAME, 'expected a file name such as "report.pdf" or "docs/report.pdf"')
    .describe('Name of the file. Its extension says how it is read; documents are called after it.'),
});
export type AddFileParameters = z.infer<typeof addFileParametersSchema>;

export const fileAnswerSchema = writeAnswerSchema
  .extend({
    ids: list(z.string()).describe('The documents that the file holds; the first 1,000.'),
    problems: list(z.string()).describe('Why nothing was read of the file, or of parts of it.'),
    notes: list(z.string()).describe('What was left out, or repaired.'),
  })
  .meta({ id: 'FileAnswer' });
export type FileAnswer = z.infer<typeof fileAnswerSchema>;
