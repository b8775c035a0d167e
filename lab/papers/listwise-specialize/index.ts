import { Random } from '../../../src/base/random.ts';
import { Vectors } from '../../../src/base/vectors.ts';
import { evaluate, type RankedList } from '../../../src/eval/index.ts';
import {
  add,
  type Batch,
  expandDims,
  matmul,
  reshape,
  scale,
  slice,
  type Tensor,
  toValue,
  transposeLast,
} from '../../../src/tensor/index.ts';
import { cosines, exactTop, infoNCE, listwiseKL } from '../../../src/train/index.ts';
import { type Embedded, embed } from '../../datasets/embeddings.ts';
import type { Config, Lab, Paper } from '../../grading/index.ts';
import { type Fit, fitting, type Training } from '../../protocols/heads.ts';
import { type Pairs, type PairTower, pairClaim, pairContestant } from '../../protocols/pairs.ts';
import { type Kind, kinds, LIST, lexical, type Made, type MadeQuery, madeQueries, teacherScore } from './synthetic.ts';

/** Queries of a batch, each with its list. */
const SIZE = 16;
/** Of the best teacher score; what is above is no negative (the paper's 0.6). */
const LIKELY = 0.6;

interface Specialised {
  readonly data: Pairs;
  readonly made: Made;
  readonly frozen: Fit<PairTower>;
  readonly contrast: Fit<PairTower>;
  readonly distil: Fit<PairTower>;
  readonly notes: readonly string[];
}

/** SciFact: claims of the training judgements for choosing, those of the test for reporting, made queries for training. */
function load(lab: Lab): Promise<Specialised> {
  return lab.once('listwise-specialize', async () => {
    const [test, dev] = [await embed(lab, 'scifact'), await embed(lab, 'scifact', { split: 'train' })];
    const data = join(test, dev, lab);
    // What any claim is judged by is made no query from.
    const judged = new Set(data.relevant.flatMap((rows) => [...rows]));
    const free = [...test.documents.keys()].filter((row) => !judged.has(row));
    const made = await madeQueries(lab, test, new Random(30).shuffle(free).slice(0, lab.pick(200, 2000)));
    const common = (config: Config, among = made.queries): Omit<Training<PairTower>, 'loss'> => ({
      towers: { query: { form: 'low-rank' }, document: 'query' },
      batch: lists(test, made, among),
      steps: lab.pick(20, 400),
      learningRate: Number(config['learningRate']),
    });
    const contrast = (config: Config): Training<PairTower> => {
      const kind = String(config['negatives']);
      return {
        ...common(config),
        loss: (encode, batch) => {
          const documents = kind === 'in the batch' ? 'positives' : 'documents';
          return infoNCE(cosines(encode('query', batch['queries']!), encode('document', batch[documents]!)), {
            temperature: Number(config['temperature']),
            exclude: batch[kind === 'lists, filtered' ? 'likely' : kind === 'lists' ? 'copies' : 'same']!,
          });
        },
      };
    };
    const distil = (config: Config): Training<PairTower> => {
      const kind = config['kind'] as Kind | undefined;
      const share = Number(config['contrast'] ?? 0.1);
      return {
        ...common(config, kind === undefined ? made.queries : made.queries.filter((query) => query.kind === kind)),
        loss: (encode, batch) => {
          const [queries, documents] = [encode('query', batch['queries']!), encode('document', batch['documents']!)];
          const listwise = listwiseKL(ownLists(queries, documents), batch['teacher']!, { student: 0.05, teacher: 0.3 });
          if (share === 0) return listwise;
          const options = { temperature: Number(config['temperature']), exclude: batch['likely']! };
          return add(listwise, scale(infoNCE(cosines(queries, documents), options), share));
        },
      };
    };
    return {
      data,
      made,
      frozen: fitting(() => ({
        ...contrast({ learningRate: 1e-3 }),
        towers: { query: { form: 'frozen' }, document: { form: 'frozen' } },
        steps: 0,
      })),
      contrast: fitting(contrast),
      distil: fitting(distil),
      notes: [filters(made), teachers(lab, test)],
    };
  });
}

