import { VectorSets, type Vectors } from '../../src/base/vectors.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { greatest, LinearMap, unitRows } from '../../src/math/index.ts';
import { MaxSim } from '../../src/search/index.ts';
import {
  type Batch,
  drawn,
  fit,
  matmul,
  normal,
  Parameters,
  type Scope,
  type Tensor,
  unitLength,
} from '../../src/tensor/index.ts';
import { infoNCE, maxSimScores } from '../../src/train/index.ts';
import { contentOf, embed, tokensOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, ExactClaim, ExactResult } from '../grading/types.ts';
import { comparison, exactClaim, type Said, type Sides } from './claims.ts';
import { ndcgOf } from './codes.ts';

/** Words of a document: enough for a few dozen tokens, few enough for exact MaxSim over all pairs in minutes. */
const WORDS = 40;
/** Components of a token's vector. */
const WIDTH = 64;
/** Candidates that count, and are ranked again. */
export const CANDIDATES = 100;

/** Token vectors of documents and queries that were trained for MaxSim, and what MaxSim says of them. */
export interface TokenData {
  readonly documents: VectorSets;
  readonly queries: VectorSets;
  readonly rows: ReadonlyMap<string, number>;
  /** Sentence vectors of the same texts. */
  readonly sentences: { readonly documents: Vectors; readonly queries: Vectors };
  /** Scores of all documents by exact MaxSim, for each query. */
  readonly exact: readonly Float32Array[];
  /** Documents in the order in which the single-vector heuristic reaches them: by best match of any query token. */
  readonly heuristic: readonly Uint32Array[];
  readonly relevant: ReadonlyMap<string, ReadonlySet<number>>;
  readonly exactMs: number;
  readonly sources: Readonly<Record<string, string>>;
}

/** SciFact: what claims are about and other abstracts, 3,000 in all; claims of the training judgements are what the map learned from. */
function tokenData(lab: Lab): Promise<TokenData> {
  return lab.once('token data', async () => {
    const [test, train] = [await embed(lab, 'scifact'), await embed(lab, 'scifact', { split: 'train' })];
    const rightOf = ({ judgements }: typeof test, id: string) =>
      [...judgements.get(id)!].flatMap(([document, grade]) =>
        grade > 0 && test.rows.has(document) ? [test.rows.get(document)!] : [],
      );
    const asked = test.queryIds.filter((id) => rightOf(test, id).length > 0).slice(0, lab.pick(30, 300));
    const learned = train.queryIds.filter((id) => rightOf(train, id).length > 0).slice(0, lab.pick(40, 500));
    const about = new Set([
      ...asked.flatMap((id) => rightOf(test, id)),
      ...learned.flatMap((id) => rightOf(train, id)),
    ]);
    const others = [...test.documents.keys()].filter((row) => !about.has(row));
    const kept = [...about, ...others].slice(0, lab.pick(300, 3000));
    const places = new Map(kept.map((row, place) => [row, place]));
    lab.say(`token vectors of ${kept.length} abstracts`);
    const wide = await tokensOf(
      lab,
      kept.map((row) => contentOf(test.documents[row]!, WORDS)),
    );
    const textsOf = (of: typeof test, ids: readonly string[]) => ids.map((id) => of.collection.queries.get(id)!);
    const examples = await tokensOf(lab, textsOf(train, learned));
    const positives = learned.map((id) => places.get(rightOf(train, id)[0]!)!);
    const map = await mapForMaxSim(examples, wide, positives, lab);
    const [documents, queries] = [map(wide), map(await tokensOf(lab, textsOf(test, asked)))];
    const [exact, heuristic]: [Float32Array[], Uint32Array[]] = [[], []];
    const start = performance.now();
    for (let i = 0; i < queries.count; i++) {
      lab.checkTime();
      const query = queries.item(i);
      const matches = new MaxSim(query).matches(documents);
      exact.push(
        Float32Array.from({ length: documents.count }, (_, d) => {
          let sum = 0;
          for (let t = 0; t < query.count; t++) sum += matches[d * query.count + t]!;
          return sum;
        }),
      );
      heuristic.push(byAnyToken(matches, query.count, documents.count));
    }
    const exactMs = (performance.now() - start) / queries.count;
    return {
      documents,
      queries,
      exact,
      heuristic,
      exactMs,
      rows: new Map(asked.map((id, row) => [id, row])),
      sentences: {
        documents: test.vectors.pick(kept),
        queries: test.queries.pick(asked.map((id) => test.queryIds.indexOf(id))),
      },
      relevant: new Map(asked.map((id) => [id, new Set(rightOf(test, id).map((row) => places.get(row)!))])),
      sources: { ...test.sources, ...train.sources },
    };
  });
}

