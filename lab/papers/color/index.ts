import type { Claim } from '../../grading/index.ts';
import { type InContextSide, inContextClaim, preferred, ruled } from '../../protocols/in-context.ts';
import { grid } from '../../protocols/learning.ts';

const RATES = grid({ learningRate: [3e-2, 1e-1, 3e-1] });
/** Of what is not tuned: the default. */
const RATE = grid({ learningRate: [1e-1] });
const QUARTER = 0.25;

const beginning = ruled('the first sentences', QUARTER, 'beginning');
const rare = ruled('sentences of rare words', QUARTER, 'rare');
const typical = ruled('sentences most like their passage', QUARTER, 'typical');
const whole: InContextSide = { name: 'whole passages', share: 1 };
const learned = preferred('learned from preferences', QUARTER, RATES);
const short = preferred('learned, length has a say', 'own', RATE);
const long = preferred('learned, length has none', 'own', RATE, { brevity: 0 });

export const claims: readonly Claim[] = [
  inContextClaim({
    id: 'abstracts',
    statement:
      'Of scientific abstracts cut to a quarter of their tokens, those of which learned sentences are left are found at least 3 points better than those of which the first are.',
    margin: { absolute: 0.03 },
    on: 'scifact',
    metric: 'MRR@10',
    baseline: beginning,
    method: learned,
    rivals: [rare, typical],
    controls: [whole],
  }),
  inContextClaim({
    id: 'paragraphs',
    statement: 'So it is with paragraphs of Wikipedia.',
    margin: { absolute: 0.03 },
    on: 'xquad',
    metric: 'MRR@10',
    baseline: beginning,
    method: learned,
    rivals: [rare, typical],
    controls: [whole],
  }),
  inContextClaim({
    id: 'beginnings',
    statement:
      'Where abstracts are looked for by their titles, of which the beginning says most, those of which learned sentences are left are found no more than 0.01 worse.',
    margin: { absolute: -0.01 },
    on: 'pubmedqa',
    metric: 'MRR@10',
    baseline: beginning,
    method: learned,
    rivals: [rare, typical],
    controls: [whole],
  }),
  inContextClaim({
    id: 'preference',
    statement: 'The preference finds more scientific abstracts than the likelihood of the better extracts alone.',
    on: 'scifact',
    metric: 'MRR@10',
    baseline: preferred('learned from the better extracts', QUARTER, RATES, { preference: 0 }),
    method: learned,
  }),
  inContextClaim({
    id: 'another-reader',
    statement:
      'What a reader by words taught lets a reader by vectors find scientific abstracts at least 3 points better than first sentences do.',
    margin: { absolute: 0.03 },
    on: 'scifact',
    metric: 'MRR@10',
    reader: 'static',
    baseline: beginning,
    method: preferred('learned from preferences', QUARTER, RATE),
    rivals: [rare, typical],
  }),
  inContextClaim({
    id: 'shorter',
    statement:
      'Where length has a say in the preferences, extracts of scientific abstracts become at least 10% shorter.',
    margin: { relative: 0.11 },
    on: 'scifact',
    metric: 'compression rate',
    baseline: long,
    method: short,
  }),
  inContextClaim({
    id: 'not-worse',
    statement: 'These shorter extracts are found no more than 0.01 worse.',
    margin: { absolute: -0.01 },
    on: 'scifact',
    metric: 'MRR@10',
    baseline: long,
    method: short,
  }),
  inContextClaim({
    id: 'half',
    statement: 'Of half of the tokens, abstracts are found no more than 0.03 worse than whole.',
    margin: { absolute: -0.03 },
    on: 'pubmedqa',
    metric: 'MRR@10',
    baseline: whole,
    method: preferred('learned from preferences', 0.5, RATE),
    controls: [ruled('the first sentences', 0.5, 'beginning')],
  }),
];
