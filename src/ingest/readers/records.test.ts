import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readBytes, readContent, readOne, reasonFor } from '../../../test/support/ingest.ts';
import { parseJson } from '../json-parse.ts';

const lines = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

describe('the JSON Lines reader', () => {
  it('maps id, title, text, language and metadata', async () => {
    const [document] = await readBytes(
      'data/export.jsonl',
      lines({
        _id: 7,
        headline: ' A  title ',
        body: 'The text.',
        lang: 'de-AT',
        year: 2024,
        draft: false,
        tags: ['a', 'b'],
        nothing: null,
        metadata: { source: 'wire', year: 1999 },
        author: { name: 'A. Writer', address: { city: 'X' } },
        path: '/their/path',
        published: '2024-05-01 10:00:00 +02:00',
      }),
    );
    expect(document).toEqual({
      id: 'data/export.jsonl#7',
      path: 'data/export.jsonl',
      title: 'A title',
      text: 'The text.',
      format: 'jsonl',
      language: 'de',
      blocks: [{ kind: 'paragraph', start: 0, end: 9 }],
      metadata: {
        folder: 'data',
        year: 2024,
        draft: false,
        tags: ['a', 'b'],
        nothing: null,
        source: 'wire',
        'author.name': 'A. Writer',
        'author.address.city': 'X',
        'source.path': '/their/path',
        published: '2024-05-01T08:00:00Z',
      },
    });
  });

  it('takes every field where none is the text, the title where there is nothing else, and long strings beside the text', async () => {
    const long = 'long '.repeat(50).trim();
    const [all, title, beside] = await readBytes(
      'x.jsonl',
      lines({ question: 'Why?', answer: 'Because.', n: 1 }, { title: 'Only a title' }, { text: 'Short.', notes: long }),
    );
    expect(all).toMatchObject({ text: 'question: Why?\n\nanswer: Because.\n\nn: 1', title: 'x #1' });
    expect(all!.metadata).toEqual({ question: 'Why?', answer: 'Because.', n: 1 });
    expect(title).toMatchObject({ text: 'Only a title', title: 'Only a title' });
    expect(beside).toMatchObject({ text: `Short.\n\nnotes: ${long}`, metadata: {} });
  });

  it('lists bad lines by number and goes on', async () => {
    const content = `{"id":"a","text":"one"}\n{"id":"b",\n\n[1]\n"text"\n{"id":"c","text":"three"}`;
    const { documents, failures } = await readContent('x.jsonl', content);
    expect(documents.map(({ id }) => id)).toEqual(['x.jsonl#a', 'x.jsonl#c']);
    expect(failures).toEqual([
      {
        path: 'x.jsonl',
        where: 'line 2',
        reason: expect.stringMatching(/^It is not valid JSON: .*Mend or delete the line\.$/),
      },
      { path: 'x.jsonl', where: 'line 4', reason: expect.stringContaining('not an object') },
      { path: 'x.jsonl', where: 'line 5', reason: expect.stringContaining('not an object') },
    ]);
  });

  it('gives the later of two equal ids its line number', async () => {
    const documents = await readBytes(
      'x.jsonl',
      lines({ id: 1, text: 'a' }, { id: '1', text: 'b' }, { id: '1#2', text: 'c' }, { text: 'd' }),
    );
    expect(documents.map(({ id }) => id)).toEqual(['x.jsonl#1', 'x.jsonl#1#2', 'x.jsonl#1#2#3', 'x.jsonl#4']);
  });

  it('refuses a line beyond the limit and reads the others', async () => {
    const content = lines({ id: 1, text: 'a' }, { id: 2, text: 'b'.repeat(600_000) }, { id: 3, text: 'c' });
    const { documents, failures } = await readContent('x.jsonl', content, { maxBytes: 100_000 });
    expect(documents.map(({ id }) => id)).toEqual(['x.jsonl#1', 'x.jsonl#3']);
    expect(failures).toMatchObject([{ where: 'line 2', reason: expect.stringContaining('longer than 100000 bytes') }]);
  });

  it('reads other encodings, and says which lines were damaged', async () => {
    const text = 'Größe und Maß — ein schöner Tag im Café, überfüllt wie immer';
    for (const encoding of ['utf-16le', 'utf-16be', 'windows-1252']) {
      const bytes = iconv.encode(lines({ id: 1, text }, { id: 2, text }), encoding, { addBOM: true });
      expect((await readBytes('x.jsonl', bytes)).map((document) => document.text)).toEqual([text, text]);
    }
    const head = lines(...Array.from({ length: 3000 }, (_, i) => ({ id: i, text: 'äöü filling the sample' })));
    const bytes = Buffer.concat([
      Buffer.from(head),
      Buffer.from('{"id":"bad","text":"caf'),
      Buffer.from([0xe9]),
      Buffer.from('"}\n'),
    ]);
    expect((await readBytes('x.jsonl', bytes)).at(-1)).toMatchObject({
      text: 'caf\uFFFD',
      metadata: { encoding: 'utf-8 (1 invalid sequence replaced)' },
    });
  });

  it('keeps hostile keys as data', async () => {
    const [document] = await readBytes(
      'x.jsonl',
      '{"id":"p","text":"t","__proto__":{"polluted":"yes"},"constructor":"c"}\n',
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(document!.metadata['constructor']).toBe('c');
  });

  it('reads any record without losing its strings', async () => {
    const key = fc.string({ minLength: 1, maxLength: 8 });
    const value = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(key, value), { minLength: 1, maxLength: 4 }), async (records) => {
        const { documents, failures } = await readContent('x.jsonl', lines(...records));
        expect(failures).toEqual([]);
        expect(new Set(documents.map(({ id }) => id)).size).toBe(documents.length);
        for (const { text, blocks } of documents) {
          let end = 0;
          for (const block of blocks) {
            expect(block.start).toBeGreaterThanOrEqual(end);
            end = block.end;
          }
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the CSV reader', () => {
  it('reads quoted cells with delimiters, quotes and line ends', async () => {
    const documents = await readBytes(
      'x.csv',
      '\uFEFFid,title,text,year,code\r\n1,"A, b","He said ""hi""\nand left.",2024,007\r\n\r\n2,Second,Plain.,,1e5\r\n',
    );
    expect(documents).toMatchObject([
      { id: 'x.csv#1', title: 'A, b', text: 'He said "hi"\nand left.', metadata: { year: 2024, code: '007' } },
      { id: 'x.csv#2', title: 'Second', text: 'Plain.', metadata: { code: '1e5' } },
    ]);
    expect(documents[1]!.metadata).not.toHaveProperty('year');
  });

  it('refuses rows of more cells than any table has, and says where', async () => {
    const reason = await reasonFor('wide.csv', `a,b\n1,2\n${'1,'.repeat(100_001)}\n`);
    expect(reason).toMatch(/line 3 has more than 100,000 cells/);
  });

  it('finds the delimiter, and takes tabs and bare quotes in TSV', async () => {
    expect((await readBytes('x.csv', 'id;text\na;eins, zwei\n'))[0]).toMatchObject({
      id: 'x.csv#a',
      text: 'eins, zwei',
    });
    expect((await readBytes('x.tsv', 'id\ttext\na\tsays "so, and\tmore\n'))[0]).toMatchObject({
      text: 'says "so, and\n\ncolumn 3: more',
    });
    expect((await readBytes('x.csv', '"a;b;c",text\n1,t\n'))[0]).toMatchObject({ text: 't' });
  });

  it('forgives rows that are too short or too long, and names columns without a name', async () => {
    const table = 'text,,text\nfirst,second,third\nalone\na,b,c,the bridge is out\n';
    const { documents, notes } = await readContent('x.csv', table);
    expect(documents.map(({ text }) => text)).toEqual(['first', 'alone', 'a\n\ncolumn 4: the bridge is out']);
    expect(notes).toEqual([
      { path: 'x.csv', where: 'line 4', note: expect.stringMatching(/more cells than the header/) },
    ]);
    expect(documents[0]!.metadata).toEqual({ 'column 2': 'second', 'text 3': 'third' });
  });

  it('searches numbers where no column is the text, and keeps them for filters', async () => {
    const documents = await readBytes('x.csv', 'place,gauge,phone\nWeir,30417,0815\n,30418,\n');
    expect(documents.map(({ text }) => text)).toEqual(['place: Weir\n\ngauge: 30417\n\nphone: 0815', 'gauge: 30418']);
    expect(documents[0]!.metadata).toEqual({ place: 'Weir', gauge: 30417, phone: '0815' });
    const numbers = await readContent('y.csv', 'month,rain\n3,61\n4,58\n');
    expect(numbers.documents.map(({ id, text }) => [id, text])).toEqual([
      ['y.csv#1', 'month: 3\n\nrain: 61'],
      ['y.csv#2', 'month: 4\n\nrain: 58'],
    ]);
    expect(numbers.skipped).toEqual([]);
    expect((await readBytes('z.jsonl', lines({ part: 'Valve', stock: 90210 })))[0]!.text).toBe(
      'part: Valve\n\nstock: 90210',
    );
  });

  it('knows what spreadsheets write: a first line about the delimiter, quoted tabs, numbers without a header', async () => {
    expect((await readBytes('x.csv', 'sep=;\nid;text\na;eins, zwei\n'))[0]).toMatchObject({
      id: 'x.csv#a',
      text: 'eins, zwei',
    });
    expect((await readBytes('x.tsv', 'id\ttext\na\t"two\nlines ""quoted"""\n'))[0]).toMatchObject({
      text: 'two\nlines "quoted"',
    });
    const documents = await readBytes('x.csv', '1999,4.5\n2000,"5,5"\n');
    expect(documents.map(({ text }) => text)).toEqual([
      'column 1: 1999\n\ncolumn 2: 4.5',
      'column 1: 2000\n\ncolumn 2: 5,5',
    ]);
  });

  it('reads windows-1252 and UTF-16', async () => {
    const content = 'id,text\n1,Größe und Maß im schönen Café – überfüllt wie immer\n';
    for (const encoding of ['windows-1252', 'utf-16le']) {
      expect((await readBytes('x.csv', iconv.encode(content, encoding)))[0]!.text).toContain('Größe und Maß');
    }
  });

  it('reports an unbalanced quotation and a missing header', async () => {
    expect(await reasonFor('x.csv', 'id,text\n1,"never closed\n2,b\n')).toMatch(/not a sound table.*Mend the row/);
    expect(await reasonFor('x.csv', '\n\n\n')).toMatch(/no header row/);
  });
});

describe('the JSON reader', () => {
  it('describes a value by lines of path and value', async () => {
    const document = await readOne(
      'package.json',
      JSON.stringify({
        name: 'thing',
        scripts: { test: 'run', build: 'make' },
        files: ['a', 'b'],
        deep: [{ x: 1 }, { x: [true, null] }],
        empty: {},
      }),
    );
    expect(document).toMatchObject({ id: 'package.json', title: 'thing', format: 'json' });
    expect(document.text).toBe(
      'name: thing\n\nscripts.test: run\nscripts.build: make\n\nfiles: a, b\n\ndeep[0].x: 1\ndeep[1].x: true, ',
    );
    for (const { start, end } of document.blocks) expect(document.text.slice(start, end)).toMatch(/^\S.*: /);
  });

  it('makes a document of each record of a list, or of an object of records', async () => {
    expect(
      (await readBytes('x.json', '[{"id":"a","text":"one"},{"text":"two"},{"id":"a","text":"three"}]')).map(
        ({ id }) => id,
      ),
    ).toEqual(['x.json#a', 'x.json#2', 'x.json#a#3']);
    expect(await readBytes('x.json', '{"d1":{"title":"T","text":"one"},"d2":{"text":"two"}}')).toMatchObject([
      { id: 'x.json#d1', title: 'T', text: 'one' },
      { id: 'x.json#d2', text: 'two' },
    ]);
  });

  it('accepts comments and trailing commas, and leaves strings alone', async () => {
    const { text } = await readOne('tsconfig.json', '// c\n{ "a": "x // y, ]", /* c, */ "b": [1, 2,], }\n');
    expect(text).toBe('a: x // y, ]\n\nb: 1, 2');
  });

  it('reads JSON5, and whole numbers digit by digit', async () => {
    const { text } = await readOne(
      'x.json5',
      "// s\n{a: 'it\\'s', \"b\": 0x10, c: [+1, .5, Infinity,], 'd-e': 9007199254740993,}",
    );
    expect(text).toBe("a: it's\n\nb: 16\n\nc: 1, 0.5, Infinity\n\nd-e: 9007199254740993");
    const records = await readBytes(
      'x.jsonl',
      '{"id":9007199254740993,"text":"a","n":[9007199254740995]}\n{"id":9007199254740992,"text":"b"}\n',
    );
    expect(records.map(({ id }) => id)).toEqual(['x.jsonl#9007199254740993', 'x.jsonl#9007199254740992']);
    expect(records[0]!.metadata).toEqual({ n: ['9007199254740995'] });
    const deep = `{"deep":${'['.repeat(30_000)}1${']'.repeat(30_000)},"n":"${'7'.repeat(100_000)}"}`;
    expect((await readOne('x.json', deep)).text).toContain('7777');
  });

  it('reads any value as JSON.parse does, in both of its ways', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        fc.pre(!/\d{16}/.test(json));
        // The second way is taken where a long number stands.
        const [, value] = parseJson(`[12345678901234567890, ${json}]`) as unknown[];
        expect(value).toEqual(JSON.parse(json));
      }),
    );
  });

  it('says where the mistake is', async () => {
    expect(await reasonFor('x.json', '{\n"a": 1,\n"b" 2\n}')).toMatch(
      /^It is not valid JSON: .*line 3\. Mend the file/,
    );
    expect(await reasonFor('x.json', '{"a": ')).toMatch(/not valid JSON/);
  });

  it('reads nesting deeper than the call stack, and shortens long lists of numbers', async () => {
    const { text } = await readOne('x.json', `${'[{"a":'.repeat(20_000)}"deep"${'}]'.repeat(20_000)}`);
    expect(text).toMatch(/deep$/);
    expect((await readOne('x.json', JSON.stringify({ v: Array.from({ length: 5000 }, (_, i) => i) }))).text).toMatch(
      /^v: 0, 1, .*19, \.\.\. \(5000 numbers\)$/,
    );
    const ids = Array.from({ length: 500 }, (_, i) => 7000 + i);
    expect((await readOne('x.json', JSON.stringify({ ids }))).text).toContain('7499');
  });
});
