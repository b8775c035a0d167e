import { writeFileSync } from 'node:fs';
import { openCollection } from 'sagitta-search';
import { InvalidArgumentError } from 'sagitta-search/base';
import { describe, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { sagittaIn } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { BY_WORDS } from './support/relevance.ts';
import { testServer } from './support/server.ts';

/** Letters to a harbour office, most of which somebody has tagged. */
const LETTERS = [
  { id: 'ice', text: 'Ice closed the harbour for ships.', metadata: { tags: ['winter', 'shipping'], urgent: true } },
  { id: 'snow', text: 'Snow and ice on the quay.', metadata: { tags: ['winter'], urgent: false } },
  { id: 'crane', text: 'The crane lifts cargo off ships.', metadata: { tags: ['shipping', 'machines'] } },
  { id: 'engine', text: 'An engine of the crane failed.', metadata: { tags: ['machines'], year: 2020 } },
  { id: 'new', text: 'Ice, ice and again ice.' },
].map((letter) => ({ ...letter, language: 'en' }));

const lexical = (directory: string) => openCollection(directory, { create: true, encoder: 'none' });

describe('values that are suggested', () => {
  it('are those of the nearest documents that have the field, with their share of the votes', async () => {
    using folder = testFolder();
    await using collection = await lexical(folder.at('c'));
    await collection.add(LETTERS);
    const found = await collection.suggestValues('ice at sea', { field: 'tags', relevance: 0 });
    const scores = (await collection.search('ice at sea', { filter: 'tags exists', variants: false })).hits;
    expect(scores.map(({ id }) => id)).toEqual(['snow', 'ice']);
    const [snow, ice] = scores.map(({ score }) => score) as [number, number];
    expect(found).toMatchObject({ field: 'tags', examples: 2, retriever: 'bm25' });
    expect(found.suggestions).toEqual([
      { value: 'winter', score: 1, support: 2, examples: ['snow', 'ice'] },
      { value: 'shipping', score: expect.closeTo(ice / (snow + ice), 6), support: 1, examples: ['ice'] },
    ]);
    expect(found.note).toBeUndefined();
  });

  it('are few where few are wanted, of documents that a filter lets through, and keep their types', async () => {
    using folder = testFolder();
    await using collection = await lexical(folder.at('c'));
    await collection.add(LETTERS);
    const one = { field: 'tags', k: 1, relevance: 0 };
    expect((await collection.suggestValues('cargo ships', one)).suggestions.map(({ value }) => value)).toEqual([
      'shipping',
    ]);
    const filtered = await collection.suggestValues('cargo ships', { ...one, filter: 'tags = winter' });
    expect(filtered.suggestions[0]).toMatchObject({ support: 1, examples: ['ice'] });
    const nearest = await collection.suggestValues('ice', { field: 'metadata.urgent', examples: 1, relevance: 0 });
    expect(nearest.suggestions).toEqual([{ value: false, score: 1, support: 1, examples: ['snow'] }]);
  });

  it('are weighed by cosines where there is an encoder, whatever found the documents', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(LETTERS);
    const ask = (pipeline: string) =>
      collection.suggestValues('ice closed it', { field: 'tags', pipeline, language: 'en' });
    const { hits } = await collection.search('ice closed it', {
      pipeline: 'meaning',
      filter: 'tags exists',
      language: 'en',
    });
    const cosines = new Map(hits.map(({ id, score }) => [id, Math.max(0, score)]));
    const total = [...cosines.values()].reduce((sum, one) => sum + one, 0);
    const share = (...ids: string[]) => ids.reduce((sum, id) => sum + cosines.get(id)!, 0) / total;
    for (const pipeline of ['hybrid', 'meaning', 'interleave(words, meaning)', 'fuse(words, meaning, by=rrf)']) {
      const { suggestions, examples, retriever } = await ask(pipeline);
      expect([examples, retriever]).toEqual([4, pipeline]);
      const scores = new Map(suggestions.map(({ value, score }) => [value, score]));
      expect(scores.get('winter')).toBeCloseTo(share('ice', 'snow'), 5);
      expect(scores.get('machines') ?? 0).toBeCloseTo(share('crane', 'engine'), 5);
    }
  });

  it('are none where nothing is near enough, and a note says why', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(LETTERS);
    await collection.setRelevance(BY_WORDS);
    const near = await collection.suggestValues('ice on the quay', { field: 'tags' });
    expect(near.relevance!.best).toBeGreaterThan(0.5);
    expect(near.suggestions[0]!.value).toBe('winter');
    const far = await collection.suggestValues('marzipan recipes', { field: 'tags' });
    expect(far).toMatchObject({ suggestions: [], examples: 0, relevance: { least: 0.5 } });
    expect(far.note).toMatch(
      /^Nothing is near enough: the nearest document with "tags" is relevant with \d+ %, and 50 % is asked/,
    );
    const all = await collection.suggestValues('marzipan recipes', {
      field: 'tags',
      relevance: 0,
    });
    expect(all.examples).toBe(4);
  });

  it('are refused of fields that no document has, and for what makes no sense', async () => {
    using folder = testFolder();
    await using collection = await lexical(folder.at('c'));
    await collection.add(LETTERS);
    const ask = (text: string, options: object) => collection.suggestValues(text, { field: 'tags', ...options });
    await expect(ask('ice', { field: 'tag' })).rejects.toThrow(/No document has the field "tag".*Did you mean "tags"/);
    await expect(ask(' ', {})).rejects.toThrow(InvalidArgumentError);
    for (const wrong of [{ k: 0 }, { examples: 1.5 }, { relevance: 2 }, { field: '' }, { filtre: 'a = b' }])
      await expect(ask('ice', wrong)).rejects.toThrow(InvalidArgumentError);
  });
});

