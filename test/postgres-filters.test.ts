import fc from 'fast-check';
import { type Collection, type Filter, type InputDocument, openCollection } from 'sagitta-search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentRecord, Scalar } from '../src/content/index.ts';
import { askedOf, compileFilter, explainNothing } from '../src/search/filter-match.ts';
import { parsePostgresAddress } from '../src/store/postgres/address.ts';
import { connectPostgres } from '../src/store/postgres/connect.ts';
import { type Counted, counting, noServer, pglite, startServer } from './support/postgres.ts';

/** Texts that are compared in some way of their own. */
const TEXTS = [
  ...['', 'a', 'A', 'b', 'ab', 'é', 'É', 'e\u0301', 'ß', 'ẞ', 'İ', 'I', 'ı', '\u212a', 'ΟΔΟΣ', 'οδος', 'Σ', 'ÄÖ', 'äö'],
  ...['漢字', '가', '가\u11a8', 'か\u3099', '😀', '\ud83d', '\ud800', '\ue000', '\uffff', '\ufb01', '\u0387', '\u1fef'],
  ...[`o'clock"`, '\\', '%_', '$1', "'; drop table sagitta.documents; --", '{}', 'null', 'true', 'TRUE', 'True'],
  ...[
    '2020',
    '2020-05',
    '2020-05-01',
    '0201-01',
    '1.10',
    '1.1',
    '01',
    '1',
    '1e3',
    '1e99',
    '1e999',
    '1e-999',
    '-0',
    '+7',
  ],
  ...['.5', '5.', '.', '1e', ' 1', '1 ', '1\n', '12345678901234567890', '9007199254740993', '0.1', 'NaN', 'Infinity'],
  ...['0.10000000000000000000001', `1${'0'.repeat(120)}`, '٣', 'docs/a.md', 'docs/b/a.md', 'a.md', '/', 'x\ny', 'null'],
];
const NUMBERS = [0, -0, 1, 1.1, 7, 0.1, 0.5, 1000, 2020, -1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53, 1e99];
const NAMES = [
  'a',
  'b',
  'year',
  'a.b',
  'metadata.a',
  'metadata.metadata.a',
  `o'clock"\\`,
  '',
  '1',
  '0',
  'ключ',
  '$1',
  '😀',
];
const BUILT_IN = ['id', 'title', 'path', 'format', 'language', 'metadata.id', 'metadata.title', 'toString'];
const GLOBS = [
  '*',
  '**',
  '**/',
  '?',
  '[ab]',
  '[!a]',
  '[^/]',
  '[a-z]',
  '[z-a]',
  '[\\]]',
  '\\*',
  '/',
  '.md',
  'a',
  'docs',
  '😀',
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);
const stored = text.map((one) => one.replaceAll('\0', ''));
const number = fc.oneof(fc.constantFrom(...NUMBERS), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
const scalarOf = (texts: fc.Arbitrary<string>): fc.Arbitrary<Scalar> =>
  fc.oneof({ weight: 3, arbitrary: texts }, { weight: 2, arbitrary: number }, fc.boolean());
const field = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 3, arbitrary: fc.constantFrom(...BUILT_IN) },
  { weight: 1, arbitrary: text },
);
const metadata = fc.dictionary(
  field.map((name) => name.replaceAll('\0', '')).filter((name) => name !== '__proto__'),
  fc.oneof(scalarOf(stored), fc.array(scalarOf(stored), { maxLength: 3 }), fc.constant(null)),
  { maxKeys: 6 },
);
const documents = fc.uniqueArray(
  fc.record({
    id: stored.filter((id) => id !== ''),
    title: stored,
    text: fc.constantFrom('', 'ferry', '# A\n\nice\n\n# B\n\nlamp'),
    path: fc.option(stored, { nil: undefined }),
    format: fc.constantFrom('text', 'markdown', 'a'),
    language: fc.constantFrom('en', 'de'),
    metadata,
  }),
  { selector: ({ id }) => new TextDecoder().decode(new TextEncoder().encode(id)), minLength: 1, maxLength: 25 },
);
const value = scalarOf(text);
const pattern = fc.oneof(
  fc.array(fc.constantFrom(...GLOBS), { maxLength: 5 }).map((parts) => parts.join('')),
  text,
);
const condition: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ field, op: fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^=', 'contains'), value }),
  fc.record({ field, op: fc.constant('matches'), value: pattern }),
  fc.record({ field, op: fc.constant('in'), values: fc.array(value, { maxLength: 4 }) }),
  fc.record({ field, op: fc.constant('exists') }),
) as fc.Arbitrary<Filter>;
const filter = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    condition,
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((all) => ({ and: all })),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((any) => ({ or: any })),
    tie('filter').map((inner) => ({ not: inner })),
  ),
})).filter;

const KINDS = {
  PGlite: {
    skip: undefined,
    reach: async () => {
      const { connect, end } = await pglite({ pgvector: false });
      return { url: 'postgres://nobody@localhost/none', connect, end };
    },
  },
  'a server': {
    skip: noServer(),
    reach: async () => {
      const server = await startServer();
      return {
        url: server.url,
        connect: () => connectPostgres(parsePostgresAddress(server.url)),
        end: async () => server.remove(),
      };
    },
  },
};

