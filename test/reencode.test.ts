import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Collection, openCollection } from 'sagitta-search';
import { CollectionLockedError, IncompatibleError, InvalidArgumentError } from 'sagitta-search/base';
import { type Encoder, testEncoder } from 'sagitta-search/encode';
import { describe, expect, it } from 'vitest';
import { testFolder } from './support/files.ts';
import { BY_WORDS } from './support/relevance.ts';

const WORDS = ['river', 'lamp', 'copper', 'violin', 'harbour', 'wheat', 'engine', 'winter', 'mirror', 'garden'];
const QUERIES = ['the copper lamp', 'winter in the harbour', 'a violin and an engine', 'garden of wheat'];

/** Two or three words each that tell it from the others. */
function text(i: number): string {
  const word = (n: number) => WORDS[n % WORDS.length]!;
  return `The ${word(i)} and the ${word(3 * i + 1)} were seen near the ${word(i >> 2)}, number ${i}.`;
}

const documents = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ id: `d${from + i}`, text: text(from + i), language: 'en' }));

/** An encoder that counts the texts it is given, and may be slow or fail. */
function counting(dim: number, before: (texts: number) => Promise<void> | void = () => undefined) {
  const inner = testEncoder({ dim, languages: ['en'] });
  const seen: string[] = [];
  const encoder: Encoder = {
    ...inner,
    async encode(texts, options) {
      if (options?.role === 'document') {
        await before(seen.length);
        seen.push(...texts);
      }
      return inner.encode(texts, options);
    },
  };
  return { encoder, seen };
}

/** What searches answer: ids and scores. */
async function answers(collection: Collection): Promise<string> {
  const all = [];
  for (const query of QUERIES) {
    for (const retriever of ['dense', 'hybrid'] as const) {
      all.push(await answer(collection, query, retriever));
    }
  }
  return all.join('\n');
}

async function answer(collection: Collection, query: string, retriever: 'dense' | 'hybrid'): Promise<string> {
  const { hits } = await collection.search(query, { retriever, k: 8, language: 'en' });
  return JSON.stringify(hits.map(({ id, score }) => [id, score.toFixed(5)]));
}

/** The answers of a collection that had the encoder from the start. */
async function answersOf(
  directory: string,
  encoder: Encoder | string,
  content: ReturnType<typeof documents>,
): Promise<string> {
  await using collection = await openCollection(directory, { create: true, encoder });
  await collection.add(content);
  return await answers(collection);
}

const segmentFiles = (directory: string) => readdirSync(`${directory}/segments`);
const isMade = (file: string) => /\.v[\da-f]{8}\./.test(file);

