import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import { dot, LinearMap } from '../../../src/math/index.ts';
import { greatest } from '../../../src/train/index.ts';
import type { Config, Contestant, Paper } from '../../grading/index.ts';
import { type CodeData, codeClaim, codeData, TOP } from '../../protocols/codes.ts';

type Reduce = (
  data: CodeData,
  seed: number,
) => Promise<{ documents: Vectors; query: (row: Float32Array) => Float32Array }>;

function reduced(
  name: string,
  data: CodeData,
  configs: readonly Config[],
  reduce: (config: Config) => Reduce,
): Contestant<Uint32Array, Uint32Array> {
  return {
    name,
    configs,
    fit: async (config, { seed }) => {
      const { documents, query } = await reduce(config)(data, seed);
      const map = new LinearMap(documents.data, documents.dim);
      return {
        answer: (unit) => {
          const row = query(data.queries.row(data.rows.get(unit)!));
          return greatest(map.apply(new Vectors(row, row.length)).data, TOP);
        },
        costs: { 'bytes / vector': 4 * documents.dim },
      };
    },
  };
}

/** Projections of documents and queries by one matrix. */
function linear(matrix: Float32Array, { documents }: CodeData): Awaited<ReturnType<Reduce>> {
  const map = new LinearMap(matrix, documents.dim);
  return { documents: map.apply(documents), query: (row) => map.apply(new Vectors(row, row.length)).row(0) };
}

/** Principal components; queries are centred as documents are, or not, which changes every score of a query alike. */
const principal =
  (kept: number): Reduce =>
  async (data, seed) => {
    const pca = new PrincipalComponents(data.documents.dim, kept);
    await pca.train(data.documents, { seed });
    return { documents: pca.apply(data.documents), query: (row) => pca.project(row).query };
  };

const gaussian =
  (kept: number): Reduce =>
  async (data, seed) => {
    const random = new Random(seed);
    const scale = 1 / Math.sqrt(kept);
    return linear(
      Float32Array.from({ length: kept * data.documents.dim }, () => scale * random.normal()),
      data,
    );
  };

const truncation =
  (kept: number): Reduce =>
  async (data) => {
    const matrix = new Float32Array(kept * data.documents.dim);
    for (let i = 0; i < kept; i++) matrix[i * data.documents.dim + i] = 1;
    return linear(matrix, data);
  };

const whole: Reduce = async (data) => ({ documents: data.documents, query: (row) => row });

export const paper: Paper = {
  slug: 'pca-rag',
  summary:
    'Vectors keep their directions of greatest variance only: a smaller index and faster scans, for a modest loss.',
  parts: ['codec/pca', 'math/linear'],
  departures: [
    'Vectors are those of use-lite, 512 components, where the paper has 3,072.',
    "Quality is the share of the exact ten best, where the paper correlates similarities with people's grades.",
  ],
  reach: { commands: ['sagitta rebuild --spec pca128,sq8'], exports: ['codec/PrincipalComponents'], byDefault: false },
  claims: [
    {
      id: 'identity',
      kind: 'exact',
      of: 'code',
      statement: 'With as many components as there were, inner products change by less than 1e-4.',
      seconds: { quick: 10, full: 30 },
      check: async (lab) => {
        const data = await codeData(lab);
        const { documents, query } = await principal(data.documents.dim)(data, 1);
        let worst = 0;
        const pca = new PrincipalComponents(data.documents.dim, data.documents.dim);
        await pca.train(data.documents, { seed: 1 });
        for (let q = 0; q < 20; q++) {
          const own = data.queries.row(q);
          const { offset } = pca.project(own);
          const seen = query(own);
          for (let d = 0; d < 200; d++)
            worst = Math.max(worst, Math.abs(dot(own, data.documents.row(d)) - dot(seen, documents.row(d)) - offset));
        }
        return { metric: 'greatest difference', value: worst, atMost: 1e-4, sources: data.sources };
      },
    },
    codeClaim({
      id: 'random',
      statement:
        'At an eighth of the components, principal ones keep at least 0.05 more of the exact ten best than random directions do.',
      margin: { absolute: 0.05 },
      seconds: { quick: 10, full: 30 },
      data: codeData,
      sides: async (data) => {
        const kept = data.documents.dim / 8;
        return {
          baseline: reduced('random projection', data, [{ kept }], () => gaussian(kept)),
          method: reduced('principal components', data, [{ kept }], () => principal(kept)),
          controls: [
            reduced('the first components', data, [{ kept }], () => truncation(kept)),
            reduced('principal components, a quarter', data, [{ kept: 2 * kept }], () => principal(2 * kept)),
            reduced('principal components, a half', data, [{ kept: 4 * kept }], () => principal(4 * kept)),
            reduced('principal components, 1 in 28', data, [{ kept: 18 }], () => principal(18)),
          ],
        };
      },
    }),
    codeClaim({
      id: 'quarter',
      statement: 'At a quarter of the components, no more than 3% of the exact ten best are lost.',
      margin: { relative: -0.03 },
      seconds: { quick: 10, full: 20 },
      data: codeData,
      sides: async (data) => {
        const kept = data.documents.dim / 4;
        return {
          baseline: reduced('all components', data, [{}], () => whole),
          method: reduced('principal components', data, [{ kept }], () => principal(kept)),
        };
      },
    }),
  ],
};
