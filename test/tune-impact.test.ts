import { openCollection } from 'sagitta-search';
import { tuneImpact } from 'sagitta-search/train';
import { expect, it } from 'vitest';
import { testFolder } from './support/files.ts';

const BASE = 'hash:64?window=200';
const name = (kind: string, i: number) =>
  `${kind}${String.fromCharCode(97 + (i % 26))}${String.fromCharCode(97 + Math.floor(i / 26))}x`;
const TOPICS = 24;
/** Four documents of each topic; words that people add to their questions stand in two documents each, three times. */
const documents = Array.from({ length: 4 * TOPICS }, (_, i) => {
  const idle = name('idle', Math.floor(i / 2) % 24);
  return {
    id: `d${i}`,
    language: 'en',
    text: `${name('topic', i % TOPICS)} ${idle} ${idle} ${idle} ${name('other', i)}`,
  };
});
const examples = Array.from({ length: 4 * TOPICS }, (_, i) => ({
  query: `${name('topic', i % TOPICS)} ${name('idle', (i + 7 * Math.floor(i / TOPICS) + 5) % 24)}`,
  relevant: documents.flatMap(({ id }, j) => (j % TOPICS === i % TOPICS ? [id] : [])),
}));

it('a field of impacts is trained on questions, tested on others, and put to use where it is better', async () => {
  using folder = testFolder();
  {
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
    await collection.add(documents);
    const options = { examples, base: BASE, learningRate: 0.1, epochs: 20, patience: 20, seed: 3 };
    const dry = await tuneImpact(collection, { ...options, epochs: 1, dryRun: true });
    expect(dry.deployed).toBeUndefined();
    expect((await collection.inspect()).fields).toEqual([]);
    const report = await tuneImpact(collection, options);
    expect(report).toMatchObject({
      what: 'impact',
      base: BASE,
      better: true,
      pipeline: { before: 'bm25', after: 'impact' },
    });
    expect(report.served.difference).toBeGreaterThan(0.1);
    expect(report.deployed).toMatch(/^tuned:impact-[\da-f]{12}$/);
    const [field] = (await collection.inspect()).fields;
    expect(field).toMatchObject({ name: 'impact', kind: 'impacts', of: 'passage', encoder: report.deployed });
    const again = await tuneImpact(collection, { ...options, seed: 4 });
    expect(again.deployed).not.toBe(report.deployed);
    expect((await collection.inspect()).fields).toMatchObject([{ name: 'impact', encoder: again.deployed }]);
    await collection.add([{ id: 'late', language: 'en', text: `${name('topic', 2)} ${name('idle', 9)}` }]);
    await expect(tuneImpact(collection, { ...options, pipeline: 'impact' })).rejects.toThrow('does not search words');
  }
  // What was trained is the collection's own.
  await using again = await openCollection(folder.at('c'));
  const { hits } = await again.search(`${name('topic', 2)} ${name('idle', 1)}`, {
    pipeline: 'impact',
    k: 5,
    language: 'en',
  });
  const ids = hits.map(({ id }) => id);
  expect(ids).toContain('late');
  expect(ids.filter((id) => ['d2', 'd26', 'd50', 'd74'].includes(id)).length).toBeGreaterThan(2);
  expect((await again.verify()).sound).toBe(true);
  await again.compact({ full: true });
  expect((await again.verify()).sound).toBe(true);
}, 120_000);
