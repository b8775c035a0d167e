export { SourceCode } from './code.ts';
export {
  type ClaimEvidence,
  declarationOf,
  type Evidence,
  readEvidence,
  writeEvidence,
} from './evidence.ts';
export { judgeAgain, unjudged } from './judging.ts';
export { Lab, type LabOptions, NeedsData } from './lab.ts';
export { evidenceFolder, root } from './places.ts';
export { checkPaper } from './runner.ts';
export {
  type Claim,
  type ComparativeClaim,
  type Config,
  type Margin,
  material,
  type Paper,
  reachOf,
  type Verdict,
} from './types.ts';
export { RULES, VERDICTS, weakest } from './verdict.ts';
