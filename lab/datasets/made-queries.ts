import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Lab, NeedsData } from '../grading/lab.ts';

/** A query that a large language model made of a document, which it was shown. */
export interface MadeQuery {
  readonly query: string;
  readonly relevant: readonly string[];
}

/** Claims and a question of each of 300 abstracts of SciFact, none of them cited by its test claims. @throws NeedsData. */
export function madeQueries(lab: Lab): {
  readonly queries: readonly MadeQuery[];
  readonly sources: Record<string, string>;
} {
  const path = `${lab.folder('llm')}/scifact_documents.jsonl`;
  if (!existsSync(path)) throw new NeedsData(`There is no ${path}.`, 'Set SAGITTA_DATA.');
  const bytes = readFileSync(path);
  const queries = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const { id, claims, question } = JSON.parse(line) as { id: string; claims: string[]; question: string };
      return [...claims, question].map((query) => ({ query, relevant: [id] }));
    });
  return { queries, sources: { 'llm/scifact_documents.jsonl': createHash('sha256').update(bytes).digest('hex') } };
}
