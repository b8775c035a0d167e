import { InvariantError } from '../../src/base/errors.ts';
import type { PaperStatus } from '../catalogue.ts';
import type { ClaimEvidence } from '../grading/index.ts';

/** A part of a page of `docs/` that is made from evidence; the rest of the page is written by hand. */
export interface PagePart {
  /** Path from the root. */
  readonly page: string;
  /** Stands between `<!-- papers NAME -->` and `<!-- /papers -->`. */
  readonly name: string;
  /** Undefined where there is no evidence. */
  make(papers: readonly PaperStatus[]): string | undefined;
}

const TRAINED = ['training objectives', 'encoders & pre-training'];

export const PAGE_PARTS: readonly PagePart[] = [
  { page: 'docs/compression.md', name: 'frontier', make: frontierTable },
  { page: 'docs/training.md', name: 'objectives', make: objectivesTable },
  { page: 'docs/search.md', name: 'code', make: codeTables },
];

/** A page with one part made anew. @throws InvariantError for a page without the part's marks. */
export function withPart(text: string, { page, name }: PagePart, content: string): string {
  const begin = `<!-- papers ${name} -->\n`;
  const end = '\n<!-- /papers -->';
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0)
    throw new InvariantError(`${page} has no part "${name}" between ${begin.trim()} and ${end.trim()}.`);
  return text.slice(0, from + begin.length) + content + text.slice(to);
}

/** What bytes of a code keep, as the evidence of `embedding-compression-bench` notes it. */
function frontierTable(papers: readonly PaperStatus[]): string | undefined {
  const claims = papers.find(({ slug }) => slug === 'embedding-compression-bench')?.evidence?.claims ?? [];
  const note = claims.flatMap(({ notes = [] }) => notes).find((text) => text.includes('| codec |'));
  return note?.slice(note.indexOf('| codec |')).trim();
}

/** What words and vectors find of functions by their documentation, as the evidence of `coderag-bench` notes it. */
function codeTables(papers: readonly PaperStatus[]): string | undefined {
  const claims = papers.find(({ slug }) => slug === 'coderag-bench')?.evidence?.claims ?? [];
  return claims.find(({ id }) => id === 'documented')?.notes?.join('\n\n');
}

/** What claims on trained encoders came to, in one line each. */
function objectivesTable(papers: readonly PaperStatus[]): string | undefined {
  const rows = papers
    .filter(({ family }) => TRAINED.some((name) => family.startsWith(name)))
    .flatMap(({ slug, evidence }) => (evidence?.claims ?? []).map((claim) => row(slug, claim)));
  if (rows.length === 0) return undefined;
  return ['| claimed | found | verdict | check |', '|---|---|---|---|', ...rows].join('\n');
}

function row(slug: string, claim: ClaimEvidence): string {
  const { statement, verdict, sides = [], metric, value, bound } = claim;
  const found =
    sides.length > 0
      ? `${metric}: ${sides.map(({ name, mean }) => `${name} ${mean.toFixed(3)}`).join('; ')}`
      : `${metric}: ${value === undefined ? '–' : Number(value.toPrecision(3))}, to be ${bound}`;
  const cells = [statement, found, verdict === 'holds' ? '**holds**' : verdict, `\`${slug}\``];
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
