import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { agreement, hardNegativePool, restrictRun, selectTasks } from './index.ts';

describe('hardNegativePool', () => {
  const judgements = new Map([
    [
      'q',
      new Map([
        ['r', 1],
        ['n', 0],
      ]),
    ],
  ]);
  const run = new Map([['q', { ids: ['a', 'b', 'c'], scores: [1, 3, 2] }]]);

  it('holds the first of every run and everything relevant', () => {
    expect([...hardNegativePool([run], judgements, 2)].sort()).toEqual(['b', 'c', 'r']);
    expect(restrictRun(run, new Set(['a', 'b'])).get('q')).toEqual({ ids: ['a', 'b'], scores: [1, 3] });
    expect(() => hardNegativePool([run], judgements, 0)).toThrow(/depth of the pool is 0/);
  });
});

describe('selectTasks', () => {
  const random = new Random(2);
  const quality = Array.from({ length: 12 }, () => random.normal());
  const own = Array.from({ length: 12 }, () => random.normal());
  // Tasks 0 to 4 ask for the same thing, task 5 for something of its own.
  const scores = quality.map((q, i) => [...Array.from({ length: 5 }, () => q + 0.1 * random.normal()), own[i]!]);

  it('leaves out what the others foretell, and keeps what they do not', () => {
    const { kept, leftOut } = selectTasks(scores);
    expect(kept).toContain(5);
    expect(leftOut.length).toBeGreaterThanOrEqual(3);
    for (const { correlation } of leftOut) expect(correlation).toBeGreaterThanOrEqual(0.8);
  });

  it('keeps the last of every kind', () => {
    const { kept } = selectTasks(scores, { kinds: ['a', 'b', 'b', 'b', 'b', 'c'] });
    expect(kept).toContain(0);
    expect(kept).toContain(5);
    expect(() => selectTasks(scores.slice(0, 3))).toThrow(/at least 4 systems/);
  });
});

describe('agreement', () => {
  it('compares order and level', () => {
    expect(agreement([0.1, 0.2, 0.3], [0.3, 0.4, 0.5])).toMatchObject({
      spearman: 1,
      inflation: expect.closeTo(0.2, 9),
    });
  });
});
