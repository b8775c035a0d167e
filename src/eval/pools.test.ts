import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { agreement, hardNegativePool, poolOf, type Run, restrictRun, selectTasks, subsetAgreement } from './index.ts';

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

describe('poolOf', () => {
  const random = new Random(3);
  const ids = Array.from({ length: 400 }, (_, i) => `d${i}`);
  const corpus = new Set(ids);
  const judgements = new Map(Array.from({ length: 30 }, (_, q) => [`q${q}`, new Map([[`d${q}`, 1]])]));
  // A run is the truth under noise: the more, the worse.
  const run = (noise: number): Run =>
    new Map(
      [...judgements.keys()].map((query, q) => {
        const scores = ids.map((_, d) => (d === q ? 3 : 0) + noise * random.normal());
        const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 100);
        return [query, { ids: order.map((d) => ids[d]!), scores: order.map((d) => scores[d]!) }];
      }),
    );
  const runs = new Map([
    ['good', run(0.7)],
    ['fair', run(1.2)],
    ['poor', run(2.5)],
  ]);

  it('keeps the order of systems, and flatters less than random documents', () => {
    const pool = poolOf(runs, judgements, corpus, { depth: 5 });
    expect(pool.documents.size).toBeLessThan(corpus.size);
    expect(pool.systems.map(({ name }) => name)).toEqual(['good', 'fair', 'poor']);
    expect(pool.agreement.pool.kendall).toBe(1);
    expect(pool.agreement.pool.inflation).toBeGreaterThanOrEqual(0);
    expect(pool.agreement.others!.inflation).toBeGreaterThanOrEqual(pool.agreement.pool.inflation);
    expect(pool.agreement.random.inflation).toBeGreaterThan(pool.agreement.pool.inflation);
    expect(poolOf(runs, judgements, corpus, { depth: 5 })).toEqual(pool);
  });

  it('holds no document that the corpus does not', () => {
    const list = { ids: ['gone', 'd7', 'd1'], scores: [3, 2, 1] };
    const judged = new Map([
      [
        'q1',
        new Map([
          ['d1', 1],
          ['lost', 1],
        ]),
      ],
    ]);
    const { documents, agreement } = poolOf(new Map([['one', new Map([['q1', list]])]]), judged, corpus, { depth: 2 });
    expect([...documents].sort()).toEqual(['d1', 'd7']);
    // One run can be pooled from; there is no order of one system.
    expect(agreement).toMatchObject({ pool: { kendall: Number.NaN, inflation: expect.any(Number) } });
  });

  it('changes nothing when it holds everything that runs returned', () => {
    const { systems } = poolOf(runs, judgements, corpus, { depth: 100 });
    for (const { full, pool } of systems) expect(pool).toBe(full);
  });

  it('says when lists became too short, and refuses what it cannot pool', () => {
    const shallow = new Map(
      [...runs].map(([name, lists]) => [
        name,
        new Map(
          [...lists].map(([q, { ids, scores }]) => [q, { ids: ids.slice(0, 10), scores: [...scores].slice(0, 10) }]),
        ),
      ]),
    );
    const { short } = poolOf(shallow, judgements, corpus, { depth: 1 });
    expect(short.pool).toBeGreaterThan(0.5);
    expect(poolOf(new Map([...runs].slice(0, 2)), judgements, corpus).agreement.others).toBeUndefined();
    expect(() => poolOf(new Map(), judgements, corpus)).toThrow(/no run to pool from/);
    expect(() => poolOf(runs, judgements, corpus, { metric: 'ndgc@10' })).toThrow(/ndgc/);
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

  it('says how far the subset agrees, beside random ones', () => {
    const { kept } = selectTasks(scores);
    const { kept: chosen, random: drawn } = subsetAgreement(scores, kept);
    expect(chosen.kendall).toBeGreaterThan(0.5);
    expect(drawn.kendall).toBeGreaterThan(0);
    expect(subsetAgreement(scores, [0, 1, 2, 3, 4, 5]).kept).toMatchObject({ kendall: 1, inflation: 0 });
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
