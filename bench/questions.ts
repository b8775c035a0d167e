// Are questions answered as people type them? Success at 5 by kind, over documents that everyone can get: the READMEs of the packages that this
// project installs, its own documentation, and the passages of XQuAD in six languages. The questions (questions.jsonl) were written down before
// any of them was searched for, and nothing is tuned on them. `npm run bench -- questions [--misses]`.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collection, openCollection } from '../src/collection/index.ts';
import type { InputDocument } from '../src/content/index.ts';
import type { SearchOptions } from '../src/search/index.ts';
import { report } from './harness.ts';
import { readCollection } from './lib-beir.ts';

interface Question {
  readonly kind: string;
  readonly query: string;
  /** One of these documents answers it. */
  readonly documents: readonly string[];
}
const DEPTH = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
const questions = readFileSync(`${root}/bench/questions.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line): Question => JSON.parse(line));

/** READMEs by the names of their packages, scoped ones too. */
function* readmes(folder: string, scope = ''): Generator<InputDocument> {
  for (const name of readdirSync(folder).sort()) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@') && scope === '') yield* readmes(join(folder, name), `${name}/`);
    else {
      const file = existsSync(join(folder, name, 'package.json'))
        ? readdirSync(join(folder, name)).find((entry) => /^readme\.(?:md|markdown)$/i.test(entry))
        : undefined;
      if (file === undefined) continue;
      const id = `${scope}${name}`;
      yield { id, text: readFileSync(join(folder, name, file), 'utf8'), format: 'markdown' };
    }
  }
}

const documents: InputDocument[] = [...readmes(`${root}/node_modules`)];
for (const name of readdirSync(`${root}/docs`).filter((one) => one.endsWith('.md')))
  documents.push({ id: `docs/${name}`, text: readFileSync(`${root}/docs/${name}`, 'utf8'), format: 'markdown' });
const notes: string[] = [];
for (const language of ['en', 'de', 'es', 'zh', 'ru', 'ar']) {
  const parts = { corpus: `corpus.${language}.jsonl`, queries: `queries.${language}.jsonl` };
  const set = await readCollection('xquad', parts);
  if (set === undefined) notes.push(`xquad ${language}: needs-data, set SAGITTA_DATA to the folder that holds xquad`);
  for (const { id, title, text } of set?.documents ?? [])
    documents.push({ id: `xquad/${language}/${id}`, title, text, language });
}
const held = new Set(documents.map(({ id }) => id));
const asked = questions.filter((question) => question.documents.some((id) => held.has(id)));

const raw: SearchOptions = { syntax: false, variants: false };
const full = (kind: string): SearchOptions => ({ complete: kind === 'prefix' });

async function succeeds(collection: Collection, { query, documents }: Question, how: SearchOptions): Promise<boolean> {
  const { hits } = await collection.search(query, { k: DEPTH, perDocument: 1, ...how });
  return hits.some(({ id }) => documents.includes(id));
}

/** Wilson's interval of 95 % of a share. */
function interval(successes: number, count: number): string {
  const z = 1.96;
  const p = successes / count;
  const middle = (p + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half = (z / (1 + z ** 2 / count)) * Math.sqrt((p * (1 - p)) / count + z ** 2 / (4 * count ** 2));
  return `${successes} of ${count} [${Math.max(0, middle - half).toFixed(2)}, ${Math.min(1, middle + half).toFixed(2)}]`;
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-questions-'));
try {
  await using collection = await openCollection(folder, { create: true, encoder: 'none' });
  await collection.add(documents);
  const outcomes: { kind: string; before: boolean; after: boolean }[] = [];
  for (const question of asked) {
    const before = await succeeds(collection, question, raw);
    const after = await succeeds(collection, question, full(question.kind));
    outcomes.push({ kind: question.kind, before, after });
    if (!after && process.argv.includes('--misses')) console.log(`missed: ${question.query}`);
  }
  const row = (kind: string, own: typeof outcomes) => ({
    kind,
    before: interval(own.filter(({ before }) => before).length, own.length),
    after: interval(own.filter(({ after }) => after).length, own.length),
  });
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  report({
    name: 'questions',
    threads: 1,
    columns: ['kind', 'before', 'after'],
    rows: [
      ...kinds.map((kind) =>
        row(
          kind,
          outcomes.filter((one) => one.kind === kind),
        ),
      ),
      row('all', outcomes),
    ],
    notes: [
      ...notes,
      `${documents.length} documents, BM25; one of the right documents among the first ${DEPTH}; in brackets Wilson's interval of 95 %`,
      'before: all of a query is text, and its words stand for themselves alone; after: as searches are by default, prefixes as one types (`complete`)',
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
