import { differenceChart, intervalChart, lineChart } from '../charts/index.ts';
import { evaluate } from './evaluate.ts';
import { Html, html } from './html.ts';
import { rankedOrder } from './order.ts';
import { type Entrant, type Example, mostChanged, type Verdicts } from './report.ts';
import type { Comparison } from './significance.ts';
import { type Finding, findingsOf, type Judgements } from './types.ts';

/** What a page says besides the figures. */
export interface PageContent {
  readonly title: string;
  readonly entrants: readonly Entrant[];
  readonly judgements: Judgements;
  readonly verdicts: Verdicts;
  /** Settings and provenance, as name and value. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** About the collection rather than one system. */
  readonly findings: readonly Finding[];
  /** Texts of queries by id, where known. */
  readonly queries?: ReadonlyMap<string, string>;
  /** Titles and texts of documents by id, for those in {@link documentsShown}. */
  readonly documents?: ReadonlyMap<string, { readonly title: string; readonly text: string }>;
}

/** Documents shown of each system for a won or lost query. */
const SHOWN = 3;
/** Relevant documents named below a query. */
const NAMED = 10;
const EXCERPT = 240;
const DEPTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Ids of the documents whose titles and texts the page will show. */
export function documentsShown(entrants: readonly Entrant[], judgements: Judgements, verdicts: Verdicts): Set<string> {
  const ids = new Set<string>();
  for (const { baseline, system, examples } of pairsOf(entrants, verdicts)) {
    for (const { query } of [...examples.won, ...examples.lost]) {
      for (const entrant of [baseline, system]) for (const { id } of top(entrant, query)) ids.add(id);
      for (const id of relevantTo(query, judgements, verdicts.relevanceLevel)) ids.add(id);
    }
  }
  return ids;
}

/** One page without anything from outside: styles, plots (SVG) and texts, all content escaped. */
export function renderPage(content: PageContent): string {
  const { title, entrants, verdicts, facts, findings, judgements } = content;
  const metrics = verdicts.evaluations[0]!.metrics;
  const primary = metrics[0]!;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>${STYLE}</head><body>
<h1>${title}</h1>
<p>${verdicts.queries} queries. Intervals: bootstrap over queries, 95%. A letter behind a figure names a system that it beats
significantly (paired randomisation, ${verdicts.resamples} resamples, Holm over ${verdicts.comparisons.length} comparisons, level ${verdicts.level}).</p>
${resultsTable(verdicts, metrics)}
${pooledTable(verdicts)}
<section class="plots">
${figure(
  intervalChart(
    primary,
    verdicts.results.map(({ retriever, metrics: values, intervals }) => ({
      label: retriever,
      value: values[primary]!,
      low: intervals[primary]!.low,
      high: intervals[primary]!.high,
    })),
  ),
)}
${recallPlot(entrants, judgements, verdicts.relevanceLevel)}
</section>
${notes([...findings, ...verdicts.results.flatMap((result) => findingsOf(result.retriever, result.findings))])}
${pairsOf(entrants, verdicts).map((pair) => pairSection(pair, content, primary))}
<h2>Made from</h2><table>${facts.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</table>
</body></html>
`;
  return page.text;
}

interface Pair {
  readonly baseline: Entrant;
  readonly system: Entrant;
  readonly comparisons: readonly Comparison[];
  readonly examples: { readonly won: readonly Example[]; readonly lost: readonly Example[] };
  readonly differences: Float64Array;
}

function pairsOf(entrants: readonly Entrant[], { comparisons, evaluations }: Verdicts): Pair[] {
  const primary = evaluations[0]!.metrics[0]!;
  const index = (name: string): number => entrants.findIndex((entrant) => entrant.name === name);
  return comparisons
    .filter(({ metric }) => metric === primary)
    .map(({ baseline, system }) => {
      const [a, b] = [index(baseline), index(system)];
      const before = evaluations[a]!.values(primary);
      return {
        baseline: entrants[a]!,
        system: entrants[b]!,
        comparisons: comparisons.filter((one) => one.baseline === baseline && one.system === system),
        examples: mostChanged(evaluations[a]!, evaluations[b]!, primary),
        differences: evaluations[b]!.values(primary).map((value, i) => value - before[i]!),
      };
    });
}

function resultsTable({ results, comparisons }: Verdicts, metrics: readonly string[]): Html {
  const letter = (name: string): string =>
    String.fromCharCode(97 + results.findIndex(({ retriever }) => retriever === name));
  return html`<table class="figures"><tr><th></th>${results.map(({ retriever }) => html`<th>${retriever} (${letter(retriever)})</th>`)}</tr>
${metrics.map(
  (metric) =>
    html`<tr><th>${metric}</th>${results.map(({ retriever, metrics: values, intervals }) => {
      const best = results.every((other) => !(other.metrics[metric]! > values[metric]!));
      const beaten = beatenBy(retriever, metric, comparisons).map(letter).sort().join('');
      const { low, high } = intervals[metric]!;
      return html`<td class="${best ? 'best' : ''}">${four(values[metric]!)}<sup>${beaten}</sup> <small>${four(low)} – ${four(high)}</small></td>`;
    })}</tr>`,
)}</table>`;
}

/** Systems that `name` beats significantly by the metric. */
export function beatenBy(name: string, metric: string, comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap((one) => {
    if (one.metric !== metric || !one.significant) return [];
    if (one.system === name && one.difference > 0) return [one.baseline];
    return one.baseline === name && one.difference < 0 ? [one.system] : [];
  });
}

function pooledTable({ results }: Verdicts): Html {
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value.toPrecision(3)} ms`);
  return html`<table class="figures"><tr><th>system</th><th>pooled AUC</th><th>OPIS</th><th>median time</th><th>95%</th><th>99%</th><th>bytes</th></tr>
${results.map(
  ({ retriever, pooled, latency, bytes }) =>
    html`<tr><th>${retriever}</th><td>${four(pooled.auc)}</td><td>${four(pooled.opis)}</td><td>${ms(latency?.p50)}</td><td>${ms(latency?.p95)}</td><td>${ms(latency?.p99)}</td><td>${bytes === undefined ? '–' : bytes.toLocaleString('en')}</td></tr>`,
)}</table>`;
}