/** Tokens of a text that are trained on, and pairs of a step. */
const [LENGTH, SIZE] = [40, 16];

/** A map of token vectors to {@link WIDTH} components, trained by InfoNCE of MaxSim within batches. */
async function mapForMaxSim(
  queries: VectorSets,
  documents: VectorSets,
  positives: readonly number[],
  lab: Lab,
): Promise<(sets: VectorSets) => VectorSets> {
  const { dim } = queries.vectors;
  const parameters = new Parameters(1);
  const apply = (scope: Scope, x: Tensor) =>
    unitLength(matmul(x, scope.parameter('map', [dim, WIDTH], normal(1 / Math.sqrt(dim)))));
  const padded = (sets: VectorSets, rows: readonly number[]) => {
    const [data, present] = [new Float32Array(rows.length * LENGTH * dim), new Float32Array(rows.length * LENGTH)];
    rows.forEach((row, i) => {
      const item = sets.item(row);
      const count = Math.min(LENGTH, item.count);
      data.set(item.data.subarray(0, count * dim), i * LENGTH * dim);
      present.fill(1, i * LENGTH, i * LENGTH + Math.max(1, count));
    });
    return {
      data: { data, shape: [rows.length, LENGTH, dim] },
      present: { data: present, shape: [rows.length, LENGTH] },
    };
  };
  await fit(
    { parameters, forward: (scope, { x }) => apply(scope, x!) },
    drawn(lab.pick(5, 300), (random): Batch => {
      const rows = Array.from({ length: SIZE }, () => random.below(queries.count));
      const [asked, answers] = [
        padded(queries, rows),
        padded(
          documents,
          rows.map((row) => positives[row]!),
        ),
      ];
      return { asked: asked.data, present: asked.present, answers: answers.data, there: answers.present };
    }),
    (forward, { asked, answers, present, there }) =>
      infoNCE(maxSimScores(forward({ x: asked! }), forward({ x: answers! }), present!, there!), { temperature: 0.05 }),
    { runtime: await nativeRuntime(), threads: 1, learningRate: 3e-3, seed: 1, signal: lab.signal },
  );
  const matrix = parameters.get('map').data;
  const turned = Float32Array.from(
    { length: matrix.length },
    (_, i) => matrix[(i % dim) * WIDTH + Math.floor(i / dim)]!,
  );
  const map = new LinearMap(turned, dim);
  return (sets) => new VectorSets(unitRows(map.apply(sets.vectors)), sets.offsets);
}

/** Per query token the documents by their best match; then the first of every token, the second of every token, and so on. */
function byAnyToken(matches: Float32Array, tokens: number, count: number): Uint32Array {
  const orders = Array.from({ length: tokens }, (_, t) =>
    greatest(
      Float32Array.from({ length: count }, (_, d) => matches[d * tokens + t]!),
      CANDIDATES,
    ),
  );
  const found = new Set<number>();
  for (let depth = 0; depth < CANDIDATES && found.size < CANDIDATES; depth++) {
    for (const order of orders) if (found.size < CANDIDATES && depth < order.length) found.add(order[depth]!);
  }
  return Uint32Array.from(found);
}

/** A contestant answers a query with documents, best first. */
export type TokenSide = (data: TokenData, lab: Lab) => Contestant<Truth, Uint32Array>;
interface Truth {
  /** The best by exact MaxSim. */
  readonly best: number;
  readonly relevant: ReadonlySet<number>;
}

/** Candidates by inner products with one vector each. The time of a query is measured. @param make both. */
export function singleVectors<Setting extends Config>(
  name: string,
  configs: readonly Setting[],
  make: (data: TokenData, config: Setting, seed: number) => { readonly documents: Vectors; readonly queries: Vectors },
  candidates = CANDIDATES,
): TokenSide {
  return (data) => ({
    name,
    configs,
    fit: async (config, { seed }) => {
      const { documents, queries } = make(data, config as Setting, seed);
      const map = new LinearMap(documents.data, documents.dim);
      const start = performance.now();
      const sample = Math.min(20, queries.count);
      for (let i = 0; i < sample; i++) map.apply(queries.slice(i, i + 1));
      return {
        answer: (unit) => {
          const row = data.rows.get(unit)!;
          return greatest(map.apply(queries.slice(row, row + 1)).data, candidates);
        },
        costs: { dimensions: documents.dim, 'ms / query (scan)': (performance.now() - start) / sample },
      };
    },
  });
}

