// How long does a new process take from its start to the first hybrid answer over 100,000 passages, beyond what Node itself takes, and how much
// memory does the encoder add? Runs the built package, as a user's process would.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Vectors } from '../src/base/vectors.ts';
import { openCollection } from '../src/collection/index.ts';
import { miniLm } from '../src/encode/bert/minilm.ts';
import type { Encoder } from '../src/encode/index.ts';
import { interleave, median, quantile, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const PASSAGES = 100_000;
/** Passages that are really encoded; the others get their vectors in turn. */
const ENCODED = 2000;
const ROUNDS = 9;
const QUERY = 'domestic animal that barks';
const dist = fileURLToPath(new URL('../dist', import.meta.url));
if (!existsSync(`${dist}/index.js`)) {
  console.error('dist/ is not built. Run: npm run build');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'sagitta-first-'));
try {
  const entries = readWordNet().slice(0, PASSAGES);
  const model = miniLm();
  const known = await model.encode(entries.slice(0, ENCODED).map(({ text }) => text));
  await model.dispose!();
  let next = 0;
  const encoder: Encoder = {
    id: model.id,
    dim: model.dim,
    languages: ['en'],
    encode: async (inputs) => Vectors.fromRows(inputs.map(() => known.row(next++ % ENCODED))),
  };
  const path = join(folder, 'collection');
  const collection = await openCollection(path, { create: true, encoder });
  await collection.add(entries.map(({ text }, i) => ({ id: String(i), text, language: 'en' })));
  await collection.compact({ full: true });
  const { bytes } = await collection.inspect();
  await collection.close();

  const script = (name: string, text: string) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, text);
    return file;
  };
  const memory = `const { user, system } = process.cpuUsage();
console.log(process.memoryUsage().rss / 1e6, (user + system) / 1000);`;
  const search = (retriever: string) => `import { openCollection } from ${JSON.stringify(`${dist}/index.js`)};
const collection = await openCollection(${JSON.stringify(path)});
const { hits } = await collection.search(${JSON.stringify(QUERY)}, { retriever: '${retriever}' });
if (hits.length === 0) throw new Error('found nothing');
${memory}`;
  const encode = () => `import { openEncoder } from ${JSON.stringify(`${dist}/encode/index.js`)};
const encoder = await openEncoder('minilm');
const vectors = await encoder.encode([${JSON.stringify(QUERY)}]);
if (vectors.row(0)[0] === 0) throw new Error('encoded nothing');
${memory}`;
  const contestants = {
    'Node alone': [script('nothing', memory)],
    'onnxruntime-node imported': [
      script('runtime', `await import(${JSON.stringify(import.meta.resolve('onnxruntime-node'))});\n${memory}`),
    ],
    'encoder: first vector': [script('encode', encode())],
    'library: first BM25 answer': [script('bm25', search('bm25'))],
    'library: first hybrid answer': [script('hybrid', search('hybrid'))],
    'command line: sagitta search': [`${dist}/cli/main.js`, 'search', QUERY, '--in', path],
  };
  const resident = new Map<string, number[]>();
  const processor = new Map<string, number[]>();
  const times = await interleave(
    Object.entries(contestants).map(([name, args]) => ({
      name,
      run: () => {
        const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        if (status !== 0) throw new Error(stderr);
        const [own, busy] = stdout.trim().split('\n').at(-1)!.split(' ').map(Number);
        if (!Number.isFinite(own)) return; // The command line prints no figures.
        resident.set(name, [...(resident.get(name) ?? []), own!]);
        processor.set(name, [...(processor.get(name) ?? []), busy!]);
      },
    })),
    { rounds: ROUNDS },
  );
  const start = median(times.get('Node alone')!);
  report({
    name: 'first-answer',
    threads: 2,
    columns: ['process', 'median ms', 'p95 ms', 'ms beyond Node', 'cpu ms', 'resident MB'],
    rows: [...times].map(([process, values]) => ({
      process,
      'median ms': median(values).toFixed(0),
      'p95 ms': quantile(values, 0.95).toFixed(0),
      'ms beyond Node': (median(values) - start).toFixed(0),
      ...(resident.has(process)
        ? {
            'cpu ms': median(processor.get(process)!).toFixed(0),
            'resident MB': median(resident.get(process)!).toFixed(0),
          }
        : {}),
    })),
    notes: [
      `${PASSAGES} passages (WordNet entries), ${(bytes / 1e6).toFixed(0)} MB, one segment; vectors of minilm of the first ${ENCODED}, the others have them in turn`,
      `${ROUNDS} new processes each, interleaved; files in the page cache, the model prepared before`,
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
