import type { PaperStatus } from '../catalogue.ts';
import { type ClaimEvidence, RULES, reachOf, VERDICTS } from '../grading/index.ts';
import { families } from '../registry.ts';

/** docs/papers.md: generated from recorded evidence, never edited. */
export function renderPapers(papers: readonly PaperStatus[]): string {
  const count = (verdict: string): number => papers.filter((paper) => paper.verdict === verdict).length;
  const inState = (state: string): number => papers.filter((paper) => paper.state === state).length;
  const checked = papers.filter(({ evidence }) => evidence !== undefined);
  return `# The papers

Sagitta grows out of ${papers.length} papers on retrieval. A paper here is a composition of library parts and a few claims that run:
\`npm run papers -- check SLUG\` measures them and records evidence in \`lab/evidence/\`. This page is generated from that evidence by
\`npm run papers -- docs\`.

Of ${checked.length} papers with evidence ${VERDICTS.map(
    (verdict) => `${count(verdict)} ${verdict === 'holds' ? 'hold' : `are "${verdict}"`}`,
  )
    .reverse()
    .join(', ')}; ${inState('unchecked')} have claims but
no evidence, ${inState('planned')} have no claims yet. A paper's verdict is that of its weakest claim. What does not hold does not hold at this scale, with this
encoder and these data: that is a result about Sagitta's setting, not about the paper's. ${stale(papers)}

## How a verdict comes about

The rules are in [lab/grading/verdict.ts](../lab/grading/verdict.ts), the same for all:

- **Nobody sees the test.** Truth lies with the lab. Method and baseline are given that of training units; the lab tunes both on
  development units, then measures each chosen configuration once on test units.
- **The baseline is tuned as hard.** When fewer configurations were tried for the baseline than for the method, there is no verdict.
- **Rates are followed.** Where the best learning rate or decay is the least or the greatest of those declared, the lab goes on beyond, on both sides, until the best lies within, four steps at most; what is still at
  an edge is remarked.
- **No single seed.** What is random runs with three seeds or more; what claims not to be is run twice, and must not differ.
- **An interval, not a mean.** It comes from a bootstrap over test units and seeds, at 95% divided by the number of claims that share test units,
  those of other papers too.
- **The verdict says what is the case.** \`holds\`: the whole interval of the advantage beyond the stated margin is above 0. \`smaller\`: there is an
  advantage, but below the margin. \`worse\`: there is a disadvantage; where the claim allows some loss, more than
  that; or a value outside its bound. \`no difference\`: the interval
  lies around 0 and within the margin on both sides (within ${RULES.same} where there is none). \`inconclusive\`: the interval is too wide to tell, or there are
  fewer than ${RULES.leastUnits} test units. \`needs-data\`: the data are not at hand.
- **Rivals have a veto.** A control that is marked as a rival and is better than the method keeps a claim from holding.
- **No exception for exact claims.** What is claimed of data stands on as many units and seeds; what is a property of the code says so.
- **Claims are declared first.** Evidence carries hashes of the claim's statement, margin and seeds, and of the code of the paper, the lab and the
  library that it reaches. When either changes, or more claims come to share its test units than its
  intervals were for and its values by seed were not kept, it is stale: \`npm run papers -- list\` says so from then on, and this page from when it is next made.
- A quick run (\`--quick\`) is a smoke test and carries no verdict.

## Checking them again

The lab is a private workspace of a checkout (\`lab/\`); the published package has neither papers nor evidence.

| command | what it does |
|---|---|
| \`npm run papers -- list [--json]\` | All papers by family, with verdict and whether the evidence is current. \`--json\`: \`{papers: [{slug, family, state, verdict, reach, claims}]}\`. |
| \`npm run papers -- show SLUG [--json]\` | The claims of one, and their evidence. |
| \`npm run papers -- check SLUG...\` | Runs claims and records the evidence. It goes on where it was interrupted; the time that evidence gives is then that of the last run. |
| \`npm run papers -- docs\` | Writes this page, the table and the picture in [compression.md](compression.md), the table of objectives in [training.md](training.md), and the tables about code in [search.md](search.md). |

| option of \`check\` | meaning |
|---|---|
| \`--all\` | All papers that have claims. |
| \`--quick\` | A smoke test on small samples: no verdict, and nothing is recorded. |
| \`--encoder SPEC\` | What makes vectors of texts, as for \`sagitta index\`; \`SAGITTA_LAB_ENCODER\`, else \`minilm\`. A few papers are about one encoder and keep it. The evidence says which it was. |
| \`--fresh\` | Does not use what earlier runs kept (\`SAGITTA_CACHE\`, \`~/.cache/sagitta\`). |
| \`--budget MINUTES\` | Stops then; the same command goes on. |
| \`--out DIR\` | Another folder for the evidence. |

The exit code is 1 when a claim does not hold (\`smaller\`, \`no difference\`, \`worse\`) or its data are missing; what is inconclusive is no error. When claims of
several papers share test units, the evidence of the others in that folder is judged again by intervals for all of them. \`SAGITTA_DATA\` names the folder of
the test collections.

${checked.map(renderPaper).join('\n')}
## All of them

${families
  .map((family) => {
    const rows = papers.filter((paper) => paper.family === family);
    return `### ${family}\n\n| paper | year | verdict | evidence | how to get it |\n|---|---|---|---|---|\n${rows.map(({ slug, title, year, verdict, state, paper }) => `| ${cell(title)} (\`${slug}\`) | ${year} | ${verdict ?? '–'} | ${state} | ${paper === undefined ? '–' : cell(reachOf(paper.reach))} |\n`).join('')}`;
  })
  .join('\n')}`;
}

/** Which evidence is out of date. */
function stale(papers: readonly PaperStatus[]): string {
  const slugs = papers.filter(({ state }) => state === 'stale').map(({ slug }) => `\`${slug}\``);
  if (slugs.length === 0) return 'All evidence is current.';
  return `Stale, for reasons that \`npm run papers -- show SLUG\` gives, is the evidence of ${slugs.length}: ${slugs.join(', ')}.`;
}