describe('another encoder', () => {
  it('gives what a collection gives that had it from the start, and leaves texts and words as they were', async () => {
    using folder = testFolder();
    const foreign = [
      { id: 'de', text: 'Der Schlüssel liegt unter der Matte.', language: 'de' },
      { id: 'zh', text: '签名密钥每九十天轮换一次。', language: 'zh' },
    ];
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 40));
    await collection.add([...documents(40, 60), ...foreign]);
    await collection.remove(['d7', 'd50']);
    const words = await collection.search('copper lamp', { retriever: 'bm25' });
    const { encoder } = counting(128);
    const seen: number[] = [];
    const report = await collection.reencode(encoder, { batch: 16, onProgress: ({ done }) => seen.push(done) });
    expect(report).toMatchObject({ before: 'hash:64', encoder: 'hash:128', passages: 60, encoded: 60 });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(60);

    expect((await collection.search('copper lamp', { retriever: 'bm25' })).hits).toEqual(words.hits);
    const same = documents(0, 60).filter(({ id }) => id !== 'd7' && id !== 'd50');
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), encoder, [...same, ...foreign]));
    const { settings } = await collection.inspect();
    expect(settings).toMatchObject({ encoder: 'hash:128', dim: 128 });
    expect(await collection.verify()).toMatchObject({ sound: true, documents: 60 });
    // The encoder does not know German or Chinese.
    await collection.read(async (corpus) => {
      for (const id of ['de', 'zh', 'd3']) {
        const passage = (await corpus.find(id))!.from;
        const [vector] = (await corpus.get('meaning', Uint32Array.of(passage))) as (Float32Array | undefined)[];
        expect(vector?.length).toBe(id === 'd3' ? 128 : undefined);
      }
    });
    // The vectors that are not read any more go when segments are merged; new documents get the new ones.
    const before = await collection.inspect();
    expect(before.segments.some(({ sections }) => sections.some(({ name }) => name === 'unused'))).toBe(true);
    await collection.compact({ full: true });
    const after = await collection.inspect();
    expect(after.segments.flatMap(({ sections }) => sections).some(({ name }) => name === 'unused')).toBe(false);
    expect(after.bytes).toBeLessThan(before.bytes);
    expect(segmentFiles(folder.at('c')).filter(isMade)).toEqual([]);
    await collection.add(documents(60, 70));
    const more = [...same, ...foreign, ...documents(60, 70)];
    expect(await answers(collection)).toBe(await answersOf(folder.at('more'), encoder, more));
    expect(existsSync(folder.at('c/field.json'))).toBe(false);
  });

  it('can be none, and follow none', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'none' });
    await collection.add(documents(0, 30));
    await collection.reencode('hash:64');
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), 'hash:64', documents(0, 30)));
    expect((await collection.verify()).sound).toBe(true);
    await collection.add(documents(30, 40));
    await collection.reencode('none');
    expect((await collection.inspect()).settings).toMatchObject({ encoder: 'none', dim: 0 });
    await expect(collection.search('lamp', { retriever: 'dense' })).rejects.toThrow();
    expect((await collection.search('copper lamp')).hits).toHaveLength(10);
    await collection.add(documents(40, 50));
    expect((await collection.verify()).sound).toBe(true);
    await collection.reencode('hash:128');
    expect(await answers(collection)).toBe(await answersOf(folder.at('other'), 'hash:128', documents(0, 50)));
    await collection.reencode('none');
    await collection.compact({ full: true });
    expect((await collection.verify()).sound).toBe(true);
    expect(segmentFiles(folder.at('c'))).toHaveLength(1);
  });

  it('is asked for twice: the second time there is nothing to do', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.reencode('hash:128');
    await collection.add(documents(0, 5));
    const report = await collection.reencode('hash:128');
    expect(report).toMatchObject({ before: 'hash:128', encoder: 'hash:128', encoded: 0, passages: 5 });
    await expect(collection.reencode('hsah:12')).rejects.toThrow(InvalidArgumentError);
    await expect(openCollection(folder.at('c'), { encoder: 'hash:64' })).rejects.toThrow(
      /made with the encoder "hash:128", not "hash:64"\. .*sagitta reencode --encoder hash:64/,
    );
    await expect(openCollection(folder.at('c'), { encoder: 'hash:64' })).rejects.toThrow(IncompatibleError);
  });
});

describe('while a collection gets another encoder', () => {
  it('every answer is one of the old encoder or one of the new, and documents come and go', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    for (let i = 0; i < 200; i += 40) await collection.add(documents(i, i + 40));
    const old = new Map<string, string>();
    for (const query of QUERIES) old.set(query, await answer(collection, query, 'dense'));
    const { encoder, seen } = counting(128, () => sleep(4));
    let running = true;
    const work = collection.reencode(encoder, { batch: 8 }).finally(() => {
      running = false;
    });
    const given: { query: string; found: string }[] = [];
    while (running) {
      const query = QUERIES[given.length % QUERIES.length]!;
      given.push({ query, found: await answer(collection, query, 'dense') });
      await sleep(1);
    }
    await work;
    expect(seen.length).toBe(200);
    const fresh = new Map<string, string>();
    for (const query of QUERIES) fresh.set(query, await answer(collection, query, 'dense'));
    const kinds = given.map(({ query, found }) =>
      found === old.get(query) ? 'old' : found === fresh.get(query) ? 'new' : found,
    );
    expect([...new Set(kinds)].every((kind) => kind === 'old' || kind === 'new')).toBe(true);
    expect(kinds.filter((kind) => kind === 'old').length).toBeGreaterThan(10);
    // Once new, always new.
    expect(kinds.lastIndexOf('old')).toBeLessThan(kinds.includes('new') ? kinds.indexOf('new') : kinds.length);
  });

  it('documents are added, replaced, removed and merged, and nothing is lost or encoded twice', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    for (let i = 0; i < 100; i += 10) await collection.add(documents(i, i + 10));
    let changed: Promise<unknown> = Promise.resolve();
    const { encoder, seen } = counting(128, async (already) => {
      if (already === 30) {
        changed = (async () => {
          await collection.add(documents(100, 120));
          await collection.remove(['d3', 'd95']);
          await collection.add([{ id: 'd4', text: 'Another violin.', language: 'en' }]);
          // What was encoded already lies in segments that are gone afterwards.
          await collection.compact({ full: true });
          await collection.add(documents(120, 125));
        })();
        await changed;
      }
    });
    const report = await collection.reencode(encoder, { batch: 10 });
    await changed;
    // The texts that were there, the 25 new ones and the one that was replaced, each once.
    expect([seen.length, new Set(seen).size]).toEqual([126, 126]);
    const content = documents(0, 125).filter(({ id }) => id !== 'd3' && id !== 'd95');
    const expected = content.map((document) =>
      document.id === 'd4' ? { id: 'd4', text: 'Another violin.', language: 'en' } : document,
    );
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), encoder, expected));
    expect((await collection.verify()).sound).toBe(true);
    expect(report.passages).toBe(123);
    expect((await collection.inspect()).documents).toBe(123);
  });

  it('a second call is refused, another writer delays it, and another reader follows it', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 30));
    await using other = await openCollection(folder.at('c'));
    await answers(other);
    const { encoder } = counting(128, () => sleep(20));
    const phases = new Set<string>();
    const work = collection.reencode('hash:128', { batch: 5, onProgress: ({ phase }) => phases.add(phase) });
    await sleep(5);
    await expect(other.reencode(encoder)).rejects.toThrow(CollectionLockedError);
    await expect(other.reencode(encoder)).rejects.toThrow(/is being given another field or encoder by another writer/);
    await work;
    await other.reencode('hash:64');
    let let_go = () => {};
    const held = new Promise<void>((done) => {
      let_go = done;
    });
    // As another process that indexes for a while.
    const indexing = other.add(
      (async function* () {
        yield* documents(30, 35);
        await held;
      })(),
    );
    await sleep(20);
    const again = collection.reencode('hash:128', { onProgress: ({ phase }) => phases.add(phase) });
    await expect.poll(() => phases.has('waiting'), { timeout: 5000 }).toBe(true);
    expect((await collection.inspect()).settings.encoder).toBe('hash:64');
    let_go();
    await indexing;
    expect((await again).passages).toBe(35);
    const expected = await answersOf(folder.at('same'), 'hash:128', documents(0, 35));
    expect(await answers(collection)).toBe(expected);
    expect(await answers(other)).toBe(expected);
  });
});

