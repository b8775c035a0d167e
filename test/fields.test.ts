import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection } from 'sagitta-search';
import { openCollection } from 'sagitta-search';
import { CollectionLockedError, IncompatibleError, InvalidArgumentError } from 'sagitta-search/base';
import { type Encoder, type TokenEncoder, testEncoder } from 'sagitta-search/encode';
import { describe, expect, it } from 'vitest';
import { testFolder } from './support/files.ts';

const WORDS = ['river', 'lamp', 'copper', 'violin', 'harbour', 'wheat', 'engine', 'winter', 'mirror', 'garden'];
const word = (i: number) => WORDS[i % WORDS.length]!;
const documents = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => {
    const i = from + n;
    return {
      id: `d${i}`,
      title: `${word(i)} ${word(i >> 3)}`,
      text: `The ${word(i + 1)} and the ${word(3 * i)} were seen near the ${word(i >> 2)}, number ${i}.`,
      language: 'en',
      metadata: { by: word(7 * i), year: 1990 + i },
    };
  });

/** Encoders of one's own, which count the texts of documents that they are given. */
function counting(id: string, dim: number, before: (texts: number) => Promise<void> | void = () => undefined) {
  const inner = testEncoder({ dim });
  const seen: string[] = [];
  const count = async (texts: readonly string[], role?: string) => {
    if (role !== 'document') return;
    await before(seen.length);
    seen.push(...texts);
  };
  const encoder: Encoder & TokenEncoder = {
    id,
    dim,
    async encode(texts, options) {
      await count(texts, options?.role);
      return inner.encode(texts, options);
    },
    async encodeTokens(texts, options) {
      await count(texts, options?.role);
      return inner.encodeTokens(texts, options);
    },
  };
  return { encoder, seen };
}

async function best(collection: Collection, pipeline: string, query: string): Promise<string[]> {
  return (await collection.search(query, { pipeline, k: 3, language: 'en' })).hits.map(({ id }) => id);
}

const fieldFiles = (directory: string) =>
  readdirSync(`${directory}/segments`).filter((file) => /\.v[\da-f]{8}\./.test(file));

