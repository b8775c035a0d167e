import pc from 'picocolors';
import { beatenBy, type Finding, findingsOf, type Verdicts } from '../eval/index.ts';
import { number, print, printable, table } from './output.ts';

/** The figures as a table, what differs, and what must be known. Letters behind a figure: the systems it beats. */
export function printVerdicts(verdicts: Verdicts, findings: readonly Finding[]): void {
  const { results, comparisons, queries, level } = verdicts;
  const metrics = Object.keys(results[0]!.metrics);
  const letter = (name: string): string =>
    String.fromCharCode(97 + results.findIndex(({ retriever }) => retriever === name));
  const rows = metrics.map((metric) => [
    metric,
    ...results.map(({ retriever, metrics: values, intervals }) => {
      const { low, high } = intervals[metric]!;
      const letters = beatenBy(retriever, metric, comparisons).map(letter).sort().join('');
      return `${four(values[metric]!)} [${four(low)}, ${four(high)}] ${letters}`.trimEnd();
    }),
  ]);
  rows.push(['pooled auc', ...results.map(({ pooled }) => four(pooled.auc))]);
  rows.push(['opis', ...results.map(({ pooled }) => four(pooled.opis))]);
  if (results.some(({ latency }) => latency !== undefined)) {
    rows.push([
      'ms, p50 / p95 / p99',
      ...results.map(({ latency }) =>
        latency === undefined
          ? '-'
          : [latency.p50, latency.p95, latency.p99].map((ms) => ms.toPrecision(3)).join(' / '),
      ),
    ]);
  }
  const names = results.map(({ retriever }) =>
    printable(results.length > 1 ? `${retriever} (${letter(retriever)})` : retriever),
  );
  print(table(['', ...names], rows));
  print(pc.dim(`${number(queries)} queries; in brackets the 95% interval of the mean (bootstrap over queries)`));
  if (comparisons.length > 0) {
    const tested = `paired randomisation test, Holm over ${comparisons.length} comparisons, level ${level}`;
    print(pc.dim(`a letter behind a figure names a system that it beats significantly (${tested})`));
  }
  printFindings([...findings, ...results.flatMap((one) => findingsOf(one.retriever, one.findings))]);
  const warning = comparisons.find(({ power }) => power.warning !== undefined)?.power.warning;
  if (warning !== undefined) print(pc.yellow(warning));
}

/** One line each, with examples. */
export function printFindings(findings: readonly Finding[]): void {
  for (const { what, count, examples } of findings) {
    const more = count > examples.length ? ', ...' : '';
    print(pc.yellow(printable(`${number(count)} ${what} (${examples.join(', ')}${more})`)));
  }
}

/** The object that `--json` prints and that stands beside the page. */
export function verdictsToJson(verdicts: Verdicts): Record<string, unknown> {
  const { evaluations: _, ...rest } = verdicts;
  return rest;
}

function four(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}
