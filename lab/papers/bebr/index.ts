import { Vectors } from '../../../src/base/vectors.ts';
import type { RecurrentBinary } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { buildIndex } from '../../../src/index/index.ts';
import { greatest, learnBinary } from '../../../src/train/index.ts';
import type { Config, Contestant, Lab, Paper } from '../../grading/index.ts';
import { classical, codeClaim, coded, TOP } from '../../protocols/codes.ts';
import { COMPONENTS, type SmallCodeData, smallCodeData } from '../../protocols/small-codes.ts';

const CONFIGS = [2e-3, 6e-3, 6e-4, 2e-2].map((learningRate) => ({ temperature: 0.1, learningRate }));
/** 34 bytes: signs of one level, or two levels and the inverse length. */
const [ONE, TWO] = [
  { signs: 272, levels: 1 },
  { signs: 128, levels: 2 },
] as const;

type Side = { readonly documents: Vectors; readonly sentences: Vectors; readonly queries: Vectors };

function learn(
  side: Side,
  lab: Lab,
  size: { readonly signs: number; readonly levels: number },
  config: Config,
  seed: number,
  more: { readonly symmetric?: boolean; readonly compatible?: { codec: RecurrentBinary; codes: Uint8Array } } = {},
): Promise<RecurrentBinary> {
  const { temperature, learningRate } = config as { temperature: number; learningRate: number };
  return nativeRuntime().then((runtime) =>
    learnBinary(side.documents, side.sentences, {
      runtime,
      ...size,
      symmetric: true,
      temperature,
      learningRate,
      candidates: 12,
      steps: lab.pick(20, 250),
      seed,
      signal: lab.signal,
      ...more,
    }),
  );
}

function binary(
  name: string,
  data: SmallCodeData,
  lab: Lab,
  size: typeof ONE | typeof TWO,
): Contestant<Uint32Array, Uint32Array> {
  return coded(name, data, CONFIGS, (config, seed) => learn(data, lab, size, config, seed));
}

/** An encoder of half the components, and its successor: all components, in another order and turned. */
function versions(data: SmallCodeData): { readonly old: Side; readonly next: Side } {
  const part = (vectors: Vectors): Vectors => {
    const out = new Vectors(new Float32Array((vectors.count * COMPONENTS) / 2), COMPONENTS / 2);
    for (let v = 0; v < out.count; v++) {
      const row = out.row(v);
      row.set(vectors.row(v).subarray(0, COMPONENTS / 2));
      const length = Math.hypot(...row);
      for (let c = 0; c < row.length; c++) row[c]! /= length;
    }
    return out;
  };
  const turned = (vectors: Vectors): Vectors => {
    const out = Vectors.zeros(vectors.count, COMPONENTS);
    for (let v = 0; v < out.count; v++) {
      const [from, to] = [vectors.row(v), out.row(v)];
      for (let c = 0; c < COMPONENTS; c++) to[(c * 37 + 11) % COMPONENTS] = c % 3 === 0 ? -from[c]! : from[c]!;
    }
    return out;
  };
  const of = (map: (vectors: Vectors) => Vectors): Side => ({
    documents: map(data.documents),
    sentences: map(data.sentences),
    queries: map(data.queries),
  });
  return { old: of(part), next: of(turned) };
}

interface Upgrade {
  readonly old: Side;
  readonly next: Side;
  readonly codec: RecurrentBinary;
  readonly codes: Uint8Array;
}

function upgrade(data: SmallCodeData, lab: Lab, config: Config, seed: number): Promise<Upgrade> {
  return lab.once(JSON.stringify(['bebr old', config, seed]), async () => {
    const { old, next } = versions(data);
    const codec = await learn(old, lab, TWO, config, seed);
    return { old, next, codec, codes: codec.encode(old.documents) };
  });
}

