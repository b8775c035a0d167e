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

const baseline = reconstruction('pq16x8');
const method = distilled('learned centroids and query map', { quantizer: 'pq16x8', steps: 200, codes: 'frozen' });

const on = (id: string, whose: string, data: CodeClaim<CodeData>['data']) =>
  codeClaim({
    id,
    statement: `At 16 bytes a vector of ${whose}, with codes left as they are, learned centroids and a learned map of queries find more of the exact ten best than codebooks learned for reconstruction.`,
    data,
    baseline,
    method,
  });

export const paper: Paper = {
  slug: 'jpq',
  summary:
    'Codes of documents stay what they are; what they stand for, and the map of queries, are learned together for ranking. Documents need not be encoded again.',
  parts: ['train/quantize/distill-codec', 'codec/dual', 'codec/pq', 'tensor/fit'],
  departures: [
    'The target is the ranking of the full vectors instead of labels, since the queries to learn from have none.',
    'The query encoder is frozen and followed by a learned linear map; the paper trains the encoder itself. Tuned vectors are those after a linear map that learned to bring sentences to their abstracts.',
    'Candidates come from exact search; the paper searches its own index anew for every batch.',
  ],
  seconds: { quick: 30, full: 480 },
  reach: { exports: ['train/distillCodec'], byDefault: false },
  claims: [
    on('frozen-codes', "the lab's encoder", codeData),
    on('use-lite', 'use-lite', codeDataBy('use-lite')),
    on('tuned', "the lab's encoder, tuned", tunedCodeData),
  ],
};