describe('a change of the encoder that does not come to its end', () => {
  it('is gone on with: only what was not done is encoded', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    for (let i = 0; i < 100; i += 25) await collection.add(documents(i, i + 25));
    const old = await answers(collection);
    const all: string[] = [];
    for (const stop of [10, 20, 40]) {
      const failing = counting(128, (already) => {
        if (already >= stop) throw new Error('the model ended');
      });
      await expect(collection.reencode(failing.encoder, { batch: 5 })).rejects.toThrow('the model ended');
      all.push(...failing.seen);
      expect(await answers(collection)).toBe(old);
      expect((await collection.verify()).sound).toBe(true);
      expect(await collection.pendingField()).toMatchObject({ encoder: 'hash:128', dim: 128 });
      // Writers come and go meanwhile.
      await collection.add(documents(0, 1));
    }
    const controller = new AbortController();
    const aborted = counting(128, () => controller.abort());
    await expect(collection.reencode(aborted.encoder, { batch: 5, signal: controller.signal })).rejects.toThrow(
      'aborted',
    );
    all.push(...aborted.seen);
    const { encoder, seen } = counting(128);
    const report = await collection.reencode(encoder, { batch: 5 });
    expect(report.encoded).toBe(seen.length);
    expect(new Set([...all, ...seen]).size).toBe(100);
    expect(all.length + seen.length).toBeLessThanOrEqual(105);
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), encoder, documents(0, 100)));
    expect(await collection.pendingField()).toBeUndefined();
  });

  it('checks what it goes on with, and makes again what is damaged', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 60));
    const failing = counting(128, (already) => {
      if (already >= 50) throw new Error('the model ended');
    });
    await expect(collection.reencode(failing.encoder, { batch: 10, keepAfterMs: 0 })).rejects.toThrow();
    const parts = segmentFiles(folder.at('c')).filter(isMade).sort();
    expect(parts).toHaveLength(5);
    const damaged = folder.at(`c/segments/${parts.find((name) => name.includes('.20.part'))}`);
    const bytes = readFileSync(damaged);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(damaged, bytes);
    const { encoder, seen } = counting(128);
    await collection.reencode(encoder);
    // From the damaged stretch on.
    expect(seen).toHaveLength(40);
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), encoder, documents(0, 60)));
    expect((await collection.verify()).sound).toBe(true);
  });

  it('gives way to another one, or is given up, with what was made', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 40));
    const fail = async (dim: number) => {
      const { encoder } = counting(dim, (already) => {
        if (already >= 20) throw new Error('the model ended');
      });
      await expect(collection.reencode(encoder, { batch: 10 })).rejects.toThrow('the model ended');
      return segmentFiles(folder.at('c')).filter(isMade);
    };
    const [first] = await fail(128);
    const [second] = await fail(32);
    expect(second).not.toBe(first);
    expect(await collection.abandonReencode()).toMatchObject({ encoder: 'hash:32' });
    expect(segmentFiles(folder.at('c')).filter(isMade)).toEqual([]);
    expect(existsSync(folder.at('c/field.json'))).toBe(false);
    expect(await collection.abandonReencode()).toBeUndefined();
    await fail(128);
    expect(await collection.reencode('hash:32')).toMatchObject({ superseded: 'hash:128', encoded: 40 });
    // A state that cannot be read is no obstacle, and its files go with the next writer.
    await fail(128);
    writeFileSync(folder.at('c/field.json'), '{"half');
    expect(await collection.pendingField()).toBeUndefined();
    await collection.add(documents(40, 41));
    const kept = (await collection.inspect()).segments.length - 1;
    expect(segmentFiles(folder.at('c')).filter(isMade)).toHaveLength(kept);
    expect(await collection.reencode('hash:128')).toMatchObject({ superseded: 'damaged', encoded: 41 });
    expect((await collection.verify()).sound).toBe(true);
  });
});

