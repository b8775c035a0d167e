// Makes src/encode/late/late.bin: the projection of MiniLM's token vectors that the encoder `late` serves.
// npm run bench -- distill-late [--texts 4000] [--dim 64] [--out FILE]
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { miniLm } from '../src/encode/bert/minilm.ts';
import { writeProjection } from '../src/encode/late/projection.ts';
import { principalProjection } from '../src/train/late-projection.ts';
import { report } from './harness.ts';
import { CORPORA, distillationTexts } from './lib-distill.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    texts: { type: 'string', default: '4000' },
    dim: { type: 'string', default: '64' },
    out: { type: 'string', default: fileURLToPath(new URL('../src/encode/late/late.bin', import.meta.url)) },
    json: { type: 'boolean' },
  },
});
/** Token vectors that are looked at of each text, drawn at random. */
const TOKENS = 12;
const seed = 1;
const dim = Number(values.dim);
const texts = distillationTexts(seed).slice(0, Number(values.texts));
const random = new Random(seed);
const base = miniLm();
const rows: Float32Array[] = [];
for (let from = 0; from < texts.length; from += 256) {
  const { vectors, offsets } = await base.encodeTokens(texts.slice(from, from + 256));
  for (let i = 0; i + 1 < offsets.length; i++) {
    const order = random.shuffle(Array.from({ length: offsets[i + 1]! - offsets[i]! }, (_, j) => offsets[i]! + j));
    for (const row of order.slice(0, TOKENS)) rows.push(vectors.row(row).slice());
  }
}
await base.dispose?.();
const tokens = Vectors.fromRows(rows);
const matrix = principalProjection(tokens, dim);
let kept = 0;
for (let row = 0; row < tokens.count; row++) {
  const vector = tokens.row(row);
  for (let d = 0; d < dim; d++) {
    let dot = 0;
    for (let c = 0; c < tokens.dim; c++) dot += matrix[d * tokens.dim + c]! * vector[c]!;
    kept += dot * dot;
  }
}
const made = { command: 'npm run bench -- distill-late', corpora: CORPORA, texts: texts.length, tokens: tokens.count };
const bytes = writeProjection({ base: 'minilm', width: tokens.dim, dim, matrix, made });
writeFileSync(values.out, bytes);
report({
  name: 'distill-late',
  threads: 2,
  columns: ['texts', 'tokens', 'dim', 'bytes', 'squared length that is kept'],
  rows: [
    {
      texts: texts.length,
      tokens: tokens.count,
      dim,
      bytes: bytes.length,
      'squared length that is kept': (kept / tokens.count).toFixed(4),
    },
  ],
});
