import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { openCollection, verifyCollection } from 'sagitta-search';
import { type RerankerTuneOptions, tuneReranker } from 'sagitta-search/train';
import { describe, expect, it, vi } from 'vitest';
import { hostExtensions } from '../src/collection/host-extensions.ts';
import { serve } from '../src/server/index.ts';
import { testFolder } from './support/files.ts';
import { tinyBert } from './support/tiny-bert.ts';
import { drafts as documents, wantOfficial as examples } from './support/tuning.ts';

const options: RerankerTuneOptions = {
  examples,
  pipeline: 'bm25',
  negatives: 1,
  epochs: 6,
  patience: 6,
  learningRate: 5e-3,
  threads: 1,
};

describe('a reranker of a collection', () => {
  it('is trained on candidates of its own search, kept when it is better, and ranks by its name', async () => {
    using folder = testFolder();
    const model = folder.at('model');
    await tinyBert(model, [...documents.map(({ text }) => text), ...examples.map(({ query }) => query)]);
    const base = `bert:${model}`;
    const own = folder.at('own');
    {
      await using collection = await openCollection(own, { create: true });
      await collection.add(documents);
      const refused = collection.search('how amber', { pipeline: 'bm25 > rerank(cross)' });
      await expect(refused).rejects.toThrow(/no reranker and no field "cross"/);

      // Those who want the drafts find them without it.
      const drafts = examples.map(({ query, relevant }) => ({
        query,
        relevant: relevant.map((id) => id.replace('official', 'draft')),
      }));
      const useless = await tuneReranker(collection, { ...options, base, examples: drafts });
      expect(useless).toMatchObject({ better: false, deployed: false });
      expect(useless.reason).toMatch(/no significant gain\. Nothing was changed\.$/);
      const dry = await tuneReranker(collection, { ...options, base, dryRun: true });
      expect(dry).toMatchObject({ better: true, deployed: false, reason: 'This was a dry run. Nothing was changed.' });
      await expect(refused).rejects.toThrow();

      const phases = new Set<string>();
      const report = await tuneReranker(collection, {
        ...options,
        base,
        onProgress: ({ phase }) => phases.add(phase),
      });
      expect([...phases]).toEqual(['preparing', 'validating', 'training', 'testing', 'deploying']);
      expect(report).toMatchObject({ what: 'reranker', better: true, deployed: true, pipeline: 'bm25' });
      expect(report.queries).toEqual({ train: 38, validation: 10, test: 16 });
      expect(report.served.systemMean).toBeGreaterThan(0.95);
      expect(report.parameters).toBe(13_441);
    }
    // It is the collection's: found again, checked, and kept when documents change.
    await using collection = await openCollection(own);
    await collection.add([{ id: 'more', text: 'an official page about nothing' }]);
    const { hits, trace } = await collection.search('how flint', { pipeline: 'bm25 > rerank(cross)', explain: true });
    expect(hits.map(({ id }) => id)).toEqual(['flint-official', 'flint-draft']);
    expect(trace.note).toMatch(/the cross-encoder of this collection read 2 of 2 in \d+ ms/);
    {
      // Where searches have threads of their own, those that need its model are left to the one that has it.
      await using threaded = await openCollection(own, { threads: 2 });
      const asked = ['how flint', { query: 'how amber', pipeline: 'bm25 > rerank(cross)' }];
      const [plain, ranked] = await threaded.searchAll(asked, { pipeline: 'bm25' });
      expect(plain!.trace.note ?? '').not.toMatch(/cross-encoder/);
      expect(ranked!.trace.note).toMatch(/the cross-encoder of this collection read 2 of 2/);
      expect(ranked!.hits.map(({ id }) => id)).toEqual(['amber-official', 'amber-draft']);
    }
    expect((await collection.verify()).faults).toEqual([]);
    await expect(tuneReranker(collection, { ...options, base, pipeline: 'bm25 > rerank(cross)' })).rejects.toThrow(
      /ranks by cross already/,
    );
    await expect(tuneReranker(collection, { ...options, base: 'hash:32' })).rejects.toThrow(/cannot be the body/);

    // Other programs rerank by it.
    const server = await serve({ collections: [{ name: 'stones', directory: own }], port: 0, threads: 1, web: null });
    const asked = {
      query: 'how flint',
      documents: ['draft about flint', 'official page, complete and checked, about flint'],
    };
    const rerank = async (more: object) => {
      const body = JSON.stringify({ ...asked, ...more });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${server.url}/v1/rerank`, { method: 'POST', headers, body })).json();
    };
    for (const more of [{}, { model: 'stones' }]) {
      const { model, results } = await rerank(more);
      expect(model).toBe('cross');
      expect(results.map(({ index }: { index: number }) => index)).toEqual([1, 0]);
      expect(results[0].relevance_score).toBeLessThanOrEqual(1);
      expect(results[0].relevance_score).toBeGreaterThan(results[1].relevance_score);
    }
    // By the encoder where one is named.
    expect((await rerank({ model: (await collection.encoder())!.id })).model).not.toBe('cross');
    await server.stop();

    // What was learned is a file of its own, which another collection may be searched with.
    const [file] = readdirSync(own).filter((name) => name.startsWith('reranker-'));
    vi.stubEnv('SAGITTA_RERANKERS', JSON.stringify({ stones: { cross: `${own}/${file}`, budgetMs: 60_000 } }));
    await using other = await openCollection(folder.at('other'), {
      create: true,
      extensions: await hostExtensions(),
    });
    await other.add(documents);
    const there = await other.search('how flint', { pipeline: 'bm25 > rerank(stones)' });
    expect(there.hits.map(({ id }) => id)).toEqual(['flint-official', 'flint-draft']);
    vi.stubEnv('SAGITTA_RERANKERS', JSON.stringify({ stones: { cross: './none' } }));
    await expect(hostExtensions()).rejects.toThrow(/where there is nothing. Name the folder/);
    vi.unstubAllEnvs();

    const bytes = readFileSync(`${own}/${file}`);
    bytes[200]! ^= 1;
    writeFileSync(`${own}/${file}`, bytes);
    expect((await verifyCollection(own)).faults).toEqual([expect.objectContaining({ file })]);
    await using damaged = await openCollection(own);
    expect((await damaged.search('how flint', { pipeline: 'bm25' })).hits).toHaveLength(2);
    await expect(damaged.search('how flint', { pipeline: 'bm25 > rerank(cross)' })).rejects.toThrow(/it is damaged/);

    await damaged.setReranker(undefined);
    expect(readdirSync(own).filter((name) => name.startsWith('reranker-'))).toEqual([]);
    expect((await damaged.verify()).faults).toEqual([]);
  }, 180_000);
});
