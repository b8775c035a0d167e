import type { Claim } from '../../grading/index.ts';
import { type ChainSide, chainClaim, factChains, hotpotChains } from '../../protocols/chains.ts';
import { grid } from '../../protocols/learning.ts';

const rates = grid({ learningRate: [1e-3, 3e-3, 1e-2] });
const once: ChainSide = { name: 'one search', configs: [{}] };
const hop: ChainSide = {
  name: 'a second hop by the trained gate',
  configs: rates,
  trained: ({ learningRate }) => ({ learningRate: Number(learningRate) }),
};
const gateAlone: ChainSide = {
  name: 'the gate alone, without question and passage',
  configs: rates,
  trained: ({ learningRate }) => ({ learningRate: Number(learningRate), sum: [0, 0] }),
};
const added: ChainSide = {
  name: 'question plus passage',
  configs: grid({ passage: [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2] }),
  rule: ({ passage }) => [1, Number(passage)],
};
const taken: ChainSide = {
  name: 'question less passage',
  configs: grid({ passage: [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1] }),
  rule: ({ passage }) => [1, -Number(passage)],
};

export const claims: readonly Claim[] = [
  chainClaim({
    id: 'second-hop',
    statement:
      'For questions of two facts, five passages and five of a second hop by a trained gate have at least 15 points more of what is needed than ten of one search.',
    margin: { absolute: 0.15 },
    data: factChains,
    baseline: once,
    method: hop,
    rivals: [added, taken],
  }),
  chainClaim({
    id: 'trained',
    statement: 'The trained gate has at least 10 points more than the sum of question and passage.',
    margin: { absolute: 0.1 },
    data: factChains,
    baseline: added,
    method: hop,
    controls: [taken],
  }),
  chainClaim({
    id: 'difference',
    statement: 'It has more than the same gate that is not added to the question less the passage.',
    data: factChains,
    baseline: gateAlone,
    method: hop,
  }),
  chainClaim({
    id: 'people',
    statement:
      "Of HotpotQA's questions, the gate that learned from made facts brings at least 3 points more of the supporting passages among ten than one search.",
    margin: { absolute: 0.03 },
    data: hotpotChains,
    baseline: once,
    method: hop,
    rivals: [added],
  }),
];
