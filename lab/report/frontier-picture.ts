import { lineChart } from '../../src/charts/index.ts';
import type { PaperStatus } from '../catalogue.ts';

/** Rows of the frontier's table in the evidence: codec, bytes, recall@10, nDCG@10. */
const ROW = /^\| \**([^|*]+?)\** \| ([0-9]+) \| ([0-9.]+) \| ([0-9.]+) \|$/gm;

/** Picture of bytes against recall from recorded evidence; undefined without any. */
export function frontierPicture(papers: readonly PaperStatus[]): string | undefined {
  const { evidence } = papers.find(({ slug }) => slug === 'embedding-compression-bench') ?? {};
  const table = evidence?.claims.flatMap(({ notes = [] }) => notes).join('\n');
  const points = [...(table ?? '').matchAll(ROW)].map(([, spec, bytes, recall]) => ({
    kind: kindOf(spec!),
    point: [Number(bytes), Number(recall)] as const,
  }));
  if (points.length === 0) return undefined;
  const kinds = [...new Set(points.map(({ kind }) => kind))];
  return lineChart({
    title: `Bytes a vector against recall@10 of exact search (SciFact, ${evidence?.encoder})`,
    x: { label: 'bytes a vector', log: true },
    y: { label: 'recall@10' },
    series: kinds.map((label) => ({
      label,
      points: points
        .filter(({ kind }) => kind === label)
        .map(({ point }) => point)
        .sort(([a], [b]) => a - b),
    })),
  });
}

function kindOf(spec: string): string {
  if (spec.startsWith('learned,rbin')) return 'bits learned for ranking';
  if (spec.startsWith('learned ivf')) return 'lists and product codes learned together';
  if (spec.startsWith('learned')) return 'product codes learned for ranking';
  if (spec.startsWith('opq')) return 'OPQ';
  if (spec.startsWith('pq')) return 'PQ';
  if (/bin|rabitq/.test(spec)) return 'bits';
  return spec.startsWith('pca') ? 'principal components' : 'smaller numbers';
}
