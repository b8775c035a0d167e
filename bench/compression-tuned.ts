// What do codes keep of vectors that rank well? use-lite is tuned to SciFact's training claims (a few minutes, kept in bench/results), and its
// vectors are compressed by codecs of many kinds: recall@10 of exact search and nDCG@10 over the 300 test claims.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { type Codec, createCodec } from '../src/codec/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { ownQueries, passagesWithVectors } from '../src/collection/planning.ts';
import { nativeRuntime } from '../src/encode/runtime.ts';
import { LinearMap } from '../src/math/index.ts';
import { distillCodec, exactTop, greatest, learnBinary, tune } from '../src/train/index.ts';
import { report } from './harness.ts';
import { RESULTS } from './lib-ann.ts';
import { mean, ndcg, readCollection, type TestCollection, untested } from './lib-beir.ts';

const TOP = 10;
/** Passages that documents are ranked by: the best of each counts. */
const DEEP = 100;
const SENTENCES = 4000;
const SPECS = [
  ['sq8', 'sq4', 'pca128,sq8', 'pca64,sq8', 'bin512', 'rabitq1', 'pq64x8'],
  ['opq,pq64x8', 'opq,pq32x8', 'opq,pq16x8', 'opq,pq8x8'],
  ['learned,pq32x8', 'learned,pq16x8', 'learned,pq8x8', 'learned,rbin256x1', 'learned,rbin128x1'],
].flat();
const LEARNING = { temperature: 0.05, steps: 300 };

const training = await readCollection('scifact', { qrels: 'qrels-train.tsv' });
const testing = await readCollection('scifact');
if (training === undefined || testing === undefined) console.log('needs-data: scifact (see SAGITTA_DATA)');
else await measure(await tunedCollection(training, testing), testing);

/** A collection with the tuned encoder; made once. Nothing of the test claims is used: tuning holds out training claims. */
async function tunedCollection(train: TestCollection, test: TestCollection): Promise<string> {
  const folder = join(RESULTS, 'scifact-tuned');
  if (existsSync(folder)) return folder;
  const making = `${folder}.new`;
  rmSync(making, { recursive: true, force: true });
  {
    await using collection = await openCollection(making, { create: true, encoder: 'use-lite' });
    await collection.add(train.documents);
    const { deployed, dense } = await tune(collection, {
      examples: untested(train, test),
      what: 'encoder',
      learningRate: 2e-4,
      threads: 2,
      seed: 1,
      onProgress: ({ phase, step }) => console.log(`${phase}${step === undefined ? '' : ` ${step}`}`),
    });
    if (deployed === undefined) throw new Error('Tuning gave nothing better.');
    console.log(`held-out training claims: ${dense.baselineMean.toFixed(4)} to ${dense.systemMean.toFixed(4)}`);
  }
  renameSync(making, folder);
  return folder;
}

async function measure(folder: string, { queries: texts, judgements }: TestCollection): Promise<void> {
  await using collection = await openCollection(folder);
  const encoder = (await collection.encoder())!;
  const snapshot = await collection.snapshot();
  const passages = passagesWithVectors(snapshot);
  const { dim } = snapshot.settings;
  const documents = Vectors.zeros(passages.length, dim);
  snapshot.readVectors(passages, documents.data as Float32Array<ArrayBuffer>);
  const random = new Random(1);
  const own = ownQueries(snapshot, passages, SENTENCES, random);
  const sentences = await encoder.encode(own, { role: 'query' });
  const ids = [...texts.keys()];
  const queries = await encoder.encode(
    ids.map((id) => texts.get(id)!),
    { role: 'query' },
  );
  const owners = Array.from(passages, (passage) => snapshot.document(snapshot.passage(passage).document).id);
  const truth = exactTop(documents, queries, TOP);
  const quality = (rank: (query: Float32Array) => Float32Array) => {
    const [recalls, gains]: [number[], number[]] = [[], []];
    ids.forEach((id, q) => {
      const scores = rank(queries.row(q));
      recalls.push(greatest(scores, TOP).filter((row) => truth[q]!.includes(row)).length / TOP);
      const ranking = new Set(Array.from(greatest(scores, DEEP), (row) => owners[row]!));
      gains.push(ndcg([...ranking], judgements.get(id)!));
    });
    return { recall: mean(recalls), ndcg: mean(gains) };
  };
  const exact = new LinearMap(documents.data, dim);
  const rows: Record<string, string | number>[] = [];
  const show = (codec: string, bytes: number, { recall, ndcg: gain }: { recall: number; ndcg: number }): void => {
    rows.push({ codec, bytes, 'recall@10': recall.toFixed(4), 'nDCG@10': gain.toFixed(4) });
  };
  show(
    'the vectors themselves',
    4 * dim,
    quality((query) => exact.apply(new Vectors(query, dim)).data),
  );
  for (const spec of SPECS) {
    const codec = await make(spec, documents, sentences);
    const codes = codec.encode(documents);
    const scores = new Float32Array(documents.count);
    show(
      spec,
      codec.codeSize,
      quality((query) => {
        codec.scorer(query).score(codes, documents.count, scores);
        return scores;
      }),
    );
  }
  snapshot.close();
  report({
    name: 'compression-tuned',
    threads: 2,
    columns: ['codec', 'bytes', 'recall@10', 'nDCG@10'],
    rows,
    notes: [
      `${documents.count} passages of ${dim} components by use-lite, tuned to the training claims; ${ids.length} test claims; documents by their best passage among ${DEEP}`,
      `learned from ${sentences.count} titles and sentences of the collection, ${LEARNING.steps} updates; one seed`,
    ],
  });
}

async function make(spec: string, documents: Vectors, sentences: Vectors): Promise<Codec> {
  const [, kind, rest] = /^learned,(pq|rbin)(.+)$/.exec(spec) ?? [];
  const runtime = await nativeRuntime();
  if (kind === 'pq') return distillCodec(documents, sentences, { ...LEARNING, runtime, quantizer: `pq${rest}` });
  if (kind === 'rbin') {
    const [signs, levels] = rest!.split('x').map(Number) as [number, number];
    return learnBinary(documents, sentences, { ...LEARNING, runtime, signs, levels });
  }
  const codec = createCodec(spec, documents.dim);
  await codec.train(documents, { seed: 1 });
  return codec;
}
