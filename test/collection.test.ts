import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, type InputDocument, openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let opened: Collection[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-collection-'));
});

afterEach(async () => {
  for (const collection of opened) await collection.close();
  opened = [];
  rmSync(folder, { recursive: true, force: true });
});

const encoder = testEncoder({ dim: 64, languages: ['en'] });
const collectionFolder = (): string => join(folder, 'collection');

async function open(options: Parameters<typeof openCollection>[1] = {}): Promise<Collection> {
  const collection = await openCollection(collectionFolder(), { create: true, encoder, ...options });
  opened.push(collection);
  return collection;
}

const library: InputDocument[] = [
  {
    id: 'keys',
    title: 'Keys',
    text: 'Rotate the signing key every ninety days. Old keys stay valid for a week.',
    metadata: { year: 2024, tags: ['security', 'keys'] },
  },
  {
    id: 'backup',
    title: 'Backups',
    text: 'Copies are taken every night and kept for a month.',
    metadata: { year: 2021 },
  },
  {
    id: 'schluessel',
    title: 'Schlüssel',
    text: 'Der Schlüssel für die Signatur wird alle neunzig Tage erneuert, und alte Schlüssel gelten noch eine Woche lang weiter.',
    metadata: { year: 2024 },
  },
  { id: 'zh', title: '密钥', text: '签名密钥每九十天轮换一次。旧密钥在一周内仍然有效。', metadata: { year: 2023 } },
  { id: 'th', title: 'กุญแจ', text: 'ต้องเปลี่ยนกุญแจสำหรับลงนามทุกเก้าสิบวัน กุญแจเก่ายังใช้ได้อีกหนึ่งสัปดาห์', metadata: {} },
];

