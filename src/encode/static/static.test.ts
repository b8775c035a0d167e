import { describe, expect, it } from 'vitest';
import { pullTogether } from '../../../test/support/pull-together.ts';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { run, toVectors } from '../../tensor/index.ts';
import { nativeRuntime } from '../runtime.ts';
import { shippedTable } from './shipped.ts';
import { staticEncoder } from './static.ts';
import { quantizeTable, readTable, writeTable } from './table.ts';
import { trainableStatic } from './trainable.ts';

const QUERIES = ['repair a bicycle', 'rain tomorrow'];
const DOCUMENTS = ['Fixing a bike: patch the tyre, oil the chain.', 'The forecast says that it will be wet.'];
const dot = (a: Float32Array, b: Float32Array) => a.reduce((total, value, i) => total + value * b[i]!, 0);

describe('static', () => {
  it('knows what means the same, gives unit vectors, and none where it knows no word', async () => {
    const encoder = staticEncoder('static', await shippedTable());
    const v = await encoder.encode([...QUERIES, ...DOCUMENTS, '', '搜索引擎', '\u0000']);
    expect(dot(v.row(0), v.row(2))).toBeGreaterThan(dot(v.row(0), v.row(3)) + 0.1);
    expect(dot(v.row(1), v.row(3))).toBeGreaterThan(dot(v.row(1), v.row(2)) + 0.05);
    for (const i of [0, 1, 2, 3]) expect(dot(v.row(i), v.row(i))).toBeCloseTo(1, 5);
    for (const i of [4, 5, 6]) expect(dot(v.row(i), v.row(i))).toBe(0);
  });

  it('reads a text of a megabyte as fast as its beginning', async () => {
    const encoder = staticEncoder('static', await shippedTable());
    const [long, start] = ['one word after another '.repeat(50_000), 'one word after another '.repeat(128)];
    const v = await encoder.encode([long, start, 'x'.repeat(1 << 20)]);
    expect(dot(v.row(0), v.row(1))).toBeGreaterThan(0.9999);
  });

  it('learns, and is served and saved as it then is', async () => {
    const encoder = trainableStatic(await shippedTable());
    const before = encoder.parameters.clone();
    const { losses } = await pullTogether(encoder, {
      queries: QUERIES,
      documents: DOCUMENTS,
      steps: 3,
      learningRate: 0.05,
    });
    expect(losses[2]).toBeLessThan(losses[0]!);
    const table = encoder.parameters.get('tokens/table').data;
    const touched = new Set<number>();
    before.get('tokens/table').data.forEach((value, i) => {
      if (value !== table[i]) touched.add(Math.floor(i / encoder.dim));
    });
    expect(touched.size).toBeGreaterThan(5);
    expect(touched.size).toBeLessThan(60);

    const vectors = await encoder.serve('tuned').encode([...QUERIES, ...DOCUMENTS]);
    const how = { parameters: encoder.parameters, runtime: await nativeRuntime(), threads: 1 };
    const { output } = await run(encoder.forward, encoder.batch([...QUERIES, ...DOCUMENTS]), how);
    const out = output!.data as Float32Array;
    for (let i = 0; i < 4; i++) {
      expect(dot(out.subarray(i * encoder.dim, (i + 1) * encoder.dim), vectors.row(i))).toBeGreaterThan(0.9995);
    }
    const saved = readTable((await encoder.save()).get('table.bin')!, 'table.bin');
    const again = await staticEncoder('again', saved).encode(QUERIES);
    expect(again.row(0)).toEqual(vectors.row(0));
  });
});

describe('a narrow token table with a map', () => {
  it('learns vectors of the map, and is served as one table', async () => {
    const pieces = (await shippedTable()).pieces;
    const random = new Random(3);
    const normal = (length: number) => Float32Array.from({ length }, () => random.normal());
    const start = quantizeTable(normal(pieces.tokens.length * 8), 8, { pieces });
    const encoder = trainableStatic(start, { map: normal(8 * 24) });
    expect(encoder.dim).toBe(24);
    const { losses, changed } = await pullTogether(encoder, {
      queries: QUERIES,
      documents: DOCUMENTS,
      steps: 3,
      learningRate: 0.05,
    });
    expect(losses[2]).toBeLessThan(losses[0]!);
    expect(changed).toEqual(['tokens/table', 'map/weight']);
    const how = { parameters: encoder.parameters, runtime: await nativeRuntime(), threads: 1 };
    const { output } = await run(encoder.forward, encoder.batch(QUERIES), how);
    const served = await encoder.serve('narrow').encode(QUERIES);
    for (const row of [0, 1]) expect(dot(toVectors(output!).row(row), served.row(row))).toBeGreaterThan(0.999);
  });
});

describe('a file of a token table', () => {
  const pieces = {
    tokens: ['[UNK]', 'key', '##s', 'a'],
    normalization: { clean: true, ideographs: true, stripAccents: true, lowercase: true },
    longestWord: 100,
  };
  const rows = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));

  it('is read as it was written', async () => {
    const table = quantizeTable(rows, 3, { pieces, languages: ['en'] });
    expect(readTable(writeTable(table), 'x')).toEqual(table);
    const { data } = await staticEncoder('x', table).encode(['Keys']);
    const sum = [0, 1, 2].map((d) => rows[3 + d]! + rows[6 + d]!);
    const length = Math.hypot(...sum);
    for (let d = 0; d < 3; d++) expect(data[d]).toBeCloseTo(sum[d]! / length, 1);
  });

  it('is refused with a reason wherever a byte was changed or is missing', () => {
    const bytes = writeTable(quantizeTable(rows, 3, { pieces }));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      expect(() => readTable(damaged, 'table.bin'), `byte ${at}`).toThrow(/table\.bin/);
    }
    for (const length of [0, 5, 19, 40, bytes.length - 1]) {
      expect(() => readTable(bytes.subarray(0, length), 'table.bin')).toThrow(CorruptFileError);
    }
    const newer = bytes.slice();
    newer[8] = 3;
    expect(() => readTable(newer, 'table.bin')).toThrow(IncompatibleError);
    expect(() => quantizeTable(rows, 4, { pieces })).toThrow('3 rows cannot be those of 4 tokens');
  });
});
