import { readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, docxParagraph, makeDocx, makePdf, testFolder } from '../../test/support/files.ts';
import { readContent, readOne, reasonFor } from '../../test/support/ingest.ts';
import { UnreadableDocumentError } from '../base/errors.ts';
import { ChangeTracker, type KnownDocument } from './changes.ts';
import { listFiles, readDocuments } from './read.ts';
import type { Reader } from './reader.ts';
import { createScope } from './scope.ts';
import type { IngestEvent } from './types.ts';

describe('readDocuments', () => {
  it('reads a folder of everything, in order, and lists what it could not read', async () => {
    using folder = testFolder({
      'a.md': '---\ntitle: Front\ntags: [x, y]\ndate: 2024-05-01\nlang: de\n---\n# Heading\n\nText.\n',
      'b.html': '<title>Page</title><p>Text.',
      'c.txt': 'Plain.\n\nText.',
      'd.pdf': makePdf([['Printed.']]),
      'e.docx': makeDocx(docxParagraph('Written.')),
      'f.jsonl': '{"text":"one"}\nnonsense\n',
      'g.csv': 'text\nrow\n',
      'h.json': '{"key":"value"}',
      'i.ts': 'export function arrow(): number {\n  return 1;\n}\n',
      'j.pdf': makePdf([['Cut off.']]).subarray(0, 200),
      'k.png': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      'l.md': '',
      'm.txt': ' \n\n',
      'n.bin.md': Buffer.alloc(500),
      README: 'No extension.',
    });
    const events = await collect(readDocuments(['.'], { base: folder.path }));
    const summary = events.map((event) => {
      if (event.kind === 'document') return `${event.document.id} ${event.document.format}`;
      if (event.kind === 'failure') return `${event.failure.path} failed ${event.failure.where ?? ''}`.trim();
      if (event.kind === 'skipped') return `${event.skipped.path} ${event.skipped.reason}`;
      return event.kind === 'file' ? `= ${event.documents}` : event.kind;
    });
    expect(summary).toEqual([
      'README text',
      '= 1',
      'a.md markdown',
      '= 1',
      'b.html html',
      '= 1',
      'c.txt text',
      '= 1',
      'd.pdf pdf',
      '= 1',
      'e.docx docx',
      '= 1',
      'f.jsonl failed line 2',
      'f.jsonl#1 jsonl',
      '= 1',
      'g.csv#1 csv',
      '= 1',
      'h.json json',
      '= 1',
      'i.ts typescript',
      '= 1',
      'j.pdf failed',
      '= 0',
      'k.png image',
      'l.md empty',
      'm.txt empty',
      'n.bin.md binary',
    ]);
    const markdown = events.find((event) => event.kind === 'document' && event.document.id === 'a.md');
    expect(markdown).toMatchObject({
      document: { title: 'Front', language: 'de', metadata: { tags: ['x', 'y'], date: '2024-05-01' } },
    });
  });

  it('takes no header of a page for its text, sound or not, in either notation', async () => {
    const read = async (content: string) => {
      const { title, metadata, text, blocks } = await readOne('x.md', content);
      return { title, metadata, text: blocks.map(({ start, end }) => text.slice(start, end)) };
    };
    expect(await read('---\ntitle: Fwd: Lock gates\ntags: [weir, gate]\nauthor: N. Keeper\n---\n\nShut.\n')).toEqual({
      title: 'Fwd: Lock gates',
      metadata: { tags: ['weir', 'gate'], author: 'N. Keeper' },
      text: ['Shut.'],
    });
    expect(await read('---\ntitle: @keeper notes\n---\n\nOpen.\n')).toMatchObject({
      title: '@keeper notes',
      text: ['Open.'],
    });
    expect(
      await read('+++\ntitle = "Tides"\ndate = 2025-07-09\ntags = ["ebb","flow"]\n+++\n\n# High\n\nWater.\n'),
    ).toEqual({
      title: 'Tides',
      metadata: { date: '2025-07-09', tags: ['ebb', 'flow'] },
      text: ['# High', 'Water.'],
    });
  });

  it('reads the letters that files of messages write by their numbers', async () => {
    const { text } = await readOne(
      'messages_de.properties',
      'farewell=Gru\\u00df aus K\\u00f6ln\\u000a\npath=C:\\\\users\n',
    );
    expect(text).toBe('farewell=Gruß aus Köln\\u000a\npath=C:\\\\users\n');
  });

  it('gives no file the id of a record', async () => {
    using folder = testFolder({ 'a.jsonl': '{"text":"record"}\n', 'a.jsonl#1': 'file', 'C#%23.md': 'sharp' });
    const documents = (await collect(readDocuments(['.'], { base: folder.path }))).flatMap((event) =>
      event.kind === 'document' ? [event] : [],
    );
    expect(documents.map(({ document }) => [document.id, document.path, document.title])).toEqual([
      ['C%23%2523.md', 'C#%23.md', 'C#%23'],
      ['a.jsonl#1', 'a.jsonl', 'a #1'],
      ['a.jsonl%231', 'a.jsonl#1', 'a'],
    ]);
    const known = documents.map(
      ({ document: { id, path }, hash, stamp }): KnownDocument => ({
        id,
        path: path!,
        contentHash: hash,
        ...(stamp === undefined ? {} : { source: stamp }),
      }),
    );
    const tracker = new ChangeTracker(known, createScope(['.'], { base: folder.path }));
    const again = await collect(
      readDocuments(['.'], { base: folder.path, isUnchanged: (file) => tracker.isUnchanged(file) }),
    );
    expect(again.filter(({ kind }) => kind === 'unchanged')).toHaveLength(2);
  });

  it('lists what it would read and what not, without reading it', async () => {
    using folder = testFolder({
      'a.md': 'text',
      'b.png': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      'c.txt': '',
      'd.pdf': 'no PDF at all',
      'e.txt': 'too long for the limit',
      NOTES: 'text',
    });
    const events = await collect(listFiles(['.'], { base: folder.path, maxBytes: 16 }));
    const seen = events.map((event) => {
      if (event.kind === 'file') return [event.file.path, event.format];
      return event.kind === 'skipped' ? [event.skipped.path, event.skipped.reason] : [event.failure.path, 'failure'];
    });
    expect(seen).toEqual([
      ['NOTES', 'text'],
      ['a.md', 'markdown'],
      ['b.png', 'image'],
      ['c.txt', 'empty'],
      ['d.pdf', 'pdf'],
      ['e.txt', 'failure'],
    ]);
  });

  it('refuses a file of 2 GB at once, without reading it, and says what to do', async () => {
    using folder = testFolder({ 'huge.txt': '', 'huge.unknown': 'text' });
    for (const name of ['huge.txt', 'huge.unknown']) truncateSync(folder.at(name), 2_000_000_000);
    writeFileSync(folder.at('text.log'), 'word '.repeat(2000));
    const start = performance.now();
    const events = await collect(readDocuments(['.'], { base: folder.path, maxBytes: 5000 }));
    expect(performance.now() - start).toBeLessThan(500);
    expect(events.filter(({ kind }) => kind === 'failure')).toMatchObject([
      {
        failure: {
          path: 'huge.txt',
          reason: expect.stringMatching(/^It has 1\.9 GiB, more than the limit of 4\.9 kiB\. Split it/i),
        },
      },
      { failure: { path: 'text.log', reason: expect.stringMatching(/^It has 9\.8 KiB/) } },
    ]);
    expect(events).toContainEqual({ kind: 'skipped', skipped: { path: 'huge.unknown', reason: 'binary' } });
  });

  it('reads a JSONL file larger than the limit in a stream whose memory does not grow with it', async () => {
    const record = `${JSON.stringify({ text: 'word '.repeat(400) })}\n`;
    using folder = testFolder({ 'big.jsonl': record.repeat(20_000) });
    expect(statSync(folder.at('big.jsonl')).size).toBeGreaterThan(40_000_000);
    let documents = 0;
    let peak = 0;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for await (const event of readDocuments(['big.jsonl'], { base: folder.path, maxBytes: 100_000 })) {
      if (event.kind !== 'document') continue;
      documents++;
      if (documents % 1000 !== 0) continue;
      collect();
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    expect(documents).toBe(20_000);
    expect(peak).toBeLessThan(10_000_000);
  });

  it('pulls: reads no further than it is asked to', async () => {
    const read: string[] = [];
    const reader: Reader = {
      format: 'probe',
      extensions: ['probe'],
      async *read(file) {
        for (let i = 0; i < 3; i++) {
          read.push(`${file.path}#${i}`);
          yield { id: `${file.path}#${i}`, title: 't', format: 'probe', text: 'text', blocks: [], metadata: {} };
        }
      },
    };
    using folder = testFolder({ 'a.probe': 'x', 'b.probe': 'x' });
    const reading = readDocuments(['.'], { base: folder.path, readers: [reader] });
    await reading.next();
    expect(read.length).toBeLessThanOrEqual(2);
    await reading.return(undefined);
    expect(read.length).toBeLessThanOrEqual(2);
  });

  it('turns whatever a reader throws into one failure, and keeps what came before', async () => {
    const failing = (error: unknown): Reader => ({
      format: 'probe',
      extensions: ['probe'],
      async *read(file) {
        yield { id: `${file.path}#1`, title: 't', format: 'probe', text: 'text', blocks: [], metadata: {} };
        yield { id: `${file.path}#2`, title: 't', format: 'probe', text: 'text', blocks: [], metadata: {} };
        throw error;
      },
    });
    const read = (error: unknown) => readContent('x.probe', 'x', { readers: [failing(error)] });
    const parser = await read(new TypeError('undefined is not\na function'));
    expect(parser.documents.length).toBeGreaterThan(0);
    expect(parser.failures).toEqual([
      {
        path: 'x.probe',
        reason:
          'It could not be read (undefined is not a function). Check that it opens in other programs, or exclude it.',
      },
    ]);
    const refused = await read(Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'read' }));
    expect(refused.failures[0]!.reason).toMatch(/^Permission denied/);
    const own = await read(new UnreadableDocumentError('It is odd.', 'Even it out.'));
    expect(own.failures[0]!.reason).toBe('It is odd. Even it out.');
  });

  it('reports a file that disappears between the walk and the reading', async () => {
    using folder = testFolder({ 'a.md': 'a', 'b.md': 'b' });
    const reading = readDocuments(['.'], {
      base: folder.path,
      isUnchanged: (file) => {
        if (file.path === 'a.md') rmSync(folder.at('a.md'));
        return false;
      },
    });
    const events = await collect(reading);
    expect(events[0]).toMatchObject({
      kind: 'failure',
      failure: { path: 'a.md', reason: expect.stringContaining('does not exist') },
    });
    expect(events.some((event) => event.kind === 'document' && event.document.id === 'b.md')).toBe(true);
  });

  it('passes the reason of an abort on', async () => {
    using folder = testFolder({ 'a.jsonl': '{"text":"a"}\n'.repeat(1000) });
    const controller = new AbortController();
    const reading = readDocuments(['.'], { base: folder.path, signal: controller.signal });
    await reading.next();
    controller.abort(new Error('enough'));
    await expect(collect(reading)).rejects.toThrow('enough');
  });
});