describe('a field that is added', () => {
  it('is searched as any other, has what comes later, and is kept when segments are merged', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 30));
    await collection.add(documents(30, 50));
    await collection.remove(['d5']);
    const seen: number[] = [];
    const report = await collection.addField('titles', {
      of: 'title',
      encoder: 'hash:32',
      batch: 8,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(report).toMatchObject({ name: 'titles', encoder: 'hash:32', passages: 49, relevanceDropped: false });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:64' });
    const { fields, pending } = await collection.inspect();
    expect(fields).toMatchObject([
      { name: 'meaning', kind: 'vector', of: 'passage', encoder: 'hash:64', dim: 64 },
      { name: 'titles', kind: 'vector', of: 'title', encoder: 'hash:32', dim: 32 },
      { name: 'tokens', kind: 'vectors', of: 'passage', encoder: 'hash:64', dim: 64 },
    ]);
    expect(fields.every(({ vectors, bytes }) => vectors >= 49 && bytes > 0)).toBe(true);
    expect(pending).toBeUndefined();
    expect(await best(collection, 'titles', 'copper river')).toContain('d2');

    await collection.add([{ id: 'late', title: 'an astrolabe', text: 'Nothing else.', language: 'en' }]);
    expect((await best(collection, 'titles', 'astrolabe'))[0]).toBe('late');
    expect((await best(collection, 'tokens', 'astrolabe'))[0]).toBe('late');
    const pipelines = ['titles', 'tokens', 'fuse(words, meaning, titles)', 'words > rerank(tokens)'];
    const all = async () => Promise.all(pipelines.map((one) => best(collection, one, 'copper violin')));
    const before = await all();
    await collection.compact({ full: true });
    expect(await all()).toEqual(before);
    expect(fieldFiles(folder.at('c'))).toHaveLength(2);
    expect((await collection.verify()).faults).toEqual([]);
    // As a process that opens it now.
    await using other = await openCollection(folder.at('c'));
    expect(await best(other, 'fuse(words, meaning, titles)', 'copper violin')).toEqual(before[2]);
    const bounded = await other.search('copper', { pipeline: 'titles', filter: 'year >= 2030', k: 50 });
    expect(bounded.hits.length).toBe(10);

    expect(await collection.removeField('titles')).toEqual({ pending: false });
    expect((await collection.inspect()).fields.map(({ name }) => name)).toEqual(['meaning', 'tokens']);
    expect(fieldFiles(folder.at('c'))).toHaveLength(1);
    await expect(best(collection, 'titles', 'copper')).rejects.toThrow(
      'There is no field, operator or pipeline "titles"',
    );
    await expect(best(other, 'titles', 'copper')).rejects.toThrow('There is no field');
    expect((await best(collection, 'tokens', 'astrolabe'))[0]).toBe('late');
    expect((await collection.verify()).faults).toEqual([]);
  }, 60_000);

  it('may be in a collection without an encoder, of metadata and headings, by encoders of one’s own', async () => {
    using folder = testFolder();
    const { encoder, seen } = counting('mine', 24);
    {
      await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
      await collection.add(documents(0, 40));
      await collection.add([{ id: 'md', text: '# Quay\n\nx\n\n## Crane\n\ny', format: 'markdown', language: 'en' }]);
      await collection.addField('authors', { of: 'metadata.by', encoder });
      await collection.addField('sections', { of: 'headings', encoder: 'hash:32' });
      // Each name once, and nothing of the document without.
      expect(seen.length).toBe(WORDS.length);
      expect(await best(collection, 'authors', 'violin')).toEqual(
        documents(0, 40)
          .filter(({ metadata }) => metadata.by === 'violin')
          .slice(0, 3)
          .map(({ id }) => id),
      );
      expect((await best(collection, 'sections', 'crane quay'))[0]).toBe('md');
      await collection.add([{ id: 'z', text: 'z', language: 'en', metadata: { by: 'Zoe' } }]);
      expect((await best(collection, 'authors', 'zoe'))[0]).toBe('z');
    }
    await using alone = await openCollection(folder.at('c'));
    await expect(best(alone, 'authors', 'zoe')).rejects.toThrow(IncompatibleError);
    await expect(best(alone, 'authors', 'zoe')).rejects.toThrow(
      /field "authors" has the encoder "mine", which is not known here.*`encoders`.*remove-field authors/,
    );
    // What needs it not goes on; documents would lack it, and are refused.
    expect((await best(alone, 'words', 'violin')).length).toBe(3);
    await expect(alone.add([{ id: 'q', text: 'q' }])).rejects.toThrow(/"authors" has the encoder "mine"/);
    await using together = await openCollection(folder.at('c'), { encoders: [encoder] });
    expect((await best(together, 'authors', 'zoe'))[0]).toBe('z');
    await alone.removeField('authors');
    await alone.add([{ id: 'q', text: 'q' }]);
  });

  it('has a compressed index of its own', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
    await collection.add(documents(0, 1200));
    await collection.addField('titles', { of: 'text', encoder: 'hash:32' });
    const exact = await best(collection, 'titles', 'the copper lamp number 77');
    const spec = 'ivf8,pq8x8,refine:full';
    expect(await collection.rebuild({ field: 'titles', spec, search: { nprobe: 8 } })).toMatchObject({
      spec,
      indexed: 1200,
    });
    await collection.add(documents(1200, 1300));
    expect(await best(collection, 'titles', 'the copper lamp number 77')).toEqual(exact);
    await collection.compact({ full: true });
    expect(await best(collection, 'titles', 'the copper lamp number 77')).toEqual(exact);
    expect((await collection.verify()).faults).toEqual([]);
    await expect(collection.rebuild({ spec })).rejects.toThrow('has no vectors');
    await expect(collection.rebuild({ spec, field: 'titels' })).rejects.toThrow('Did you mean "titles"?');
    await collection.removeField('titles');
    expect(readdirSync(folder.at('c/segments'))).toHaveLength(1);
  }, 60_000);
});