/** Queries of one version against the codes of the old one. */
function upgraded(
  name: string,
  data: SmallCodeData,
  lab: Lab,
  who: 'old' | 'compatible' | 'alone',
): Contestant<Uint32Array, Uint32Array> {
  return {
    name,
    configs: CONFIGS,
    fit: async (config, { seed }) => {
      const { old, next, codec, codes } = await upgrade(data, lab, config, seed);
      const compatible = { codec, codes };
      const asking =
        who === 'old' ? codec : await learn(next, lab, TWO, config, seed, who === 'compatible' ? { compatible } : {});
      const { queries } = who === 'old' ? old : next;
      const scores = new Float32Array(data.documents.count);
      return {
        answer: (unit) => {
          asking.scorer(queries.row(data.rows.get(unit)!)).score(codes, scores.length, scores);
          return greatest(scores, TOP);
        },
        costs: { 'bytes / vector': codec.codeSize },
      };
    },
  };
}

export const paper: Paper = {
  slug: 'bebr',
  summary:
    'Signs, the signs of what they leave over, and so on: a few bits a component, learned from embeddings alone, compared by small whole numbers, and readable by the next version of the encoder.',
  parts: ['train/quantize/learn-binary', 'train/quantize/ranking', 'codec/recurrent', 'index/ivf/scan'],
  departures: [
    'Linear maps, where the paper has a hidden layer.',
    'The target is the ranking of the full vectors instead of pairs, and there is no queue of earlier batches.',
    'Tables of a byte, 256 entries, where the paper looks up four bits at a time.',
    'The rate is tuned with the codes of the earlier version as well: whoever asks by a rate, asks codes that were learned by it.',
    'The earlier encoder is the first half of the components, the later one all of them, turned: a change of the space, not of the training data.',
  ],
  reach: { commands: ['sagitta rebuild --spec rbin128x2'], exports: ['train/learnBinary'], byDefault: false },
  claims: [
    codeClaim({
      id: 'levels',
      statement:
        'At 34 bytes a vector, two levels of 128 signs find more of the exact ten best than 272 learned signs of one level.',
      seconds: { quick: 10, full: 90 },
      data: smallCodeData,
      sides: (data, lab) => ({
        baseline: binary('one level', data, lab, ONE),
        method: binary('two levels', data, lab, TWO),
        controls: [
          { ...classical('random signs', data, ['bin272']), rival: true },
          classical('product codes', data, ['opq,pq32x8']),
        ],
      }),
    }),
    {
      id: 'integer',
      kind: 'exact',
      of: 'code',
      statement:
        'An index scores coded queries as integer tables do, but for 16 bits of length: no cosine differs by 0.0001 or more.',
      seconds: { quick: 3, full: 12 },
      check: async (lab) => {
        const data = await smallCodeData(lab);
        const codec = await learn(data, lab, TWO, CONFIGS[0]!, 1);
        const codes = codec.encode(data.documents);
        const values = codec.values(codes);
        const lengths = Float64Array.from({ length: values.count }, (_, v) => Math.hypot(...values.row(v)));
        const index = await buildIndex(codec.spec, data.documents, { codec });
        let worst = 0;
        const asked = Math.min(50, data.queries.count);
        for (let q = 0; q < asked; q++) {
          const own = codec.encode(data.queries.slice(q, q + 1));
          const products = codec.compare(own, codes);
          const length = Math.hypot(...codec.values(own).row(0));
          const { ids, scores } = index.search(data.queries.row(q), { k: 100 });
          ids.forEach((id, i) => {
            worst = Math.max(
              worst,
              Math.abs(scores[i]! - products[id]! / 4 ** (TWO.levels - 1) / length / lengths[id]!),
            );
          });
        }
        return { metric: 'greatest difference of cosines', value: worst, atMost: 1e-4, sources: data.sources };
      },
    },
    codeClaim({
      id: 'compatible',
      statement:
        "Queries of a new encoder that learned to be compatible find at most 0.02 less of the exact ten best in the old encoder's codes than the old encoder's own queries.",
      margin: { absolute: -0.02 },
      seconds: { quick: 10, full: 60 },
      data: smallCodeData,
      sides: (data, lab) => ({
        baseline: upgraded('old queries', data, lab, 'old'),
        method: upgraded('new queries, compatible', data, lab, 'compatible'),
        controls: [upgraded('new queries, not compatible', data, lab, 'alone')],
      }),
    }),
  ],
};
