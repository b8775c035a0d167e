import { InvalidArgumentError, NotFoundError } from '../src/base/errors.ts';
import { nearest } from '../src/base/nearest.ts';
import {
  declarationOf,
  type Evidence,
  evidenceFolders,
  type Paper,
  readEvidence,
  SourceCode,
  unjudged,
  type Verdict,
  weakest,
} from './lab/index.ts';
import { type PaperEntry, registry } from './registry.ts';

/** Papers that can be checked, by slug; loaded when asked for. */
const LOADERS: Readonly<Record<string, () => Promise<{ readonly paper: Paper }>>> = {
  'adapted-dense-retrieval': () => import('./adapted-dense-retrieval/index.ts'),
  'backdoor-dpr': () => import('./backdoor-dpr/index.ts'),
  bebr: () => import('./bebr/index.ts'),
  bidr: () => import('./bidr/index.ts'),
  'centroid-triplet': () => import('./centroid-triplet/index.ts'),
  codiemb: () => import('./codiemb/index.ts'),
  'connected-peft': () => import('./connected-peft/index.ts'),
  'cosine-adapter': () => import('./cosine-adapter/index.ts'),
  'dense-retrieval-survey': () => import('./dense-retrieval-survey/index.ts'),
  'distill-vq': () => import('./distill-vq/index.ts'),
  'embedding-compression-bench': () => import('./embedding-compression-bench/index.ts'),
  jpq: () => import('./jpq/index.ts'),
  'listwise-specialize': () => import('./listwise-specialize/index.ts'),
  'lth-domain-adapt': () => import('./lth-domain-adapt/index.ts'),
  mmteb: () => import('./mmteb/index.ts'),
  'multi-similarity': () => import('./multi-similarity/index.ts'),
  muvera: () => import('./muvera/index.ts'),
  'mw-loss': () => import('./mw-loss/index.ts'),
  'nv-embed': () => import('./nv-embed/index.ts'),
  'pca-rag': () => import('./pca-rag/index.ts'),
  peg: () => import('./peg/index.ts'),
  repconc: () => import('./repconc/index.ts'),
  rzenembed: () => import('./rzenembed/index.ts'),
  scalingnote: () => import('./scalingnote/index.ts'),
  superglobal: () => import('./superglobal/index.ts'),
  tcm: () => import('./tcm/index.ts'),
  'utility-annotation': () => import('./utility-annotation/index.ts'),
};

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
    guess === undefined ? '`sagitta papers` lists them.' : `Did you mean "${guess}"?`,
  );
}

/** @throws NotFoundError for an unknown slug, InvalidArgumentError for a paper without claims. */
export async function loadPaper(slug: string): Promise<Paper> {
  entryOf(slug);
  const loader = LOADERS[slug];
  if (loader !== undefined) return (await loader()).paper;
  throw new InvalidArgumentError(
    `"${slug}" has no claims yet.`,
    `There are checks for ${Object.keys(LOADERS).join(', ')}.`,
  );
}

/** Slugs of papers with claims, in the order of the registry. */
export function checkable(): string[] {
  return registry.map(({ slug }) => slug).filter((slug) => LOADERS[slug] !== undefined);
}

/** All papers with their state. @param folders of evidence, the later one winning. */
export async function statuses(folders: readonly string[] = evidenceFolders()): Promise<PaperStatus[]> {
  const [evidence, sources] = await Promise.all([readEvidence(folders), SourceCode.open()]);
  return Promise.all(
    registry.map(async (entry): Promise<PaperStatus> => {
      if (LOADERS[entry.slug] === undefined) return { ...entry, state: 'planned' };
      const paper = await loadPaper(entry.slug);
      const found = evidence.get(entry.slug);
      if (found === undefined) return { ...entry, paper, state: 'unchecked' };
      const stale = staleness(paper, found, evidence.values(), sources?.hashOf(entry.slug, found.encoder));
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

/** Why evidence is no longer about the paper as it is. @param code undefined where there are no sources to compare with. */
function staleness(
  paper: Paper,
  evidence: Evidence,
  all: Iterable<Evidence>,
  code: string | undefined,
): string | undefined {
  const recorded = new Map(evidence.claims.map((claim) => [claim.id, claim]));
  if (paper.claims.some((claim) => recorded.get(claim.id)?.declaration !== declarationOf(claim)))
    return 'Its claims have been declared anew since.';
  if (code !== undefined && evidence.claims.some((claim) => claim.code !== code))
    return 'The code that it reaches has changed since.';
  const unmeasured = paper.claims.find(
    (claim) => claim.kind === 'exact' && claim.of === 'data' && recorded.get(claim.id)?.of === undefined,
  );
  if (unmeasured !== undefined) return `On how many units and seeds "${unmeasured.id}" stands was not recorded.`;
  return unjudged(evidence, all);
}
