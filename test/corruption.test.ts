import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CorruptFileError, IncompatibleError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import {
  type CollectionSettings,
  createLocalStore,
  type NewDocument,
  openLocalStore,
  type Snapshot,
} from '../src/store/index.ts';
import { TermNumbers } from '../src/text/index.ts';

const DIM = 24;
const SETTINGS: CollectionSettings = {
  encoder: 'test',
  dim: DIM,
  fields: [
    { name: 'titles', kind: 'vector', of: 'title', encoder: 'test', dim: DIM, tag: '0000000a' },
    { name: 'tokens', kind: 'vectors', of: 'passage', encoder: 'test', dim: DIM, tag: '0000000b' },
  ],
  bm25: { k1: 0.9, b: 0.4 },
  options: {},
};
/** Bytes that are changed in each section of each segment, one at a time. */
const PER_SECTION = 5;

let directory: string;
let undamaged: readonly Answer[];
beforeAll(async () => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-corruption-'));
  const store = await createLocalStore(directory, SETTINGS);
  const writer = await store.writer();
  for (let i = 0; i < 45; i++) {
    writer.add(document(i));
    if (i === 30) await writer.publish();
  }
  await writer.publish();
  for (const id of ['d3', 'd17', 'd40']) writer.remove(id);
  await writer.publish();
  await writer.close();
  expect((await store.verify()).faults).toEqual([]);
  undamaged = await answers();
  expect(undamaged.every(({ error }) => error === undefined)).toBe(true);
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

const numbers = new TermNumbers();

function document(i: number): NewDocument {
  const random = new Random(i + 1);
  const words = Array.from({ length: 100 + random.below(200) }, () => `w${random.below(30) * random.below(30)}`);
  const text = words.join(' ');
  const passages = Array.from({ length: 1 + random.below(3) }, (_, p) => ({
    start: 10 * p,
    end: text.length,
    headings: [`Chapter ${i % 7}`, `Section ${p}`],
    page: p,
    fields: [{ terms: numbers.encode(words.slice(p)), words: numbers.encode(words.slice(p)), boost: 1 + (i % 2) / 2 }],
    vectors: {
      ...(random.below(4) > 0 ? { meaning: draw(random) } : {}),
      ...(random.below(4) > 0 ? { titles: draw(random) } : {}),
      ...(random.below(4) > 0 ? { tokens: Vectors.fromRows([draw(random), draw(random)]) } : {}),
    },
  }));
  const metadata = { number: i, name: `document ${i}` };
  return {
    id: `d${i}`,
    title: `Title ${i}`,
    format: 'text',
    language: 'en',
    contentHash: `${i}`,
    metadata,
    text,
    numbers,
    passages,
  };
}

function draw(random: Random): Float32Array {
  return Float32Array.from({ length: DIM }, () => random.normal());
}

/** What the collection said to a question, or the error that it gave. */
interface Answer {
  readonly question: string;
  readonly value?: string;
  readonly error?: unknown;
}

/** Asks everything that a snapshot can be asked, each question on its own. */
async function answers(): Promise<Answer[]> {
  let snapshot: Snapshot;
  try {
    snapshot = await (await openLocalStore(directory)).snapshot();
  } catch (error) {
    return [{ question: 'open', error }];
  }
  const asked: Answer[] = [];
  const ask = <T>(question: string, answer: () => T): T | undefined => {
    try {
      const value = answer();
      asked.push({ question, value: JSON.stringify(value, (_, part) => (part instanceof Map ? [...part] : part)) });
      return value;
    } catch (error) {
      asked.push({ question, error });
      return undefined;
    }
  };
  ask('counts', () => [snapshot.documentCount, snapshot.passageCount, snapshot.documentSpace, snapshot.passageSpace]);
  ask('languages', () => snapshot.languages);
  const terms = ['w0', 'w12', 'w35', 'w40', 'absent'].map((term, i) => ({ term, weight: 1 + i }));
  const hits = ask('lexical', () => list(snapshot.searchLexical(terms, { k: 50 })));
  for (const { term } of terms) ask(`frequency of ${term}`, () => snapshot.documentFrequency(term));
  const everyWord = Array.from({ length: 30 * 30 }, (_, i) => `w${i}`);
  ask('phrases', () => everyWord.map((word) => [...snapshot.phrasePassages([word])].length));
  const query = Float32Array.from({ length: DIM }, (_, i) => Math.sin(i));
  ask('dense', () => list(snapshot.searchDense(query, { k: 50 })));
  ask('titles', () => list(snapshot.searchDense(query, { k: 50, field: 'titles' })));
  const allowed = ask('select', () =>
    snapshot.selectPassages(({ metadata }) => (metadata['number'] as number) % 3 === 0),
  );
  if (allowed !== undefined) ask('lexical, filtered', () => list(snapshot.searchLexical(terms, { k: 50, allowed })));
  if (hits !== undefined) ask('first hit', () => snapshot.passage(hits[0]![0]!));
  for (let ordinal = 0; ordinal < snapshot.documentSpace; ordinal++) {
    const record = ask(`document ${ordinal}`, () => snapshot.document(ordinal));
    ask(`text ${ordinal}`, () => snapshot.documentText(ordinal));
    if (record !== undefined) ask(`find ${record.id}`, () => snapshot.findDocument(record.id));
    const passages = ask(`passages of ${ordinal}`, () => snapshot.documentPassages(ordinal));
    for (let passage = passages?.from ?? 0; passage < (passages?.to ?? 0); passage++) {
      ask(`passage ${passage}`, () => [snapshot.passage(passage), snapshot.passageText(passage).length]);
      ask(`vector ${passage}`, () => Array.from(snapshot.passageVector(passage) ?? []));
      for (const field of ['titles', 'tokens']) {
        ask(`${field} ${passage}`, () => JSON.stringify(snapshot.fieldItem(field, passage)));
      }
    }
  }
  ask('live documents', () => [...snapshot.liveDocuments()]);
  snapshot.close();
  return asked;
}

function list({ ids, scores }: { ids: Uint32Array; scores: Float32Array }): [number, number][] {
  return Array.from(ids, (id, i) => [id, scores[i]!]);
}

/** Damages a file, asks everything, verifies, and restores the file. */
async function expectNoticed(file: string, damage: (bytes: Buffer) => Uint8Array | undefined, what: string) {
  const path = join(directory, file);
  const original = fs.readFileSync(path);
  const damaged = damage(Buffer.from(original));
  if (damaged === undefined) fs.rmSync(path);
  else fs.writeFileSync(path, damaged);
  try {
    const said = await answers();
    const right = new Map(undamaged.map(({ question, value }) => [question, value]));
    for (const { question, value, error } of said) {
      if (error === undefined) expect(value, `${what}: ${question}`).toBe(right.get(question));
      else
        expect(error instanceof CorruptFileError || error instanceof IncompatibleError, `${what}: ${error}`).toBe(true);
    }
    const report = await (await store()).verify();
    expect(report.sound, what).toBe(false);
    expect(report.faults[0]!.file, what).toBe(file);
    // Not a single byte is left out: what answers right in spite of the damage is still found by `verify`.
    return said.some(({ error }) => error !== undefined);
  } finally {
    fs.writeFileSync(path, original);
  }
}

/** The collection as a process knows it that opened it before the damage. */
const store = (() => {
  let opened: ReturnType<typeof openLocalStore> | undefined;
  return () => {
    opened ??= openLocalStore(directory);
    return opened;
  };
})();

function flip(at: number, bit: number) {
  return (bytes: Buffer) => {
    bytes[at]! ^= 1 << bit;
    return bytes;
  };
}

function files(): string[] {
  // Nobody reads what the lock file says but a person.
  return (fs.readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => name !== 'writer.lock')
    .filter((name) => fs.statSync(join(directory, name)).isFile())
    .sort();
}

describe('damage to a collection is noticed', () => {
  test('there is a file of every kind', async () => {
    await store();
    expect(files().map((name) => name.replace(/\d+/g, 'N'))).toEqual([
      'manifest.json',
      ...['segments/sN.N.dead', 'segments/sN.seg', 'segments/sN.vNa.vectors', 'segments/sN.vNb.vectors'],
      ...['segments/sN.N.dead', 'segments/sN.seg', 'segments/sN.vNa.vectors', 'segments/sN.vNb.vectors'],
    ]);
  });

  test('when a bit of a section of a segment or a field is flipped', { timeout: 240_000 }, async () => {
    const random = new Random(5);
    let refused = 0;
    let tried = 0;
    for (const file of files().filter((name) => /\.(seg|vectors)$/.test(name))) {
      for (const section of sectionsOf(join(directory, file)).filter(({ bytes }) => bytes > 0)) {
        const { start } = section;
        const positions = new Set([0, section.bytes - 1]);
        while (positions.size < Math.min(PER_SECTION, section.bytes)) positions.add(random.below(section.bytes));
        for (const at of positions) {
          tried++;
          const what = `${file}, ${section.name}, byte ${at} of ${section.bytes}`;
          if (await expectNoticed(file, flip(start + at, random.below(8)), what)) refused++;
        }
      }
    }
    expect(tried).toBeGreaterThan(150);
    // Everything in a segment is there to be read.
    expect(refused).toBe(tried);
  });

  test('when a bit of a header, table or footer of a segment is flipped', { timeout: 60_000 }, async () => {
    const random = new Random(6);
    const file = files().find((name) => name.endsWith('.seg'))!;
    const { length } = fs.readFileSync(join(directory, file));
    for (let at = 0; at < 16; at++) await expectNoticed(file, flip(at, random.below(8)), `header byte ${at}`);
    for (let at = 1; at <= 32; at++) await expectNoticed(file, flip(length - at, random.below(8)), `footer byte ${at}`);
    for (let i = 0; i < 10; i++) {
      const at = length - 33 - random.below(400);
      await expectNoticed(file, flip(at, random.below(8)), `table byte ${at}`);
    }
  });

  test('when a bit of the manifest or of tombstones is flipped', { timeout: 60_000 }, async () => {
    const random = new Random(7);
    for (const file of files().filter((name) => !/\.(seg|vectors)$/.test(name))) {
      const { length } = fs.readFileSync(join(directory, file));
      for (let at = 0; at < length; at += length > 100 ? 1 + random.below(20) : 1) {
        expect(await expectNoticed(file, flip(at, random.below(8)), `${file}, byte ${at}`)).toBe(true);
      }
    }
  });

  test('when a file is cut short, emptied, lengthened, overwritten or removed', { timeout: 60_000 }, async () => {
    const random = new Random(8);
    for (const file of files()) {
      const { length } = fs.readFileSync(join(directory, file));
      for (const cut of [0, 1, 16, length >> 1, length - 33, length - 1, random.below(length), random.below(length)]) {
        if (cut < 0) continue;
        await expectNoticed(file, (bytes) => bytes.subarray(0, cut), `${file}, cut to ${cut}`);
      }
      await expectNoticed(file, (bytes) => Buffer.concat([bytes, Buffer.of(0)]), `${file}, lengthened`);
      await expectNoticed(
        file,
        (bytes) => bytes.fill(0, length >> 2, Math.min(length, (length >> 2) + 4096)),
        `${file}, zeroed`,
      );
      if (file !== 'manifest.json') await expectNoticed(file, () => undefined, `${file}, removed`);
    }
  });

  test('when files are exchanged for others of the same kind', async () => {
    const [first, second] = files().filter((name) => name.endsWith('.seg')) as [string, string];
    const other = fs.readFileSync(join(directory, second));
    await expectNoticed(first, () => other, 'another segment');
    const [dead] = files().filter((name) => name.endsWith('.dead')) as [string];
    await expectNoticed(dead, () => other, 'a segment for tombstones');
    // An older manifest names what is no longer there; a whole older collection would be another matter.
    expect((await (await store()).verify()).faults).toEqual([]);
  });

  test('also by a reader that had the collection open before', async () => {
    const snapshot = await (await store()).snapshot();
    const { segments } = await (await store()).inspect();
    const path = join(directory, 'segments', `${segments[0]!.name}.seg`);
    const original = fs.readFileSync(path);
    const text = snapshot.documentText(0);
    // In place, as a failing disk does it.
    const file = fs.openSync(path, 'r+');
    fs.writeSync(file, Buffer.of(original[100]! ^ 4), 0, 1, 100);
    expect(() => snapshot.document(0)).toThrow(CorruptFileError);
    expect(snapshot.documentText(0)).toBe(text);
    fs.writeSync(file, original, 0, original.length, 0);
    fs.closeSync(file);
    expect(snapshot.document(0).id).toBe('d0');
    snapshot.close();
  });
});

/** The sections of a file and where they begin, computed from the table of contents without the code under test. */
function sectionsOf(path: string): { name: string; start: number; bytes: number }[] {
  const bytes = fs.readFileSync(path);
  let at = Number(bytes.readBigUInt64LE(bytes.length - 32));
  const count = bytes.readUInt32LE(at);
  at += 4;
  let start = 16;
  return Array.from({ length: count }, () => {
    const length = bytes.readUInt16LE(at);
    const name = bytes.toString('latin1', at + 2, at + 2 + length);
    const size = Number(bytes.readBigUInt64LE(at + 2 + length));
    const section = { name, start, bytes: size };
    start += size;
    at += 10 + length;
    return section;
  });
}
