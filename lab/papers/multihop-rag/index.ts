import { rankCorpus } from '../../../src/search/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { bridged } from '../../protocols/bridges.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { type HopSide, hopClaim } from '../../protocols/hops.ts';
import { listValue } from '../../protocols/list-value.ts';
import { by, pipelineClaim } from '../../protocols/pipelines.ts';

const WALKS = [0.3, 0.5, 0.7].map((share) => `hybrid > walk(share=${share})`);
const HYBRIDS = [0.2, 0.4, 0.6].map((share) => `fuse(words, meaning, weights=[${1 - share}, ${share}])`);
const FEEDBACK = [3, 5, 10].map(
  (docs) => `fuse(words > prf(rm3, fb_docs=${docs}), meaning > prf(rocchio, fb_docs=${docs}))`,
);

/** What hybrid search finds for questions that need so many documents. */
async function foundBy(lab: Lab, needs: (documents: number) => boolean, metric: string) {
  const data = await bridged(lab);
  const ids = [...data.queries.keys()].filter((id) => needs(data.needs.get(id)!));
  const values: number[] = [];
  for (const id of ids) {
    const found = await rankCorpus(data.corpus, data.queries.get(id)!, { pipeline: 'hybrid', k: 10, syntax: false });
    values.push(listValue(metric, data.judgements.get(id)!, found.ids));
  }
  return {
    mean: values.reduce((sum, one) => sum + one, 0) / values.length,
    count: values.length,
    sources: data.sources,
  };
}

const once: HopSide = { name: 'hybrid', pipelines: HYBRIDS };

export const claims: readonly Claim[] = [
  exactClaim('data', {
    id: 'more-documents',
    statement:
      'Hybrid search has all of four or five documents that a question needs among the first ten at least 15 points more seldom than both of two.',
    check: async (lab) => {
      const [two, three, many] = [
        await foundBy(lab, (needs) => needs === 2, 'complete@10'),
        await foundBy(lab, (needs) => needs === 3, 'complete@10'),
        await foundBy(lab, (needs) => needs > 3, 'complete@10'),
      ];
      return {
        metric: 'complete@10 of two documents less that of four and five',
        value: two.mean - many.mean,
        atLeast: 0.15,
        units: Math.min(two.count, many.count),
        sources: two.sources,
        notes: [
          `complete@10: ${[two, three, many].map(({ mean, count }, i) => `${['two', 'three', 'four or five'][i]} documents ${mean.toFixed(3)} (${count} questions)`).join(', ')}.`,
        ],
      };
    },
  }),
  exactClaim('data', {
    id: 'hits',
    statement:
      'One of them it has in at least 80% of the questions, so that success among the first ten hides what is missing.',
    check: async (lab) => {
      const { mean, count, sources } = await foundBy(lab, () => true, 'success@10');
      return { metric: 'success@10', value: mean, atLeast: 0.8, units: count, sources };
    },
  }),
  pipelineClaim({
    id: 'walk',
    statement:
      'A walk by rare names from the first passages has all of them among the first ten in at least 5 points more of the questions.',
    metric: 'complete@10',
    margin: { absolute: 0.05 },
    data: bridged,
    baseline: by('hybrid', ...HYBRIDS),
    method: by('hybrid, then a walk', ...WALKS),
    rivals: [by('feedback (RM3 and Rocchio)', ...FEEDBACK)],
  }),
  hopClaim({
    id: 'walk-people',
    statement:
      "Of HotpotQA's own questions, it brings at least 3 points more of the supporting passages among the first ten.",
    margin: { absolute: 0.03 },
    baseline: once,
    method: { name: 'hybrid, then a walk', pipelines: WALKS },
    rivals: [{ name: 'feedback (RM3 and Rocchio)', pipelines: FEEDBACK }],
  }),
];
