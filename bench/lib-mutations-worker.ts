/**
 * Changes files of a collection and asks everything of it (bench/mutations.ts), one change after the other. Prints a line before each, so
 * that the parent knows what it hangs at or dies of, and one for each thing that should not be.
 *
 * Arguments: collection, number of the first change, number behind the last, seed.
 */
import { cpSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { InvariantError, SagittaError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { openCollection, verifyCollection } from '../src/collection/index.ts';
import { Mutations } from './lib-mutations-forge.ts';
import { checksumsOf, type MutationLine } from './lib-mutations-lines.ts';

/** Of so many changes with checksums that match one is also written to and compacted. */
const WRITTEN = 10;

const [directory, first, last, seed] = process.argv.slice(2) as [string, ...string[]];
const say = (line: MutationLine): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const files = (readdirSync(directory!, { recursive: true }) as string[])
  .filter((name) => !name.endsWith('.lock') && statSync(join(directory!, name)).isFile())
  .sort();
const mutations = new Mutations(directory!, files);

interface Answers {
  readonly values: Map<string, string>;
  readonly errors: Map<string, unknown>;
}

async function ask(place: string): Promise<Answers> {
  const values = new Map<string, string>();
  const errors = new Map<string, unknown>();
  const question = async <T>(name: string, answer: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await answer();
      values.set(name, JSON.stringify(value, (key, part) => (key === 'tookMs' || key === 'ms' ? 0 : part)) ?? '');
      return value;
    } catch (error) {
      errors.set(name, error);
      return undefined;
    }
  };
  try {
    await using collection = await openCollection(place);
    await question('counts', async () => {
      const { documents, passages } = await collection.inspect();
      return [documents, passages];
    });
    const ids = await question('ids', () => collection.ids());
    for (const id of ids?.slice(0, 2) ?? []) await question(`document ${id}`, () => collection.document(id));
    // The others of one snapshot, as `document` reads them: the manifest is not read once more for each.
    const rest = ids?.slice(2) ?? [];
    await question('documents', () =>
      collection.read(async (corpus) => {
        for (const id of rest) {
          await question(`document ${id}`, async () => {
            const found = await corpus.find(id);
            if (found === undefined) return 'none';
            const { document, from, to } = found;
            return [...(await corpus.documents([document])), ...(await corpus.texts([document])), to - from];
          });
        }
      }),
    );
    const searches = [
      ['words', 'copper lamp number 7', {}],
      ['dense', 'lamp by the river', { retriever: 'dense' }],
      ['phrase', '"by the river" lamp', { retriever: 'bm25' }],
      ['mistake', 'coper riwer', { retriever: 'bm25' }],
      ['filter', 'lamp', { filter: 'part = 1 and title contains "Page"' }],
      ['titles', 'Page 7', { pipeline: 'titles' }],
      ['tokens', 'river lamp', { pipeline: 'meaning > rerank(tokens)' }],
      ['conditions', 'format:text part:2', {}],
    ] as const;
    for (const [name, query, options] of searches) {
      await question(name, async () => (await collection.search(query, { k: 30, ...options })).hits);
    }
    await question('facets', () => collection.facets({ query: 'lamp' }));
    await question('relevant', async () => (await collection.searchRelevant('copper lamp', { k: 5 })).hits);
    await question('similar', async () => (await collection.similar({ id: 'd5' })).hits);
  } catch (error) {
    errors.set('open', error);
  }
  return { values, errors };
}

/** A refusal that a person can understand. */
function isClear(error: unknown): boolean {
  return error instanceof SagittaError && !(error instanceof InvariantError);
}

async function check(at: number, what: string): Promise<'refused' | 'unharmed'> {
  const mode = checksumsOf(at);
  const { values, errors } = await ask(directory!);
  for (const [question, error] of errors) {
    if (!isClear(error)) say({ at, kind: 'unclear', wrong: `${what}; ${question}: ${(error as Error).stack}` });
  }
  const report = await verifyCollection(directory!).catch((error: unknown) => error);
  if (report instanceof Error) {
    if (!isClear(report)) say({ at, kind: 'unclear', wrong: `${what}; verify: ${report.stack}` });
  } else if (mode === 'old') {
    const { sound } = report as { sound: boolean };
    if (sound) say({ at, kind: 'unnoticed', wrong: `${what}; verify finds nothing` });
  }
  if (mode === 'old') {
    for (const [question, value] of values) {
      if (value !== right.values.get(question))
        say({ at, kind: 'silent', wrong: `${what}; ${question} is answered wrongly` });
    }
  } else if ((at >> 1) % WRITTEN === 0) await write(at, what);
  return errors.size > 0 ? 'refused' : 'unharmed';
}

async function write(at: number, what: string): Promise<void> {
  const copy = `${directory}-copy`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(directory!, copy, { recursive: true });
  try {
    await using collection = await openCollection(copy);
    await collection.add([{ id: 'later', text: 'One more lamp by the river.' }]);
    await collection.remove(['d2']);
    await collection.compact({ full: true });
  } catch (error) {
    if (!isClear(error)) say({ at, kind: 'unclear', wrong: `${what}; written: ${(error as Error).stack}` });
  }
}

mutations.restore();
const right = await ask(directory!);
if (right.errors.size > 0) throw [...right.errors.values()][0];
for (let at = Number(first); at < Number(last); at++) {
  // Decided by its number alone, so that one change can be looked at again.
  const random = new Random(Number(seed) * 1_000_003 + at);
  const what = checksumsOf(at) === 'old' ? mutations.damage(random) : await mutations.forge(random);
  say({ at, what });
  say({ at, outcome: what === 'nothing' ? what : await check(at, what) });
  mutations.restore();
}
