import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChangePlan, ChangeTracker, contentHash, type KnownDocument, planChanges } from './changes.ts';
import type { Hashed } from './hashed.ts';
import { createScope } from './scope.ts';
import type { SourceFile } from './types.ts';

const scope = createScope(['docs'], { base: '/p' });
const known = (id: string, contentHash: string, path = id): KnownDocument => ({ id, path, contentHash });
const found = (id: string, hash: string, path = id) => ({ id, path, hash });

describe('contentHash', () => {
  const document: Hashed = {
    id: 'docs/a.md',
    path: 'docs/a.md',
    title: 'Title',
    text: 'Text',
    format: 'markdown',
    metadata: { folder: 'docs', year: 2024, tags: ['a', 'b'] },
    blocks: [{ kind: 'paragraph', start: 0, end: 4 }],
  };

  it('is 128 bits in hexadecimal, and the same for the same content wherever it lies', () => {
    expect(contentHash(document)).toMatch(/^[0-9a-f]{32}$/);
    const moved = {
      ...document,
      id: 'x/b.md',
      path: 'x/b.md',
      metadata: { tags: ['a', 'b'], year: 2024, folder: 'x' },
    };
    expect(contentHash(moved)).toBe(contentHash(document));
  });

  it('does not depend on a title that only repeats the name of the file or record', () => {
    const untitled = { ...document, title: 'a' };
    expect(contentHash({ ...untitled, id: 'b.md', path: 'b.md', title: 'b' })).toBe(contentHash(untitled));
    expect(contentHash({ ...document, id: 'x.jsonl#3', path: 'x.jsonl', title: 'x #3' })).toBe(contentHash(untitled));
    expect(contentHash(untitled)).not.toBe(contentHash(document));
  });

  it.each([
    { text: 'Text.' },
    { title: 'Other' },
    { format: 'text' },
    { language: 'en' },
    { metadata: { ...document.metadata, year: 2025 } },
    { metadata: { ...document.metadata, tags: ['a,b'] } },
    { blocks: [{ kind: 'paragraph' as const, start: 0, end: 3 }] },
    { blocks: [{ kind: 'paragraph' as const, start: 0, end: 4, page: 2 }] },
  ])('changes with %o', (change) => {
    expect(contentHash({ ...document, ...change })).not.toBe(contentHash(document));
  });
});

