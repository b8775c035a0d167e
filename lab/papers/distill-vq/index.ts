import type { Paper } from '../../grading/index.ts';
import {
  type CodeClaim,
  type CodeData,
  codeClaim,
  codeData,
  codeDataBy,
  distilled,
  reconstruction,
  tunedCodeData,
} from '../../protocols/codes.ts';

const on = (id: string, bytes: number, whose: string, data: CodeClaim<CodeData>['data']) =>
  codeClaim({
    id,
    statement: `At ${bytes} bytes a vector of ${whose}, a quantizer that learned from rankings of unlabelled sentences finds at least 5% more of the exact ten best than one that learned for reconstruction.`,
    margin: { relative: 0.05 },
    data,
    baseline: reconstruction(`pq${bytes}x8`),
    method: distilled('learned for ranking', { quantizer: `pq${bytes}x8`, steps: 200 }),
    notes: ({ documents, sentences }, { encoder }) => [
      `${documents.count} abstracts of SciFact as vectors of ${documents.dim} components (the lab's encoder is ${encoder}); ${sentences.count} of their titles and sentences to learn from; claims as queries, which neither side has seen.`,
    ],
  });

export const paper: Paper = {
  slug: 'distill-vq',
  summary:
    'Codebooks learn to rank as the full vectors do: a listwise loss between exact scores and scores of codes, on queries that nobody labelled.',
  parts: ['train/quantize/distill-codec', 'codec/dual', 'codec/pq', 'train/objectives/listwise', 'tensor/fit'],
  departures: [
    'Product codes only: the lists of an inverted file are not learned.',
    'A map of documents and one of queries are learned as well; the paper keeps a fixed rotation.',
    'Queries to learn from are sentences of the documents; the paper has a log of queries. Tuned vectors are those after a linear map that learned to bring sentences to their abstracts.',
  ],
  seconds: { quick: 40, full: 720 },
  reach: { commands: ['sagitta learn-index'], exports: ['train/distillCodec'], byDefault: false },
  claims: [
    on('bytes-8', 8, "the lab's encoder", codeData),
    on('bytes-16', 16, "the lab's encoder", codeData),
    on('use-lite', 16, 'use-lite', codeDataBy('use-lite')),
    on('tuned', 16, "the lab's encoder, tuned", tunedCodeData),
  ],
};
