import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Retriever } from '../search/index.ts';
import { type AnnotateOptions, annotateQueries, type Judge } from './annotate.ts';

const texts = ['keys change yearly', 'keys are secret', 'the door is red', 'change keys every ninety days', 'logs'];
/** The first passages of `texts`, for every query. */
const retriever: Retriever = async (_, { k }) => ({
  hits: texts.slice(0, k).map((_text, passage) => ({ passage, score: 1 - passage / 10 })),
  trace: { stage: 'fixed', tookMs: 0, examined: texts.length, returned: k },
});
const holding =
  (word: string): Judge =>
  (_, passages) =>
    [...passages.keys()].filter((i) => passages[i]!.includes(word));
const annotate = async (options: Partial<AnnotateOptions> = {}, known: readonly number[] = []) => {
  const found = [];
  const all = { retriever, candidates: 4, textOf: (i: number) => texts[i]!, relevant: holding('keys'), ...options };
  for await (const one of annotateQueries([{ text: 'how often must a key change?', positives: new Set(known) }], all))
    found.push(one);
  return found;
};

describe('annotation', () => {
  it('keeps what is relevant, and of that what helps to give the answer', async () => {
    expect(await annotate()).toEqual([{ query: 0, positives: [0, 1, 3], negatives: [2], relevant: 3, judged: true }]);
    const answer = (_: string, passages: readonly string[]) => (passages.length === 3 ? 'ninety' : '');
    const useful: Judge = (query, passages, reference) => holding(reference!)(query, passages);
    expect(await annotate({ answer, useful })).toEqual([
      { query: 0, positives: [3], negatives: [0, 1, 2], relevant: 3, judged: true },
    ]);
  });

  it('shows known positives too, which are never negatives', async () => {
    const [one] = await annotate({ relevant: holding('yearly') }, [4]);
    expect(one).toEqual({ query: 0, positives: [0], negatives: [1, 2, 3], relevant: 1, judged: true });
  });

  it('falls back on what is known, or drops the query, when nothing is picked', async () => {
    const none = { useful: () => [] };
    expect(await annotate(none, [4])).toEqual([
      { query: 0, positives: [4], negatives: [0, 1, 2, 3], relevant: 3, judged: false },
    ]);
    expect(await annotate(none)).toEqual([]);
    expect(await annotate({ ...none, whenNone: 'drop' }, [4])).toEqual([]);
  });

  it('shows passages in an order that the seed decides, and not the rank', async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      const relevant: Judge = (_, passages) => {
        orders.add(passages.join());
        return [0];
      };
      const [first, again] = [await annotate({ relevant, seed }), await annotate({ relevant, seed })];
      expect(again).toEqual(first);
    }
    expect(orders.size).toBeGreaterThan(4);
  });

  it('refuses a pick of what was not shown, and can be aborted', async () => {
    await expect(annotate({ relevant: () => [4] })).rejects.toThrow(InvalidArgumentError);
    await expect(annotate({ signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });
});