describe('a field that is being made', () => {
  it('goes on where it was interrupted, while documents come and go', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    for (let i = 0; i < 100; i += 25) await collection.add(documents(i, i + 25));
    const all: string[] = [];
    for (const stop of [10, 20]) {
      const failing = counting('mine', 16, (already) => {
        if (already >= stop) throw new Error('the model ended');
      });
      const adding = collection.addField('other', { encoder: failing.encoder, batch: 5 });
      await expect(adding).rejects.toThrow('the model ended');
      all.push(...failing.seen);
      expect(await collection.pendingField()).toMatchObject({ name: 'other', encoder: 'mine', of: 'passage' });
      await expect(best(collection, 'other', 'lamp')).rejects.toThrow('There is no field');
      expect((await collection.verify()).sound).toBe(true);
      await collection.add(documents(100, 101));
      await collection.compact({ full: true });
    }
    await expect(collection.addField('more', { encoder: 'hash:16' })).rejects.toThrow(
      /"other".* is being made.*sagitta add-field other.*sagitta remove-field other/,
    );
    await expect(collection.reencode('hash:16')).rejects.toThrow(IncompatibleError);
    const { encoder, seen } = counting('mine', 16);
    const report = await collection.addField('other', { encoder, batch: 5 });
    expect(report.passages).toBe(101);
    expect(new Set([...all, ...seen]).size).toBe(101);
    expect(all.length + seen.length).toBeLessThanOrEqual(101 + 5 * 2);
    expect(existsSync(folder.at('c/field.json'))).toBe(false);
    await using same = await openCollection(folder.at('same'), { create: true, encoder: 'hash:64' });
    await same.addField('other', { encoder });
    await same.add(documents(0, 101));
    expect(await best(collection, 'other', 'copper lamp')).toEqual(await best(same, 'other', 'copper lamp'));
  }, 60_000);

  it('is given up by taking it away, and gives way to another encoder', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
    await collection.add(documents(0, 40));
    const fail = async (id: string) => {
      const failing = counting(id, 16, (already) => {
        if (already >= 20) throw new Error('the model ended');
      });
      await expect(collection.addField('one', { encoder: failing.encoder, batch: 10 })).rejects.toThrow('ended');
    };
    await fail('first');
    expect(await collection.abandonReencode()).toBeUndefined();
    expect(await collection.removeField('one')).toEqual({ pending: true });
    expect(fieldFiles(folder.at('c'))).toEqual([]);
    expect(await collection.pendingField()).toBeUndefined();
    await fail('first');
    expect(await collection.addField('one', { encoder: 'hash:16' })).toMatchObject({ superseded: 'first' });
    await using other = await openCollection(folder.at('c'));
    const slow = counting('slow', 16, () => sleep(30));
    const work = collection.addField('two', { encoder: slow.encoder, batch: 5 });
    await sleep(20);
    await expect(other.addField('two', { encoder: 'hash:16' })).rejects.toThrow(CollectionLockedError);
    await work;
  });

  it('is not taken away again when the last steps of a process that was killed are made up for', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 40));
    const failing = counting('mine', 16, (already) => {
      if (already >= 20) throw new Error('the model ended');
    });
    await expect(collection.addField('one', { encoder: failing.encoder, batch: 10 })).rejects.toThrow('ended');
    const state = readFileSync(folder.at('c/field.json'));
    const { encoder, seen } = counting('mine', 16);
    await collection.addField('one', { encoder });
    const hits = await best(collection, 'one', 'copper lamp');
    // Killed after the manifest was replaced, and before the state went; then documents came.
    for (const next of ['again', 'reencode', 'remove'] as const) {
      writeFileSync(folder.at('c/field.json'), state);
      await collection.add([{ id: next, text: 'Rope.', language: 'en' }]);
      seen.length = 0;
      if (next === 'again') await collection.addField('one', { encoder });
      if (next === 'reencode') await expect(collection.reencode('hash:32')).rejects.toThrow('is being made');
      if (next !== 'remove') {
        expect(seen.length).toBeLessThanOrEqual(1);
        expect(await best(collection, 'one', 'copper lamp')).toEqual(hits);
        expect((await collection.verify()).faults).toEqual([]);
      } else {
        await collection.removeField('one');
        expect((await collection.inspect()).fields).toHaveLength(1);
        expect(existsSync(folder.at('c/field.json'))).toBe(false);
      }
    }
    expect((await collection.verify()).faults).toEqual([]);
  });
});