describe.each(Object.entries(KINDS))('filters in %s', (_, { skip, reach }) => {
  let reached: Awaited<ReturnType<typeof reach>>;
  let made = 0;
  const counted: Counted = { bytes: 0, records: 0 };
  beforeAll(async () => {
    if (skip === undefined) reached = await reach();
    else console.warn(`skipped: ${skip}`);
  }, 120_000);
  afterAll(async () => reached?.end());
  const test = skip === undefined ? it : it.skip;

  async function open(given: readonly InputDocument[]): Promise<Collection> {
    const collection = await openCollection(`${reached.url}?collection=c${made++}`, {
      create: true,
      encoder: 'none',
      connect: async () => counting(await reached.connect(), counted),
    });
    await collection.add(given);
    return collection;
  }

  test('let through what the engine lets through, and say what it says', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.array(filter, { minLength: 50, maxLength: 50 }), async (given, filters) => {
        await using collection = await open(given as InputDocument[]);
        await collection.remove([given[0]!.id]);
        await collection.read(async (corpus) => {
          const own = corpus.filters!;
          const records: DocumentRecord[] = [];
          for await (const { record } of corpus.all()) records.push(record);
          const asked = askedOf(records);
          for (const one of filters) {
            const found = [...(await own.select(one))];
            expect(found, JSON.stringify(one)).toEqual([...(await corpus.select(compileFilter(one)))]);
            expect(await explainNothing(one, own)).toEqual(await explainNothing(one, asked));
          }
          expect(await own.any(filters)).toEqual(await asked.any(filters));
          expect([...(await own.fields())]).toEqual([...new Set(records.flatMap((one) => Object.keys(one.metadata)))]);
          for (const name of [...NAMES, ...BUILT_IN]) {
            expect(await own.values(name, 4)).toEqual(await asked.values(name, 4));
          }
        });
      }),
      { numRuns: 6 },
    );
  });

  test('compare every value with every other as the engine does', { timeout: 240_000 }, async () => {
    const every: Scalar[] = [...TEXTS, ...NUMBERS, true, false];
    const given = every
      .flatMap((one) => [one, ['zz', one]])
      .map((a, i) => ({ id: `d${i}`, text: 'ferry', metadata: { a } }));
    await using collection = await open(given);
    await collection.read(async (corpus) => {
      for (const op of ['=', '<', '<=', '^=', 'contains', 'matches'] as const) {
        for (const one of every) {
          const asked: Filter = { field: 'a', op, value: one };
          const found = [...(await corpus.filters!.select(asked))];
          expect(found, JSON.stringify(asked)).toEqual([...(await corpus.select(compileFilter(asked)))]);
        }
      }
    });
  });

  test('may be long, deep and many', { timeout: 60_000 }, async () => {
    const given = Array.from({ length: 12 }, (_, i) => ({
      id: `d${i}`,
      text: `ferry ${i}`,
      metadata: { [`f${i}`]: i },
    }));
    await using collection = await open(given);
    const each = (count: number): Filter[] =>
      Array.from({ length: count }, (_, i) => ({ field: `f${i}`, op: '=', value: i === 5 ? 0 : i }));
    let deep: Filter = { field: 'f3', op: '=', value: 3 };
    for (let level = 0; level < 60; level++) deep = level % 2 === 0 ? { not: deep } : { and: [deep] };
    const values = Array.from({ length: 20_000 }, (_, i) => 2 * i);
    const filters: Filter[] = [
      deep,
      { or: each(200) },
      { or: each(300) },
      { field: 'f4', op: 'in', values },
      { and: [] },
      { or: [] },
    ];
    await collection.read(async (corpus) => {
      for (const one of filters) {
        const wanted = [...(await corpus.select(compileFilter(one)))];
        expect([...(await corpus.filters!.select(one))]).toEqual(wanted);
        expect(await corpus.filters!.any([one])).toEqual([wanted.length > 0]);
      }
    });
  });

  test('read no records but those of hits, and those that the database cannot tell of', {
    timeout: 60_000,
  }, async () => {
    const given = Array.from({ length: 500 }, (_, i) => ({
      id: `d${i}`,
      text: `ferry ${i}`,
      title: i % 100 === 0 ? `ΟΔΟΣ ${i}` : `Straße ${i}`,
      metadata: { year: 1900 + (i % 100), tags: ['a', `t${i % 7}`] },
    }));
    await using collection = await open(given);
    const cost = async (source: string) => {
      Object.assign(counted, { bytes: 0, records: 0 });
      const { hits, shortfall } = await collection.search('ferry', { k: 3, filter: source });
      return { ...counted, hits: hits.length, reason: shortfall?.reason };
    };
    for (const source of [
      'year > 1950 and tags = t3',
      'title contains STRASSE or not tags in [t1, t2]',
      'id matches d?9',
    ]) {
      const { records, hits } = await cost(source);
      expect([hits, records <= 6], source).toEqual([3, true]);
    }
    // Five titles have a letter that has two small ones.
    const greek = await cost('title contains "οδος" and year = 1900');
    expect(greek).toMatchObject({ hits: 3 });
    expect(greek.records).toBeLessThanOrEqual(5 + 6);
    expect(await cost('year = 1850')).toMatchObject({
      records: 0,
      reason: 'no document has year = 1850; year is for example 1900, 1901, 1902',
    });
    await expect(cost('yaer = 1900')).rejects.toThrow(/No document has the field "yaer".*Did you mean "year"\?/);
  });
});
