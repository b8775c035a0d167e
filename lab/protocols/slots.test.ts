import { describe, expect, it } from 'vitest';
import { slotFeatures, slotsOf, slotTerms } from './slots.ts';

describe('slots of requests', () => {
  it('are verb, object and what a preposition brings', () => {
    expect(slotsOf('How can I convert a large String to an int?')).toEqual({
      verb: 'convert',
      object: 'string',
      objectModifiers: ['large'],
      preposition: 'to',
      target: 'int',
      targetModifiers: [],
    });
    expect(slotsOf('Could you please find the current price of gold, and tell me why?')).toMatchObject({
      verb: 'find',
      object: 'price',
      preposition: 'of',
      target: 'gold',
    });
    expect(slotsOf('Recommend a book')).toEqual({
      verb: 'recommend',
      object: 'book',
      objectModifiers: [],
      targetModifiers: [],
    });
    expect(slotsOf('Can you?')).toEqual({ objectModifiers: [], targetModifiers: [] });
  });

  it('become terms and features by which requests are compared', () => {
    expect(slotTerms('Please translate these long sentences into French')).toEqual([
      'translat',
      'long',
      'sentenc',
      'french',
    ]);
    expect(slotFeatures('Translating a sentence')).toEqual(['verb translat', 'noun sentenc', 'verb translat sentenc']);
    expect(slotFeatures('?')).toEqual([]);
  });
});
