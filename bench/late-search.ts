// How much of exact late interaction a search of residual codes finds, and what it costs: recall of the ten best by exact MaxSim over the encoder's own vectors, for several
// `nprobe` and `refine`, and of its parts: of codes alone (all of them scored), of the lists that are looked into. `npm run bench -- late-search [SET...]`; `--passages N` makes more of them out of
// the tokens of those that there are; `--keep FOLDER` keeps token vectors.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BitSet } from '../src/base/bits.ts';
import { Random } from '../src/base/random.ts';
import { MemorySections, SectionCollector } from '../src/base/sections.ts';
import { VectorSets, Vectors } from '../src/base/vectors.ts';
import { embeddingText } from '../src/corpus/index.ts';
import type { TokenEncoder } from '../src/encode/encoder.ts';
import { openEncoder } from '../src/encode/registry.ts';
import { MaxSim, TokenIndex, TokenIndexBuilder } from '../src/index/index.ts';
import { unitRows } from '../src/math/index.ts';
import { report } from './harness.ts';
import { mean, readCollection } from './lib-beir.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keep: { type: 'string' },
    encoder: { type: 'string', default: 'late' },
    passages: { type: 'string' },
    queries: { type: 'string', default: '60' },
    json: { type: 'boolean' },
  },
});
const names = positionals.length === 0 ? ['hotpotqa_100', 'mtrag_un'] : positionals;
const K = 10;
const MOST_QUERIES = Number(values.queries);
const SETTINGS = [4, 8, 16, 32].flatMap((nprobe) => [8, 52].map((refine) => ({ nprobe, refine })));

const encoder = (await openEncoder(values.encoder)) as unknown as TokenEncoder;
const sets: VectorSets[] = [];
const queries: Vectors[] = [];
const notes: string[] = [];
for (const name of names) {
  const set = await readCollection(name);
  if (set === undefined) {
    notes.push(`${name}: needs-data, set SAGITTA_DATA to the folder that holds it`);
    continue;
  }
  const texts = set.documents.map(({ title, text }) => embeddingText(title, [], text));
  sets.push(await tokensOf(`${name}-documents`, texts, 'document'));
  const asked = [...set.queries.values()].slice(0, MOST_QUERIES);
  const vectors = await tokensOf(`${name}-queries`, asked, 'query');
  for (let i = 0; i < vectors.count; i++) queries.push(vectors.item(i));
  console.error(`${name}: encoded`);
}

/** Token vectors of texts, kept where a folder is named. */
async function tokensOf(name: string, texts: readonly string[], role: 'query' | 'document'): Promise<VectorSets> {
  const path = values.keep === undefined ? undefined : join(values.keep, `tokens-${name}-${texts.length}.bin`);
  if (path !== undefined && existsSync(path)) {
    const bytes = readFileSync(path);
    const words = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const offsets = new Uint32Array(words, 0, texts.length + 1);
    return new VectorSets(new Vectors(new Float32Array(words, 4 * offsets.length), encoder.dim), offsets);
  }
  const found = await encoder.encodeTokens(texts, { role });
  if (path !== undefined) {
    mkdirSync(values.keep!, { recursive: true });
    const { vectors, offsets } = found;
    writeFileSync(path, Buffer.concat([Buffer.from(offsets.slice().buffer), Buffer.from(vectors.data.slice().buffer)]));
  }
  return found;
}

const real = joined(sets);
const wanted = values.passages === undefined ? real.count : Number(values.passages);
const documents = wanted <= real.count ? real : made(real, wanted);
const builder = new TokenIndexBuilder(documents.vectors.dim);
for (let i = 0; i < documents.count; i++) builder.add(documents.item(i));
const plain = TokenIndex.open(new MemorySections(builder.build()));
const live = new BitSet(documents.count);
live.addRange(0, documents.count);
const sink = new SectionCollector();
const building = performance.now();
for (const _ of TokenIndex.merge([{ index: plain, live }], sink));
const built = performance.now() - building;
const index = TokenIndex.open(new MemorySections(sink.sections));
console.error(`${documents.count} passages, ${index.vectorCount} vectors`);