function join(test: Embedded, dev: Embedded, lab: Lab): Pairs {
  const claims = [
    ...dev.queryIds.slice(0, lab.pick(60, 400)).map((id) => ({ id, of: dev, split: 'dev' as const })),
    ...test.queryIds.slice(0, lab.pick(60, 300)).map((id) => ({ id, of: test, split: 'test' as const })),
  ].filter(({ id, split }) => split === 'test' || !test.collection.queries.has(id));
  return {
    documentIds: test.documents.map(({ id }) => id),
    documents: test.vectors,
    queryIds: claims.map(({ id }) => id),
    queries: Vectors.fromRows(claims.map(({ id, of }) => of.queries.row(of.queryIds.indexOf(id)))),
    relevant: claims.map(({ id, of }) => {
      const grades = [...of.judgements.get(id)!].filter(([, grade]) => grade > 0);
      return new Set(grades.map(([document]) => test.rows.get(document)!));
    }),
    splits: claims.map(({ split }) => split),
    sources: { ...test.sources, ...dev.sources },
  };
}

/**
 * Batches of queries with their lists: `positives` `[n, dim]` are the documents that queries were made from; `documents` these, then
 * all lists one after the other; `teacher` `[n, list]`. Of `documents`, `copies` marks those that are the query's own, `likely` also
 * those of its list that the teacher puts close to it; `same` does the first for `positives`.
 */
function lists(
  { vectors: documents }: Embedded,
  made: Made,
  among: readonly MadeQuery[],
): Training<PairTower>['batch'] {
  return (random: Random): Batch => {
    const chosen = Array.from({ length: SIZE }, () => among[random.below(among.length)]!);
    const own = chosen.map(({ list }) => list[0]!);
    const rows = [...own, ...chosen.flatMap(({ list }) => list)];
    const marked = (columns: readonly number[], isNone: (query: MadeQuery, document: number) => boolean) => ({
      data: Float32Array.from({ length: SIZE * columns.length }, (_, at) => {
        const [query, column] = [Math.floor(at / columns.length), at % columns.length];
        return query !== column && isNone(chosen[query]!, columns[column]!) ? 1 : 0;
      }),
      shape: [SIZE, columns.length],
    });
    const isOwn = ({ list }: MadeQuery, document: number): boolean => list[0] === document;
    const isLikely = (query: MadeQuery, document: number): boolean => {
      const place = query.list.indexOf(document);
      return place === 0 || (place > 0 && query.scores[place]! > LIKELY * query.scores[0]!);
    };
    return {
      queries: toValue(made.vectors.pick(chosen.map(({ row }) => row))),
      positives: toValue(documents.pick(own)),
      documents: toValue(documents.pick(rows)),
      teacher: { data: Float32Array.from(chosen.flatMap(({ scores }) => scores)), shape: [SIZE, LIST] },
      same: marked(own, isOwn),
      copies: marked(rows, isOwn),
      likely: marked(rows, isLikely),
    };
  };
}

/** Cosines of each query with the documents of its own list: `[n, list]`. */
function ownLists(queries: Tensor, documents: Tensor): Tensor {
  const dim = queries.shape[1] as number;
  const lists = reshape(slice(documents, 0, SIZE), [SIZE, LIST, dim]);
  return reshape(matmul(expandDims(queries, 1), transposeLast(lists)), [SIZE, LIST]);
}

function filters({ counts }: Made): string {
  return [
    'Queries made, and left after each filter:',
    '',
    '| kind | made | source among the first 20 | source first for the teacher | kept |',
    '|---|---|---|---|---|',
    ...kinds.map((kind) => {
      const { made, retrieved, first, kept } = counts[kind];
      return `| ${kind} | ${made} | ${retrieved} | ${first} | ${kept} |`;
    }),
  ].join('\n');
}

/** How well the teacher ranks the test claims: a student is not expected to pass it by much. */
function teachers(lab: Lab, test: Embedded): string {
  const score = lexical(test);
  const asked = test.queryIds.slice(0, lab.pick(60, 300));
  const rankings = (depth: number) =>
    new Map(
      exactTop(test.vectors, test.queries.pick(Array.from(asked.keys())), depth).map(
        (top, query): [string, RankedList] => {
          const words = score(test.collection.queries.get(asked[query]!)!);
          const own = test.queries.row(query);
          const scored = Array.from(top, (row) => {
            const document = test.vectors.row(row);
            return {
              row,
              score: teacherScore(
                words.get(row),
                own.reduce((sum, x, c) => sum + x * document[c]!, 0),
              ),
            };
          }).sort((a, b) => b.score - a.score);
          return [
            asked[query]!,
            { ids: scored.map(({ row }) => test.documents[row]!.id), scores: scored.map((one) => one.score) },
          ];
        },
      ),
    );
  const judged = new Map(asked.map((id) => [id, test.judgements.get(id)!]));
  const [lists, all] = [LIST, test.documents.length].map((depth) =>
    evaluate(rankings(depth), judged, { metrics: ['ndcg@10'], pooled: false })
      .mean('ndcg@10')
      .toFixed(4),
  );
  return `The teacher's own nDCG@10 on the test claims: ${lists} over the first ${LIST} by vectors, ${all} over all documents.`;
}