describe('every reader', () => {
  it('yields disjoint ascending blocks within the text, whatever the content', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\n\n',
        '# h\n',
        '- item\n',
        '```\n',
        '---\n',
        '<div>',
        '</p>',
        '{"text":"x"}\n',
        '"',
        ',',
        '\t',
        '| a |',
      ),
      fc.constantFrom('function f() {\n', '}\n', 'def f():\n  pass\n', 'class A {', '/* c */', '日本語。', '\u2028'),
    );
    const extensions = ['md', 'txt', 'html', 'json', 'jsonl', 'csv', 'tsv', 'ts', 'py', 'rs', 'yaml', 'none'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...extensions),
        fc.array(piece, { maxLength: 25 }),
        async (extension, pieces) => {
          const { documents, failures } = await readContent(`x.${extension}`, pieces.join(''));
          for (const { reason } of failures) expect(reason).toMatch(/\.$/);
          for (const { text, blocks } of documents) {
            let end = 0;
            for (const block of blocks) {
              expect(block.start).toBeGreaterThanOrEqual(end);
              expect(block.end).toBeGreaterThanOrEqual(block.start);
              end = block.end;
            }
            expect(end).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('loads its parser only when a file of its format is met', () => {
    const heavy = /^import (?!type).* from '(?!\.|node:|ignore')/m;
    const folders = [import.meta.dirname, join(import.meta.dirname, 'readers')];
    const sources = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    const modules = sources.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((path) => heavy.test(readFileSync(path, 'utf8')))).toEqual([]);
  });
});