const all = Uint32Array.from({ length: documents.count }, (_, i) => i);
const best = (scores: ArrayLike<number>): Set<number> =>
  new Set([...all].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, K));
const exact = queries.map((query) => best(new MaxSim(query).score(documents)));
const coded = queries.map((query) => best(index.scores(query, all)));
const shared = (found: Iterable<number>, expected: ReadonlySet<number>): number =>
  [...found].filter((id) => expected.has(id)).length / expected.size;

const rows: Record<string, string | number>[] = [
  {
    nprobe: 'all',
    refine: 'all',
    'of exact': mean(coded.map((found, i) => shared(found, exact[i]!))).toFixed(4),
    'of codes': '1.0000',
  },
];
await index.search(queries[0]!, { k: K });
for (const { nprobe, refine } of SETTINGS) {
  const start = performance.now();
  const found = [];
  for (const query of queries) found.push(await index.search(query, { k: K, nprobe, refine }));
  const ms = (performance.now() - start) / queries.length;
  console.error(`nprobe ${nprobe}, refine ${refine}: ${ms.toFixed(2)} ms`);
  rows.push({
    nprobe,
    refine,
    'of exact': mean(found.map(({ ids }, i) => shared(ids, exact[i]!))).toFixed(4),
    'of codes': mean(found.map(({ ids }, i) => shared(ids, coded[i]!))).toFixed(4),
    scored: Math.round(mean(found.map(({ examined }) => examined))),
    ms: ms.toFixed(2),
  });
}

function joined(parts: readonly VectorSets[]): VectorSets {
  const offsets = [0];
  for (const part of parts) {
    const first = offsets.at(-1)!;
    for (let i = 1; i <= part.count; i++) offsets.push(first + part.offsets[i]!);
  }
  return new VectorSets(Vectors.concat(parts.map(({ vectors }) => vectors)), Uint32Array.from(offsets));
}

/** So many passages: those that there are, and others of runs of their tokens, each moved a little, as words are by other sentences around them. */
function made(from: VectorSets, count: number): VectorSets {
  const random = new Random(7);
  const { dim } = from.vectors;
  const offsets = [...from.offsets];
  const runs: Float32Array[] = [from.vectors.data.subarray(0, from.offsets.at(-1)! * dim)];
  while (offsets.length <= count) {
    let length = 0;
    for (let i = 0; i < 3; i++) {
      const item = from.item(random.below(from.count));
      if (item.count === 0) continue;
      const at = random.below(item.count);
      const end = Math.min(item.count, at + 8 + random.below(24));
      const run = item.data.slice(at * dim, end * dim);
      for (let c = 0; c < run.length; c++) run[c]! += (0.35 * random.normal()) / Math.sqrt(dim);
      runs.push(unitRows(new Vectors(run, dim)).data);
      length += end - at;
    }
    offsets.push(offsets.at(-1)! + length);
  }
  const data = new Float32Array(offsets.at(-1)! * dim);
  let at = 0;
  for (const run of runs) {
    data.set(run, at);
    at += run.length;
  }
  return new VectorSets(new Vectors(data, dim), Uint32Array.from(offsets));
}

report({
  name: 'late-search',
  threads: 1,
  columns: ['nprobe', 'refine', 'of exact', 'of codes', 'scored', 'ms'],
  rows,
  notes: [
    ...notes,
    `${documents.count} passages (${real.count} of ${names.join(', ')}${documents.count > real.count ? ', the others made of runs of their tokens' : ''}), ${index.vectorCount} vectors of ${values.encoder}, ${queries.length} queries`,
    `${(index.rowBytes).toFixed(0)} bytes a vector; coded in ${(built / 1000).toFixed(1)} s; of exact: the ten best by MaxSim over the encoder's own vectors; of codes: over what codes say`,
  ],
});
