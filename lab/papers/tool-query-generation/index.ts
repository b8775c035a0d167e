import type { Claim, Lab } from '../../grading/index.ts';
import { by, pipelineClaim, searchable } from '../../protocols/pipelines.ts';

/** A model describes the tool that would be ideal for a request; it saw the requests alone. */
const requests = (lab: Lab) => searchable(lab, 'metatool', { models: { writer: (written) => written } });
/** It begins the card of the model that an instruction asks for. */
const instructions = (lab: Lab) => searchable(lab, 'gorilla_apibench', { models: { writer: (written) => written } });

const WEIGHTS = [0.2, 0.5, 0.8];
const described = (first: string) =>
  by(
    'the description beside the request',
    ...WEIGHTS.map((original) => `${first} > expand(hyde, original=${original})`),
  );
const alone = (first: string) => by('the request alone', first);
const feedback = by(
  'feedback (RM3 and Rocchio)',
  ...[3, 10].flatMap((docs) =>
    [0.5, 0.8].map(
      (original) =>
        `fuse(words > prf(rm3, fb_docs=${docs}, original=${original}), meaning > prf(rocchio, fb_docs=${docs}, original=${original}))`,
    ),
  ),
);

export const claims: readonly Claim[] = [
  pipelineClaim({
    id: 'tools',
    statement:
      'Descriptions that a model writes for requests bring at least 5 points more of the right tools among the first five.',
    metric: 'recall@5',
    margin: { absolute: 0.05 },
    data: requests,
    baseline: alone('hybrid'),
    method: described('hybrid'),
    rivals: [feedback],
  }),
  pipelineClaim({
    id: 'meaning',
    statement: 'They do so by meaning alone, as the paper ranks.',
    metric: 'recall@5',
    margin: { absolute: 0.05 },
    data: requests,
    baseline: alone('meaning'),
    method: described('meaning'),
  }),
  pipelineClaim({
    id: 'interfaces',
    statement:
      'Beginnings of model cards that a model writes for instructions rank better than the instructions alone.',
    data: instructions,
    baseline: alone('hybrid'),
    method: described('hybrid'),
    rivals: [feedback],
  }),
];
