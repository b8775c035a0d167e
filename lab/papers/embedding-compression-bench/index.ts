import { type Codec, createCodec } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { evaluate } from '../../../src/eval/index.ts';
import { buildIndex } from '../../../src/index/index.ts';
import { distillCodec, distillIndex, greatest, learnBinary } from '../../../src/train/index.ts';
import { embed } from '../../datasets/embeddings.ts';
import type { Lab, Paper } from '../../grading/index.ts';
import { type CodeData, classical, codeClaim, codeData, recallOfTop, TOP } from '../../protocols/codes.ts';

/** Codecs of the frontier: what a code of so many bytes keeps. */
const FRONTIER = [
  'f16',
  'sq8',
  'sq4',
  'pca128,f16',
  'pca128,sq8',
  'pca64,sq8',
  'bin512',
  'pca128,bin128',
  'rabitq1',
  'pq64x8',
  'opq,pq64x8',
  'opq,pq32x8',
  'opq,pq16x8',
  'opq,pq8x8',
  'learned,pq32x8',
  'learned,pq16x8',
  'learned,pq8x8',
  'learned,rbin256x2',
  'learned,rbin256x1',
  'learned,rbin128x2',
  'learned,rbin128x1',
  'learned ivf64,pq16x8',
  'learned ivf64,pq8x8',
];

export interface FrontierPoint {
  readonly spec: string;
  readonly bytes: number;
  readonly recall: number;
  readonly ndcg: number;
}

/** recall@10 of exact search over all claims, and nDCG@10 over the test claims, for every codec. */
async function frontier(lab: Lab): Promise<{ points: FrontierPoint[]; exact: number }> {
  const data = await codeData(lab);
  // A smoke test has the first claims only, which are those of the training judgements.
  const test = await embed(lab, 'scifact', lab.pick({ split: 'train' }, {}));
  const ids = test.queryIds.filter((id) => data.rows.has(id)).slice(0, lab.pick(30, 300));
  const judgements = new Map(ids.map((id) => [id, test.judgements.get(id)!]));
  const ndcg = (top: (query: Float32Array) => Top): number => {
    const run = new Map(
      ids.map((id) => {
        const { rows, scores } = top(data.queries.row(data.rows.get(id)!));
        return [id, { ids: Array.from(rows, (row) => test.documents[row]!.id), scores: Array.from(scores) }] as const;
      }),
    );
    return evaluate(run, judgements, { metrics: ['ndcg@10'], pooled: false }).mean('ndcg@10');
  };
  const points: FrontierPoint[] = [];
  for (const spec of lab.pick(['sq8', 'opq,pq16x8'], FRONTIER)) {
    points.push(
      await lab.remember(['frontier', spec, lab.level, ...Object.values(data.sources)], async () => {
        lab.checkTime();
        lab.say(`frontier: ${spec}`);
        const { bytes, top } = await searcher(spec, data, lab);
        let recall = 0;
        for (const [unit, truth] of data.truth)
          recall += recallOfTop(truth, top(data.queries.row(data.rows.get(unit)!)).rows);
        return { spec, bytes, recall: recall / data.truth.size, ndcg: ndcg(top) };
      }),
    );
  }
  const exact = ndcg((query) => {
    const scores = Float32Array.from({ length: data.documents.count }, (_, i) => {
      const row = data.documents.row(i);
      let sum = 0;
      for (let c = 0; c < row.length; c++) sum += row[c]! * query[c]!;
      return sum;
    });
    return best10(scores);
  });
  return { points, exact };
}

/** The ten best, by codes. */
interface Top {
  readonly rows: Uint32Array;
  readonly scores: ArrayLike<number>;
}

function best10(scores: Float32Array): Top {
  const rows = greatest(scores, TOP);
  return { rows, scores: Array.from(rows, (row) => scores[row]!) };
}

async function searcher(
  spec: string,
  data: CodeData,
  lab: Lab,
): Promise<{ bytes: number; top: (query: Float32Array) => Top }> {
  const lists = /^learned ivf(\d+),(.+)$/.exec(spec);
  if (lists === null) {
    const codec = await make(spec, data, lab);
    const codes = codec.encode(data.documents);
    const scores = new Float32Array(data.documents.count);
    return {
      bytes: codec.codeSize,
      top: (query) => {
        codec.scorer(query).score(codes, scores.length, scores);
        return best10(scores);
      },
    };
  }
  const learned = await distillIndex(data.documents, data.sentences, {
    ...(await settings(lab)),
    lists: Number(lists[1]),
    quantizer: lists[2]!,
  });
  const index = await buildIndex(learned.spec, data.documents, learned);
  // Every list is looked at: this is about what codes keep, not about what lists leave out.
  return {
    bytes: learned.codec.codeSize,
    top: (query) => {
      const { ids, scores } = index.search(query, { k: TOP, nprobe: Number(lists[1]) });
      return { rows: Uint32Array.from(ids), scores };
    },
  };
}

