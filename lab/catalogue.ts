import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../src/base/errors.ts';
import { nearest } from '../src/base/nearest.ts';
import { readAbout } from './about.ts';
import {
  declarationOf,
  type Evidence,
  evidenceFolder,
  type Paper,
  readEvidence,
  root,
  SourceCode,
  unjudged,
  type Verdict,
  weakest,
} from './grading/index.ts';
import { type PaperEntry, registry } from './registry.ts';

/**
 * Where a paper stands: its evidence is `current`, or `stale`, when what it is about has changed since; `unchecked`: there are claims, but no
 * evidence; `planned`: there are no claims yet. What the evidence says is its verdict, which stays what it was when it is stale.
 */
export type PaperState = 'current' | 'stale' | 'unchecked' | 'planned';

/** A paper, its claims and its evidence, as far as there are any. */
export interface PaperStatus extends PaperEntry {
  readonly state: PaperState;
  /** Why it is stale, in a sentence. */
  readonly stale?: string;
  /** Of the weakest claim, when there is evidence. */
  readonly verdict?: Verdict;
  readonly paper?: Paper;
  readonly evidence?: Evidence;
}

/** The entry of that slug. @throws NotFoundError with the nearest that there is. */
export function entryOf(slug: string): PaperEntry {
  const entry = registry.find((one) => one.slug === slug);
  if (entry !== undefined) return entry;
  const guess = nearest(
    slug,
    registry.map((one) => one.slug),
  );
  throw new NotFoundError(
    `There is no paper "${slug}".`,
    guess === undefined ? '`npm run papers -- list` names them.' : `Did you mean "${guess}"?`,
  );
}

/** @throws NotFoundError for an unknown slug, InvalidArgumentError for a paper without claims. */
export async function loadPaper(slug: string): Promise<Paper> {
  entryOf(slug);
  if (hasClaims(slug)) {
    const { claims, encoder } = (await import(`./papers/${slug}/index.ts`)) as Pick<Paper, 'claims' | 'encoder'>;
    return { slug, ...(await readAbout(slug)), claims, ...(encoder === undefined ? {} : { encoder }) };
  }
  throw new InvalidArgumentError(`"${slug}" has no claims yet.`, `There are checks for ${checkable().join(', ')}.`);
}

/** Slugs of papers with claims, in the order of the registry. */
export function checkable(): string[] {
  return registry.map(({ slug }) => slug).filter(hasClaims);
}

/** Whether the paper has a folder. */
function hasClaims(slug: string): boolean {
  return existsSync(join(root, 'lab/papers', slug, 'index.ts'));
}

/** All papers with their state. @param folder of the evidence. */
export async function statuses(folder = evidenceFolder): Promise<PaperStatus[]> {
  const evidence = await readEvidence(folder);
  const sources = new SourceCode();
  return Promise.all(
    registry.map(async (entry): Promise<PaperStatus> => {
      if (!hasClaims(entry.slug)) return { ...entry, state: 'planned' };
      const paper = await loadPaper(entry.slug);
      const found = evidence.get(entry.slug);
      if (found === undefined) return { ...entry, paper, state: 'unchecked' };
      const stale = staleness(paper, found, evidence.values(), sources.hashOf(entry.slug, found.encoder));
      return {
        ...entry,
        paper,
        evidence: found,
        verdict: weakest(found.claims.map(({ verdict }) => verdict)),
        ...(stale === undefined ? { state: 'current' } : { state: 'stale', stale }),
      };
    }),
  );
}

/** Why evidence is no longer about the paper as it is. */
function staleness(
  paper: Paper,
  evidence: Evidence,
  all: Iterable<Evidence>,
  code: string | undefined,
): string | undefined {
  const recorded = new Map(evidence.claims.map((claim) => [claim.id, claim]));
  if (paper.claims.some((claim) => recorded.get(claim.id)?.declaration !== declarationOf(claim)))
    return 'Its claims have been declared anew since.';
  if (evidence.claims.some((claim) => claim.code !== code)) return 'The code that it reaches has changed since.';
  const unmeasured = paper.claims.find(
    (claim) => claim.kind === 'exact' && claim.of === 'data' && recorded.get(claim.id)?.of === undefined,
  );
  if (unmeasured !== undefined) return `On how many units and seeds "${unmeasured.id}" stands was not recorded.`;
  return unjudged(evidence, all);
}
