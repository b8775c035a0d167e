import { Vectors } from '../../../src/base/vectors.ts';
import type { RecurrentBinary } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { buildIndex } from '../../../src/index/index.ts';
import { unitRows } from '../../../src/math/index.ts';
import { learnBinary } from '../../../src/train/index.ts';
import type { Claim, Config, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { COMPONENTS, type CodeData, classical, codeClaim, coded, smallCodeData } from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';

const CONFIGS = grid({ learningRate: [2e-4, 6e-4, 2e-3, 6e-3, 2e-2, 6e-2], steps: [125, 250] });
/** 34 bytes: signs of one level, or two levels and the inverse length. */
const [ONE, TWO] = [
  { signs: 272, levels: 1 },
  { signs: 128, levels: 2 },
] as const;

type Side = Pick<CodeData, 'documents' | 'sentences' | 'queries'>;
type Compatible = { codec: RecurrentBinary; codes: Uint8Array };

async function learn(
  side: Side,
  lab: Lab,
  size: typeof ONE | typeof TWO,
  config: Config,
  seed: number,
  compatible?: Compatible,
) {
  return learnBinary(side.documents, side.sentences, {
    runtime: await nativeRuntime(),
    ...size,
    symmetric: true,
    temperature: 0.1,
    learningRate: Number(config['learningRate']),
    candidates: 12,
    steps: lab.pick(4, Number(config['steps'])),
    seed,
    signal: lab.signal,
    ...(compatible === undefined ? {} : { compatible }),
  });
}

const binary = (name: string, size: typeof ONE | typeof TWO) =>
  coded(name, CONFIGS, async (data, lab, config, seed) => ({ codec: await learn(data, lab, size, config, seed) }));

/** An encoder of half the components, and its successor: all components, in another order and turned. */
function versions(data: CodeData): { readonly old: Side; readonly next: Side } {
  const mapped = (vectors: Vectors, dim: number, component: (row: Float32Array, c: number) => number) =>
    unitRows(
      Vectors.fromRows(
        Array.from({ length: vectors.count }, (_, v) =>
          Float32Array.from({ length: dim }, (_, c) => component(vectors.row(v), c)),
        ),
        dim,
      ),
    );
  const half = (vectors: Vectors) => mapped(vectors, COMPONENTS / 2, (row, c) => row[c]!);
  const turned = (vectors: Vectors) =>
    mapped(vectors, COMPONENTS, (row, c) => (c % 3 === 0 ? -1 : 1) * row[(c * 37 + 11) % COMPONENTS]!);
  const of = (map: (vectors: Vectors) => Vectors): Side => ({
    documents: map(data.documents),
    sentences: map(data.sentences),
    queries: map(data.queries),
  });
  return { old: of(half), next: of(turned) };
}

/** Queries of one version against the codes of the old one. */
const upgraded = (name: string, who: 'old' | 'compatible' | 'alone') =>
  coded(name, CONFIGS, async (data, lab, config, seed) => {
    const { old, next, codec, codes } = await lab.once(JSON.stringify(['bebr old', config, seed]), async () => {
      const sides = versions(data);
      const first = await learn(sides.old, lab, TWO, config, seed);
      return { ...sides, codec: first, codes: first.encode(sides.old.documents) };
    });
    if (who === 'old') return { codec, codes, queries: old.queries };
    const asking = await learn(next, lab, TWO, config, seed, who === 'compatible' ? { codec, codes } : undefined);
    return { codec: asking, codes, queries: next.queries };
  });

export const claims: readonly Claim[] = [
  codeClaim({
    id: 'levels',
    statement:
      'At 34 bytes a vector, two levels of 128 signs find more of the exact ten best than 272 learned signs of one level.',
    data: smallCodeData,
    baseline: binary('one level', ONE),
    method: binary('two levels', TWO),
    controls: [classical('product codes', ['opq,pq32x8'])],
    rivals: [classical('random signs', ['bin272'])],
  }),
  exactClaim('code', {
    id: 'integer',
    statement:
      'An index scores coded queries as integer tables do, but for 16 bits of length: no cosine differs by 0.0001 or more.',
    check: async (lab) => {
      const data = await smallCodeData(lab);
      const codec = await learn(data, lab, TWO, CONFIGS[0]!, 1);
      const codes = codec.encode(data.documents);
      const values = codec.values(codes);
      const lengths = Float64Array.from({ length: values.count }, (_, v) => Math.hypot(...values.row(v)));
      const index = await buildIndex(codec.spec, data.documents, { codec });
      let worst = 0;
      for (let q = 0; q < Math.min(50, data.queries.count); q++) {
        const own = codec.encode(data.queries.slice(q, q + 1));
        const products = codec.compare(own, codes);
        const length = Math.hypot(...codec.values(own).row(0));
        const { ids, scores } = index.search(data.queries.row(q), { k: 100 });
        ids.forEach((id, i) => {
          const byTables = products[id]! / 4 ** (TWO.levels - 1) / length / lengths[id]!;
          worst = Math.max(worst, Math.abs(scores[i]! - byTables));
        });
      }
      return { metric: 'greatest difference of cosines', value: worst, atMost: 1e-4, sources: data.sources };
    },
  }),
  codeClaim({
    id: 'compatible',
    statement:
      "Queries of a new encoder that learned to be compatible find at most 0.02 less of the exact ten best in the old encoder's codes than the old encoder's own queries.",
    margin: { absolute: -0.02 },
    data: smallCodeData,
    baseline: upgraded('old queries', 'old'),
    method: upgraded('new queries, compatible', 'compatible'),
    controls: [upgraded('new queries, not compatible', 'alone')],
  }),
];
