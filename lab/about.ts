import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { DataFormatError } from '../src/base/errors.ts';
import { root } from './grading/index.ts';

const lines = z.array(z.string().min(1)).readonly();

/** What a paper's `about.yaml` says, see `Paper`: for readers, and without effect on what is measured. */
const schema = z.strictObject({
  summary: z.string().min(1),
  departures: lines,
  parts: lines,
  reach: z
    .strictObject({ commands: lines.exactOptional(), exports: lines.exactOptional(), byDefault: z.boolean() })
    .readonly(),
  seconds: z.strictObject({ quick: z.number().positive(), full: z.number().positive() }).readonly(),
});

/** Reads what is said about a paper. @throws DataFormatError that names what is missing or of another kind. */
export async function readAbout(slug: string): Promise<Readonly<z.infer<typeof schema>>> {
  const path = join(root, 'lab/papers', slug, 'about.yaml');
  const { data, error } = schema.safeParse(parse(await readFile(path, 'utf8')));
  if (data !== undefined) return data;
  throw new DataFormatError(path, z.prettifyError(error), 'Compare it with the about.yaml of another paper.');
}
