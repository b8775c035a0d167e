import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { openCollection, verifyCollection } from 'sagitta-search';
import { type FeedbackTuneOptions, tuneFeedback } from 'sagitta-search/train';
import { expect, it } from 'vitest';
import { sagittaIn } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { drafts as documents, wantOfficial as examples } from './support/tuning.ts';

const options: FeedbackTuneOptions = {
  examples,
  pipeline: 'meaning',
  learningRate: 1e-2,
  epochs: 30,
  batchSize: 9,
  threads: 1,
};
const SERVED = 'meaning > feedback(learned)';

it("feedback is trained on a collection's own search, kept when it is better, and refines by its name", async () => {
  using folder = testFolder();
  const own = folder.at('own');
  {
    await using collection = await openCollection(own, { create: true, encoder: 'hash:64' });
    await collection.add(documents);
    await expect(collection.search('how amber', { pipeline: SERVED })).rejects.toThrow(/no feedback "learned"/);

    const dry = await tuneFeedback(collection, { ...options, dryRun: true });
    expect(dry).toMatchObject({ better: true, deployed: false, reason: 'This was a dry run. Nothing was changed.' });
    await expect(collection.search('how amber', { pipeline: SERVED })).rejects.toThrow();

    // What hardly learns is no gain.
    const useless = await tuneFeedback(collection, {
      ...options,
      epochs: 1,
      learningRate: 1e-6,
    });
    expect(useless).toMatchObject({ better: false, deployed: false });
    expect(useless.reason).toMatch(/no significant gain\. Nothing was changed\.$/);

    const phases = new Set<string>();
    const report = await tuneFeedback(collection, { ...options, onProgress: ({ phase }) => phases.add(phase) });
    expect([...phases]).toEqual(['preparing', 'training', 'validating', 'testing', 'deploying']);
    expect(report).toMatchObject({
      what: 'feedback',
      encoder: 'hash:64',
      better: true,
      deployed: true,
      passages: 5,
      steps: 150,
      learningRate: 1e-2,
      pipeline: { before: 'meaning', after: SERVED },
    });
    const { without, tried } = report.validation;
    expect(tried.map(({ share }) => share)).toEqual([1, 0.5, 0.25]);
    const chosen = tried.find(({ share }) => share === report.share)!;
    expect(chosen.all).toBeGreaterThan(without.all);
    expect(report.served.systemMean).toBeGreaterThan(report.served.baselineMean);
  }
  // It is the collection's: found again, checked, and kept when documents change.
  await using collection = await openCollection(own);
  await collection.add([{ id: 'more', text: 'an official page about nothing' }]);
  const { hits, trace } = await collection.search('how flint', { pipeline: SERVED });
  expect([hits[0]!.id, trace.stage]).toEqual(['flint-official', 'feedback learned']);
  expect((await collection.verify()).faults).toEqual([]);
  await expect(tuneFeedback(collection, { ...options, pipeline: SERVED })).rejects.toThrow(/asks for .* already/);
  await expect(tuneFeedback(collection, { ...options, passages: 11 })).rejects.toThrow(/from 1 to 10/);

  // What it learned of one encoder's vectors says nothing of another's.
  await collection.reencode('hash:32');
  await expect(collection.search('how flint', { pipeline: SERVED })).rejects.toThrow(/trained on vectors of hash:64/);
  await collection.reencode('hash:64');
  expect((await collection.search('how flint', { pipeline: SERVED })).hits[0]!.id).toBe('flint-official');

  const file = readdirSync(own).find((name) => name.startsWith('feedback-'))!;
  const bytes = readFileSync(`${own}/${file}`);
  bytes[bytes.length - 2]! ^= 1;
  writeFileSync(`${own}/${file}`, bytes);
  expect((await verifyCollection(own)).faults).toEqual([expect.objectContaining({ file })]);
  await using damaged = await openCollection(own);
  expect((await damaged.search('how flint', { pipeline: 'meaning' })).hits.length).toBeGreaterThan(0);
  await expect(damaged.search('how flint', { pipeline: SERVED })).rejects.toThrow(/it is damaged/);
  await damaged.setFeedback(undefined);
  expect(readdirSync(own).filter((name) => name.startsWith('feedback-'))).toEqual([]);
}, 120_000);

it('is trained from the command line, and options without effect are refused', async () => {
  using folder = testFolder({
    'pairs.jsonl': examples.map(({ query, relevant }) => JSON.stringify({ query, document: relevant[0] })).join('\n'),
  });
  const own = folder.at('own');
  {
    await using collection = await openCollection(own, { create: true, encoder: 'hash:64' });
    await collection.add(documents);
  }
  const tune = (...more: string[]) =>
    sagittaIn(folder.path, 'tune', '--in', 'own', '--what', 'feedback', '--pairs', 'pairs.jsonl', '--quiet', ...more);
  const refused = await tune('--negatives', '3');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--negatives has no meaning')]);
  const done = await tune('--pipeline', 'meaning', '--learning-rate', '0.01', '--epochs', '40', '--batch-size', '9');
  expect(done.stdout).toMatch(/trained feedback on the vectors of hash:64 with 38 queries/);
  expect(done.stdout).toMatch(/deployed search with --pipeline 'meaning > feedback\(learned\)'/);
  const found = await sagittaIn(folder.path, 'search', 'how flint', '--in', 'own', '--pipeline', SERVED, '--json');
  expect(JSON.parse(found.stdout).hits[0].id).toBe('flint-official');
}, 120_000);
