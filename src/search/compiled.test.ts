import { expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { compiledPipeline } from './compiled.ts';

const documents = [{ id: 'a', text: 'Rivers carry sand.', language: 'en' }];
const corpus = await memoryCorpus(documents);

it('compiles what comes with the software once for a corpus and its parameters', async () => {
  const first = await compiledPipeline('bm25', { corpus });
  expect(compiledPipeline('bm25', { corpus, names: new Map([['mine', 'words']]) })).toBe(first);
  expect(await compiledPipeline('bm25', { corpus, params: { refine: 2 } })).not.toBe(first);
  expect(await compiledPipeline('bm25', { corpus: await memoryCorpus(documents) })).not.toBe(first);
});

it('compiles names by what surrounds them', async () => {
  const compile = (mine: string) => compiledPipeline('mine', { corpus, names: new Map([['mine', mine]]) });
  const query = { content: 'sand', language: 'en' };
  const grouped = await (await compile('words > group(1)')).retriever(query, { k: 1 });
  const plain = await (await compile('words')).retriever(query, { k: 1 });
  expect([grouped.trace.stage, plain.trace.stage]).toEqual(['group 1', 'bm25']);
});

it('refuses the same again and again', async () => {
  for (let i = 0; i < 2; i++)
    await expect(async () => compiledPipeline('dense', { corpus })).rejects.toThrow(/no embeddings/);
});
