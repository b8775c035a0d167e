export { checkable, entryOf, loadPaper, type PaperStatus, statuses } from './catalogue.ts';
export { frontierPicture } from './frontier-picture.ts';
export {
  checkPaper,
  type Evidence,
  evidenceTarget,
  expectedSeconds,
  judgeAgain,
  Lab,
  reachOf,
  readEvidence,
  type Verdict,
  writeEvidence,
} from './lab/index.ts';
export { families, registry } from './registry.ts';
export { renderPapers } from './render.ts';
