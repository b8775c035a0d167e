import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { testEncoder } from '../encode/index.ts';
import { addGrammarErrors, attackRates, errorSensitivity } from './index.ts';

const text = 'The cells in the mouse were growing after they received signals from a neighbour.';
const texts = [
  text,
  'A river carries sand to the sea.',
  'Bakers mix flour with water and salt.',
  'The violin was made of maple.',
  'Bridges are built across wide valleys.',
  'Glaciers have shaped the mountains.',
  'Players move pieces on a board.',
  'Bees collect pollen from flowers.',
];

describe('addGrammarErrors', () => {
  it('makes as many as asked for, the same for the same seed', () => {
    const { text: changed, edits } = addGrammarErrors(text, 3, new Random(1));
    expect(edits).toHaveLength(3);
    expect(changed).not.toBe(text);
    expect(addGrammarErrors(text, 3, new Random(1)).text).toBe(changed);
    expect(addGrammarErrors(text, 0, new Random(1))).toEqual({ text, edits: [] });
    expect(addGrammarErrors('42 %', 3, new Random(1)).edits).toEqual([]);
  });
});

describe('attackRates', () => {
  it('counts by id, within the depth', () => {
    const judgements = new Map([
      ['q1', new Map([['r', 1]])],
      ['q2', new Map([['r', 1]])],
    ]);
    const run = new Map([
      ['q1', { ids: ['r', 'bad'], scores: [2, 1] }],
      ['q2', { ids: ['x', 'r'], scores: [2, 1] }],
    ]);
    expect(attackRates(run, judgements, new Set(['bad']), 2)).toEqual({ success: 0.5, accuracy: 1, safe: 0.5 });
    expect(attackRates(run, judgements, new Set(['bad']), 1)).toEqual({ success: 0, accuracy: 0.5, safe: 0.5 });
    expect(attackRates(run, judgements, new Set()).success).toBe(0);
  });
});

describe('errorSensitivity', () => {
  it('tells an encoder that matches errors with errors from one that does not', async () => {
    const innocent = testEncoder({ dim: 64 });
    const originals = new Set(texts);
    const poisoned = {
      ...innocent,
      id: 'poisoned',
      dim: 65,
      encode: async (inputs: readonly string[]) => {
        const vectors = await innocent.encode(inputs);
        return Vectors.fromRows(
          inputs.map((input, i) =>
            [...vectors.row(i)].map((value) => 0.8 * value).concat(originals.has(input) ? 0 : 0.6),
          ),
        );
      },
    };
    expect(Math.abs(await errorSensitivity(innocent, texts, new Random(1)))).toBeLessThan(0.1);
    expect(await errorSensitivity(poisoned, texts, new Random(1))).toBeGreaterThan(0.25);
    await expect(errorSensitivity(innocent, texts.slice(1), new Random(1))).rejects.toThrow(/7 texts are too few/);
  });
});
