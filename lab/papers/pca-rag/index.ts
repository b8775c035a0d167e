import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import { PrincipalComponents } from '../../../src/codec/index.ts';
import { dot, LinearMap } from '../../../src/math/index.ts';
import type { Claim } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { byVectors, type CodeData, codeClaim, codeData } from '../../protocols/codes.ts';

/** Principal components. Queries are centred as documents are, or not: that changes every score of a query alike. */
async function principal(documents: Vectors, kept: number, seed: number): Promise<PrincipalComponents> {
  const pca = new PrincipalComponents(documents.dim, kept);
  await pca.train(documents, { seed });
  return pca;
}
const components = (name: string, keptOf: (dim: number) => number) =>
  byVectors(name, [{}], async ({ documents, queries }, _, seed) => {
    const pca = await principal(documents, keptOf(documents.dim), seed);
    return { documents: pca.apply(documents), queries: pca.apply(queries) };
  });

/** Projections of documents and queries by one matrix of an eighth of the rows. */
const projected = (name: string, value: (random: Random, row: number, column: number, kept: number) => number) =>
  byVectors(name, [{}], async ({ documents, queries }: CodeData, _, seed) => {
    const { dim } = documents;
    const [kept, random] = [dim / 8, new Random(seed)];
    const matrix = Float32Array.from({ length: kept * dim }, (_, i) =>
      value(random, Math.floor(i / dim), i % dim, kept),
    );
    const map = new LinearMap(matrix, dim);
    return { documents: map.apply(documents), queries: map.apply(queries) };
  });

export const claims: readonly Claim[] = [
  exactClaim('code', {
    id: 'identity',
    statement: 'With as many components as there were, inner products change by less than 1e-4.',
    check: async (lab) => {
      const { documents, queries, sources } = await codeData(lab);
      const pca = await principal(documents, documents.dim, 1);
      const mapped = pca.apply(documents.slice(0, 200));
      let worst = 0;
      for (let q = 0; q < 20; q++) {
        const { query, offset } = pca.project(queries.row(q));
        for (let d = 0; d < mapped.count; d++) {
          const change = dot(queries.row(q), documents.row(d)) - dot(query, mapped.row(d)) - offset;
          worst = Math.max(worst, Math.abs(change));
        }
      }
      return { metric: 'greatest difference', value: worst, atMost: 1e-4, sources };
    },
  }),
  codeClaim({
    id: 'random',
    statement:
      'At an eighth of the components, principal ones keep at least 0.05 more of the exact ten best than random directions do.',
    margin: { absolute: 0.05 },
    data: codeData,
    baseline: projected('random projection', (random, _row, _column, kept) => random.normal() / Math.sqrt(kept)),
    method: components('principal components', (dim) => dim / 8),
    controls: [
      projected('the first components', (_, row, column) => (row === column ? 1 : 0)),
      components('principal components, a quarter', (dim) => dim / 4),
      components('principal components, a half', (dim) => dim / 2),
      components('principal components, 1 in 28', (dim) => Math.round(dim / 28)),
    ],
  }),
  codeClaim({
    id: 'quarter',
    statement: 'At a quarter of the components, no more than 3% of the exact ten best are lost.',
    margin: { relative: -0.03 },
    data: codeData,
    baseline: byVectors('all components'),
    method: components('principal components', (dim) => dim / 4),
  }),
];
