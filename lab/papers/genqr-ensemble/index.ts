import type { Claim, Lab } from '../../grading/index.ts';
import { by, type PipelineSide, pipelineClaim, searchable } from '../../protocols/pipelines.ts';

/** Four instructions; the fifth asked for a title, which the model may have remembered. */
const INSTRUCTIONS = [0, 1, 2, 3];

/** SciFact's claims: `all` says what each instruction brought, `one0` to `one3` what one of them did. */
const claimsOfScience = (lab: Lab) =>
  searchable(lab, 'scifact', {
    models: {
      all: ({ reformulations = [], ...written }) => ({ ...written, reformulations: reformulations.slice(0, 4) }),
      ...Object.fromEntries(
        INSTRUCTIONS.map((i) => [
          `one${i}`,
          ({ reformulations = [], ...written }) => ({ ...written, reformulations: [reformulations[i]!] }),
        ]),
      ),
    },
  });

/** Weights of the query's own words that all are tuned over. */
const ORIGINALS = [0.5, 0.8];
const over = (name: string, steps: readonly string[]): PipelineSide =>
  by(name, ...steps.flatMap((step) => ORIGINALS.map((original) => step.replace(')', `, original=${original})`))));

const ways = (first: string) => ({
  without: by('the query alone', first),
  single: over(
    'the best single instruction',
    INSTRUCTIONS.map((i) => `${first} > expand(ensemble, n=1, model=one${i})`),
  ),
  ensemble: over(
    'all instructions in one query',
    [1, 2, 3, 4].map((n) => `${first} > expand(ensemble, n=${n}, model=all)`),
  ),
  fusion: over(
    'a ranking for each instruction, fused',
    [1, 2, 3, 4].map((n) => `${first} > expand(fusion, n=${n}, model=all)`),
  ),
});
const [words, hybrid] = [ways('words'), ways('hybrid')];
const feedback = by(
  'feedback (RM3)',
  ...[3, 10].flatMap((docs) => [0.5, 0.8].map((original) => `words > prf(rm3, fb_docs=${docs}, original=${original})`)),
);

export const claims: readonly Claim[] = [
  pipelineClaim({
    id: 'ensemble',
    statement: 'By words, reformulations by several instructions in one query rank better than the query alone.',
    data: claimsOfScience,
    baseline: words.without,
    method: words.ensemble,
    rivals: [feedback],
  }),
  pipelineClaim({
    id: 'single',
    statement: 'They rank better than the best single instruction.',
    data: claimsOfScience,
    baseline: words.single,
    method: words.ensemble,
  }),
  pipelineClaim({
    id: 'fusion',
    statement: 'A ranking for each instruction, fused, is no more than 0.01 worse than all instructions in one query.',
    margin: { absolute: -0.01 },
    data: claimsOfScience,
    baseline: words.ensemble,
    method: words.fusion,
  }),
  pipelineClaim({
    id: 'hybrid',
    statement: 'In hybrid search too, reformulations by several instructions rank better than the query alone.',
    data: claimsOfScience,
    baseline: hybrid.without,
    method: hybrid.ensemble,
    controls: [hybrid.single, hybrid.fusion],
  }),
];
