import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { evaluate, type Judgements, parseMetric, type Run } from './index.ts';

const judgements: Judgements = new Map([
  [
    'q',
    new Map([
      ['a', 2],
      ['b', 1],
      ['c', 0],
      ['d', 1],
    ]),
  ],
]);
/** In order of score: x (not judged), a, c, b, y (not judged); d is not found. */
const run: Run = new Map([['q', { ids: ['b', 'a', 'x', 'c', 'y'], scores: [1, 2, 3, 1.5, 0.5] }]]);

function value(metric: string, r: Run = run, j: Judgements = judgements): number {
  return evaluate(r, j, { metrics: [metric] }).mean(metric);
}

function single(grades: Record<string, number>, ids: string[], scores = ids.map((_, i) => -i)): [Run, Judgements] {
  return [new Map([['q', { ids, scores }]]), new Map([['q', new Map(Object.entries(grades))]])];
}

describe('metrics, worked out by hand', () => {
  // log2(3) = 1.5849625007, log2(5) = 2.3219280949
  it.each([
    // (2/log2 3 + 1/log2 5) / (2 + 1/log2 3 + 1/2) = 1.6925360653 / 3.1309297536
    ['ndcg@10', 0.5405857679],
    ['ndcg', 0.5405857679],
    // (2/log2 3) / (2 + 1/log2 3)
    ['ndcg@2', 0.4796249331],
    // (3/log2 3 + 1/log2 5) / (3 + 1/log2 3 + 1/2) = 2.3234658188 / 4.1309297536
    ['ndcg_exp@10', 0.5624559016],
    ['mrr', 0.5],
    ['mrr@1', 0],
    // (1/2 + 2/4) / 3
    ['map', 1 / 3],
    ['map@2', 1 / 6],
    ['recall@10', 2 / 3],
    ['recall@2', 1 / 3],
    ['precision@10', 0.2],
    ['precision@2', 0.5],
    ['rprec', 1 / 3],
    ['success@1', 0],
    ['success@2', 1],
    ['complete@5', 0],
    // a: nothing above it; b: 1 - min(1, 3) / min(1, 3)
    ['bpref', 1 / 3],
    // 0.2 * (0.8 + 0.8^3)
    ['rbp(0.8)', 0.2624],
    // of x, c, y: a beats 2, b beats 1, d (not found) none; 9 pairs
    ['auc', 1 / 3],
    ['judged@5', 3 / 5],
  ])('%s is %d', (metric, expected) => {
    expect(value(metric)).toBeCloseTo(expected, 9);
  });

  it('orders equal scores by descending id, as trec_eval does', () => {
    const tied = (relevant: string) => single({ [relevant]: 1 }, ['d1', 'd2', 'd10'], [1, 1, 1]);
    // d2, d10, d1
    expect(value('mrr', ...tied('d2'))).toBe(1);
    expect(value('mrr', ...tied('d10'))).toBe(1 / 2);
    expect(value('mrr', ...tied('d1'))).toBe(1 / 3);
  });

  it('takes scores that differ only beyond float32 as equal', () => {
    expect(value('mrr', ...single({ a: 1 }, ['a', 'b'], [1 + 1e-12, 1]))).toBe(1 / 2);
  });

  it('orders ids by bytes of UTF-8, where JavaScript would not', () => {
    // U+FF5E is above U+10000 in UTF-16 units, below it in UTF-8.
    expect(value('mrr', ...single({ '\u{10000}': 1 }, ['\uff5e', '\u{10000}'], [1, 1]))).toBe(1);
  });

  it('counts a query without results as 0, and as nothing when asked to', () => {
    const more = new Map([...judgements, ['p', new Map([['z', 1]])]]);
    expect(value('map', run, more)).toBeCloseTo(1 / 6, 9);
    const skipped = evaluate(run, more, { metrics: ['map'], missing: 'skip' });
    expect(skipped.mean('map')).toBeCloseTo(1 / 3, 9);
    expect(skipped.findings).toMatchObject([{ kind: 'query-not-in-run', count: 1, examples: ['p'] }]);
  });

  it('leaves out queries of which nothing is relevant, and says so', () => {
    const more = new Map([...judgements, ['p', new Map([['z', 0]])]]);
    const result = evaluate(run, more, { metrics: ['map'] });
    expect(result.queries).toEqual(['q']);
    expect(result.findings).toMatchObject([{ kind: 'query-without-relevant', count: 1 }]);
    expect(evaluate(run, more, { metrics: ['map'], withoutRelevant: 'zero' }).mean('map')).toBeCloseTo(1 / 6, 9);
  });

  it('keeps the queries and the gains that count when the level rises, as trec_eval -c -l does', () => {
    const graded = new Map([
      ['high', new Map(Object.entries({ a: 3, b: 1 }))],
      ['low', new Map(Object.entries({ c: 1, d: 1 }))],
    ]);
    const found = new Map([
      ['high', { ids: ['a', 'b'], scores: [2, 1] }],
      ['low', { ids: ['x', 'c'], scores: [2, 1] }],
    ]);
    const at = (relevanceLevel: number) =>
      evaluate(found, graded, { metrics: ['ndcg@10', 'precision@1', 'recall@5', 'judged@2', 'auc'], relevanceLevel });
    // low: (1/log2 3) / (1 + 1/log2 3)
    expect(at(1).values('ndcg@10')).toEqual(Float64Array.of(1, 0.38685280723454163));
    for (const level of [0.5, 2, 3]) expect(at(level).values('ndcg@10')).toEqual(at(1).values('ndcg@10'));
    expect(at(3).mean('precision@1')).toBe(0.5);
    expect(at(3).values('recall@5')).toEqual(Float64Array.of(1, 0));
    expect(at(3).mean('judged@2')).toBe(at(1).mean('judged@2'));
    expect(at(3).values('auc')).toEqual(Float64Array.of(1, Number.NaN));
    expect(at(3).findings).toMatchObject([{ kind: 'query-without-relevant', count: 1, examples: ['low'] }]);
    expect(at(4).values('precision@1')).toEqual(Float64Array.of(0, 0));
    for (const level of [0, -1, Number.NaN]) expect(() => at(level)).toThrow(/above 0/);
  });

  it('counts a document that comes twice once, at its best rank, and says so', () => {
    const [twice, truth] = single({ a: 1, b: 1 }, ['x', 'a', 'x', 'b'], [4, 3, 2, 1]);
    const result = evaluate(twice, truth, { metrics: ['precision@3', 'map'] });
    expect(result.mean('precision@3')).toBeCloseTo(2 / 3, 9);
    expect(result.mean('map')).toBeCloseTo((1 / 2 + 2 / 3) / 2, 9);
    expect(result.findings).toMatchObject([{ kind: 'duplicate-document', count: 1, examples: ['q x'] }]);
  });

  it('takes an empty list for a query as nothing found', () => {
    const [empty, truth] = single({ a: 1 }, []);
    for (const metric of ['ndcg@10', 'map', 'mrr', 'recall@5', 'precision@5', 'bpref', 'rbp']) {
      expect(value(metric, empty, truth)).toBe(0);
    }
    expect(evaluate(empty, truth, { metrics: ['auc'] }).mean('auc')).toBeNaN();
  });

  it('counts bpref over judged documents only, bounded by the relevant', () => {
    // R = 1, N = 3: n n r -> 1 - min(2, 1) / min(3, 1) = 0; r first -> 1
    expect(value('bpref', ...single({ r: 1, n1: 0, n2: 0, n3: 0 }, ['n1', 'n2', 'r']))).toBe(0);
    expect(value('bpref', ...single({ r: 1, n1: 0, n2: 0, n3: 0 }, ['u', 'v', 'r', 'n1']))).toBe(1);
    // R = 2, N = 2: r n r -> (1 + 1 - 1/2) / 2
    expect(value('bpref', ...single({ r: 1, s: 1, n1: 0, n2: 0 }, ['r', 'n1', 's']))).toBe(0.75);
  });

  it('treats negative grades as not judged', () => {
    expect(value('bpref', ...single({ r: 1, n: -1 }, ['n', 'r']))).toBe(1);
    expect(value('ndcg', ...single({ r: 1, n: -2 }, ['n', 'r']))).toBeCloseTo(1 / Math.log2(3), 9);
  });

  it('measures relevance from the level that is asked for', () => {
    const result = evaluate(run, judgements, { metrics: ['map', 'recall@10', 'ndcg@10'], relevanceLevel: 2 });
    expect(result.mean('map')).toBe(0.5);
    expect(result.mean('recall@10')).toBe(1);
    // Gains do not depend on the level.
    expect(result.mean('ndcg@10')).toBeCloseTo(0.5405857679, 9);
  });

  it('pools scores of all queries: one threshold for all', () => {
    const j = new Map([
      ['q1', new Map([['a', 1]])],
      ['q2', new Map([['b', 1]])],
    ]);
    // Each query ranks perfectly, but q2's relevant document is below q1's others.
    const r = new Map([
      ['q1', { ids: ['a', 'x'], scores: [10, 9] }],
      ['q2', { ids: ['b', 'y'], scores: [2, 1] }],
    ]);
    const { pooled, mean } = evaluate(r, j, { metrics: ['auc'] });
    expect(pooled?.auc).toBe(3 / 4);
    expect(mean).toBeDefined();
    expect(evaluate(r, j, { metrics: ['auc'] }).mean('auc')).toBe(1);
    // Both in step: consistent.
    const aligned = new Map([
      ['q1', { ids: ['a', 'x'], scores: [10, 9] }],
      ['q2', { ids: ['b', 'y'], scores: [10, 9] }],
    ]);
    expect(evaluate(aligned, j).pooled).toEqual({ auc: 1, opis: 0 });
    expect(pooled!.opis).toBeGreaterThan(0.01);
  });
});

