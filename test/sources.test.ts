import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, openCollection } from '../src/collection/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';

let folder: TestFolder;
beforeEach(() => {
  folder = testFolder({
    'home/docs/a.md': 'A lamp.',
    'home/docs/old/b.md': 'An old lamp.',
    'home/notes/n.txt': 'A note.',
    'away/x.txt': 'Far away.',
  });
});
afterEach(() => folder[Symbol.dispose]());

const open = (at = 'home/.sagitta'): Promise<Collection> =>
  openCollection(folder.at(at), { create: true, encoder: 'none' });
const paths = (collection: Collection): string[] => collection.sources().map(({ path }) => path);

describe('a collection remembers what it was indexed from', () => {
  it('and reads it again, chosen as before', async () => {
    await using collection = await open();
    await collection.index([folder.at('home/docs')], { exclude: ['old'] });
    await collection.index([folder.at('home/notes')]);
    await collection.index([folder.at('away')]);
    expect(collection.sources()).toEqual([
      { path: 'docs', exclude: ['old'] },
      { path: 'notes' },
      { path: folder.at('away') },
    ]);
    writeFileSync(folder.at('home/docs/c.md'), 'A new lamp.');
    writeFileSync(folder.at('home/docs/old/d.md'), 'An old lamp more.');
    rmSync(folder.at('home/notes/n.txt'));
    writeFileSync(folder.at('away/y.txt'), 'Farther.');
    writeFileSync(folder.at('away/z.bin'), Buffer.from([0, 1, 2, 0]));
    const report = await collection.index();
    expect(report).toMatchObject({ added: 2, removed: 1, unchanged: 2, skipped: 1, documents: 4, failures: [] });
    expect(report.skippedFiles.find(({ reason }) => reason === 'binary')).toMatchObject({ extension: 'bin', count: 1 });
    expect(await collection.index()).toMatchObject({ added: 0, removed: 0, unchanged: 4 });
  });

  it('once: what was said last of a path holds, and a folder takes in what was said of it', async () => {
    await using collection = await open();
    await collection.index([folder.at('home/docs')], { exclude: ['old'] });
    await collection.index([folder.at('home/docs')]);
    await collection.index([folder.at('home/docs/a.md'), folder.at('home/docs/*.md')]);
    expect(collection.sources()).toEqual([{ path: 'docs' }]);
    await collection.index([folder.at('home/notes')], { noIgnore: true, maxBytes: 1000, include: [] });
    await collection.index([folder.at('home')]);
    expect(collection.sources()).toEqual([{ path: 'notes', noIgnore: true, maxBytes: 1000 }, { path: '.' }]);
  });

  it('each by its own choice, also one within another', async () => {
    folder.write({ 'home/notes/.hidden.md': 'A hidden lamp.' });
    await using collection = await open();
    await collection.index([folder.at('home')]);
    await collection.index([folder.at('home/notes')], { noIgnore: true });
    expect(collection.sources()).toEqual([{ path: '.' }, { path: 'notes', noIgnore: true }]);
    for (const _ of [1, 2])
      expect(await collection.index()).toMatchObject({ added: 0, removed: 0, unchanged: 4, documents: 4 });
  });

  it('as far as it is there', async () => {
    await using collection = await open();
    await collection.index([folder.at('home/docs'), folder.at('home/nothing'), folder.at('home/none/*.md')]);
    expect(paths(collection)).toEqual(['docs']);
    const aborted = AbortSignal.abort();
    await expect(collection.index([folder.at('home/notes')], { signal: aborted })).rejects.toThrow();
    // What was interrupted goes on with the next call.
    expect(paths(collection)).toEqual(['docs', 'notes']);
  });

  it('forgets what is removed', async () => {
    await using collection = await open();
    await collection.index(
      ['docs', 'docs/old', 'notes'].map((path) => folder.at(`home/${path}`)),
      { exclude: ['x'] },
    );
    expect((await collection.forgetSources('docs/')).map(({ path }) => path)).toEqual(['docs', 'docs/old']);
    expect(await collection.forgetSources('doc')).toEqual([]);
    await collection.forgetSources('');
    expect(collection.sources()).toEqual([]);
    expect(() => readFileSync(folder.at('home/.sagitta/sources.json'))).toThrow(/ENOENT/);
  });

  it('refuses to guess', async () => {
    await using collection = await open();
    await expect(collection.index()).rejects.toThrow(/remembers none.*sagitta index FOLDER/);
    await collection.index([folder.at('home/docs')]);
    await expect(collection.index(undefined, { exclude: ['old'] })).rejects.toThrow(
      /`exclude` was given without paths/,
    );
    await expect(collection.index([])).rejects.toThrow(/No path was given/);
    for (const content of [
      '{',
      '{"place":"1:2","sources":[{"path":5}]}',
      '{"place":"1:2","sources":[{"path":"a","x":1}]}',
    ]) {
      writeFileSync(folder.at('home/.sagitta/sources.json'), content);
      await expect(collection.index()).rejects.toThrow(/sources\.json.*no list of sources.*Delete the file/s);
    }
  });

  it('reads nothing outside for a copy that was made elsewhere, which may say what it likes', async () => {
    await using collection = await open();
    await collection.index([folder.at('home/docs'), folder.at('away')]);
    cpSync(folder.at('home'), folder.at('copy'), { recursive: true });
    await using copy = await open('copy/.sagitta');
    await expect(copy.index()).rejects.toThrow(/was copied here, and remembers .*away, which lies outside of .*copy/);
    await copy.index([folder.at('copy/notes')]);
    expect(paths(copy)).toEqual(['docs', 'notes']);
    expect(await copy.index()).toMatchObject({ added: 0, failures: [] });
    // Nor by way of the folder itself.
    const file = folder.at('copy/.sagitta/sources.json');
    writeFileSync(file, JSON.stringify({ place: '1:2', sources: [{ path: `docs/../../../../..${tmpdir()}` }] }));
    await expect(copy.index()).rejects.toThrow(/lies outside/);
  });
});
