import { describe, expect, it } from 'vitest';
import { ngramModel } from './ngram-model.ts';
import { labelUtility } from './utility.ts';

const model = ngramModel(['const a = open(path);', 'return close(a);']);
const context = 'const reader =';
const target = 'openReader(folder, settings);';

describe('labels by what candidates are worth', () => {
  it('name the candidate that makes the continuation likeliest', () => {
    const blocks = ['let sum = 0;', 'function openReader(folder, settings) {', '// nothing at all'];
    const { losses, without, best } = labelUtility(context, target, blocks, { model });
    expect(best).toBe(1);
    expect(losses[1]).toBeLessThan(without - 1);
    expect(losses).toHaveLength(3);
  });

  it('name none where nothing helps by the margin', () => {
    expect(labelUtility(context, target, ['zebra zebra zebra'], { model }).best).toBeUndefined();
    expect(labelUtility(context, target, [], { model }).best).toBeUndefined();
    const one = ['function openReader(folder, settings) {'];
    expect(labelUtility(context, target, one, { model, margin: 100 }).best).toBeUndefined();
  });

  it('count tokens by their weights', () => {
    const first = (token: number) => (token === 0 ? 1 : 0);
    const { without } = labelUtility(context, target, [], { model, weight: first });
    const [score] = model.tokenScores(context, target);
    expect(without).toBeCloseTo(-score! / model.tokens(target).length, 12);
  });
});