describe('every metric', () => {
  const names = [
    'ndcg@5',
    'ndcg_exp@5',
    'map',
    'map@3',
    'mrr',
    'mrr@2',
    'recall@3',
    'precision@4',
    'rprec',
    'success@2',
    'complete@6',
    'auc',
  ];

  it('agrees with its definition, written down naively', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new Random(seed);
        const docs = Array.from({ length: 12 }, (_, i) => `d${i}`);
        const judged = new Map(docs.filter(() => random.next() < 0.5).map((id) => [id, random.below(4)]));
        judged.set('gone', 1);
        const ids = random.shuffle(docs.filter(() => random.next() < 0.8));
        const scores = ids.map(() => random.below(6) / 2);
        const r = new Map([['q', { ids, scores }]]);
        const result = evaluate(r, new Map([['q', judged]]), { metrics: names, pooled: false });
        for (const name of names) {
          const [expected, actual] = [naive(name, ids, scores, judged), result.mean(name)];
          if (Number.isNaN(expected)) expect(actual).toBeNaN();
          else expect(Math.abs(actual - expected), `${name}, seed ${seed}`).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function naive(name: string, ids: string[], scores: number[], judged: Map<string, number>): number {
  const ranking = ids
    .map((id, i) => ({ id, score: scores[i]! }))
    .sort((x, y) => y.score - x.score || (x.id < y.id ? 1 : -1));
  const grade = (id: string) => judged.get(id) ?? 0;
  const relevant = [...judged.keys()].filter((id) => grade(id) > 0);
  const [family, cut] = name.split('@') as [string, string | undefined];
  const k = cut === undefined ? ranking.length : Number(cut);
  const top = ranking.slice(0, k).map(({ id }) => id);
  const hits = top.filter((id) => grade(id) > 0);
  switch (family) {
    case 'ndcg':
    case 'ndcg_exp': {
      const gain = (g: number) => (family === 'ndcg' ? g : 2 ** g - 1);
      const dcg = (grades: number[]) => grades.reduce((sum, g, i) => sum + gain(g) / Math.log2(i + 2), 0);
      return dcg(top.map(grade)) / dcg([...judged.values()].sort((a, b) => b - a).slice(0, k));
    }
    case 'map':
      return (
        top.reduce((sum, id, i) => {
          if (grade(id) <= 0) return sum;
          return sum + top.slice(0, i + 1).filter((other) => grade(other) > 0).length / (i + 1);
        }, 0) / relevant.length
      );
    case 'mrr': {
      const first = top.findIndex((id) => grade(id) > 0);
      return first < 0 ? 0 : 1 / (first + 1);
    }
    case 'recall':
      return hits.length / relevant.length;
    case 'precision':
      return hits.length / k;
    case 'rprec':
      return ranking.slice(0, relevant.length).filter(({ id }) => grade(id) > 0).length / relevant.length;
    case 'success':
      return hits.length > 0 ? 1 : 0;
    case 'complete':
      return relevant.every((id) => hits.includes(id)) ? 1 : 0;
    default: {
      const others = ranking.filter(({ id }) => grade(id) <= 0);
      let wins = 0;
      for (const id of relevant) {
        const score = ranking.find((hit) => hit.id === id)?.score ?? Number.NEGATIVE_INFINITY;
        for (const other of others) wins += score > other.score ? 1 : score === other.score ? 0.5 : 0;
      }
      return others.length === 0 ? Number.NaN : wins / (others.length * relevant.length);
    }
  }
}

describe('parseMetric', () => {
  it.each([
    ['nDCG@10', 'ndcg@10'],
    ['ndcg_cut_10', 'ndcg@10'],
    ['P@5', 'precision@5'],
    ['P_5', 'precision@5'],
    ['AP', 'map'],
    ['RR@10', 'mrr@10'],
    ['recip_rank', 'mrr'],
    ['R@100', 'recall@100'],
    ['recall_100', 'recall@100'],
    ['Rprec', 'rprec'],
    ['RBP(p=0.5)', 'rbp(0.5)'],
    ['success_1', 'success@1'],
    ['ndcg_exp_10', 'ndcg_exp@10'],
  ])('reads %s as %s', (text, name) => expect(parseMetric(text).name).toBe(name));

  it.each(['recall', 'ndgc@10', 'precision@0', 'bpref@3', 'rbp(1)', ''])('refuses "%s"', (text) => {
    expect(() => parseMetric(text)).toThrow(/Known:|between 0 and 1/);
  });

  it('suggests what was meant', () => {
    expect(() => parseMetric('ndgc@10')).toThrow('Did you mean ndcg@k?');
  });
});

describe('evaluate', () => {
  it('refuses NaN scores, and a run and judgements that have nothing in common', () => {
    const [nan, truth] = single({ a: 1 }, ['a', 'b'], [1, Number.NaN]);
    expect(() => evaluate(nan, truth)).toThrow(/"b" of query "q" has the score NaN/);
    expect(() => evaluate(run, new Map([['other', new Map([['a', 1]])]]), { missing: 'skip' })).toThrow(
      /same query ids/,
    );
  });

  it('measures 10,000 queries of 1,000 documents within 3 s', () => {
    const random = new Random(1);
    const docs = Array.from({ length: 50_000 }, (_, i) => `doc${i}`);
    const big = new Map<string, { ids: string[]; scores: Float32Array }>();
    const truth = new Map<string, Map<string, number>>();
    const scores = Float32Array.from({ length: 1000 }, (_, i) => 10 - i * 0.01);
    for (let q = 0; q < 10_000; q++) {
      const start = random.below(49_000);
      big.set(`q${q}`, { ids: docs.slice(start, start + 1000), scores });
      truth.set(
        `q${q}`,
        new Map(Array.from({ length: 6 }, () => [docs[start + random.below(1000)]!, 1 + random.below(3)])),
      );
    }
    // Time of the processor, the best of at most three rounds: a busy machine stretches it less than the clock's, and not always; about 1 s.
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3 && best >= 3000; round++) {
      const start = process.cpuUsage();
      const result = evaluate(big, truth);
      const { user, system } = process.cpuUsage(start);
      expect(result.queries.length).toBe(10_000);
      best = Math.min(best, (user + system) / 1000);
    }
    expect(best).toBeLessThan(3000);
  });
});
