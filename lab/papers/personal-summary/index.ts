import type { Claim } from '../../grading/index.ts';
import { historyClaim, mostChosen, nearestChosen, summary, summaryAndNearest } from '../../protocols/histories.ts';

const one = nearestChosen('the nearest item chosen before', 1);
const four = nearestChosen('the four nearest', 4);
const mean = summary('the mean of all, alone');
const both = summaryAndNearest('the mean of all, and the nearest');
const popular = mostChosen('what most chose');

export const claims: readonly Claim[] = [
  historyClaim({
    id: 'instead',
    statement:
      'A summary of all that somebody chose, with the nearest item, tells what is chosen next no more than 0.01 worse than the four nearest.',
    margin: { absolute: -0.01 },
    baseline: four,
    method: both,
    controls: [mean, popular],
  }),
  historyClaim({
    id: 'beside',
    statement: 'It tells so more often than the nearest item alone.',
    baseline: one,
    method: both,
    rivals: [mean],
  }),
  historyClaim({
    id: 'short',
    statement: 'Of those who chose at most nine before, it tells so more often than the four nearest.',
    most: 9,
    baseline: four,
    method: both,
    rivals: [mean],
  }),
];
