import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { type SelfLearningSide, selfLearningClaim } from '../../protocols/self-learning.ts';

/** Sentences of a document, and what the query's own vector counts beside it: 0.5 is HyDE's with one document. */
const documents = grid({ sentences: [1, 3], original: [0.5, 0.7, 0.9, 0.97] });
/** As many for those that have a rate as well. */
const corrected = grid({ sentences: [1], original: [0.7, 0.9, 0.97], learningRate: [1e-4, 3e-4, 1e-3] });
type Settings = (config: Record<string, number | string | boolean>) => Record<string, number>;
const numbers: Settings = (config) =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, Number(value)]));

const alone: SelfLearningSide = { name: 'the query alone', configs: [{}], untunable: true, pipeline: () => 'meaning' };
const untuned: SelfLearningSide = {
  name: 'by the words of the query',
  configs: documents,
  given: (config) => ({ weights: { words: 1 }, ...numbers(config) }),
};
const nearest: SelfLearningSide = {
  name: 'sentences nearest to the query',
  configs: documents,
  given: (config) => ({ weights: { meaning: 1 }, ...numbers(config) }),
};
const generator: SelfLearningSide = {
  name: 'learned choice of sentences',
  configs: documents,
  learned: (config) => ({ retriever: 'none', ...numbers(config) }),
};
const any: SelfLearningSide = {
  name: 'choice learned from any drawn document',
  configs: documents,
  learned: (config) => ({ retriever: 'none', select: 'any', ...numbers(config) }),
};
const blind: SelfLearningSide = {
  name: "choice learned without the document's own sentences",
  configs: documents,
  learned: (config) => ({ retriever: 'none', ...numbers(config) }),
  blind: true,
};
const retriever: SelfLearningSide = {
  name: 'learned correction',
  configs: corrected,
  learned: (config) => ({ generator: false, ...numbers(config) }),
};
const both: SelfLearningSide = { name: 'both learned', configs: corrected, learned: numbers };
const ofQueries: SelfLearningSide = {
  name: 'correction learned from queries alone, asked with hypothetical documents',
  configs: corrected,
  learned: (config) => ({ retriever: 'queries', ...numbers(config) }),
};
const queriesOnly: SelfLearningSide = {
  name: 'correction learned from queries alone, asked with queries alone',
  configs: grid({ learningRate: [1e-4, 3e-4, 1e-3] }),
  learned: (config) => ({ generator: false, retriever: 'queries', ...numbers(config) }),
  alone: true,
};
const rocchio: SelfLearningSide = {
  name: 'Rocchio',
  configs: grid({ passages: [1, 3], original: [0.5, 0.7, 0.9, 0.97] }),
  pipeline: ({ passages, original }) => `meaning > prf(rocchio, fb_docs=${passages}, original=${original})`,
};

export const claims: readonly Claim[] = [
  selfLearningClaim({
    id: 'both',
    statement:
      'With choice of sentences and correction learned without judgements, hypothetical documents rank at least 2 points better than those that are neither.',
    margin: { absolute: 0.02 },
    baseline: untuned,
    method: both,
    rivals: [queriesOnly, rocchio],
    controls: [alone],
  }),
  selfLearningClaim({
    id: 'generator',
    statement: 'The learned choice of sentences alone ranks at least half a point better.',
    margin: { absolute: 0.005 },
    baseline: untuned,
    method: generator,
    rivals: [nearest],
    controls: [alone, blind],
  }),
  selfLearningClaim({
    id: 'selection',
    statement: 'It ranks better than a choice that learned from any drawn document instead of the best.',
    baseline: any,
    method: generator,
  }),
  selfLearningClaim({
    id: 'retriever',
    statement: 'The learned correction alone ranks at least half a point better.',
    margin: { absolute: 0.005 },
    baseline: untuned,
    method: retriever,
    rivals: [queriesOnly],
  }),
  selfLearningClaim({
    id: 'mixture',
    statement:
      'A correction learned from the mixtures that it is asked with ranks better than one learned from queries alone.',
    baseline: ofQueries,
    method: both,
  }),
];