describe('a collection', () => {
  it('finds what was added, and marks what matched', async () => {
    const collection = await open();
    expect(await collection.add(library)).toMatchObject({ added: 5, updated: 0, unchanged: 0 });
    const { hits, retriever } = await collection.search('rotating keys');
    expect(retriever).toBe('hybrid');
    expect(hits[0]!.id).toBe('keys');
    const marked = hits[0]!.highlights.map(({ start, end }) => hits[0]!.text.slice(start, end));
    expect(marked).toEqual(['Rotate', 'key', 'keys']);
  });

  it('finds Chinese and Thai words inside sentences, without set-up', async () => {
    const collection = await open();
    await collection.add(library);
    expect((await collection.search('密钥轮换')).hits[0]!.id).toBe('zh');
    expect((await collection.search('เปลี่ยนกุญแจ')).hits[0]!.id).toBe('th');
  });

  it('drops the dense vote of a query in a language that the encoder does not know, and says so', async () => {
    const collection = await open();
    await collection.add(library);
    const { hits, trace, language } = await collection.search('Wie oft wird der Schlüssel für die Signatur erneuert?', {
      explain: true,
    });
    expect(language).toBe('de');
    expect(hits[0]!.id).toBe('schluessel');
    expect(trace.inputs!.find(({ stage }) => stage === 'dense')!.note).toMatch(/no vote.*"de".*knows en/);
    expect(hits.every(({ contributions }) => contributions!.every(({ stage }) => stage === 'bm25'))).toBe(true);
    await expect(collection.search('Wie oft wird der Schlüssel erneuert?', { retriever: 'dense' })).rejects.toThrow(
      /language "de".*Use hybrid or bm25/,
    );
  });

  it('returns k hits under a filter, or says why not', async () => {
    const collection = await open();
    await collection.add(library);
    const filtered = await collection.search('key', { k: 3, filter: 'year >= 2024 and tags = security' });
    expect(filtered.hits.map(({ id }) => id)).toEqual(['keys']);
    expect(filtered.shortfall).toEqual({
      requested: 3,
      returned: 1,
      allowed: 1,
      reason: 'the filter allows only 1 passage',
    });
    const none = await collection.search('key', { filter: 'year > 3000' });
    expect(none.hits).toEqual([]);
    expect(none.shortfall!.reason).toBe('no document has year > 3000; year is 2024, 2021, 2023');
    const lexical = await collection.search('backups', { retriever: 'bm25', k: 2 });
    expect(lexical.shortfall).toMatchObject({ returned: 1, allowed: 5 });
    expect(lexical.shortfall!.reason).toMatch(/^1 of 5 passages contains a word of the query/);
  });

  it('explains a score by contributions that add up', async () => {
    const collection = await open();
    await collection.add(library);
    const { hits, trace } = await collection.search('signing key', { explain: true });
    for (const { score, contributions } of hits) {
      expect(contributions!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 9);
    }
    expect(trace.inputs!.map(({ stage }) => stage)).toEqual(['bm25', 'dense']);
  });

  it('limits the passages of one document', async () => {
    const collection = await open({ settings: { passageTokens: 20, passageOverlap: 0 } });
    const paragraphs = Array.from(
      { length: 8 },
      (_, i) => `Paragraph ${i} speaks of the harbour and of its many ships at length, again and again.`,
    );
    await collection.add([
      { id: 'long', text: paragraphs.join('\n\n') },
      { id: 'short', text: 'A harbour.' },
    ]);
    const { hits } = await collection.search('harbour', { k: 2, perDocument: 1 });
    expect(hits.map(({ id }) => id).sort()).toEqual(['long', 'short']);
    const limited = await collection.search('harbour', { k: 5, perDocument: 1 });
    expect(limited.shortfall!.reason).toMatch(/at most 1 of a document/);
  });

  it('replaces, leaves alone and removes', async () => {
    const collection = await open();
    await collection.add(library);
    const again = await collection.add([library[0]!, { ...library[1]!, text: 'Copies are taken hourly.' }]);
    expect(again).toMatchObject({ added: 0, updated: 1, unchanged: 1 });
    expect((await collection.document('backup')).text).toBe('Copies are taken hourly.');
    expect((await collection.search('night', { retriever: 'bm25' })).hits).toEqual([]);
    expect(await collection.remove(['backup', 'unknown'])).toBe(1);
    await expect(collection.document('backup')).rejects.toThrow(/no document "backup"/);
    expect((await collection.verify()).sound).toBe(true);
  });

  it('keeps the last of several documents with one id, whatever was stored before', async () => {
    const collection = await open({ encoder: 'none' });
    const version = (text: string): InputDocument => ({ id: 'x', text });
    expect(await collection.add([version('alpha'), version('beta'), version('gamma')])).toMatchObject({
      added: 1,
      updated: 2,
      passagesAdded: 1,
    });
    // The stored content comes again behind something else, and before it.
    expect(await collection.add([version('delta'), version('gamma')])).toMatchObject({ updated: 2, unchanged: 0 });
    expect((await collection.document('x')).text).toBe('gamma');
    expect(await collection.add([version('gamma'), version('delta'), version('delta')])).toMatchObject({
      updated: 1,
      unchanged: 2,
    });
    expect((await collection.document('x')).text).toBe('delta');
    await collection.add([version('alpha')]);
    expect((await collection.document('x')).text).toBe('alpha');
    for (const [word, count] of [
      ['alpha', 1],
      ['beta', 0],
      ['gamma', 0],
      ['delta', 0],
    ] as const)
      expect((await collection.search(word)).hits).toHaveLength(count);
    expect(await collection.ids()).toEqual(['x']);
  });

  it('keeps the last of a batch that is longer than what waits for the encoder', async () => {
    const collection = await open();
    const filler = Array.from({ length: 400 }, (_, i) => ({ id: `f${i}`, text: `filler number ${i}` }));
    await collection.add([{ id: 'x', text: 'stored words' }]);
    const again = [{ id: 'x', text: 'other words' }, ...filler, { id: 'x', text: 'stored words' }];
    expect(await collection.add(again)).toMatchObject({ added: 400, updated: 2 });
    expect((await collection.document('x')).text).toBe('stored words');
  });

  it('takes everything that is stored for content: path, folder and a title made like the id', async () => {
    const collection = await open({ encoder: 'none' });
    const versions: InputDocument[] = [
      { id: 'notes/x.md', text: 'same' },
      { id: 'notes/x.md', text: 'same', title: 'x' },
      { id: 'notes/x.md', text: 'same', title: 'x.md' },
      { id: 'notes/x.md', text: 'same', title: 'x.md', path: 'elsewhere.md' },
      { id: 'notes/x.md', text: 'same', title: 'x.md', path: 'elsewhere.md', metadata: { folder: 'one' } },
      { id: 'notes/x.md', text: 'same', title: 'x.md', path: 'elsewhere.md', metadata: { folder: 'two' } },
      { id: 'notes/x.md', text: 'same', title: 'x.md', metadata: { folder: 'two' } },
    ];
    for (const [i, version] of versions.entries()) {
      expect(await collection.add([version])).toMatchObject(i === 0 ? { added: 1 } : { updated: 1 });
      const { id: _, title = '', path, metadata = {} } = version;
      expect(await collection.document('notes/x.md')).toMatchObject({ title, metadata });
      expect((await collection.document('notes/x.md')).path).toBe(path);
      expect(await collection.add([version])).toMatchObject({ unchanged: 1 });
    }
  });

  it('finds a title without a text, and headings without paragraphs', async () => {
    for (const retriever of ['bm25', 'hybrid', 'dense'] as const) {
      const collection = await openCollection(join(folder, retriever), { create: true, encoder });
      opened.push(collection);
      const report = await collection.add([
        { id: 'title', title: 'Puffin colonies', text: '' },
        { id: 'blank', title: 'Granite quarries', text: ' \n\t ' },
        { id: 'headings', format: 'markdown', text: '# Lighthouse keepers\n\n## Lanterns\n' },
        { id: 'other', title: 'Bread', text: 'A starter needs flour and water.' },
      ]);
      expect(report).toMatchObject({ added: 4, unsearchable: 0, passagesAdded: 4 });
      for (const [query, id] of [
        ['puffin colonies', 'title'],
        ['granite quarries', 'blank'],
        ['lanterns', 'headings'],
      ] as const) {
        const { hits } = await collection.search(query, { retriever });
        expect(hits[0]).toMatchObject({ id });
      }
      const [hit] = (await collection.search('puffin colonies', { retriever })).hits;
      expect(hit).toMatchObject({ text: '', start: 0, end: 0, highlights: [] });
      expect((await collection.similar({ id: 'title' }, { retriever })).hits.map(({ id }) => id)).not.toContain(
        'title',
      );
      expect((await collection.verify()).sound).toBe(true);
    }
  });

  it('says how many documents hold nothing to be found, and keeps them', async () => {
    const collection = await open({ encoder: 'none' });
    expect(
      await collection.add([
        { id: 'nothing', text: '', metadata: { kind: 'empty' } },
        { id: 'blank', text: ' \n ', title: ' ' },
        { id: 'signs', text: '*** --- ***' },
        { id: 'words', text: 'words' },
      ]),
    ).toMatchObject({ added: 4, unsearchable: 3 });
    expect(await collection.document('nothing')).toMatchObject({ metadata: { kind: 'empty' }, passages: 0 });
    expect((await collection.search('words')).hits).toHaveLength(1);
  });

  it('finds files that declare a title and hold nothing else', async () => {
    const files = join(folder, 'files');
    await mkdir(files);
    await writeFile(join(files, 'a.md'), '---\ntitle: Puffin colonies\nyear: 1999\n---\n');
    await writeFile(join(files, 'b.html'), '<html><head><title>Granite quarries</title></head><body></body></html>');
    await writeFile(join(files, 'c.jsonl'), '{"title": "Lighthouse keepers", "text": ""}\n');
    await writeFile(join(files, 'd.txt'), ' \n\n');
    const collection = await open({ encoder: 'none' });
    expect(await collection.index([files])).toMatchObject({ added: 3, skipped: 1, unsearchable: 0 });
    for (const query of ['puffin', 'granite', 'lighthouse']) {
      expect((await collection.search(query)).hits).toHaveLength(1);
    }
    expect(await collection.index([files])).toMatchObject({ added: 0, updated: 0, unchanged: 3 });
  });

  it('refuses what it could not keep as it is given', async () => {
    const collection = await open({ encoder: 'none' });
    const refused = async (document: object, message: RegExp): Promise<void> => {
      await expect(collection.add([{ id: 'x', text: 'a', ...document } as InputDocument])).rejects.toThrow(message);
    };
    await refused({ meta: {} }, /unknown field "meta".*Did you mean "metadata"/);
    await refused({ content: 'b' }, /Did you mean "text"/);
    await refused({ title: 5 }, /title of Document "x" is 5/);
    await refused({ metadata: { author: { name: 'A' } } }, /"author" of Document "x" is an object.*flatten/);
    await refused({ metadata: { at: new Date(0) } }, /is a date/);
    await refused({ metadata: { n: 1n } }, /is a bigint/);
    await refused({ metadata: { n: [1, null] } }, /holds null/);
    await refused({ metadata: { n: Number.NaN } }, /is NaN/);
    await refused({ metadata: JSON.parse('{"__proto__": "x"}') }, /"__proto__".*something else/);
    await refused({ metadata: [] }, /is a list/);
    await refused({ blocks: [{ kind: 'paragraph', start: 0, end: 2 }] }, /Block 0 .* runs from 0 to 2/);
    await refused({ language: 'klingonese' }, /not a language/);
    expect(await collection.ids()).toEqual([]);
    const loose = {
      id: 'x',
      text: 'walrus',
      blocks: [],
      metadata: { kept: 1, none: undefined, empty: null, list: [] },
    };
    await collection.add([loose as unknown as InputDocument]);
    expect((await collection.document('x')).metadata).toEqual({ kept: 1, empty: null, list: [] });
    expect((await collection.search('walrus')).hits).toHaveLength(1);
  });

  it('is still there when opened again, also after compaction', async () => {
    const first = await open();
    for (const document of library) await first.add([document]);
    const before = await first.search('old keys stay valid');
    const report = await first.compact({ full: true });
    expect(report.segmentsAfter).toBe(1);
    await first.close();
    const second = await open();
    const after = await second.search('old keys stay valid');
    expect(after.hits.map(({ id }) => id)).toEqual(before.hits.map(({ id }) => id));
  });

  it('answers searches that run while documents are added', async () => {
    const collection = await open();
    await collection.add(library);
    const adding = (async () => {
      for (let i = 0; i < 10; i++) await collection.add([{ id: `new-${i}`, text: `Key number ${i}.` }]);
    })();
    const searches = Array.from({ length: 50 }, () => collection.search('key', { k: 2 }));
    for (const { hits } of await Promise.all(searches)) expect(hits).toHaveLength(2);
    await adding;
    expect(
      (await collection.search('key number', { k: 20 })).hits.filter(({ id }) => id.startsWith('new-')),
    ).toHaveLength(10);
  });

  it('writes one thing at a time, in the order of the calls', async () => {
    const collection = await open();
    const reports = await Promise.all([
      collection.add([library[0]!]),
      collection.add([library[0]!, library[1]!]),
      collection.remove(['keys']),
    ]);
    expect(reports).toMatchObject([{ added: 1 }, { added: 1, unchanged: 1 }, 1]);
    expect(await collection.ids()).toEqual(['backup']);
  });

  it('counts a document that comes twice in one call once', async () => {
    const collection = await open();
    expect(await collection.add([library[0]!, { ...library[0]!, text: 'Never rotate.' }])).toMatchObject({
      added: 1,
      updated: 1,
    });
    expect((await collection.document('keys')).text).toBe('Never rotate.');
  });

  it('refuses to work once it is closed', async () => {
    const collection = await open();
    await collection.close();
    await expect(collection.search('key')).rejects.toThrow(/is closed.*openCollection/);
    await expect(collection.add(library)).rejects.toThrow(/is closed/);
  });

  it('refuses another encoder and other settings', async () => {
    const collection = await open();
    await collection.add(library);
    await expect(openCollection(collectionFolder(), { encoder: 'use-lite' })).rejects.toThrow(
      /made with the encoder "hash.*not "use-lite"/,
    );
    await expect(openCollection(collectionFolder(), { settings: { passageTokens: 50 } })).rejects.toThrow(
      /made with passageTokens 200, not 50/,
    );
  });

  it('opens with what it was made with, and with names that are known', async () => {
    const collection = await open({ encoder: 'none', bm25: { k1: 2 } });
    await collection.add(library);
    await collection.close();
    const again = (options: object) => openCollection(collectionFolder(), options as never);
    await expect(again({ encodr: 'none' })).rejects.toThrow(/no option "encodr".*Did you mean "encoder"/);
    await expect(again({ bm25: { k1: 1 } })).rejects.toThrow(/BM25's k1 2, not 1/);
    await expect(again({ settings: { passageToken: 20 } })).rejects.toThrow(/Did you mean "passageTokens"/);
    await expect(again({ settings: { titleBoost: 99 } })).rejects.toThrow(/made with titleBoost 1, not 99/);
    const opened = await again({ bm25: { k1: 2 }, settings: { titleBoost: 1 } });
    const { language, hits } = await opened.search('Schlüssel', { language: 'DE-at' });
    expect({ language, id: hits[0]!.id }).toEqual({ language: 'de', id: 'schluessel' });
    await opened.close();
  });

  it('works without an encoder', async () => {
    const collection = await open({ encoder: 'none' });
    await collection.add(library);
    expect((await collection.search('signing key')).retriever).toBe('bm25');
    await expect(collection.search('signing key', { retriever: 'dense' })).rejects.toThrow(/no embeddings/);
  });

  it.each([
    ['an empty query', '  ', {}, /query is empty/],
    ['k of 0', 'key', { k: 0 }, /k is 0/],
    ['an unknown language', 'key', { language: 'klingon' }, /"klingon" is not a language/],
    ['an unknown field', 'key', { filter: 'yaer = 1' }, /"yaer".*Did you mean "year"/],
    ['a filter that does not parse', 'key', { filter: 'year >' }, /character 7/],
    ['half a passage', 'key', { perDocument: 1.5 }, /perDocument is 1.5/],
    ['no lists', 'key', { nprobe: 0 }, /nprobe is 0/],
    ['a misspelt option', 'key', { filtre: 'year = 2024' } as object, /no option "filtre".*Did you mean "filter"/],
    ['an unknown retriever', 'key', { retriever: 'hybird' as never }, /Did you mean "hybrid"/],
  ])('refuses %s', async (_what, query, options, message) => {
    const collection = await open();
    await collection.add(library);
    await expect(collection.search(query, options)).rejects.toThrow(message);
  });

  it('copes with k of a million and a query of 100 kB', async () => {
    const collection = await open();
    await collection.add(library);
    const { hits, shortfall } = await collection.search(`key ${'word '.repeat(20_000)}`, { k: 1_000_000 });
    expect(hits[0]!.id).toBe('keys');
    expect(shortfall!.requested).toBe(1_000_000);
  });

  it('says how to make a collection where there is none', async () => {
    await expect(openCollection(join(folder, 'nowhere'))).rejects.toThrow(/no collection in .*sagitta index/);
  });
});

describe('indexing a folder', () => {
  const write = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, 'docs', name, '..'), { recursive: true });
    await writeFile(join(folder, 'docs', name), text);
  };

  it('touches only what changed, and notices moves and deletions', async () => {
    await write('a.md', '# Alpha\n\nThe first letter.\n');
    await write('b.md', '# Beta\n\nThe second letter.\n');
    await write('deep/c.md', '# Gamma\n\nThe third letter.\n');
    const collection = await open();
    const docs = join(folder, 'docs');
    expect(await collection.index([docs])).toMatchObject({ added: 3, updated: 0, unchanged: 0, documents: 3 });
    expect(await collection.index([docs])).toMatchObject({ added: 0, updated: 0, unchanged: 3, passagesAdded: 0 });

    await write('a.md', '# Alpha\n\nThe very first letter.\n');
    await rename(join(docs, 'deep/c.md'), join(docs, 'c.md'));
    await rm(join(docs, 'b.md'));
    expect(await collection.index([docs])).toMatchObject({
      added: 0,
      updated: 1,
      moved: 1,
      removed: 1,
      unchanged: 0,
      documents: 2,
    });
    const { hits } = await collection.search('third letter', { k: 1 });
    expect(hits[0]!.path).toMatch(/docs[\\/]c\.md$/);
    expect((await collection.verify()).sound).toBe(true);
  });

  it('removes only what lies under the given paths', async () => {
    await write('one/a.md', 'Alpha.');
    await write('two/b.md', 'Beta.');
    const collection = await open();
    await collection.index([join(folder, 'docs')]);
    await rm(join(folder, 'docs/two/b.md'));
    expect(await collection.index([join(folder, 'docs/one')])).toMatchObject({ removed: 0, documents: 2 });
    expect(await collection.index([join(folder, 'docs')], { prune: false })).toMatchObject({
      removed: 0,
      documents: 2,
    });
    expect(await collection.index([join(folder, 'docs')])).toMatchObject({ removed: 1, documents: 1 });
  });

  it('lists a bad record and goes on', async () => {
    await write('notes.jsonl', '{"id": "x", "text": "Alpha"}\nnot json\n{"id": "y", "text": "Beta"}\n');
    await write('broken.pdf', '%PDF-1.4\nnothing');
    const collection = await open();
    const report = await collection.index([join(folder, 'docs')]);
    expect(report).toMatchObject({ added: 2, documents: 2 });
    expect(report.failures.map(({ path, where }) => [path.split(/[\\/]/).at(-1), where])).toEqual([
      ['broken.pdf', undefined],
      ['notes.jsonl', 'line 2'],
    ]);
    for (const { reason } of report.failures) expect(reason).toMatch(/\w/);
  });

  it('keeps the documents of a file that can no longer be read', async () => {
    await write('notes.jsonl', '{"id": "x", "text": "Alpha"}\n');
    const collection = await open();
    await collection.index([join(folder, 'docs')]);
    await write('notes.jsonl', 'cut off in the mid');
    const report = await collection.index([join(folder, 'docs')]);
    expect(report).toMatchObject({ removed: 0, documents: 1, failures: [{ where: 'line 1' }] });
    expect((await collection.search('alpha')).hits).toHaveLength(1);
  });

  it('removes the document of a file that is no longer text', async () => {
    await write('a.md', '# Alpha\n\nThe first letter.\n');
    const collection = await open();
    await collection.index([join(folder, 'docs')]);
    await writeFile(join(folder, 'docs/a.md'), Buffer.alloc(300));
    expect(await collection.index([join(folder, 'docs')])).toMatchObject({ removed: 1, skipped: 1, documents: 0 });
  });

  it('stops when told to, keeping what was finished', async () => {
    for (let i = 0; i < 30; i++) await write(`${i}.md`, `# Number ${i}\n\nText ${i}.\n`);
    const collection = await open();
    const controller = new AbortController();
    const indexing = collection.index([join(folder, 'docs')], {
      signal: controller.signal,
      onProgress: ({ documents }) => {
        if (documents === 10) controller.abort();
      },
    });
    await expect(indexing).rejects.toThrow(/abort/i);
    expect((await collection.verify()).sound).toBe(true);
    expect(await collection.index([join(folder, 'docs')])).toMatchObject({ documents: 30 });
  });
});
