import { expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { openCollection } from './index.ts';
import { pipelineWithTurns } from './turns.ts';

it('adds the turns of a conversation, but to pipelines that look at them themselves', async () => {
  using folder = testFolder();
  await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
  const added = (pipeline?: string) => pipelineWithTurns(collection, pipeline);
  expect(await added()).toBe('bm25 > rewrite(turns)');
  expect(await added('words > feedback(learned)')).toBe('words > feedback(learned) > rewrite(turns)');
  for (const own of ['words > rewrite(turns, n=1)', 'words > feedback(conversation, depth=1) > cut']) {
    expect(await added(own)).toBe(own);
  }
});
