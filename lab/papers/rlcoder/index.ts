import type { Claim } from '../../grading/index.ts';
import { byVectors, byWords, completionClaim, nothing, taught } from '../../protocols/completion.ts';

const TAUGHT = { name: 'taught by loss' };
const UNWEIGHTED = { name: 'taught by loss, all tokens alike', weighted: false };
/** Blocks where the number is not what is asked about, and all that are kept at most. */
const [FEW, ALL] = [2, 9];

const learned = taught(TAUGHT, { most: FEW, stops: false });
const words = byWords('words', FEW);
const frozen = byVectors('vectors, untrained', FEW, [1]);
const together = byVectors('vectors and words, untrained', FEW, [0.3, 0.5, 0.7, 0.9]);

export const claims: readonly Claim[] = [
  completionClaim({
    id: 'words',
    metric: 'likelihood',
    statement:
      'Two blocks that a retriever chooses which learned from losses alone make what comes at least 5% less perplexing than two by words, in packages that it has not seen.',
    margin: { absolute: -Math.log(0.95) },
    baseline: words,
    method: learned,
    rivals: [together],
    controls: [nothing, taught(UNWEIGHTED, { most: FEW, stops: false })],
  }),
  completionClaim({
    id: 'untrained',
    metric: 'likelihood',
    statement: 'They make it less perplexing than two by the same vectors untrained.',
    baseline: frozen,
    method: learned,
    rivals: [together],
  }),
  completionClaim({
    id: 'retrieval',
    metric: 'likelihood',
    statement: 'Two blocks by words make it less perplexing than none.',
    baseline: nothing,
    method: words,
  }),
  completionClaim({
    id: 'stop-loss',
    metric: 'likelihood',
    statement:
      'With a candidate that says "none", what is kept makes it no more perplexing than all nine by more than 1%.',
    margin: { absolute: -0.01 },
    baseline: taught(TAUGHT, { name: 'without a stop', most: ALL, stops: false }),
    method: taught(TAUGHT, { name: 'with a stop', most: ALL, stops: true }),
  }),
  completionClaim({
    id: 'stop-blocks',
    metric: 'blocks left out',
    statement: 'So at least 2.7 of nine blocks are left out, which is 30%.',
    margin: { absolute: 2.7 },
    baseline: taught(TAUGHT, { name: 'without a stop', most: ALL, stops: false }),
    method: taught(TAUGHT, { name: 'with a stop', most: ALL, stops: true }),
  }),
];