const RATES = [3e-4, 1e-3, 3e-3];
/** As the paper has them. */
const PUBLISHED = { temperature: 0.01, contrast: 0.1 };

/** Settings of the contrastive baselines: as many as there are of distillation, and more. */
const CONTRAST: readonly Config[] = ['in the batch', 'lists', 'lists, filtered'].flatMap((negatives) =>
  [0.02, 0.05].flatMap((temperature) => RATES.map((learningRate) => ({ negatives, temperature, learningRate }))),
);
const DISTIL: readonly Config[] = [0, PUBLISHED.contrast].flatMap((contrast) =>
  RATES.map((learningRate) => ({ ...PUBLISHED, contrast, learningRate })),
);

export const paper: Paper = {
  slug: 'listwise-specialize',
  summary:
    "A retriever is specialised to a corpus on made queries by distilling a better ranker's graded scores over lists, with a small share of InfoNCE.",
  parts: ['train/objectives/listwise', 'train/objectives/contrastive', 'index/inverted/inverted', 'tensor/fit'],
  departures: [
    'Queries are titles, sentences and key terms of documents, where the paper has six kinds written by a language model.',
    'The teacher is BM25 and the cosine together, where the paper has a cross-encoder; scores are set to 0 .. 1 by percentiles within a kind, as there.',
    'The student is a head of low rank over frozen vectors of use-lite, shared by queries and documents, in batches of 16 lists; the paper trains whole encoders in batches of 4,096.',
    'Lists are those of one base retriever, not fused of three.',
    'No query is made from a document that any judged claim is about.',
  ],
  reach: { commands: ['sagitta tune --synthetic --distill'], exports: ['train/listwiseKL'], byDefault: false },
  claims: [
    pairClaim({
      id: 'base',
      statement:
        "On SciFact's test claims, the distilled retriever's nDCG@10 is at least 0.01 above that of the frozen one.",
      metric: 'nDCG@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 12, full: 60 },
      load: async (lab) => {
        const all = await load(lab);
        const tried = DISTIL;
        return {
          data: all.data,
          notes: all.notes,
          // Frozen vectors have nothing to tune; as many entries keep the rule that the baseline is tuned as hard.
          baseline: pairContestant('frozen vectors', all.data, tried, all.frozen),
          method: pairContestant('listwise distillation', all.data, tried, all.distil),
          controls: [
            pairContestant(
              'listwise distillation as published',
              all.data,
              [{ ...PUBLISHED, learningRate: 1e-3 }],
              all.distil,
            ),
          ],
        };
      },
    }),
    pairClaim({
      id: 'contrast',
      statement:
        'It is above that of the best of InfoNCE with negatives in the batch, with those of the lists, and with those of the lists that the teacher does not put close to the positive.',
      metric: 'nDCG@10',
      seconds: { quick: 4, full: 60 },
      load: async (lab) => {
        const all = await load(lab);
        const tried = CONTRAST;
        const only = (negatives: string) =>
          pairContestant(
            `InfoNCE, ${negatives}`,
            all.data,
            CONTRAST.filter((config) => config['negatives'] === negatives).slice(0, lab.pick(1, 99)),
            all.contrast,
          );
        return {
          data: all.data,
          notes: all.notes,
          baseline: pairContestant('InfoNCE', all.data, tried, all.contrast),
          method: pairContestant('listwise distillation', all.data, DISTIL, all.distil),
          controls: ['in the batch', 'lists', 'lists, filtered'].map(only),
        };
      },
    }),
    pairClaim({
      id: 'kinds',
      statement: 'Distillation on all kinds of made queries is better than on the best single kind.',
      metric: 'nDCG@10',
      seconds: { quick: 4, full: 40 },
      load: async (lab) => {
        const all = await load(lab);
        const rates = RATES.map((learningRate): Config => ({ ...PUBLISHED, learningRate }));
        const single = kinds.flatMap((kind) => rates.map((config) => ({ ...config, kind })));
        return {
          data: all.data,
          notes: all.notes,
          baseline: pairContestant('one kind', all.data, single, all.distil),
          method: pairContestant('all kinds', all.data, rates, all.distil),
        };
      },
    }),
  ],
};
