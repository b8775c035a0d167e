import { lineChart } from '../../charts/index.ts';
import type { TuneReport } from './types.ts';

/**
 * The learning curve as an SVG drawing: validation nDCG@10 on the scale at the left, training loss on that at the right,
 * by step; a dashed line where the state that was kept stands.
 */
export function curveSvg(report: Pick<TuneReport, 'curve' | 'bestStep' | 'what' | 'base'>): string {
  const { curve, bestStep, what, base } = report;
  return lineChart({
    title: `Tuning ${what} of ${base}`,
    x: { label: `step; the state of step ${bestStep} was kept` },
    y: { label: 'validation nDCG@10' },
    right: { label: 'training loss' },
    rule: bestStep,
    height: 380,
    series: [
      { label: 'validation nDCG@10, left', points: curve.map(({ step, validation }) => [step, validation]) },
      { label: 'training loss, right', points: curve.map(({ step, loss }) => [step, loss]), right: true },
    ],
  });
}
