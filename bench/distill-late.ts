// Makes src/encode/late/late.bin: the projection of MiniLM's token vectors that the encoder `late` serves.
// npm run bench -- distill-late [--pairs 3000] [--dim 64] [--epochs 0] [--rate 1e-3] [--share 0.5] [--out FILE]; with epochs it is trained on pairs of texts
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../src/base/random.ts';
import { miniLm } from '../src/encode/bert/minilm.ts';
import { writeProjection } from '../src/encode/late/projection.ts';
import { principalProjection, trainProjection } from '../src/train/late-projection.ts';
import { report } from './harness.ts';
import { readCollection, untested } from './lib-beir.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '3000' },
    dim: { type: 'string', default: '64' },
    epochs: { type: 'string', default: '0' },
    rate: { type: 'string', default: '1e-3' },
    share: { type: 'string', default: '0.5' },
    out: { type: 'string', default: fileURLToPath(new URL('../src/encode/late/late.bin', import.meta.url)) },
    json: { type: 'boolean' },
  },
});
/** Collections whose documents take part, never their queries; of SciFact the training claims too. */
const CORPORA = ['scifact', 'pubmedqa', 'hotpotqa_100', 'mtrag_un', 'openclipart'];
/** Characters of a document that are looked at. */
const MOST_CHARACTERS = 500;
const seed = 1;
const dim = Number(values.dim);
const random = new Random(seed);

/** A title, a sentence or some words in sequence, with the text that they are from; claims with what supports or refutes them. */
async function textPairs(): Promise<[query: string, document: string][]> {
  const pairs: [string, string][] = [];
  for (const name of CORPORA) {
    const set = await readCollection(name);
    for (const { title, text } of set?.documents ?? []) {
      const body = text.slice(0, MOST_CHARACTERS);
      const sentences = body.split(/(?<=[.!?])\s+/).filter((one) => one.length > 20);
      const words = body.split(/\s+/);
      const from = random.below(Math.max(1, words.length - 8));
      const kind = random.below(3);
      if (kind === 0 && title !== '') pairs.push([title, body]);
      else if (kind === 1 && sentences.length > 2) {
        const sentence = sentences[random.below(sentences.length)]!;
        pairs.push([sentence.slice(0, 120), `${title}\n${sentences.filter((one) => one !== sentence).join(' ')}`]);
      } else pairs.push([words.slice(from, from + 2 + random.below(7)).join(' '), `${title}\n${body}`]);
    }
  }
  const [train, test] = [
    await readCollection('scifact', { qrels: 'qrels-train.tsv' }),
    await readCollection('scifact'),
  ];
  const claims: [string, string][] = [];
  if (train !== undefined && test !== undefined) {
    const texts = new Map(
      train.documents.map(({ id, title, text }) => [id, `${title}\n${text.slice(0, MOST_CHARACTERS)}`]),
    );
    for (const { query, relevant } of untested(train, test)) claims.push([query, texts.get(relevant[0]!)!]);
  }
  return random.shuffle([
    ...claims,
    ...random.shuffle(pairs).slice(0, Math.max(0, Number(values.pairs) - claims.length)),
  ]);
}

const pairs = (await textPairs()).filter(([query, document]) => query.trim() !== '' && document.trim() !== '');
if (pairs.length < 100) throw new Error('needs-data: set SAGITTA_DATA to the folder that holds scifact and others');
const base = miniLm({ maxLength: 98 });
const queries = await base.encodeTokens(pairs.map(([query]) => query));
const documents = await base.encodeTokens(pairs.map(([, document]) => document));
await base.dispose?.();
const sample = documents.vectors.pick(
  Uint32Array.from({ length: Math.min(30_000, documents.vectors.count) }, () => random.below(documents.vectors.count)),
);
const start = principalProjection(sample, dim);
const settings = {
  epochs: Number(values.epochs),
  learningRate: Number(values.rate),
  pairs: Number(values.share),
  seed,
};
let last = Number.NaN;
const matrix =
  settings.epochs === 0
    ? start
    : await trainProjection({ queries, documents }, start, {
        ...settings,
        onProgress: (step, steps, loss) => {
          last = loss;
          if (step % 50 === 0) console.error(`step ${step} of ${steps}, loss ${loss.toFixed(4)}`);
        },
      });
const made = { command: 'npm run bench -- distill-late', corpora: CORPORA, examples: pairs.length, ...settings };
const bytes = writeProjection({ base: 'minilm', width: base.dim, dim, matrix, made });
writeFileSync(values.out, bytes);
report({
  name: 'distill-late',
  threads: 2,
  columns: ['pairs', 'tokens', 'dim', 'bytes', 'last loss'],
  rows: [
    {
      pairs: pairs.length,
      tokens: queries.vectors.count + documents.vectors.count,
      dim,
      bytes: bytes.length,
      'last loss': Number.isNaN(last) ? '-' : last.toFixed(4),
    },
  ],
});
