import { extractive, salience } from '../../../src/answer/index.ts';
import type { Claim } from '../../grading/index.ts';
import { compressionClaim } from '../../protocols/compression.ts';
import { type ShorteningSide, shorteningClaim, WAYS } from '../../protocols/shortening.ts';

const NAMES: Readonly<Record<keyof typeof WAYS, string>> = {
  semantic: 'words that change the meaning least go',
  iterative: 'the same, measured anew after each quarter',
  random: 'words go at random',
  stop: 'grammatical words go first',
  idf: 'frequent words go first',
  sentences: 'whole sentences stay',
  cut: 'the beginning stays',
  whole: 'everything stays',
};

const side = (way: keyof typeof WAYS, keep: number): ShorteningSide => ({
  name: `${NAMES[way]}, ${Math.round(100 * keep)}% stay`,
  keep,
  shorten: WAYS[way],
});

export const claims: readonly Claim[] = [
  shorteningClaim({
    id: 'random',
    statement:
      'Of 80% of the words, chosen by what they change, at least 5 points more of the right answers survive than of 80% chosen at random.',
    metric: 'facts kept',
    margin: { absolute: 0.05 },
    baseline: side('random', 0.8),
    method: side('semantic', 0.8),
    controls: [side('stop', 0.8), side('cut', 0.8)],
  }),
  shorteningClaim({
    id: 'frequent',
    statement: 'More of them survive than where frequent words go first.',
    metric: 'facts kept',
    baseline: side('idf', 0.8),
    method: side('semantic', 0.8),
    controls: [side('iterative', 0.8)],
  }),
  shorteningClaim({
    id: 'contextual',
    statement: 'So they do where vectors of MiniLM, which depend on the words around, say what words change.',
    metric: 'facts kept',
    by: 'minilm',
    baseline: side('idf', 0.8),
    method: side('semantic', 0.8),
  }),
  shorteningClaim({
    id: 'found',
    statement: 'Passages of which 80% of the words are left are found at most 3 points of MRR@10 worse.',
    metric: 'MRR@10',
    margin: { absolute: -0.03 },
    baseline: side('whole', 1),
    method: side('semantic', 0.8),
    controls: [side('random', 0.8), side('idf', 0.8)],
  }),
  shorteningClaim({
    id: 'sentences',
    statement:
      'Of 35% of the words, whole sentences keep at least 5 points more of the right answers than single words.',
    metric: 'facts kept',
    margin: { absolute: 0.05 },
    baseline: side('semantic', 0.35),
    method: side('sentences', 0.35),
    rivals: [side('cut', 0.35)],
    controls: [side('idf', 0.35), side('random', 0.35)],
  }),
  compressionClaim({
    id: 'clauses',
    statement:
      'Where the question is known and 15% of the tokens may stay, clauses of the best sentences keep as many right answers as the sentences do, within 2 points.',
    metric: 'right answer in the context',
    margin: { absolute: -0.02 },
    baseline: { name: 'sentences', compressor: () => extractive() },
    method: { name: 'clauses', compressor: () => salience() },
  }),
];
