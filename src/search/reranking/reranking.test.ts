import { describe, expect, it } from 'vitest';
import { RemoteError } from '../../base/errors.ts';
import { memoryCorpus } from '../../corpus/index.ts';
import type { LanguageModel, Message } from '../../generate/language-model.ts';
import { searchCorpus } from '../searching.ts';
import { parseGrade, parsePermutation } from './listing.ts';

describe('the answer of a model', () => {
  it.each([
    ['[2] > [1] > [3]', [1, 0, 2]],
    ['2, 3', [1, 2, 0]],
    ['Ranking:\n1. [3]\n2. [1]\n3. [2]', [2, 0, 1]],
    ['<think>[1] looks good, but</think>[3] > [3] > [9] > [0]', [2, 0, 1]],
    ['3 > 2 > 1.', [2, 1, 0]],
    ['I cannot rank these.', undefined],
    ['The best has a score of 1.5', undefined],
  ])('%j is an order', (answer, order) => {
    expect(parsePermutation(answer, 3)).toEqual(order);
  });

  it.each([
    ['7', 7],
    ['**8.5**', 8.5],
    ['Score: 9/10', 9],
    ['<think>maybe 3</think> 6', 6],
    ['-1', undefined],
    ['very well', undefined],
    ['100', undefined],
  ])('%j is a grade', (answer, grade) => {
    expect(parseGrade(answer)).toBe(grade);
  });
});

const WORDS = Array.from({ length: 30 }, (_, i) => `harbour ${'pier '.repeat(i % 7)}mark${String(i).padStart(2, '0')}`);
const corpus = await memoryCorpus(WORDS.map((text, i) => ({ id: `d${String(i).padStart(2, '0')}`, text })));

/** A model that answers by the marks of the passages that it is shown. */
function model(
  answer: (marks: readonly number[], prompt: string) => string | Promise<string>,
  prompts: string[] = [],
): LanguageModel {
  return {
    id: 'scripted',
    async *generate(messages) {
      const prompt = (messages as readonly Message[]).map(({ content }) => content).join('\n');
      prompts.push(prompt);
      yield await answer(
        [...prompt.matchAll(/mark(\d\d)/g)].map(([, mark]) => Number(mark)),
        prompt,
      );
    },
  };
}
const inOrder = (marks: readonly number[]): string =>
  [...marks.keys()]
    .sort((a, b) => marks[b]! - marks[a]!)
    .map((i) => `[${i + 1}]`)
    .join(' > ');

async function ranked(step: string, ...models: readonly LanguageModel[]) {
  const languageModels = models.map((one, i) => ({ name: `m${i}`, open: () => one }));
  const options = { pipeline: `words > ${step}`, k: 30 };
  const { hits, trace } = await searchCorpus(corpus, 'harbour', options, { extensions: { languageModels } });
  return { ids: hits.map(({ id }) => id), note: trace.note ?? '' };
}
const before = (await searchCorpus(corpus, 'harbour', { pipeline: 'words', k: 30 })).hits.map(({ id }) => id);

describe('reranking by a language model', () => {
  it('puts windows in order from the last to the first, so that the best come to the top', async () => {
    const prompts: string[] = [];
    const { ids, note } = await ranked('rerank(listwise, depth=30, window=10)', model(inOrder, prompts));
    expect(ids.slice(0, 5)).toEqual(['d29', 'd28', 'd27', 'd26', 'd25']);
    expect(prompts).toHaveLength(5);
    expect(prompts[0]).toMatch(/Query: harbour\n\n\[1\] harbour/);
    expect(note).toMatch(/scripted put 5 windows of 10 in order/);
  });

  it('grades candidates one by one; what it gives no grade stands behind in its old order', async () => {
    const { ids, note } = await ranked(
      'rerank(pointwise, depth=30)',
      model(([mark]) => (mark! < 3 ? `Grade: ${mark! + 5}/10` : mark! < 20 ? '1' : 'no idea')),
    );
    expect(ids.slice(0, 3)).toEqual(['d02', 'd01', 'd00']);
    expect(ids.slice(20)).toEqual(before.filter((id) => id >= 'd20'));
    expect(note).toMatch(/graded 20 of 30; 10 of its answers were no grade/);
  });

  it.each(['listwise', 'pointwise'])(
    'leaves the ranking as it was when nothing can be understood (%s)',
    async (how) => {
      const { ids, note } = await ranked(
        `rerank(${how}, depth=5)`,
        model(() => 'As a model I have no opinion.'),
      );
      expect(ids).toEqual(before);
      expect(note).toMatch(/stays as it was: No answer of the model scripted held/);
      await expect(
        ranked(
          `rerank(${how}, otherwise=fail)`,
          model(() => ''),
        ),
      ).rejects.toThrow(RemoteError);
    },
  );

  it('counts what was said when the time is over', async () => {
    let calls = 0;
    const slow = model((marks) => (++calls === 1 ? inOrder(marks) : new Promise(() => undefined)));
    const { ids, note } = await ranked('rerank(listwise, depth=30, window=10, ms=1000)', slow);
    const last = before.slice(20);
    expect(ids.slice(0, 20)).toEqual(before.slice(0, 20));
    expect(ids.slice(20)).toEqual(last.toSorted().reverse());
    expect(note).toMatch(/the time was over after 1 of 5 windows/);
  });

  it('names its model, and is refused where none is meant', async () => {
    const [first, second] = [model(inOrder), model(() => '[1]')];
    expect((await ranked('rerank(listwise, depth=5, model=m1)', first, second)).ids).toEqual(before);
    await expect(ranked('rerank(listwise)', first, second)).rejects.toThrow(
      /names none\..*Write model=m0; there are m0, m1/s,
    );
    await expect(ranked('rerank(listwise, model=m2)', first)).rejects.toThrow(
      /no language model "m2"\..*Did you mean "m0"/s,
    );
    await expect(ranked('rerank(listwise)')).rejects.toThrow(/Give one first/);
    await expect(ranked('rerank(pointwise, window=3)', first)).rejects.toThrow(/"window" is not for "pointwise"/);
  });
});