/** The single-vector heuristic: candidates are documents of the best matches of any token. */
export const heuristic: TokenSide = (data) => ({
  name: 'single-vector heuristic',
  configs: [{}],
  untunable: true,
  fit: async () => ({ answer: (unit) => data.heuristic[data.rows.get(unit)!]! }),
});

/** Candidates of another side, ranked by exact MaxSim; without one, all documents are. */
export function ranking(name: string, candidates?: TokenSide): TokenSide {
  return (data, lab) => {
    const inner = candidates?.(data, lab);
    return {
      name,
      configs: inner?.configs ?? [{}],
      ...(inner === undefined ? { untunable: true } : {}),
      fit: async (config, context) => {
        const found = await inner?.fit(config, context);
        return {
          answer: async (unit) => {
            const scores = data.exact[data.rows.get(unit)!]!;
            const among = await found?.answer(unit);
            if (among === undefined) return greatest(scores, 10);
            return Uint32Array.from([...among].sort((a, b) => scores[b]! - scores[a]! || a - b)).subarray(0, 10);
          },
          ...(found?.costs === undefined ? {} : { costs: found.costs }),
        };
      },
    };
  };
}

const METRICS = {
  'Recall of the best by MaxSim': ({ best }: Truth, answer: Uint32Array) => (answer.includes(best) ? 1 : 0),
  'nDCG@10 of judged documents': ({ relevant }: Truth, answer: Uint32Array) => ndcgOf(relevant, answer),
} as const;

/** What a claim about candidates for late interaction says, and what it compares. */
export interface TokenClaim extends Said, Sides<TokenSide> {
  readonly metric: keyof typeof METRICS;
}

/** A claim about candidates for late interaction, over three seeds. */
export function tokenClaim(claim: TokenClaim): ComparativeClaim {
  return comparison(claim, claim.metric, async (lab) => {
    const data = await tokenData(lab);
    return {
      material: {
        truth: truthOf(data),
        sources: data.sources,
        measure: METRICS[claim.metric],
        notes: tokenNotes(data),
      },
      contestant: (side) => side(data, lab),
    };
  });
}

function truthOf({ rows, exact, relevant }: TokenData): Map<string, Truth> {
  return new Map(
    [...rows].map(([id, row]) => [id, { best: greatest(exact[row]!, 1)[0]!, relevant: relevant.get(id)! }]),
  );
}

/** A claim about the share of queries whose best document by exact MaxSim is among a side's candidates, a mean over three seeds. */
export function candidatesClaim({ id, statement, side, config, atLeast }: CandidatesClaim): ExactClaim {
  const seeds = [1, 2, 3];
  const check = async (lab: Lab): Promise<ExactResult> => {
    const data = await tokenData(lab);
    const truth = truthOf(data);
    let hits = 0;
    for (const seed of seeds) {
      const fitted = await side(data, lab).fit(config, { seed, train: new Map(), signal: lab.signal });
      for (const [unit, { best }] of truth) if ((await fitted.answer(unit)).includes(best)) hits++;
    }
    return {
      metric: `Recall@${CANDIDATES} of the best by MaxSim`,
      value: hits / truth.size / seeds.length,
      atLeast,
      units: truth.size,
      seeds: seeds.length,
      notes: tokenNotes(data),
      sources: data.sources,
    };
  };
  return exactClaim('data', { id, statement, check });
}

interface CandidatesClaim extends Pick<Said, 'id' | 'statement'> {
  readonly side: TokenSide;
  readonly config: Config;
  readonly atLeast: number;
}

function tokenNotes({ documents, queries, exactMs }: TokenData): string[] {
  return [
    `${documents.count} abstracts cut to ${WORDS} words (${documents.vectors.count} token vectors of ${WIDTH} components, by a map trained for MaxSim), ${queries.count} claims. Exact MaxSim over all of them takes ${exactMs.toFixed(0)} ms a query.`,
  ];
}