function recallPlot(entrants: readonly Entrant[], judgements: Judgements, relevanceLevel: number): Html {
  let deepest = 1;
  for (const { run } of entrants) for (const { ids } of run.values()) deepest = Math.max(deepest, ids.length);
  const depths = DEPTHS.filter((depth) => depth <= deepest);
  const metrics = depths.map((depth) => `recall@${depth}`);
  const chart = lineChart({
    title: 'Recall by depth',
    x: { label: 'documents', log: true },
    y: { label: 'recall' },
    series: entrants.map(({ name, run }) => {
      const evaluation = evaluate(run, judgements, { metrics, pooled: false, relevanceLevel });
      return { label: name, points: depths.map((depth, i) => [depth, evaluation.mean(metrics[i]!)] as const) };
    }),
    width: 480,
    height: 300,
  });
  return figure(chart);
}

/** Charts escape their own texts. */
function figure(chart: string): Html {
  return html`<figure>${new Html(chart)}</figure>`;
}

function notes(findings: readonly Finding[]): Html {
  if (findings.length === 0) return html``;
  return html`<h2>To be known</h2><ul>${findings.map(
    ({ what, count, examples }) =>
      html`<li>${count} ${what} <small>(${examples.join(', ')}${count > examples.length ? ', …' : ''})</small></li>`,
  )}</ul>`;
}