describe('what was learned from the vectors', () => {
  it('is learned again where that can be, and dropped with the reason where not', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 400));
    await collection.rebuild({ spec: 'ivf8,pq8x8,refine:full' });
    const again = await collection.reencode('hash:128');
    expect(again.index).toEqual({ spec: 'ivf8,pq8x8,refine:full' });
    expect((await collection.inspect()).vectorIndex?.spec).toBe('ivf8,pq8x8,refine:full');
    expect((await collection.verify()).sound).toBe(true);
    const odd = await collection.reencode('hash:4');
    expect(odd.index?.spec).toBe('ivf8,pq8x8,refine:full');
    expect(odd.index?.problem).toMatch(/4/);
    expect((await collection.inspect()).vectorIndex).toBeUndefined();
    expect((await collection.verify()).sound).toBe(true);
    expect(await answers(collection)).toBe(await answersOf(folder.at('same'), 'hash:4', documents(0, 400)));
  });

  it('is dropped where it is about relevance', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    await collection.add(documents(0, 10));
    await collection.setRelevance(BY_WORDS);
    expect(await collection.judgesRelevance()).toBe(true);
    expect((await collection.reencode('hash:128')).relevanceDropped).toBe(true);
    expect(await collection.judgesRelevance()).toBe(false);
    expect((await collection.reencode('hash:64')).relevanceDropped).toBe(false);
  });
});

describe('a process that changes the encoder and is killed', () => {
  it('leaves the old encoder or the new one whole, and its work to the next', async () => {
    using folder = testFolder();
    const many = 600;
    const before = await openCollection(folder.at('c'), { create: true, encoder: 'hash:64' });
    for (let i = 0; i < many; i += 200) await before.add(documents(i, i + 200));
    const old = await answers(before);
    await before.close();
    const fresh = await answersOf(folder.at('same'), 'hash:128', documents(0, many));
    const child = fileURLToPath(new URL('./reencode-steps-child.ts', import.meta.url));
    const loader = fileURLToPath(import.meta.resolve('tsx'));
    const batch = 20;
    const args = ['--import', loader, child, folder.at('c'), String(batch), '2'];
    let encoded = 0;
    let lost = 0;
    let done = false;
    for (const [after, delay] of [
      [1, 0],
      [4, 1],
      [9, 3],
      [14, 6],
      [Number.POSITIVE_INFINITY, 0],
    ] as const) {
      const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(running, 'exit');
      let seen = 0;
      for await (const line of createInterface(running.stdout)) {
        if (line === 'done') done = true;
        else encoded += Number(line);
        if (++seen === after) setTimeout(() => running.kill('SIGKILL'), delay);
      }
      await exited;
      // The batch under way, and one that was made and not written yet.
      if (!done) lost += 2 * batch;
      await using collection = await openCollection(folder.at('c'));
      expect((await collection.verify()).sound).toBe(true);
      const { settings, documents: count } = await collection.inspect();
      expect(count).toBe(many);
      expect(await answers(collection)).toBe(settings.encoder === 'hash:64' ? old : fresh);
      expect(settings.encoder).toBe(done ? 'hash:128' : 'hash:64');
    }
    expect(done).toBe(true);
    expect(encoded).toBeGreaterThanOrEqual(many);
    expect(encoded).toBeLessThanOrEqual(many + lost);
    // Nothing is left of the killed ones.
    await using collection = await openCollection(folder.at('c'));
    await collection.compact({ full: true });
    expect(segmentFiles(folder.at('c'))).toHaveLength(1);
    expect(readdirSync(folder.at('c')).sort()).toEqual(['field.lock', 'manifest.json', 'segments', 'writer.lock']);
  }, 120_000);
});
