import type { JudgedQuery } from './judgements.ts';

/** The judgements in BEIR's form, as `sagitta eval`, `tune` and `learn-relevance` read them with `--qrels`. */
export function qrelsText(queries: readonly JudgedQuery[]): string {
  const lines = queries.flatMap(({ id, judgements }) =>
    judgements.map(({ document, grade }) => `${id}\t${document}\t${grade}\n`),
  );
  return `query-id\tcorpus-id\tscore\n${lines.join('')}`;
}

/** The queries, as `--queries` reads them. */
export function queriesText(queries: readonly JudgedQuery[]): string {
  return queries.map(({ id, text }) => `${JSON.stringify({ _id: id, text })}\n`).join('');
}
