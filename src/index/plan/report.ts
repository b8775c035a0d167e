import { lineChart, type Series } from '../../charts/index.ts';
import type { Plan } from './types.ts';

/**
 * The frontier as an SVG picture: recall@10 against bytes a vector, each specification at the settings that find most, and below the
 * budget's line what was chosen.
 */
export function planChart(plan: Plan): string {
  const best = new Map<string, readonly [number, number]>();
  for (const { spec, bytes, recall10 } of plan.points) {
    const known = best.get(spec);
    if (known === undefined || recall10 > known[1]) best.set(spec, [bytes, recall10]);
  }
  const onFrontier = [...best.values()]
    .sort((a, b) => a[0] - b[0] || b[1] - a[1])
    .filter(([, recall], i, all) => all.slice(0, i).every(([, before]) => before < recall));
  const series: Series[] = [
    { label: 'all settings tried', points: plan.points.map(({ bytes, recall10 }) => [bytes, recall10]), faint: true },
    { label: 'highest recall for the bytes', points: onFrontier },
  ];
  const { choice } = plan;
  if (choice !== undefined) {
    const { spec, bytes, recall10 } = choice.point;
    series.push({ label: `chosen: ${spec}`, points: [[bytes, recall10]], mark: true });
    series.push({
      label: `the same on ${plan.queries.unseen} unseen queries`,
      points: [[bytes, choice.proof.recall10]],
    });
  }
  return lineChart({
    title: `${plan.vectors} vectors of ${plan.dim}, ${plan.metric}`,
    x: { label: 'bytes of memory a vector', log: true },
    y: { label: 'recall@10 against exact search' },
    series,
  });
}

/** Recall against time, a line for each specification: what more lists and deeper refinement buy. */
export function planSpeedChart(plan: Plan): string {
  const specs = [...new Set(plan.frontier.map(({ spec }) => spec))];
  return lineChart({
    title: `${plan.vectors} vectors of ${plan.dim}, ${plan.metric}, one thread`,
    x: { label: 'recall@10 against exact search' },
    y: { label: 'searches a second', log: true },
    series: specs.map((spec) => ({
      label: spec,
      points: plan.frontier
        .filter((point) => point.spec === spec)
        .map(({ recall10, p50 }) => [recall10, 1000 / p50] as const),
    })),
  });
}
