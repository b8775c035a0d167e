import { type Codec, createCodec } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { buildIndex } from '../../../src/index/index.ts';
import { distillCodec, distillIndex, learnBinary } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { type CodeData, classical, codeClaim, codeData } from '../../protocols/codes.ts';
import { type FrontierPoint, frontier, type Searcher, scan } from '../../protocols/frontier.ts';

/** Codecs of the frontier: what a code of so many bytes keeps. */
const FRONTIER = [
  ...['f16', 'sq8', 'sq4', 'pca128,f16', 'pca128,sq8', 'pca64,sq8', 'bin384', 'pca128,bin128', 'rabitq1'],
  ...['pq64x8', 'opq,pq64x8', 'opq,pq32x8', 'opq,pq16x8', 'opq,pq8x8'],
  ...['learned,pq32x8', 'learned,pq16x8', 'learned,pq8x8'],
  ...['learned,rbin256x2', 'learned,rbin256x1', 'learned,rbin128x2', 'learned,rbin128x1'],
  ...['learned ivf64,pq16x8', 'learned ivf64,pq8x8'],
];

async function searcher(spec: string, data: CodeData, lab: Lab): Promise<Searcher> {
  const options = { runtime: await nativeRuntime(), temperature: 0.05, steps: lab.pick(4, 300), signal: lab.signal };
  const [, lists, quantizer] = /^learned ivf(\d+),(.+)$/.exec(spec) ?? [];
  if (quantizer === undefined) return scan(data, await codecOf(spec, data, options));
  const learned = await distillIndex(data.documents, data.sentences, { ...options, lists: Number(lists), quantizer });
  const index = await buildIndex(learned.spec, data.documents, learned);
  // Every list is looked at: this is about what codes keep, not about what lists leave out.
  const search = (query: Float32Array, k: number) => index.search(query, { k, nprobe: Number(lists) }).ids;
  return { bytes: learned.codec.codeSize, search };
}

async function codecOf(
  spec: string,
  { documents, sentences }: CodeData,
  options: Omit<Parameters<typeof learnBinary>[2], 'signs'>,
): Promise<Codec> {
  const [, signs, levels] = /^learned,rbin(\d+)x(\d+)$/.exec(spec) ?? [];
  if (signs !== undefined)
    return learnBinary(documents, sentences, { ...options, signs: Number(signs), levels: Number(levels) });
  const [, quantizer] = /^learned,(.+)$/.exec(spec) ?? [];
  if (quantizer !== undefined) return distillCodec(documents, sentences, { ...options, quantizer });
  const codec = createCodec(spec, documents.dim);
  await codec.train(documents);
  return codec;
}

function table(points: readonly FrontierPoint[], exact: number, { documents }: CodeData): string {
  const isBeaten = ({ bytes, recall }: FrontierPoint) =>
    points.some((one) => one.bytes <= bytes && one.recall >= recall && (one.bytes < bytes || one.recall > recall));
  return [
    `The frontier (one seed; ${documents.count} vectors of ${documents.dim} components; nDCG@10 of the vectors themselves: ${exact.toFixed(4)}; bold: nothing is both smaller and better):`,
    '',
    '| codec | bytes | recall@10 | nDCG@10 |',
    '|---|---|---|---|',
    ...[...points]
      .sort((a, b) => b.bytes - a.bytes || b.recall - a.recall)
      .map((point) => {
        const { spec, bytes, recall, ndcg } = point;
        return `| ${isBeaten(point) ? spec : `**${spec}**`} | ${bytes} | ${recall.toFixed(4)} | ${ndcg.toFixed(4)} |`;
      }),
  ].join('\n');
}

export const claims: readonly Claim[] = [
  codeClaim({
    id: 'product-or-number',
    statement:
      'Within 32 bytes a vector, product codes keep more of the exact ten best than the best of reduced numbers and bits.',
    data: codeData,
    baseline: classical('reduced numbers and bits, at most 32 bytes', [
      'pca32,sq8',
      'pca64,sq4',
      'pca16,f16',
      'bin256',
      'pca256,bin256',
    ]),
    method: classical('product codes, 32 bytes', ['pq32x8', 'opq,pq32x8', 'opq,pq64x4']),
  }),
  codeClaim({
    id: 'int8',
    statement: 'Eight bits a number lose no more than 1% of the exact ten best.',
    margin: { relative: -0.01 },
    data: codeData,
    baseline: classical('half precision', ['f16']),
    method: classical('eight bits', ['sq8']),
    notes: async (data, lab) => {
      const specs = lab.pick(['sq8', 'opq,pq16x8'], FRONTIER);
      const { points, exact } = await frontier(lab, data, specs, (spec) => searcher(spec, data, lab));
      return [table(points, exact, data)];
    },
  }),
];
