// Makes src/encode/static/static.bin: the token table of the encoder `static`, distilled from MiniLM.
// npm run bench -- distill-static [--texts 65536] [--dim 256] [--epochs 8] [--rate 2e-3] [--listwise 1] [--parts 64] [--out FILE] [--vectors DIR]
// With --table FILE, a table that was distilled before is only put into codes; with --parts 0 it stays in 8 bits.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Vectors } from '../src/base/vectors.ts';
import { miniLmDescription } from '../src/encode/bert/minilm.ts';
import { type WordPieces, WordPieceTokenizer } from '../src/encode/bert/wordpiece.ts';
import { openEncoder } from '../src/encode/registry.ts';
import { readTableFile } from '../src/encode/static/shipped.ts';
import { type StaticTable, writeTable } from '../src/encode/static/table.ts';
import { compressTable } from '../src/train/compress-table.ts';
import { distillStatic } from '../src/train/distill-static.ts';
import { report } from './harness.ts';
import { CORPORA, distillationTexts, teacherVectors } from './lib-distill.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    texts: { type: 'string', default: '65536' },
    dim: { type: 'string', default: '256' },
    epochs: { type: 'string', default: '8' },
    rate: { type: 'string', default: '2e-3' },
    listwise: { type: 'string', default: '1' },
    parts: { type: 'string', default: '64' },
    table: { type: 'string' },
    temperature: { type: 'string', default: '0.05' },
    out: { type: 'string', default: fileURLToPath(new URL('../src/encode/static/static.bin', import.meta.url)) },
    vectors: { type: 'string', default: join(tmpdir(), 'sagitta-teacher') },
    json: { type: 'boolean' },
  },
});
const seed = 1;
const started = performance.now();
const texts = distillationTexts(seed).slice(0, Number(values.texts));
let last = 0;
const table = values.table === undefined ? await distilled() : await readTableFile(values.table);
const parts = Number(values.parts);
/** Texts that centroids are fitted to. */
const FITTED = 30_000;
const bytes = writeTable(parts === 0 ? table : await compressTable(table, texts.slice(0, FITTED), { parts, seed }));
writeFileSync(values.out, bytes);
report({
  name: 'distill-static',
  threads: 2,
  columns: ['tokens', 'dim', 'parts', 'texts', 'bytes', 'last loss', 'seconds'],
  rows: [
    {
      tokens: table.pieces.tokens.length,
      dim: table.dim,
      parts,
      texts: texts.length,
      bytes: bytes.length,
      'last loss': last.toFixed(4),
      seconds: Math.round((performance.now() - started) / 1000),
    },
  ],
  notes: [`Seed ${seed}. Written to ${values.out}.`],
});

async function distilled(): Promise<StaticTable> {
  const vectors = texts.length === 0 ? Vectors.zeros(0, 384) : await teacherVectors(texts, values.vectors);
  const teacher = await openEncoder('minilm');
  const options = {
    dim: Number(values.dim),
    epochs: Number(values.epochs),
    learningRate: Number(values.rate),
    listwise: Number(values.listwise),
    temperature: Number(values.temperature),
    seed,
  };
  const made = await distillStatic(await piecesOf(), teacher, texts, vectors, {
    ...options,
    onProgress: (step, steps, loss) => {
      last = loss;
      if (step % 200 === 0) console.error(`step ${step} of ${steps}, loss ${loss.toFixed(4)}`);
    },
  });
  await teacher.dispose?.();
  const command = 'npm run bench -- distill-static';
  return { ...made, made: { command, teacher: teacher.id, corpora: CORPORA, texts: texts.length, ...options } };
}

/** MiniLM's vocabulary without what English texts do not hold: tokens kept free, and letters of other scripts. */
async function piecesOf(): Promise<WordPieces> {
  const tokenizer = await WordPieceTokenizer.open(miniLmDescription().tokenizer);
  const tokens = ['[UNK]'];
  for (let id = 0; id < tokenizer.size; id++) {
    const token = tokenizer.tokenOf(id);
    if (token === undefined || /^\[.+\]$/.test(token)) continue;
    if (/\p{L}/u.test(token) && !/\p{Script=Latin}|\p{Script=Greek}/u.test(token)) continue;
    tokens.push(token);
  }
  const normalization = { clean: true, ideographs: true, stripAccents: true, lowercase: true };
  return { tokens, normalization, longestWord: 100 };
}