function renderPaper({ slug, title, year, verdict, state, paper, evidence }: PaperStatus): string {
  const { software, machine, recorded, encoder } = evidence!;
  const { departures, parts, summary, reach } = paper!;
  return `## ${title}: ${verdict}${state === 'stale' ? ' (stale)' : ''}

\`${slug}\`, ${year}. ${summary} Uses ${parts.map((part) => `\`${part}\``).join(', ')}. How to get it: ${reachOf(reach)}.
${departures.length === 0 ? '' : `\nDepartures: ${departures.join(' ')}\n`}
${evidence!.claims.map(renderClaim).join('\n')}
Recorded ${recorded.slice(0, 10)} with Sagitta ${software.sagitta} on Node ${software.node}, encoder \`${encoder}\`, ${machine.cores} x ${machine.cpu}; ${seconds(evidence!.claims)}.
`;
}

function renderClaim(claim: ClaimEvidence): string {
  const lines = [`**${claim.statement}** ${claim.verdict}. ${claim.reasons.join(' ')}\n`];
  if (claim.sides !== undefined && claim.effect !== undefined) {
    const { units, seeds, effect, sharing } = claim;
    lines.push(`| | ${claim.metric} | chosen | tried | by seed | costs |\n|---|---|---|---|---|---|`);
    for (const { role, rival, name, mean, config, tuning, bySeed, costs } of claim.sides) {
      lines.push(
        `| ${name} (${rival ? 'rival' : role}) | ${mean.toFixed(4)} | ${settings(config)} | ${Math.max(1, tuning.length)} | ${bySeed.map((value) => value.toFixed(4)).join(' ')} | ${settings(costs ?? {})} |`,
      );
    }
    const { low, high, confidence } = effect.interval;
    lines.push(
      `\nDifference ${effect.difference.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}] at ${(100 * confidence).toFixed(1)}%${sharing === undefined ? '' : ` (${sharing} claims share its test units)`}, p ${effect.p < 0.001 ? '< 0.001' : effect.p.toFixed(3)} (paired randomisation); ${units!.train} training, ${units!.dev} development and ${units!.test} test units; ${seeds!.length === 0 ? 'nothing random, run twice' : `seeds ${seeds!.join(', ')}`}.\n`,
    );
  } else if (claim.value !== undefined)
    lines.push(`${claim.metric}: ${Number(claim.value.toPrecision(6))}, to be ${claim.bound}.\n`);
  for (const note of claim.notes ?? []) lines.push(`${note}\n`);
  return lines.join('\n');
}

function settings(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(values).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
  );
  return entries.length === 0 ? '–' : cell(entries.join(', '));
}

function seconds(claims: readonly ClaimEvidence[]): string {
  const total = (of: (claim: ClaimEvidence) => number): number =>
    Math.round(claims.reduce((sum, claim) => sum + of(claim), 0) / 1000);
  const processor = claims.every(({ cpuMs }) => cpuMs !== undefined)
    ? `, ${total(({ cpuMs }) => cpuMs!)} s of processor time`
    : '';
  return `${total(({ tookMs }) => tookMs)} s${processor}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