async function settings(lab: Lab) {
  return { runtime: await nativeRuntime(), temperature: 0.05, steps: lab.pick(20, 300), signal: lab.signal };
}

async function make(spec: string, data: CodeData, lab: Lab): Promise<Codec> {
  const binary = /^learned,rbin(\d+)x(\d+)$/.exec(spec);
  if (binary !== null) {
    const [signs, levels] = [Number(binary[1]), Number(binary[2])];
    return learnBinary(data.documents, data.sentences, { ...(await settings(lab)), signs, levels });
  }
  const learned = /^learned,(.+)$/.exec(spec);
  if (learned !== null) {
    return distillCodec(data.documents, data.sentences, { ...(await settings(lab)), quantizer: learned[1]! });
  }
  const codec = createCodec(spec, data.documents.dim);
  await codec.train(data.documents);
  return codec;
}

/** Points that no other point beats in both bytes and recall. */
function best(points: readonly FrontierPoint[]): Set<FrontierPoint> {
  return new Set(
    points.filter(
      (point) =>
        !points.some(
          (other) =>
            other !== point &&
            other.bytes <= point.bytes &&
            other.recall >= point.recall &&
            (other.bytes < point.bytes || other.recall > point.recall),
        ),
    ),
  );
}

export const paper: Paper = {
  slug: 'embedding-compression-bench',
  summary:
    'Ways to make vectors smaller, under one byte budget and one protocol: numbers, components, bits, products, and codes that learn.',
  parts: [
    'codec/scalar',
    'codec/pca',
    'codec/binary',
    'codec/rabitq',
    'codec/pq',
    'codec/opq',
    'train/quantize/distill-codec',
    'train/quantize/learn-binary',
  ],
  departures: [
    'Vectors of documents only; embedding tables of recommenders are out of scope.',
    'Bytes are those of a code. Codebooks and matrices, shared by all vectors, come on top.',
    'Lists learned together with codes are searched in full: what they save in time is not on this frontier.',
  ],
  reach: {
    commands: ['sagitta plan --bytes N', 'sagitta rebuild --spec SPEC'],
    exports: ['codec/createCodec'],
    byDefault: false,
  },
  claims: [
    codeClaim({
      id: 'product-or-number',
      statement:
        'Within 32 bytes a vector, product codes keep more of the exact ten best than the best of reduced numbers and bits.',
      seconds: { quick: 15, full: 120 },
      data: codeData,
      sides: (data) => ({
        baseline: classical('reduced numbers and bits, at most 32 bytes', data, [
          'pca32,sq8',
          'pca64,sq4',
          'pca16,f16',
          'bin256',
          'pca256,bin256',
        ]),
        method: classical('product codes, 32 bytes', data, ['pq32x8', 'opq,pq32x8', 'opq,pq64x4']),
      }),
    }),
    codeClaim({
      id: 'int8',
      statement: 'Eight bits a number lose no more than 1% of the exact ten best.',
      margin: { relative: -0.01 },
      seconds: { quick: 10, full: 200 },
      data: codeData,
      sides: async (data, lab) => {
        const { points, exact } = await frontier(lab);
        const shown = best(points);
        return {
          baseline: classical('half precision', data, ['f16']),
          method: classical('eight bits', data, ['sq8']),
          notes: [
            [
              `The frontier (one seed; ${data.documents.count} vectors of 512 components; nDCG@10 of the vectors themselves: ${exact.toFixed(4)}; bold: nothing is both smaller and better):`,
              '',
              '| codec | bytes | recall@10 | nDCG@10 |',
              '|---|---|---|---|',
              ...[...points]
                .sort((a, b) => b.bytes - a.bytes || b.recall - a.recall)
                .map(
                  (point) =>
                    `| ${shown.has(point) ? `**${point.spec}**` : point.spec} | ${point.bytes} | ${point.recall.toFixed(4)} | ${point.ndcg.toFixed(4)} |`,
                ),
            ].join('\n'),
          ],
        };
      },
    }),
  ],
};