describe('what is refused, with its remedy', () => {
  it('when a field is added', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 10));
    await collection.namePipeline('mine', 'words');
    await collection.addField('titles', { of: 'title', encoder: 'hash:16' });
    const add = (name: string, options: object = {}) => collection.addField(name, { encoder: 'hash:16', ...options });
    for (const [name, options, message] of [
      ['titles', {}, /field "titles" already.*sagitta remove-field titles/],
      ['words', {}, /"words" already/],
      ['meaning', {}, /keeps the name "meaning".*sagitta reencode/],
      ['fuse', {}, /operator of pipelines.*another name/],
      ['hybrid', {}, /pipeline that every collection has/],
      ['mine', {}, /pipeline of this collection.*sagitta pipelines mine --remove/],
      ['1st', {}, /not a name of a field.*a letter first/],
      ['a'.repeat(65), {}, /at most 64/],
      ['x', { of: 'titel' }, /cannot be made of "titel".*Did you mean "title"/],
      ['x', { of: 'metadata.' }, /metadata\.NAME/],
      ['x', { of: 'metadata.yaer' }, /No document has the metadata field "yaer".*Did you mean "metadata\.year"/],
      ['x', { of: 'metadata.constructor' }, /No document has the metadata field "constructor"/],
      ['x', { kind: 'vektor' }, /no kind "vektor".*Did you mean "vector"/],
      ['x', { kind: 'terms' }, /no kind "terms".*vector.*vectors/],
      ['x', { encoder: 'none' }, /needs an encoder.*minilm/],
      ['x', { encoder: 'minlim' }, /Did you mean minilm/],
      ['x', { kind: 'vectors', encoder: 'static' }, /a vector for each token.*"static" gives one.*minilm/],
      ['x', { off: 'title' }, /no option "off".*Did you mean "of"/],
    ] as const) {
      const error = await add(name, options).catch((reason: unknown) => reason);
      expect(error instanceof InvalidArgumentError || error instanceof IncompatibleError, `${name}: ${error}`).toBe(
        true,
      );
      expect((error as Error).message).toMatch(message);
    }
    expect(await collection.pendingField()).toBeUndefined();
    await expect(collection.namePipeline('titles', 'words')).rejects.toThrow('cannot be the name of a pipeline');
    const empty = await openCollection(folder.at('empty'), { create: true, encoder: 'none' });
    await empty.addField('authors', { of: 'metadata.by', encoder: 'hash:16' });
    await empty.close();
  });

  it('when a field is taken away, or searched as what it is not', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 10));
    await collection.addField('titles', { of: 'title', encoder: 'hash:16' });
    await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:64' });
    await expect(collection.removeField('titels')).rejects.toThrow('Did you mean "titles"?');
    await expect(collection.removeField('words')).rejects.toThrow('Every collection has it');
    await expect(collection.removeField('meaning')).rejects.toThrow('sagitta reencode --encoder none');
    await collection.namePipeline('mine', 'fuse(words, titles)');
    await expect(collection.removeField('titles')).rejects.toThrow(
      /pipeline "mine" searches the field "titles".*--remove/,
    );
    await collection.namePipeline('mine', undefined);
    await collection.setDefaultPipeline('fuse(words, titles)');
    await expect(collection.removeField('titles')).rejects.toThrow(/default pipeline searches.*--no-default/);
    await collection.setDefaultPipeline(undefined);
    const search = (pipeline: string) => collection.search('copper', { pipeline });
    await expect(search('fuse(words, titels)')).rejects.toThrow('Did you mean "titles"?');
    await expect(search('words > neighbours(tokens)')).rejects.toThrow();
    await expect(search('words > neighbours(field=tokens)')).rejects.toThrow(
      /needs a field of one vector.*Name meaning or titles/s,
    );
    await expect(search('tokens(probes=3)')).rejects.toThrow('has no parameter "probes"');
    await collection.read(async (corpus) => {
      await expect(corpus.search('tokens', new Float32Array(64), { k: 1 })).rejects.toThrow(
        'holds a vector for each token',
      );
      await expect(corpus.search('titles', new Float32Array(64), { k: 1 })).rejects.toThrow('have 16');
    });
    // By languages that an encoder does not know, whichever field it is of.
    const english = testEncoder({ dim: 8, languages: ['en'] });
    await collection.addField('english', { encoder: { ...english, id: 'english' } });
    const german = collection.search('kupfer', { pipeline: 'english', language: 'de' });
    await expect(german).rejects.toThrow(/language "de", which the encoder english does not know/);
    await collection.removeField('english');
    // The vectors of the collection's own encoder may go; further fields stay.
    await collection.reencode('none');
    expect((await search('titles')).hits.length).toBe(10);
    expect((await collection.verify()).faults).toEqual([]);
  });
});
