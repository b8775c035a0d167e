import { Random } from '../../../src/base/random.ts';
import type { Vectors } from '../../../src/base/vectors.ts';
import type { Codec, RecurrentBinary } from '../../../src/codec/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import { distillCodec, learnBinary } from '../../../src/train/index.ts';
import { embed, vectorsOf } from '../../datasets/embeddings.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { byVectors, type CodeData, codeClaim, coded, smallCodeData } from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';

/** Spans of a document that stand for questions about it. */
const SPANS = 3;
const [QUANTIZER, SIGNS] = ['pq8x4', 64];

/** The target, in the components of the source. Its sentences are spans of its documents. */
interface Domains extends CodeData {
  readonly source: CodeData;
}

/** SciFact as the source; abstracts and questions of PubMedQA as the target. */
const domains = (lab: Lab): Promise<Domains> =>
  lab.once('domains', async () => {
    const source = await smallCodeData(lab);
    const target = await embed(lab, 'pubmedqa');
    const random = new Random(17);
    const texts = target.documents.flatMap(({ text }) => {
      const words = text.split(/\s+/).filter(Boolean);
      return Array.from({ length: SPANS }, () => {
        const from = random.below(Math.max(1, words.length - 12));
        // A word in ten is dropped, so that spans are no quotations.
        const kept = words.slice(from, from + 12).filter(() => random.next() >= 0.1);
        return kept.join(' ') || text.slice(0, 80);
      });
    });
    const relevant = target.queryIds.map((id): [string, ReadonlySet<number>] => {
      const found = [...target.judgements.get(id)!].filter(
        ([document, grade]) => grade > 0 && target.rows.has(document),
      );
      return [id, new Set(found.map(([document]) => target.rows.get(document)!))];
    });
    return {
      source,
      documents: source.reduce(target.vectors),
      queries: source.reduce(target.queries),
      rows: new Map(target.queryIds.map((id, row) => [id, row])),
      relevant: new Map(relevant),
      sentences: source.reduce(await vectorsOf(lab, texts, 'query')),
      owners: Uint32Array.from(texts, (_, i) => Math.floor(i / SPANS)),
      sources: { ...source.sources, ...target.sources },
    };
  });

interface Learning {
  readonly learningRate: number;
  readonly labels?: readonly ArrayLike<number>[];
  readonly start?: Codec;
}

/** Learns codes of documents from queries. */
async function learn(
  kind: 'products' | 'signs',
  lab: Lab,
  { documents, sentences }: { readonly documents: Vectors; readonly sentences: Vectors },
  seed: number,
  { learningRate, labels, start }: Learning,
): Promise<Codec> {
  const common = {
    runtime: await nativeRuntime(),
    candidates: 12,
    steps: lab.pick(4, 200),
    seed,
    signal: lab.signal,
    ...(labels === undefined ? {} : { labels }),
  };
  if (kind === 'products') {
    const begin = start === undefined ? {} : { start };
    return distillCodec(documents, sentences, {
      ...common,
      ...begin,
      quantizer: QUANTIZER,
      temperature: 0.05,
      learningRate,
    });
  }
  const begin = start === undefined ? {} : { start: start as RecurrentBinary };
  const rate = 5 * learningRate;
  return learnBinary(documents, sentences, {
    ...common,
    ...begin,
    signs: SIGNS,
    levels: 1,
    temperature: 0.1,
    learningRate: rate,
  });
}

const RATES = grid({ learningRate: [6e-3, 3e-3, 1e-3, 3e-4] });

/** A codec of the source domain, and what it becomes on the target's own documents and spans of them. */
const side = (kind: 'products' | 'signs', name: string, adapt: 'not' | 'ranking' | 'own document') =>
  coded<Domains, (typeof RATES)[number]>(name, RATES, async (data, lab, { learningRate }, seed) => {
    const rate = adapt === 'not' ? learningRate : 3e-3;
    const source = await lab.once(JSON.stringify(['source codec', kind, rate, seed]), () =>
      learn(kind, lab, data.source, seed, { learningRate: rate }),
    );
    if (adapt === 'not') return { codec: source };
    const labels = adapt === 'own document' ? { labels: Array.from(data.owners, (row) => [row]) } : {};
    return { codec: await learn(kind, lab, data, seed, { learningRate, start: source, ...labels }) };
  });

const claim = (kind: 'products' | 'signs', what: string, bytes: number) =>
  codeClaim({
    id: kind,
    statement: `${what} of ${bytes} bytes that were learned on one collection rank another one better once adapted to it with spans of its documents.`,
    metric: 'nDCG@10 of judged documents',
    data: domains,
    baseline: side(kind, 'learned on the source', 'not'),
    method: side(kind, 'adapted, ranking of the vectors', 'ranking'),
    controls: [side(kind, 'adapted, own document', 'own document'), byVectors('the vectors themselves')],
    notes: ({ source, documents, sentences }) => [
      `Source: ${source.documents.count} abstracts of SciFact and their sentences; target: ${documents.count} abstracts of PubMedQA, ${sentences.count} spans of them, and its questions.`,
    ],
  });

export const claims: readonly Claim[] = [
  claim('products', 'Product codes', 4),
  claim('signs', 'Binary codes', SIGNS / 8),
];
