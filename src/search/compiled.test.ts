import { expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { compiledPipeline } from './compiled.ts';

const corpus = await memoryCorpus([{ id: 'a', text: 'Rivers carry sand.', language: 'en' }]);

it('compiles a text once for a corpus and what surrounds it', async () => {
  const surroundings = { names: new Map([['mine', 'words > group(1)']]) };
  const first = await compiledPipeline('mine', corpus, surroundings, {});
  expect(compiledPipeline('mine', corpus, surroundings, {})).toBe(first);
  expect(await compiledPipeline('mine', corpus, surroundings, { refine: 2 })).not.toBe(first);
  const others = { names: new Map([['mine', 'words']]) };
  expect(await compiledPipeline('mine', corpus, others, {})).not.toBe(first);
  const other = await memoryCorpus([]);
  expect(await compiledPipeline('mine', other, surroundings, {})).not.toBe(first);
});

it('refuses the same again and again', async () => {
  const surroundings = {};
  for (let i = 0; i < 2; i++)
    await expect(async () => compiledPipeline('wrods', corpus, surroundings, {})).rejects.toThrow(/"words"/);
});