describe('planChanges', () => {
  it('tells added, updated, unchanged, moved and removed apart', () => {
    const plan = planChanges(
      [known('docs/same', '1'), known('docs/edited', '2'), known('docs/old', '3'), known('docs/gone', '4')],
      [found('docs/same', '1'), found('docs/edited', '2b'), found('docs/new', '3'), found('docs/fresh', '5')],
      scope,
    );
    expect(plan).toEqual({
      added: ['docs/fresh'],
      updated: ['docs/edited'],
      moved: [{ from: 'docs/old', to: 'docs/new' }],
      unchanged: ['docs/same'],
      removed: ['docs/gone'],
    });
  });

  it('removes nothing outside the given paths, and nothing that did not come from a file', () => {
    const plan = planChanges(
      [known('notes.pdf', '1'), { id: 'api', contentHash: '2' }, known('docs2/a', '3')],
      [],
      scope,
    );
    expect(plan.removed).toEqual([]);
  });

  it('does not call a copy a move, nor what moved in from outside the given paths', () => {
    const copy = planChanges([known('docs/a', '1')], [found('docs/a', '1'), found('docs/b', '1')], scope);
    expect(copy).toMatchObject({ added: ['docs/b'], unchanged: ['docs/a'], moved: [], removed: [] });
    const early = planChanges([known('docs/b', '1')], [found('docs/a', '1'), found('docs/b', '1')], scope);
    expect(early).toMatchObject({ added: ['docs/a'], unchanged: ['docs/b'], moved: [] });
    expect(planChanges([known('other/a', '1')], [found('docs/a', '1')], scope)).toMatchObject({
      added: ['docs/a'],
      removed: [],
    });
  });

  it('gives each departed twin to one newcomer', () => {
    const plan = planChanges(
      [known('docs/a', '1'), known('docs/b', '1')],
      [found('docs/c', '1'), found('docs/d', '1'), found('docs/e', '1')],
      scope,
    );
    expect(plan.moved.map(({ from }) => from).sort()).toEqual(['docs/a', 'docs/b']);
    expect(plan.added).toEqual(['docs/e']);
  });

  it('keeps what a failed file, or a failed folder, had before', () => {
    const before = [known('docs/x.jsonl#1', '1', 'docs/x.jsonl'), known('docs/sub/a', '2'), known('docs/subway', '3')];
    const plan = planChanges(before, [found('docs/copy', '2')], scope, ['docs/x.jsonl', 'docs/sub']);
    expect(plan.removed).toEqual(['docs/subway']);
    expect(plan.added).toEqual(['docs/copy']);
  });

  it('notices the move of a file with many records', () => {
    const before = [known('docs/old.jsonl#1', '1', 'docs/old.jsonl'), known('docs/old.jsonl#2', '2', 'docs/old.jsonl')];
    const after = [found('docs/new.jsonl#1', '1', 'docs/new.jsonl'), found('docs/new.jsonl#2', '2', 'docs/new.jsonl')];
    expect(planChanges(before, after, scope).moved).toHaveLength(2);
  });

  it('leaves the collection exactly as the files are, for any two states', () => {
    const state = fc.dictionary(
      fc.constantFrom(...'abcdefgh').map((name) => `docs/${name}`),
      fc.constantFrom('1', '2', '3'),
    );
    fc.assert(
      fc.property(state, state, (before, after) => {
        const plan: ChangePlan = planChanges(
          Object.entries(before).map(([id, hash]) => known(id, hash)),
          Object.entries(after).map(([id, hash]) => found(id, hash)),
          scope,
        );
        const result = new Map(Object.entries(before));
        for (const id of plan.removed) expect(result.delete(id)).toBe(true);
        for (const { from, to } of plan.moved) {
          expect(result.get(from)).toBe(after[to]);
          expect(result.delete(from)).toBe(true);
          expect(result.has(to)).toBe(false);
          result.set(to, after[to]!);
        }
        for (const id of plan.added) {
          expect(result.has(id)).toBe(false);
          result.set(id, after[id]!);
        }
        for (const id of plan.updated) {
          expect(result.get(id)).not.toBe(after[id]);
          result.set(id, after[id]!);
        }
        for (const id of plan.unchanged) expect(result.get(id)).toBe(after[id]);
        expect(Object.fromEntries(result)).toEqual({ ...after });
      }),
    );
  });
});

describe('ChangeTracker', () => {
  const file = (size: number, modified: number): SourceFile => ({
    path: 'docs/a',
    absolute: '/p/docs/a',
    size,
    modified,
    explicit: false,
  });

  it('lets a file be passed over by its size and time, and keeps its document', () => {
    const tracker = new ChangeTracker([{ ...known('docs/a', '1'), source: { size: 10, modified: 5 } }], scope);
    expect(tracker.isUnchanged(file(10, 5))).toBe(true);
    expect(tracker.isUnchanged(file(11, 5))).toBe(false);
    expect(tracker.isUnchanged(file(10, 6))).toBe(false);
    tracker.keep(file(10, 5));
    expect(tracker.removed()).toEqual([]);
    expect(new ChangeTracker([known('docs/a', '1')], scope).isUnchanged(file(10, 5))).toBe(false);
  });

  it('asks whether the old file exists before it calls something moved', () => {
    const asked: string[] = [];
    const tracker = new ChangeTracker([known('docs/a', '1'), known('docs/b', '2')], scope, (path) => {
      asked.push(path);
      return path === 'docs/a';
    });
    expect(tracker.observe('docs/c', '1')).toEqual({ kind: 'added' });
    expect(tracker.observe('docs/d', '2')).toEqual({ kind: 'moved', from: 'docs/b' });
    expect(asked).toEqual(['docs/a', 'docs/b']);
    expect(tracker.removed()).toEqual(['docs/a']);
  });

  it('protects relative paths below a failed folder that lies above the base', () => {
    const above = createScope(['/p/..'], { base: '/p' });
    const tracker = new ChangeTracker([known('docs/a', '1'), known('/q/b', '2')], above);
    tracker.fail('/p');
    expect(tracker.removed()).toEqual(['/q/b']);
  });
});
