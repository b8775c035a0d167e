import { z } from 'zod';
import { collectionSchema, LIMITS, list } from './common.ts';
import { documentSummarySchema } from './documents.ts';

const contextField = z.string().optional().describe('What the documents are about, where somebody said it.');

export const contextsSchema = z
  .strictObject({
    collection: contextField,
    folders: z.record(z.string(), z.string()).describe('By folder, which ends with `/`.'),
  })
  .meta({ id: 'Contexts' });
export type ContextsAnswer = z.infer<typeof contextsSchema>;

export const folderParametersSchema = z.strictObject({
  collection: collectionSchema,
  folder: z.string().max(LIMITS.id).default('').describe('A beginning of ids that ends with `/`. Default: everything.'),
  depth: z.coerce.number<string>().int().min(1).max(10).default(1).describe('Levels of folders below it.'),
  filter: z.string().min(1).max(LIMITS.filter).optional().describe('Count and list only documents that satisfy it.'),
  limit: z.coerce.number<string>().int().min(0).max(LIMITS.page).default(100).describe('Most documents listed.'),
  after: z.string().max(LIMITS.id).optional().describe('`next` of the page before.'),
});
export type FolderParameters = z.infer<typeof folderParametersSchema>;

export const folderSchema = z
  .strictObject({
    folder: z.string(),
    documents: z.int().describe('Documents in it and below it.'),
    context: contextField,
    folders: list(z.strictObject({ folder: z.string(), documents: z.int(), context: contextField })).describe(
      'Folders below it by name, down to `depth`; the 1,000 with the most documents.',
    ),
    listed: list(documentSummarySchema).describe(
      'Documents that stand in it, not below it, in ascending order of ids.',
    ),
    next: z.string().optional().describe('There when more of them follow: the `after` of the next page.'),
  })
  .meta({ id: 'Folder' });
export type Folder = z.infer<typeof folderSchema>;
