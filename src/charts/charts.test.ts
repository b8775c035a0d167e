import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { differenceChart, intervalChart, lineChart } from './index.ts';

function parse(svg: string) {
  const { document } = parseHTML(`<html><body>${svg}</body></html>`);
  return document;
}

const texts = (svg: string): string[] => [...parse(svg).querySelectorAll('text')].map((one) => one.textContent ?? '');

const numbers = (attribute: string | null): number[] => (attribute ?? '').split(/[ ,]/).map(Number);

describe('lineChart', () => {
  it('draws series inside the axes, and leaves out what is not finite', () => {
    const svg = lineChart({
      title: 'T',
      x: { label: 'bytes', log: true },
      y: { label: 'recall' },
      series: [
        {
          label: 'line',
          points: [
            [8, 0.5],
            [16, Number.NaN],
            [32, 0.9],
          ],
        },
        {
          label: 'dots',
          points: [
            [4, 0.1],
            [64, 1],
          ],
          faint: true,
        },
      ],
    });
    const document = parse(svg);
    const lines = [...document.querySelectorAll('polyline')];
    expect(lines).toHaveLength(1);
    const [x0, y0, x1, y1] = numbers(lines[0]!.getAttribute('points')) as [number, number, number, number];
    expect(x0).toBeLessThan(x1);
    expect(y0).toBeGreaterThan(y1);
    // On a logarithmic axis equal ratios are equal distances.
    const circles = [...document.querySelectorAll('circle[opacity]')].map((one) => Number(one.getAttribute('cx')));
    expect(x1 - x0).toBeCloseTo((circles[1]! - circles[0]!) / 2, 0);
    expect(texts(svg)).toEqual(expect.arrayContaining(['T', 'bytes', 'recall', 'line', 'dots', '5', '10', '20', '50']));
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('measures a series on the axis at the right', () => {
    const points = [
      [0, 1],
      [1, 3],
    ] as const;
    const svg = lineChart({
      title: '',
      x: { label: 'step' },
      y: { label: 'a' },
      right: { label: 'b' },
      rule: 0.5,
      series: [
        { label: 'left', points },
        { label: 'right', points: points.map(([x, y]) => [x, 100 * y]), right: true },
      ],
    });
    const [left, right] = [...parse(svg).querySelectorAll('polyline')].map((one) => one.getAttribute('points'));
    expect(right).toBe(left);
    expect(texts(svg)).toEqual(expect.arrayContaining(['1.5', '150']));
    expect(svg).toContain('stroke-dasharray');
  });

  it('stands without points, and escapes what it is given', () => {
    const svg = lineChart({
      title: '<script>"&\n',
      x: { label: '<x>' },
      y: { label: 'y' },
      series: [{ label: '<b>', points: [] }],
    });
    expect(svg).not.toMatch(/<script|<x>|<b>|NaN|Infinity/);
    expect(texts(svg)).toEqual(expect.arrayContaining(['<script>"& ', '<x>', '<b>']));
  });
});

describe('intervalChart', () => {
  it('puts each dot within its interval, and cuts long names', () => {
    const svg = intervalChart('ndcg@10', [
      { label: 'a'.repeat(60), value: 0.5, low: 0.4, high: 0.6 },
      { label: 'same', value: 0.2, low: 0.2, high: 0.2 },
    ]);
    const [first] = parse(svg).querySelectorAll('circle');
    const [, low, high] = /M([0-9.]+) [0-9.]+H([0-9.]+)" stroke="#/.exec(svg)!.map(Number);
    expect(Number(first!.getAttribute('cx'))).toBeCloseTo((low! + high!) / 2, 0);
    expect(texts(svg)).toContain(`${'a'.repeat(21)}…`);
  });
});

describe('differenceChart', () => {
  it('counts what was won and lost', () => {
    const svg = differenceChart('by query', [0.5, -0.2, 0, 0.1, -0.3, 0]);
    expect(texts(svg)).toEqual(['by query: 2 won, 2 equal, 2 lost', '0.50', '0', '-0.50']);
    expect(differenceChart('none', [])).not.toMatch(/NaN|Infinity/);
  });
});
