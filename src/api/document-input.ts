import { z } from 'zod';
import { idSchema, LIMITS, metadataSchema } from './common.ts';

const content = {
  text: z.string().describe('The text to search, whole.'),
  title: z.string().max(10_000).optional(),
  path: z.string().max(LIMITS.id).optional().describe('Where it came from; never opened by the server.'),
  format: z
    .string()
    .regex(/^[a-z0-9+.-]{1,40}$/, 'expected a short name such as "markdown"')
    .optional()
    .describe('Default `text`; `markdown` is split along its headings.'),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$/, 'expected a language tag such as "en"')
    .optional()
    .describe('Default: detected.'),
  metadata: metadataSchema.optional(),
};

export const documentContentSchema = z.strictObject(content).meta({ id: 'DocumentContent' });
export const documentInputSchema = z.strictObject({ id: idSchema, ...content }).meta({ id: 'DocumentInput' });
export type DocumentInput = z.infer<typeof documentInputSchema>;
