import type { TuneReport } from './types.ts';

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = 48;

/** The learning curve as an SVG drawing: training loss and validation nDCG@10 by step, each on a scale of its own. */
export function curveSvg({
  curve,
  bestStep,
  what,
  base,
}: Pick<TuneReport, 'curve' | 'bestStep' | 'what' | 'base'>): string {
  const last = Math.max(1, ...curve.map(({ step }) => step));
  const x = (step: number) => MARGIN + ((WIDTH - 2 * MARGIN) * step) / last;
  const line = (values: readonly (readonly [step: number, value: number])[], color: string): string => {
    const finite = values.filter(([, value]) => Number.isFinite(value));
    if (finite.length === 0) return '';
    const low = Math.min(...finite.map(([, value]) => value));
    const high = Math.max(...finite.map(([, value]) => value));
    const y = (value: number) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (value - low)) / (high - low || 1);
    const points = finite.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.join(' ')}"/>`;
  };
  const range = (values: readonly number[]): string => {
    const finite = values.filter(Number.isFinite);
    return finite.length === 0 ? '' : `${Math.min(...finite).toFixed(3)} to ${Math.max(...finite).toFixed(3)}`;
  };
  const [ndcg, loss] = [curve.map(({ validation }) => validation), curve.map((point) => point.loss)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>Tuning ${escapeMarkup(what)} of ${escapeMarkup(base)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#888"/>`,
    `<path d="M${x(bestStep).toFixed(1)} ${MARGIN}V${HEIGHT - MARGIN}" stroke="#888" stroke-dasharray="4 4"/>`,
    line(
      curve.map((point) => [point.step, point.loss]),
      '#c2410c',
    ),
    line(
      curve.map(({ step, validation }) => [step, validation]),
      '#1d4ed8',
    ),
    `<text x="${MARGIN}" y="20" fill="#1d4ed8">validation nDCG@10: ${range(ndcg)}</text>`,
    `<text x="${MARGIN}" y="36" fill="#c2410c">training loss: ${range(loss)}</text>`,
    `<text x="${WIDTH - MARGIN}" y="${HEIGHT - 16}" text-anchor="end">step ${last}; kept: step ${bestStep}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
