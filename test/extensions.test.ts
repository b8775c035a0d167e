import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadExtensions } from '../src/collection/extensions.ts';
import { type Extension, InvalidArgumentError, joinExtensions, NotFoundError, openCollection } from '../src/index.ts';
import { sagittaIn } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const MINE = `export default {
  encoders: [{ name: 'lengths', open: (rest, spec) => ({
    id: spec, dim: 4,
    encode: async (texts) => {
      const data = new Float32Array(4 * texts.length);
      texts.forEach((text, i) => data.set([text.length, 1, 1, 1], 4 * i));
      return { data, dim: 4, count: texts.length, row: (i) => data.slice(4 * i, 4 * i + 4) };
    },
  }) }],
  rerankers: [{ id: 'shortest', score: async (query, candidates) => candidates.map(({ length }) => -length) }],
  readers: [{ format: 'logbook', extensions: ['logbook'], async *read(file, context) {
    const { text } = await context.text();
    yield { id: file.path, path: file.path, title: 'Logbook', format: 'logbook', text, metadata: {},
      blocks: [{ kind: 'paragraph', start: 0, end: text.length }] };
  } }],
};`;
const FILES = { 'mine.mjs': MINE, 'docs/a.logbook': 'wind from the north, calm', 'docs/b.md': 'The north.\n' };

function sagitta(folder: TestFolder, ...args: string[]) {
  return sagittaIn(folder.path, ...args);
}

describe('an extension', () => {
  it('works by the names of its parts on the command line, by an option and by the configuration of the folder', async () => {
    using folder = testFolder(FILES);
    const own = ['--extension', './mine.mjs'];
    const indexed = await sagitta(folder, 'index', 'docs', '--encoder', 'lengths', ...own);
    expect(indexed.code, indexed.stderr).toBe(0);
    const asked = ['search', '--json', 'north', '--pipeline', 'fuse(words, meaning) > rerank(shortest)'];
    const found = await sagitta(folder, ...asked, ...own);
    expect(found.code, found.stderr).toBe(0);
    expect(JSON.parse(found.stdout).hits.map(({ title }: { title: string }) => title)).toEqual(['b', 'Logbook']);

    const without = await sagitta(folder, ...asked);
    expect(without.code).not.toBe(0);
    writeFileSync(folder.at('sagitta.config.json'), JSON.stringify({ extensions: ['./mine.mjs'] }));
    expect((await sagitta(folder, ...asked)).stdout).toContain('Logbook');
    writeFileSync(folder.at('sagitta.config.json'), JSON.stringify({ extension: ['./mine.mjs'] }));
    const refused = await sagitta(folder, ...asked);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toMatch(/Did you mean \\"extensions\\"/);
    expect(refused.stdout.trim().split('\n')).toHaveLength(1);
  }, 240_000);

  it('is not taken from a collection, and not from folders above', async () => {
    const broken = '{"extensions": ["./nothing.mjs"]}';
    using folder = testFolder({ ...FILES, 'sagitta.config.json': broken, 'docs/.sagitta/sagitta.config.json': broken });
    const above = await sagitta(folder, 'index', 'docs', '--encoder', 'none');
    expect(above.code).toBe(3);
    expect(above.stderr).toMatch(/no module "\.\/nothing\.mjs".*Name a file/);
    const inside = await sagittaIn(folder.at('docs'), 'index', 'b.md', '--encoder', 'none');
    expect(inside.code, inside.stderr).toBe(0);
    expect((await sagittaIn(folder.at('docs'), 'search', 'north')).stdout).toContain('b.md');
  }, 120_000);
});

describe('extensions', () => {
  it.each([
    [{ rerankrs: [] }, /Did you mean "rerankers"/],
    [{ rerankers: [{ score: async () => [] }] }, /has no name/],
    [{ encoders: [{ name: 'minilm', open: () => undefined }] }, /cannot be the name/],
    [{ operators: [{ name: 'fuse' }] }, /It is taken/],
  ])('are refused with what is wrong: %j', (extension, message) => {
    expect(() => joinExtensions([extension as unknown as Extension])).toThrow(message);
  });

  it('may be named twice, but not share a name', () => {
    const reranker = { id: 'same', score: async () => [] };
    expect(joinExtensions([{ rerankers: [reranker] }, { rerankers: [reranker] }]).rerankers).toHaveLength(1);
    expect(() => joinExtensions([{ rerankers: [reranker] }, { rerankers: [{ ...reranker }] }])).toThrow(
      /called "same"/,
    );
  });

  it('are told when their module is missing or exports none, and when an encoder hides what it is', async () => {
    using folder = testFolder({ 'empty.mjs': 'export const nothing = 1;' });
    await expect(loadExtensions(['./missing.mjs'], folder.path)).rejects.toThrow(NotFoundError);
    await expect(loadExtensions(['./empty.mjs'], folder.path)).rejects.toThrow(/exports no extension/);
    const liar = { name: 'liar', open: () => ({ id: 'hash:8', dim: 8, encode: async () => undefined as never }) };
    const opening = openCollection(folder.at('c'), { create: true, encoder: 'liar', extensions: { encoders: [liar] } });
    await expect(opening).rejects.toThrow(InvalidArgumentError);
  });
});