describe('formats by content', () => {
  it('knows scripts, pages and text without an extension', async () => {
    expect((await readOne('run', '#!/usr/bin/env python3\nprint(1)\n')).format).toBe('python');
    expect((await readOne('index', '<!doctype html><title>T</title><p>x')).format).toBe('html');
    expect((await readOne('Makefile', 'all:\n\ttrue\n')).format).toBe('text');
    expect((await readOne('notes.unknown', 'Some text.')).format).toBe('text');
    expect((await readOne('conf.yaml', 'a: 1\n')).format).toBe('yaml');
    expect((await readContent('x.unknown', Buffer.from([0, 1, 2, 3]))).skipped).toEqual(['binary']);
    expect(await reasonFor('x.pdf', 'text')).toContain('not a PDF');
  });
});

describe('a second run', () => {
  const run = async (
    folder: string,
    known: readonly KnownDocument[],
  ): Promise<{ read: string[]; known: KnownDocument[]; kinds: Record<string, string> }> => {
    const scope = createScope(['.'], { base: folder });
    const tracker = new ChangeTracker(known, scope);
    const read: string[] = [];
    const kinds: Record<string, string> = {};
    const now: KnownDocument[] = [];
    const observe = (event: IngestEvent): void => {
      if (event.kind === 'unchanged') {
        tracker.keep(event.file);
        now.push(...known.filter(({ path }) => path === event.file.path));
      }
      if (event.kind === 'failure') tracker.fail(event.failure.path);
      if (event.kind !== 'document') return;
      const { document, hash, stamp } = event;
      read.push(document.id);
      const change = tracker.observe(document.id, hash);
      kinds[document.id] = change.kind === 'moved' ? `moved from ${change.from}` : change.kind;
      now.push({
        id: document.id,
        contentHash: hash,
        path: document.path!,
        ...(stamp === undefined ? {} : { source: stamp }),
      });
    };
    for await (const event of readDocuments(scope, { isUnchanged: (file) => tracker.isUnchanged(file) }))
      observe(event);
    for (const id of tracker.removed()) kinds[id] = 'removed';
    return { read, known: now, kinds };
  };

  it('reads only what changed, and notices moves and deletions', async () => {
    using folder = testFolder({
      'a.md': '# A\n\nText a',
      'b.txt': 'Text b',
      'c.txt': 'Text c',
      'd.jsonl': '{"id":1,"text":"x"}\n',
      'e.txt': 'Text e',
    });
    const first = await run(folder.path, []);
    expect(Object.values(first.kinds)).toEqual(Array(5).fill('added'));

    expect(await run(folder.path, first.known)).toMatchObject({
      read: ['d.jsonl#1'],
      kinds: { 'd.jsonl#1': 'unchanged' },
    });

    folder.write({ 'b.txt': 'Text B!', 'sub/moved.txt': 'Text c' });
    rmSync(folder.at('c.txt'));
    rmSync(folder.at('e.txt'));
    utimesSync(folder.at('a.md'), 1, 1);
    const third = await run(folder.path, first.known);
    expect(third.kinds).toEqual({
      'a.md': 'unchanged',
      'b.txt': 'updated',
      'd.jsonl#1': 'unchanged',
      'sub/moved.txt': 'moved from c.txt',
      'e.txt': 'removed',
    });
  });

  it('does not trust the time of a file that was written a moment ago', async () => {
    using folder = testFolder({ 'old.txt': 'settled' });
    writeFileSync(folder.at('new.txt'), 'fresh');
    const { known } = await run(folder.path, []);
    expect(known.map(({ id, source }) => [id, source !== undefined])).toEqual([
      ['new.txt', false],
      ['old.txt', true],
    ]);
  });
});
