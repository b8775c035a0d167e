import { readFileSync, writeFileSync } from 'node:fs';
import { openCollection } from 'sagitta-search';
import { nativeRuntime } from 'sagitta-search/encode';
import { learnedFeedback, readQueryUpdate, writeQueryUpdate } from 'sagitta-search/search';
import { trainFeedback, vectorExamples } from 'sagitta-search/train';
import { expect, it } from 'vitest';
import { testFolder } from './support/files.ts';
import { drafts as documents, wantOfficial } from './support/tuning.ts';

const examples = wantOfficial.slice(0, 32);

it("feedback is trained on a collection's own vectors, kept in a file, and serves by its name", async () => {
  using folder = testFolder();
  const file = folder.at('learned.feedback');
  const own = folder.at('own');
  {
    await using collection = await openCollection(own, { create: true, encoder: 'hash:64' });
    await collection.add(documents);
    const { documents: passages, queries, positives, ...rest } = await vectorExamples(collection, examples);
    expect([passages.count, queries.count, positives.length]).toEqual([16, 32, 32]);
    expect(positives.every((rows) => rows.length === 1)).toBe(true);
    const update = await trainFeedback(passages, queries, positives, {
      ...rest,
      runtime: await nativeRuntime(),
      threads: 1,
      queries: 16,
      width: 8,
      steps: 150,
      learningRate: 1e-2,
    });
    expect(update.encoder).toBe('hash:64');
    writeFileSync(file, writeQueryUpdate(update));
  }
  const feedbacks = [learnedFeedback(readQueryUpdate(readFileSync(file), file))];
  await using collection = await openCollection(own, { extensions: { feedbacks } });
  const first = async (query: string, pipeline: string) => (await collection.search(query, { pipeline })).hits[0]!.id;
  const right = async (pipeline: string) => {
    let count = 0;
    for (const { query, relevant } of examples) if (relevant.includes(await first(query, pipeline))) count++;
    return count;
  };
  const trained = await right('meaning > feedback(learned, depth=5)');
  expect(trained).toBeGreaterThan((await right('meaning')) + 8);
  expect(trained).toBeGreaterThan((await right('meaning > prf(rocchio, fb_docs=5)')) + 8);
  // A question in words that it did not see.
  expect(await first('whose flint', 'meaning > feedback(learned, depth=5)')).toBe('flint-official');
}, 120_000);
