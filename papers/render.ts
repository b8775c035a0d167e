import type { PaperStatus } from './catalogue.ts';
import type { ClaimEvidence } from './lab/index.ts';
import { families } from './registry.ts';

/** docs/papers.md: generated from recorded evidence, never edited. */
export function renderPapers(papers: readonly PaperStatus[]): string {
  const count = (state: string): number => papers.filter((paper) => paper.state === state).length;
  const checked = papers.filter(({ evidence }) => evidence !== undefined);
  return `# The papers

Sagitta grows out of ${papers.length} papers on retrieval. A paper here is a composition of library parts and a few claims that run:
\`sagitta papers check SLUG\` measures them and records evidence in \`papers/evidence/\`. This page is generated from that evidence by
\`npm run papers:docs\`.

${count('holds')} papers hold, ${count('fails')} fail, ${count('inconclusive')} are inconclusive, ${count('needs-data')} need data, ${count('stale')} have evidence that is out of date,
${count('unchecked')} have claims but no evidence, ${count('planned')} have no claims yet. A paper's verdict is that of its weakest claim. What fails here fails at this scale, with
this encoder and these data: that is a result about Sagitta's setting, not about the paper's.

## How a verdict comes about

The rules are in [papers/lab/verdict.ts](../papers/lab/verdict.ts), the same for all:

- **Nobody sees the test.** Truth lies with the lab. Method and baseline are given that of training units; the lab tunes both on
  development units, then measures each chosen configuration once on test units.
- **The baseline is tuned as hard.** When fewer configurations were tried for the baseline than for the method, there is no verdict.
- **No single seed.** What is random runs with three seeds or more; what claims not to be is run twice, and must not differ.
- **An interval, not a mean.** It comes from a bootstrap over test units and seeds, at 95% divided by the number of the paper's claims. A
  claim holds when the whole interval of the advantage beyond the stated margin is above 0, fails when no part of it is, and is
  inconclusive otherwise; with fewer than 50 test units, always.
- **Claims are declared first.** Evidence carries hashes of the claim's statement, margin and seeds, and of the paper's code: change either, and it
  is out of date.
- A quick run (\`--quick\`) is a smoke test and carries no verdict.

${checked.map(renderPaper).join('\n')}
## All of them

${families
  .map((family) => {
    const rows = papers.filter((paper) => paper.family === family);
    return `### ${family}\n\n| paper | year | state |\n|---|---|---|\n${rows.map(({ slug, title, year, state }) => `| ${cell(title)} (\`${slug}\`) | ${year} | ${state} |\n`).join('')}`;
  })
  .join('\n')}`;
}

function renderPaper({ slug, title, year, state, paper, evidence }: PaperStatus): string {
  const { software, machine, recorded } = evidence!;
  const departures = paper?.departures ?? [];
  return `## ${title}: ${state}

\`${slug}\`, ${year}. ${paper?.summary ?? ''} Uses ${(paper?.parts ?? []).map((part) => `\`${part}\``).join(', ')}.
${departures.length === 0 ? '' : `\nDepartures: ${departures.join(' ')}\n`}
${evidence!.claims.map(renderClaim).join('\n')}
Recorded ${recorded.slice(0, 10)} with Sagitta ${software.sagitta} on Node ${software.node}, ${machine.cores} x ${machine.cpu}; ${seconds(evidence!.claims)}.
`;
}

function renderClaim(claim: ClaimEvidence): string {
  const lines = [`**${claim.statement}** ${claim.verdict}. ${claim.reasons.join(' ')}\n`];
  if (claim.sides !== undefined && claim.effect !== undefined) {
    const { units, seeds, effect } = claim;
    lines.push(`| | ${claim.metric} | chosen | tried | by seed | costs |\n|---|---|---|---|---|---|`);
    for (const { role, name, mean, config, tuning, bySeed, costs } of claim.sides) {
      lines.push(
        `| ${name} (${role}) | ${mean.toFixed(4)} | ${settings(config)} | ${Math.max(1, tuning.length)} | ${bySeed.map((value) => value.toFixed(4)).join(' ')} | ${settings(costs ?? {})} |`,
      );
    }
    const { low, high, confidence } = effect.interval;
    lines.push(
      `\nDifference ${effect.difference.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}] at ${(100 * confidence).toFixed(1)}%, p ${effect.p < 0.001 ? '< 0.001' : effect.p.toFixed(3)} (paired randomisation); ${units!.train} training, ${units!.dev} development and ${units!.test} test units; ${seeds!.length === 0 ? 'nothing random, run twice' : `seeds ${seeds!.join(', ')}`}.\n`,
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
