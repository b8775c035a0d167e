import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { createLocalStore, type LocalStore, openLocalStore } from '../src/store/index.ts';
import { KILL_SETTINGS, killDocument } from './kill-documents.ts';

const KILLS = 50;

let directory: string;
let child: string;

beforeAll(async () => {
  directory = mkdtempSync(join(os.tmpdir(), 'sagitta-kill-'));
  // One file of plain JavaScript starts in a fraction of the time that the sources take.
  await build({
    config: false,
    entry: { child: fileURLToPath(new URL('./kill-child.ts', import.meta.url)) },
    outDir: join(directory, 'built'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    fixedExtension: true,
    dts: false,
    logLevel: 'silent',
  });
  child = join(directory, 'built', 'child.mjs');
  // Packages stay outside of the file: the lock is native code.
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(directory, 'node_modules'));
}, 30_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

type State = Map<string, number>;

test(`no acknowledged document is lost when a writer is killed at ${KILLS} moments`, { timeout: 120_000 }, async () => {
  const collection = join(directory, 'collection');
  const store = await createLocalStore(collection, KILL_SETTINGS);
  const random = new Random(2024);
  let acknowledged: State = new Map();
  const struck = { publishing: 0, compacting: 0, between: 0, unfinishedButPublished: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const { published, unpublished, during } = await killWriter(collection, acknowledged, random, kill);
    struck[during]++;
    const after = await stateOf(store);
    // The publication under way counts wholly or not at all.
    if (unpublished !== undefined && !same(after, published)) {
      expect(sorted(after), `kill ${kill}`).toEqual(sorted(unpublished));
      struck.unfinishedButPublished++;
    } else {
      expect(sorted(after), `kill ${kill}`).toEqual(sorted(published));
    }
    acknowledged = after;
  }
  // The moments were spread over everything that a writer does.
  expect(struck.publishing).toBeGreaterThan(5);
  expect(struck.compacting).toBeGreaterThan(5);
  expect(acknowledged.size).toBeGreaterThan(50);

  // After all that a writer finds nothing in its way and leaves nothing behind.
  const writer = await (await openLocalStore(collection)).writer();
  await writer.compact({ full: true });
  await writer.close();
  expect(sorted(await stateOf(store))).toEqual(sorted(acknowledged));
  expect((await store.inspect()).segments.length).toBe(1);
  expect(readFileSync(join(collection, 'writer.lock'), 'utf8')).toBe('');
});

test('a reader sees whole generations while another process writes and compacts', { timeout: 30_000 }, async () => {
  const collection = join(directory, 'read');
  const store = await createLocalStore(collection, KILL_SETTINGS);
  const writer = spawn(process.execPath, [child, collection, '1'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(writer, 'exit');
  try {
    const generations = new Set<number>();
    let last = -1;
    for (const until = performance.now() + 2500; performance.now() < until; await sleep(1)) {
      const snapshot = await store.snapshot();
      expect(snapshot.generation).toBeGreaterThanOrEqual(last);
      last = snapshot.generation;
      generations.add(last);
      // The files are read after the writer had time to replace them.
      await sleep(4);
      let documents = 0;
      for (const ordinal of snapshot.liveDocuments()) {
        documents++;
        expect(snapshot.document(ordinal).contentHash).toMatch(/^\d+$/);
      }
      expect(documents).toBe(snapshot.documentCount);
      snapshot.searchLexical([{ term: 't1', weight: 1 }], { k: 10 });
      snapshot.close();
      if (generations.size % 8 === 0) expect((await store.verify()).faults).toEqual([]);
    }
    expect(generations.size).toBeGreaterThan(10);
  } finally {
    writer.kill('SIGKILL');
    await exited;
  }
});

/** Starts a writer, lets it work for a while, kills it, and returns what it had said by then. */
async function killWriter(collection: string, before: State, random: Random, seed: number) {
  const process_ = spawn(process.execPath, [child, collection, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(process_, 'exit');
  const target = (['publishing', 'compacting', 'between'] as const)[seed % 3]!;
  const rounds = 1 + random.below(2);
  const delay = random.next() * 8;
  let published = new Map(before);
  let unpublished: State | undefined;
  let phase: 'publishing' | 'compacting' | 'between' = 'between';
  let seen = 0;
  for await (const text of createInterface(process_.stdout)) {
    const line = JSON.parse(text) as { publishing?: [string, number | null][]; published?: true; compacting?: true };
    if (line.publishing !== undefined) {
      unpublished = new Map(published);
      for (const [id, version] of line.publishing) {
        if (version === null) unpublished.delete(id);
        else unpublished.set(id, version);
      }
      phase = 'publishing';
    } else if (line.published) {
      published = unpublished!;
      unpublished = undefined;
      phase = 'between';
    } else {
      phase = line.compacting ? 'compacting' : 'between';
    }
    if (phase === target && ++seen === rounds) void sleep(delay).then(() => process_.kill('SIGKILL'));
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return { published, unpublished, during: phase };
}

/** What the collection holds, after checking that it is sound and that everything in it is right. */
async function stateOf(store: LocalStore): Promise<State> {
  expect((await store.verify()).faults).toEqual([]);
  const snapshot = await store.snapshot();
  try {
    const state: State = new Map();
    for (const ordinal of snapshot.liveDocuments()) {
      const { id, contentHash } = snapshot.document(ordinal);
      const version = Number(contentHash);
      state.set(id, version);
      const { text, passages } = killDocument(id, version);
      expect(snapshot.documentText(ordinal)).toBe(text);
      const { from, to } = snapshot.documentPassages(ordinal);
      expect(to - from).toBe(passages.length);
    }
    const [first] = state;
    if (first !== undefined) {
      const hits = snapshot.searchLexical([{ term: first[0], weight: 1 }], { k: 10 });
      const found = snapshot.document(snapshot.passage(hits.ids[0]!).document);
      expect(found.id).toBe(first[0]);
    }
    return state;
  } finally {
    snapshot.close();
  }
}

function sorted(state: State): [string, number][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}

function same(a: State, b: State): boolean {
  return a.size === b.size && [...a].every(([id, version]) => b.get(id) === version);
}