describe('sagitta suggest', () => {
  it('are the same over HTTP, by the client', async () => {
    await using server = await testServer(LETTERS);
    await using collection = await openCollection(server.directory);
    const client = createClient({ url: server.url });
    const { tookMs: _, ...own } = await collection.suggestValues('ice at sea', { field: 'tags', k: 1, relevance: 0 });
    expect(own.suggestions).toHaveLength(1);
    expect(await client.suggest('ice at sea', { field: 'tags', k: 1, relevance: 0 })).toMatchObject(own);
    const filtered = await client.suggest('ships', { field: 'tags', filter: 'tags = winter', pipeline: 'words' });
    expect(filtered.suggestions[0]).toMatchObject({ support: 1, examples: ['ice'] });
    await expect(client.suggest('ice', { field: 'tagz' })).rejects.toMatchObject({
      problem: { status: 400, remedy: expect.stringContaining('"tags"') },
    });
    await expect(client.suggest('', { field: 'tags' })).rejects.toMatchObject({ problem: { status: 400 } });
  });

  it('prints values with their shares and documents, or one JSON object', async () => {
    using folder = testFolder();
    writeFileSync(folder.at('letters.jsonl'), LETTERS.map((letter) => JSON.stringify(letter)).join('\n'));
    const run = (...args: string[]) => sagittaIn(folder.path, ...args);
    expect((await run('index', 'letters.jsonl', '--encoder', 'none')).code).toBe(0);
    const told = await run('suggest', 'ice at sea', '--field', 'tags', '--all');
    expect(told.stdout).toMatch(
      /^100 % {2}winter {2}2 documents: letters\.jsonl#ice, letters\.jsonl#snow\n +\d+ % {2}shipping {2}1 document: letters\.jsonl#ice\n$/,
    );
    expect(told.stderr).toMatch(/2 documents voted/);
    const json = await run('suggest', 'ice at sea', '--field', 'tags', '-k', '1', '--all', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ field: 'tags', suggestions: [{ value: 'winter', score: 1 }] });
    const wrong = await run('suggest', 'ice', '--field', 'tagz');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean "tags"')]);
    const far = await run('suggest', 'marzipan', '--field', 'tags');
    expect([far.code, far.stdout, far.stderr]).toEqual([0, '', expect.stringContaining('shares anything')]);
  }, 60_000);
});