function pairSection(
  { baseline, system, comparisons, examples, differences }: Pair,
  content: PageContent,
  primary: string,
): Html {
  return html`<h2>${system.name} against ${baseline.name}</h2>
${figure(differenceChart(`${primary} by query`, differences))}
<table class="figures"><tr><th>metric</th><th>difference</th><th>95%</th><th>p (randomisation)</th><th>p (bootstrap)</th><th>p (t)</th><th>p (Holm)</th><th>won / equal / lost</th><th>detectable</th></tr>
${comparisons.map(
  ({ metric, difference, interval, p, wins, ties, losses, power, significant }) =>
    html`<tr class="${significant ? 'significant' : ''}"><th>${metric}</th><td>${signed(difference)}</td><td>${signed(interval.low)} – ${signed(interval.high)}</td><td>${pValue(p.randomisation)}</td><td>${pValue(p.bootstrap)}</td><td>${pValue(p.t)}</td><td>${pValue(p.adjusted)}</td><td>${wins} / ${ties} / ${losses}</td><td>${four(power.detectable)}</td></tr>`,
)}</table>
${comparisons[0]!.power.warning === undefined ? html`` : html`<p class="warning">${comparisons[0]!.power.warning}</p>`}
${exampleList(`Won most by ${system.name}`, examples.won, baseline, system, content)}
${exampleList(`Lost most by ${system.name}`, examples.lost, baseline, system, content)}`;
}

function exampleList(
  title: string,
  examples: readonly Example[],
  baseline: Entrant,
  system: Entrant,
  content: PageContent,
): Html {
  if (examples.length === 0) return html``;
  return html`<h3>${title}</h3>${examples.map(
    (
      example,
    ) => html`<details><summary>${content.queries?.get(example.query) ?? ''} <small>${example.query}: ${four(example.baseline)} → ${four(example.system)}</small></summary>
<div class="sides">${[baseline, system].map(
      (entrant) =>
        html`<div><h4>${entrant.name}</h4><ol>${top(entrant, example.query).map(({ id, score }) => {
          const document = content.documents?.get(id);
          const grade = content.judgements.get(example.query)?.get(id);
          const level = content.verdicts.relevanceLevel;
          return html`<li class="${grade === undefined ? '' : grade >= level ? 'relevant' : 'irrelevant'}"><b>${document?.title ?? ''}</b> <small>${id}, score ${Number(score.toPrecision(4))}, ${grade === undefined ? 'not judged' : `grade ${grade}`}</small><br>${excerpt(document?.text ?? '')}</li>`;
        })}</ol></div>`,
    )}</div>
<p><small>Relevant: ${relevantNames(example.query, content)}</small></p></details>`,
  )}`;
}

function relevantNames(query: string, { judgements, documents, verdicts }: PageContent): string {
  return relevantTo(query, judgements, verdicts.relevanceLevel)
    .map((id) => (documents?.get(id)?.title ? `${documents.get(id)!.title} (${id})` : id))
    .join('; ');
}

function relevantTo(query: string, judgements: Judgements, level: number): string[] {
  return [...(judgements.get(query) ?? [])]
    .filter(([, grade]) => grade >= level)
    .slice(0, NAMED)
    .map(([id]) => id);
}

function top({ run }: Entrant, query: string): { id: string; score: number }[] {
  const list = run.get(query);
  if (list === undefined) return [];
  const order = rankedOrder(list, query);
  return Array.from({ length: Math.min(SHOWN, list.ids.length) }, (_, rank) => {
    const at = order?.[rank] ?? rank;
    return { id: list.ids[at]!, score: list.scores[at]! };
  });
}

function excerpt(text: string): string {
  return text.length <= EXCERPT ? text : `${text.slice(0, EXCERPT)}…`;
}

function four(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(4);
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${four(value)}`;
}

function pValue(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}

const STYLE = html`<style>
:root { color-scheme: light dark; --line: #8884; --good: #009e7322; --bad: #d55e0022 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
.figures td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.figures tr:first-child th + th { text-align: right } td small { opacity: .65; font-weight: 400 } .best { font-weight: 700 } .significant th { font-weight: 700 } tr:not(.significant) th { font-weight: 400 } sup { font-size: .7em }
figure { margin: 1rem 0; max-width: 44rem } figure .chart { --paper: transparent; width: 100%; height: auto }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem } .relevant { background: var(--good) } .irrelevant { background: var(--bad) }
details { border-bottom: 1px solid var(--line); padding: .4rem 0 } .warning { border-left: 4px solid #d55e00; padding-left: .6rem }
</style>`;
