/**
 * Exhaustive scans of a million codes by one thread: 4-bit product-quantizer codes of 16 bytes (pq32x4), top 10, and 1-bit codes
 * of 128 bytes by Hamming distance, top 100, each against a plain loop in JavaScript over the same codes.
 */
import { Random } from '../src/base/random.ts';
import { Arena, drainHeap, heapBytes, pq4BlockBytes, pq4TableBytes } from '../src/kernels/index.ts';
import { interleave, median, pairedRatio, quantile, report } from './harness.ts';

const COUNT = 1_000_000;
const M = 32;
const BYTES = 128;
const SEED = 1;

const random = new Random(SEED);
const arena = new Arena();
const { kernels } = arena;

const blocks = arena.allocate(pq4BlockBytes(COUNT, M), 64);
const rows = arena.allocate(COUNT * BYTES, 64);
const tables = arena.allocate(pq4TableBytes(M));
const meta = arena.allocate(8);
const floats = arena.allocate(64 * M);
const query = arena.allocate(BYTES);
const heap = arena.allocate(heapBytes(100), 8);
const fill = (address: number, bytes: number): void => {
  const words = arena.u32(address, bytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = random.uint32();
};
fill(blocks, pq4BlockBytes(COUNT, M));
fill(rows, COUNT * BYTES);
fill(query, BYTES);
arena.f32(floats, 16 * M).forEach((_, i, all) => {
  all[i] = random.normal();
});

function scanPq(k: number): number {
  kernels.quantizePq4(floats, M, tables, meta);
  const [scale, bias] = arena.f32(meta, 2) as unknown as [number, number];
  kernels.heapReset(heap, k);
  kernels.scanPq4(tables, blocks, COUNT, M, scale, bias, 0, 0, 0, heap);
  return drainHeap(arena, heap, k).ids[0]!;
}

function scanBits(k: number): number {
  kernels.heapReset(heap, k);
  kernels.scanHamming(query, rows, COUNT, BYTES, 0, 0, 0, heap);
  return drainHeap(arena, heap, k).ids[0]!;
}

/** The best one only: a loop as one would write it, over rows of 16 bytes (the block's bytes serve as well). */
function loopPq(): number {
  const codes = arena.u8(blocks, COUNT * 16);
  const lookup = arena.f32(floats, 16 * M);
  let [best, at] = [Number.NEGATIVE_INFINITY, 0];
  for (let v = 0; v < COUNT; v++) {
    let sum = 0;
    for (let j = 0; j < 16; j++) {
      const code = codes[v * 16 + j]!;
      sum += lookup[j * 32 + (code & 15)]! + lookup[j * 32 + 16 + (code >> 4)]!;
    }
    if (sum > best) [best, at] = [sum, v];
  }
  return at;
}

function loopBits(): number {
  const codes = arena.u32(rows, (COUNT * BYTES) / 4);
  const own = arena.u32(query, BYTES / 4);
  let [best, at] = [Number.POSITIVE_INFINITY, 0];
  for (let v = 0; v < COUNT; v++) {
    let distance = 0;
    for (let j = 0; j < BYTES / 4; j++) {
      let x = codes[v * 32 + j]! ^ own[j]!;
      x -= (x >>> 1) & 0x55555555;
      x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
      distance += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    if (distance < best) [best, at] = [distance, v];
  }
  return at;
}

const names = {
  pq: 'pq32x4, top 10',
  pqLoop: 'pq32x4, JavaScript loop',
  bits: '1,024 bits, top 100',
  bitsLoop: '1,024 bits, JavaScript loop',
};
if (scanBits(100) !== loopBits()) throw new Error('The scan and the loop disagree about the nearest code.');
const times = await interleave(
  [
    { name: names.pq, run: () => void scanPq(10) },
    { name: names.bits, run: () => void scanBits(100) },
    { name: names.pqLoop, run: () => void loopPq() },
    { name: names.bitsLoop, run: () => void loopBits() },
  ],
  { rounds: 25, warmup: 3 },
);
const bytes = { [names.pq]: 16, [names.pqLoop]: 16, [names.bits]: BYTES, [names.bitsLoop]: BYTES };
report({
  name: 'scans',
  threads: 1,
  columns: ['scan', 'least ms', 'median ms', 'p95 ms', 'GB/s'],
  rows: [...times].map(([name, ms]) => ({
    scan: name,
    'least ms': quantile(ms, 0),
    'median ms': median(ms),
    'p95 ms': quantile(ms, 0.95),
    'GB/s': (COUNT * bytes[name]!) / 1e6 / median(ms),
  })),
  ratios: {
    'scans/s: pq32x4 / JavaScript loop': pairedRatio(times.get(names.pqLoop)!, times.get(names.pq)!),
    'scans/s: 1,024 bits / JavaScript loop': pairedRatio(times.get(names.bitsLoop)!, times.get(names.bits)!),
  },
  notes: [
    `${COUNT} random codes (seed ${SEED}), kernels: ${arena.build}; the tables' rounding and the sorting of the best are included.`,
  ],
});
