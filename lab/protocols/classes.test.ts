import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { unitRows } from '../../src/math/index.ts';
import { contrastivePairs } from '../../src/train/index.ts';
import { Lab } from '../grading/lab.ts';
import type { ComparativeClaim } from '../grading/types.ts';
import {
  type Classes,
  type ClassMetric,
  type ClassRecipe,
  classClaim,
  classRecipe,
  SETS,
  setDraw,
  UNTRAINED,
} from './classes.ts';
import { grid, head, vectorItems } from './learning.ts';

/** Classes of eight, around directions of the first components; the others are noise that is twice as long. */
function noisy(count = 60): Classes {
  const random = new Random(3);
  const labels = Array.from({ length: 8 * count }, (_, i) => Math.floor(i / 8));
  const centres = Array.from({ length: count }, () => Array.from({ length: 8 }, () => random.normal()));
  const rows = labels.map((label) => [
    ...centres[label]!.map((value) => value + 0.1 * random.normal()),
    ...Array.from({ length: 8 }, () => 2 * random.normal()),
  ]);
  const border = count / 2;
  return {
    labels,
    splits: labels.map((label) => (label < border ? 'train' : label < border + count / 6 ? 'dev' : 'test')),
    sources: {},
    learner: { start: head({ form: 'linear' }), items: vectorItems(unitRows(Vectors.fromRows(rows))) },
  };
}

const data = noisy();
const trained = classRecipe({
  name: 'contrastive',
  configs: grid({ learningRate: [1e-2] }),
  steps: 150,
  loss: (vectors, labels) => contrastivePairs(vectors, labels, 0.3),
});

/** The mean over test units of what a side's answers are worth. */
async function worthOf(metric: ClassMetric, side: ClassRecipe): Promise<number> {
  const claim = classClaim({
    id: 'x',
    statement: 'X.',
    metric,
    data: async () => data,
    baseline: UNTRAINED,
    method: side,
  }) as ComparativeClaim;
  const { truth, split, measureAll, method } = await claim.load(new Lab());
  const units = [...truth.keys()].filter((unit) => split!(unit) === 'test');
  const { answer } = await method.fit(side.configs[0]!, {
    seed: 1,
    train: new Map(),
    signal: new AbortController().signal,
  });
  const answers = new Map<string, unknown>();
  for (const unit of units) answers.set(unit, await answer(unit));
  const values = measureAll!(new Map(units.map((unit) => [unit, truth.get(unit)])), answers);
  expect(values.size).toBe(units.length);
  return [...values.values()].reduce((sum, value) => sum + value, 0) / units.length;
}

describe('what learns from classes', () => {
  it('finds members of classes that it has not seen', async () => {
    const [before, after] = [await worthOf('Recall@1', UNTRAINED), await worthOf('Recall@1', trained)];
    expect(before).toBeLessThan(0.6);
    expect(after).toBeGreaterThan(before + 0.2);
  });

  it('is measured by sets, single members and thresholds alike', async () => {
    const sets = await worthOf('sets', trained);
    expect(sets).toBeGreaterThan(await worthOf('sets', UNTRAINED));
    // A set says more than one of its members.
    expect(sets).toBeGreaterThanOrEqual(await worthOf('single', trained));
    expect(await worthOf('all', trained)).toBeGreaterThan(0);
    expect(await worthOf('minus OPIS', trained)).toBeLessThanOrEqual(0);
  });
});

describe('batches of sets', () => {
  it('have members of a class ask, and others of it answer', () => {
    const draw = setDraw(data);
    const random = new Random(5);
    for (let step = 0; step < 4; step++) {
      const { lists, arrays } = draw(random, step, 0);
      const [rows, groups] = [lists['vectors']!.rows, arrays!['labels']!.data];
      const byGroup = new Map<number, number[]>();
      for (const [i, row] of rows.entries())
        byGroup.set(Number(groups[i]), [...(byGroup.get(Number(groups[i])) ?? []), row]);
      for (let set = 0; set < SETS; set++) {
        const [asked, shown] = [byGroup.get(set)!, byGroup.get(SETS + set)!];
        if (step % 2 === 1) expect(asked).toHaveLength(1);
        expect(new Set([...asked, ...shown]).size).toBe(asked.length + shown.length);
        expect(new Set([...asked, ...shown].map((row) => data.labels[row])).size).toBe(1);
        expect(data.splits[asked[0]!]).toBe('train');
      }
    }
  });
});
