import type { CurvePoint, TuneReport } from './types.ts';

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = 60;

/**
 * The learning curve as an SVG drawing: validation nDCG@10 on the scale at the left, training loss on that at the right,
 * by step; a dashed line where the state that was kept stands.
 */
export function curveSvg({
  curve,
  bestStep,
  what,
  base,
}: Pick<TuneReport, 'curve' | 'bestStep' | 'what' | 'base'>): string {
  const last = Math.max(1, ...curve.map(({ step }) => step));
  const x = (step: number) => (MARGIN + ((WIDTH - 2 * MARGIN) * step) / last).toFixed(1);
  const line = (
    name: string,
    value: (point: CurvePoint) => number,
    color: string,
    side: 'left' | 'right',
  ): string[] => {
    const points = curve.filter((point) => Number.isFinite(value(point)));
    if (points.length === 0) return [];
    const values = points.map(value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const y = (at: number) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (at - low)) / (high - low || 1);
    const path = points.map((point) => `${x(point.step)},${y(value(point)).toFixed(1)}`).join(' ');
    const at = side === 'left' ? MARGIN : WIDTH - MARGIN;
    const [anchor, offset] = side === 'left' ? ['end', -6] : ['start', 6];
    const ticks = [...new Set([low, (low + high) / 2, high])].map(
      (tick) =>
        `<text x="${at + offset}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="${anchor}" fill="${color}">${tick.toPrecision(3)}</text>`,
    );
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${path}"/>`,
      ...ticks,
      `<text x="${at}" y="${MARGIN - 14}" text-anchor="${side === 'left' ? 'start' : 'end'}" fill="${color}">${name}</text>`,
    ];
  };
  const title = `Tuning ${escapeMarkup(what)} of ${escapeMarkup(base)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${MARGIN}" y="20" font-size="14">${title}</text>`,
    `<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}V${MARGIN}" fill="none" stroke="#888"/>`,
    `<path d="M${x(bestStep)} ${MARGIN}V${HEIGHT - MARGIN}" stroke="#888" stroke-dasharray="4 4"/>`,
    ...line('training loss', ({ loss }) => loss, '#c2410c', 'right'),
    ...line('validation nDCG@10', ({ validation }) => validation, '#1d4ed8', 'left'),
    `<text x="${MARGIN}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">0</text>`,
    `<text x="${WIDTH - MARGIN}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${last}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - MARGIN + 36}" text-anchor="middle">step; the state of step ${bestStep} was kept</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
