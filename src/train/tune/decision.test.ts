import { describe, expect, it } from 'vitest';
import { type Comparison, compareSystems } from '../../eval/index.ts';
import { decide } from './decision.ts';
import { nearestOfBest } from './share.ts';

const QUERIES = Array.from({ length: 40 }, (_, i) => `q${i}`);

/** A comparison of systems whose difference is this on every query, give or take something that cancels out. */
function gainOf(difference: number): Comparison {
  const system = (name: string, plus: number) => ({
    name,
    queries: QUERIES,
    values: () => Float64Array.from(QUERIES, (_, i) => 0.5 + plus * (1 + ((i % 5) - 2) / 8)),
  });
  return compareSystems([system('before', 0), system('after', difference)], { metrics: ['ndcg@10'] })[0]!;
}

/** As good on one half as it is bad on the other. */
function noGain(): Comparison {
  const system = (name: string, plus: number) => ({
    name,
    queries: QUERIES,
    values: () => Float64Array.from(QUERIES, (_, i) => 0.5 + (i % 2 === 0 ? plus : -plus)),
  });
  return compareSystems([system('before', 0), system('after', 0.1)], { metrics: ['ndcg@10'] })[0]!;
}

describe('the decision to deploy', () => {
  const decidedOn = 'hybrid';

  it('takes a gain of what is searched with, whatever dense retrieval did by itself', () => {
    for (const dense of [gainOf(0.1), noGain(), gainOf(-0.1)]) {
      expect(decide({ decidedOn, dense, served: gainOf(0.1) })).toEqual({ better: true });
    }
  });

  it('takes no gain of dense retrieval that searches do not have, and says so', () => {
    const none = decide({ decidedOn, dense: gainOf(0.1), served: noGain() });
    expect(none.better).toBe(false);
    expect(none.reason).toMatch(
      /^nDCG@10 of searches by hybrid changed by 0\.0000 \(p 1\.000\), which is no significant gain\. Dense retrieval by itself gained 0\.1000 /,
    );
    const harm = decide({ decidedOn, dense: gainOf(0.1), served: gainOf(-0.05) });
    expect(harm.reason).toMatch(/changed by -0\.0500 \(p < 0\.001\), which is a significant loss\. Dense/);
    expect(decide({ decidedOn, dense: noGain(), served: noGain() }).reason).toMatch(/no significant gain\.$/);
  });

  it('takes nothing that was learned by heart, seen by searches or by dense retrieval', () => {
    const gains = { dense: gainOf(0.1), served: gainOf(0.1) };
    expect(decide({ decidedOn, ...gains, servedUnseen: noGain(), denseUnseen: noGain() }).better).toBe(true);
    expect(decide({ decidedOn, ...gains, servedUnseen: gainOf(-0.1), denseUnseen: noGain() })).toEqual({
      better: false,
      reason:
        'On queries for documents that were not trained on, nDCG@10 of searches by hybrid changed by -0.1000 (p < 0.001): it learned the others by heart.',
    });
    expect(decide({ decidedOn, ...gains, servedUnseen: noGain(), denseUnseen: gainOf(-0.1) }).reason).toContain(
      'dense retrieval',
    );
  });
});

describe('the share of the dense ranking', () => {
  const values = (mean: number, spread: number) =>
    QUERIES.map((_, i) => mean + (i % 2 === 0 ? spread : -spread) * (i % 4 < 2 ? 1 : 0.5));

  it('moves only as far as the validation queries tell for certain', () => {
    const clear = [
      { share: 0.5, values: values(0.4, 0.01) },
      { share: 0.6, values: values(0.5, 0.02) },
      { share: 0.7, values: values(0.6, 0.01) },
    ];
    expect(nearestOfBest(clear, 0.5)).toBe(0.7);
    const vague = [
      { share: 0.5, values: values(0.59, 0.3) },
      { share: 0.6, values: values(0.595, 0.01) },
      { share: 0.7, values: values(0.6, 0.01) },
    ];
    expect(nearestOfBest(vague, 0.5)).toBe(0.5);
    const equal = [0.3, 0.5, 0.8].map((share) => ({ share, values: values(0.5, 0) }));
    expect(nearestOfBest(equal, 0.5)).toBe(0.5);
  });
});
