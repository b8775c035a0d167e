import type { Random } from '../src/base/random.ts';
import { type Collection, openCollection } from '../src/collection/index.ts';
import { type Changes, chaosText, type Version, wordOf } from './lib-chaos-text.ts';

/**
 * What a collection may hold after everything that was acknowledged, refused or cut off: for each id the versions that it may
 * have. What is acknowledged leaves one, what was refused or cut off leaves the one before as well.
 */
export class Ledger {
  #possible = new Map<string, Set<Version>>();
  /** Changes that nobody knows the outcome of, since the last look. */
  #open: { readonly changes: Changes; readonly whole: boolean }[] = [];

  /** What may be there now, to be settled by itself. */
  copy(): Ledger {
    const copy = new Ledger();
    copy.#possible = new Map([...this.#possible].map(([id, versions]) => [id, new Set(versions)]));
    copy.#open = [...this.#open];
    return copy;
  }

  acknowledge(changes: Changes): void {
    for (const [id, version] of changes) this.#possible.set(id, new Set([version]));
  }

  /** @param whole the changes count all or not at all. */
  leaveOpen(changes: Changes, whole: boolean): void {
    for (const [id, version] of changes) this.#versions(id).add(version);
    this.#open.push({ changes, whole });
  }

  /** Ids that are certainly there. */
  get present(): string[] {
    return [...this.#possible].filter(([, versions]) => !versions.has(null)).map(([id]) => id);
  }

  /** Compares with what a collection holds, by id, and takes that over as what is known. @returns what should not be. */
  settle(held: ReadonlyMap<string, number>): string[] {
    const wrong: string[] = [];
    const before = new Map([...this.#possible].map(([id, versions]) => [id, [...versions]]));
    for (const id of new Set([...held.keys(), ...this.#possible.keys()])) {
      const version = held.get(id) ?? null;
      if (!this.#versions(id).has(version))
        wrong.push(`${id} is ${version}, not ${[...this.#versions(id)].join(' or ')}`);
    }
    // Where one piece of work alone was cut off, it counts wholly or not at all.
    const [cut, ...more] = this.#open;
    if (cut?.whole === true && more.length === 0) {
      const told = cut.changes.filter(([id]) => before.get(id)!.length > 1);
      const done = told.filter(([id, version]) => (held.get(id) ?? null) === version).length;
      if (done !== 0 && done !== told.length) wrong.push(`${done} of ${told.length} changes of one call are there`);
    }
    this.#open = [];
    this.#possible = new Map([...held].map(([id, version]) => [id, new Set<Version>([version])]));
    return wrong;
  }

  #versions(id: string): Set<Version> {
    let versions = this.#possible.get(id);
    if (versions === undefined) {
      versions = new Set([null]);
      this.#possible.set(id, versions);
    }
    return versions;
  }
}

/** Looks at everything that a collection holds. @returns what it holds, by id, and what is wrong with it. */
export async function examine(
  directory: string,
  random: Random,
): Promise<{ held: Map<string, number>; wrong: string[] }> {
  const wrong: string[] = [];
  const held = new Map<string, number>();
  await using collection = await openCollection(directory);
  const { faults } = await collection.verify();
  for (const { file, problem } of faults) wrong.push(`unsound: ${file}: ${problem}`);
  await collection.read(async (corpus) => {
    for await (const { ordinal, record } of corpus.all()) {
      const { id } = record;
      const text = (await corpus.texts([ordinal]))[0]!;
      const version = Number(/ v(\d+) /.exec(text)?.[1] ?? -1);
      if (text.trim() !== chaosText(id, version)) wrong.push(`the text of ${id} is not one that was written`);
      held.set(id, version);
    }
    if (corpus.documentCount !== held.size) wrong.push(`${corpus.documentCount} documents counted, ${held.size} there`);
  });
  wrong.push(...(await searches(collection, held, random)));
  return { held, wrong };
}

/** Every document is found by its own word, and none that is gone; by its text among vectors too. */
async function searches(collection: Collection, held: ReadonlyMap<string, number>, random: Random): Promise<string[]> {
  const wrong: string[] = [];
  const all = await collection.facets({ query: 'harbour', fields: ['format'] });
  if (held.size > 0 && all.documents !== held.size) wrong.push(`${all.documents} documents of ${held.size} are found`);
  const ids = random.shuffle([...held.keys()]).slice(0, 4);
  for (const id of ids) {
    const text = chaosText(id, held.get(id)!);
    for (const [retriever, query] of [
      ['bm25', `+${wordOf(id)} +v${held.get(id)}`],
      ['dense', text],
    ] as const) {
      const { hits } = await collection.search(query, {
        retriever,
        k: 10,
        language: 'en',
        syntax: retriever === 'bm25',
      });
      if (!hits.some((hit) => hit.id === id)) wrong.push(`${id} is not found (${retriever})`);
    }
  }
  return wrong;
}
