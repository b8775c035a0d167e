import type { Claim, Lab } from '../../grading/index.ts';
import { by, pipelineClaim, searchable } from '../../protocols/pipelines.ts';

/** Last turns of conversations, each with several passages that answer it. */
const turns = (lab: Lab) => searchable(lab, 'mtrag_un', { tokens: true });

/** Passages of feedback, and weights of the query's own vectors, that all are tuned over. */
const SETTINGS = [3, 5].flatMap((docs) => [0.5, 0.8].map((original) => ({ docs, original })));
const fed = (name: string, kind: string, added = '') =>
  by(name, ...SETTINGS.map(({ docs, original }) => `${kind}, fb_docs=${docs}, original=${original}${added})`));

const alone = by('late interaction alone', 'tokens');
const colbert = fed('with the rarest vectors of the first', 'tokens > prf(colbert');
const everything = fed('with all of their clusters', 'tokens > prf(colbert', ', fb_terms=24');
const neighbours = by(
  'ranked again by like passages',
  ...[3, 9].flatMap((neighbours) =>
    [0.15, 0.5].map((beta) => `tokens > neighbours(neighbours=${neighbours}, beta=${beta})`),
  ),
);

export const claims: readonly Claim[] = [
  pipelineClaim({
    id: 'precision',
    statement:
      'Asked again with the rarest token vectors of the first passages, late interaction has a better mean average precision.',
    metric: 'map@100',
    data: turns,
    baseline: alone,
    method: colbert,
    rivals: [neighbours],
  }),
  pipelineClaim({
    id: 'recall',
    statement: 'It finds more of the relevant passages among a hundred.',
    metric: 'recall@100',
    data: turns,
    baseline: alone,
    method: colbert,
  }),
  pipelineClaim({
    id: 'rarest',
    statement: 'The rarest vectors have a better mean average precision than all clusters of the same passages.',
    metric: 'map@100',
    data: turns,
    baseline: everything,
    method: colbert,
  }),
];
