import { Random } from '../../../src/base/random.ts';
import { mean } from '../../../src/eval/index.ts';
import type { Retriever } from '../../../src/search/index.ts';
import { toValue } from '../../../src/tensor/index.ts';
import { cosines, exactTop, infoNCE, type MinerOptions, mineNegatives } from '../../../src/train/index.ts';
import { type Requests, requestsOf } from '../../datasets/requests.ts';
import { type Claim, type Config, type Contestant, type Lab, material } from '../../grading/index.ts';
import type { Split } from '../../grading/types.ts';
import { fitting, type Training } from '../../protocols/heads.ts';
import { Deck } from '../../protocols/pairs.ts';

const SIZE = 64;
/** Mined for each query. */
const NEGATIVES = 4;
/** Ranks that are mined from. */
const WINDOW = { from: 1, to: 50 };
const DEPTH = 10;

/** Requests that are searched for others to the same tool; half of what is known of them is hidden from training. */
interface Hidden {
  readonly data: Requests;
  /** Rows of the requests that are found. */
  readonly pool: readonly number[];
  readonly splitOf: (unit: string) => Split | undefined;
  /** Rows of training queries, and of their known answers. */
  readonly queries: readonly number[];
  readonly known: ReadonlyMap<number, ReadonlySet<number>>;
}

function hidden(lab: Lab): Promise<Hidden> {
  return lab.once('nv-embed hidden', async () => {
    const data = await requestsOf(lab, lab.pick(6, 16));
    const ids = [...data.rows.keys()];
    // Half are found, the others ask.
    const splitOf = (unit: string): Split | undefined => {
      const row = data.rows.get(unit)!;
      return row % 2 === 0 ? undefined : row % 8 < 5 ? 'train' : row % 8 === 5 ? 'dev' : 'test';
    };
    const pool = [...ids.keys()].filter((row) => row % 2 === 0);
    const random = new Random(29);
    const known = new Map<number, Set<number>>();
    for (const row of ids.keys()) {
      if (splitOf(ids[row]!) !== 'train') continue;
      const same = random.shuffle(pool.filter((other) => data.tool[other] === data.tool[row]));
      if (same.length >= 2) known.set(row, new Set(same.slice(0, same.length >> 1)));
    }
    return { data, pool, splitOf, queries: [...known.keys()], known };
  });
}

const rules = ['the hardest', 'not above 0.95 of the positive', 'at random'] as const;
type Rule = (typeof rules)[number];
/** Rows of negatives, by that of their query. */
type Mined = ReadonlyMap<number, readonly number[]>;

/** Mines by the frozen vectors. */
function mined(lab: Lab, { data, pool, queries, known }: Hidden, rule: Rule): Promise<Mined> {
  return lab.once(`nv-embed mined ${rule}`, async () => {
    const negatives = new Map<number, number[]>();
    if (rule === 'at random') {
      const random = new Random(31);
      for (const row of queries) {
        const others = Array.from({ length: NEGATIVES }, () => {
          for (;;) {
            const other = pool[random.below(pool.length)]!;
            if (!known.get(row)!.has(other)) return other;
          }
        });
        negatives.set(row, others);
      }
    } else {
      const vectors = data.vectors.pick(pool);
      const asked = data.vectors.pick(queries);
      const lists = exactTop(vectors, asked, WINDOW.to + Math.max(...[...known.values()].map(({ size }) => size)));
      let at = 0;
      const retriever: Retriever = async () => {
        const query = asked.row(at);
        const hits = Array.from(lists[at]!, (passage) => ({ passage, score: product(query, vectors.row(passage)) }));
        at++;
        return { hits, trace: { stage: 'dense', tookMs: 0, examined: pool.length, returned: hits.length } };
      };
      const places = new Map(pool.map((row, place) => [row, place]));
      const options: MinerOptions = {
        retriever,
        count: NEGATIVES,
        window: WINDOW,
        ...(rule === 'the hardest' ? {} : { keepBelow: { share: 0.95 } }),
      };
      const asking = queries.map((row) => ({
        text: data.texts[row]!,
        positives: new Set([...known.get(row)!].map((other) => places.get(other)!)),
      }));
      for await (const found of mineNegatives(asking, options))
        negatives.set(
          queries[found.query]!,
          found.negatives.map((place) => pool[place]!),
        );
    }
    return negatives;
  });
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

/** Queries that every rule finds negatives for: the others are left out for all, so that the rules are compared over the same. */
async function minedByAll(lab: Lab, set: Hidden): Promise<number[]> {
  const all = await Promise.all(rules.map((rule) => mined(lab, set, rule)));
  return set.queries.filter((row) => all.every((negatives) => (negatives.get(row)?.length ?? 0) > 0));
}

const CONFIGS: readonly Config[] = [3e-4, 1e-3, 3e-3].flatMap((learningRate) =>
  [0.1, 0.2].map((temperature) => ({ learningRate, temperature })),
);

/** An adapter of queries by InfoNCE with in-batch and mined negatives. @param frozen nothing is learned. */
async function learner(
  lab: Lab,
  set: Hidden,
  rule: Rule,
  frozen = false,
): Promise<Contestant<number, readonly number[]>> {
  const { data, pool, known } = set;
  const [usable, negatives] = [await minedByAll(lab, set), await mined(lab, set, rule)];
  const train = fitting(({ learningRate, temperature }): Training<'query' | 'document'> => {
    let deck: Deck | undefined;
    return {
      towers: { query: { form: frozen ? 'frozen' : 'linear' }, document: { form: 'frozen' } },
      loss: (encode, batch) =>
        infoNCE(cosines(encode('query', batch['queries']!), encode('document', batch['documents']!)), {
          temperature: Number(temperature),
          exclude: batch['exclude']!,
        }),
      batch: (random) => {
        deck ??= new Deck(usable.length, random);
        const rows = deck.next(SIZE).map((i) => usable[i]!);
        const positives = rows.map((row) => {
          const own = [...known.get(row)!];
          return own[random.below(own.length)]!;
        });
        const hard = rows.flatMap((row) => {
          const own = negatives.get(row)!;
          return Array.from({ length: NEGATIVES }, (_, i) => own[i % own.length]!);
        });
        const columns = [...positives, ...hard];
        const exclude = Float32Array.from({ length: SIZE * columns.length }, (_, i) =>
          known.get(rows[Math.floor(i / columns.length)]!)!.has(columns[i % columns.length]!) ? 1 : 0,
        );
        return {
          queries: toValue(data.vectors.pick(rows)),
          documents: toValue(data.vectors.pick(columns)),
          exclude: { data: exclude, shape: [SIZE, columns.length] },
        };
      },
      steps: frozen ? 0 : lab.pick(5, 200),
      learningRate: Number(learningRate),
    };
  });
  return {
    name: frozen ? 'frozen vectors' : `negatives: ${rule}`,
    configs: frozen ? CONFIGS.slice(0, 1) : CONFIGS,
    fit: async (config, context) => {
      const heads = await train(config, context);
      const top = exactTop(data.vectors.pick(pool), await heads.encode('query', data.vectors), DEPTH);
      return {
        answer: (unit) => Array.from(top[data.rows.get(unit)!]!, (place) => data.tool[pool[place]!]!),
        costs: { 's to train': heads.seconds },
      };
    },
  };
}

export const falseNegatives: Claim = {
  id: 'false-negatives',
  kind: 'exact',
  of: 'data',
  statement:
    'With half of the answers hidden, negatives that score no more than 0.95 of the positive are hidden answers at most half as often as the hardest ones are.',
  seconds: { quick: 5, full: 15 },
  check: async (lab) => {
    const set = await hidden(lab);
    const queries = await minedByAll(lab, set);
    const shares = await Promise.all(rules.map(async (rule) => falseShare(set, await mined(lab, set, rule), queries)));
    return {
      metric: 'false negatives, as a share of those among the hardest',
      value: shares[1]! / shares[0]!,
      atMost: 0.5,
      units: queries.length,
      sources: set.data.sources,
      notes: [
        ...rules.map((rule, i) => `Negatives ${rule}: ${(100 * shares[i]!).toFixed(1)}% are hidden answers.`),
        `Of ${set.queries.length} queries, ${queries.length} have negatives by every rule; only they are counted, and trained on.`,
      ],
    };
  },
};

/** Share of the negatives of some queries that are answers nevertheless. */
function falseShare({ data }: Hidden, negatives: Mined, queries: readonly number[]): number {
  const wrong = queries.flatMap((row) =>
    negatives.get(row)!.map((other) => (data.tool[other] === data.tool[row] ? 1 : 0)),
  );
  return mean(wrong);
}

export const mining: Claim = {
  id: 'mining',
  kind: 'comparative',
  statement:
    'An adapter trained with negatives that score no more than 0.95 of the positive ranks better than one trained with the hardest.',
  metric: 'nDCG@10',
  margin: {},
  seeds: [1, 2, 3],
  seconds: { quick: 5, full: 45 },
  load: async (lab) => {
    const set = await hidden(lab);
    const { data, pool, splitOf } = set;
    const counts = new Map<number, number>();
    for (const row of pool) counts.set(data.tool[row]!, (counts.get(data.tool[row]!) ?? 0) + 1);
    const asking = [...data.rows].filter(([unit, row]) => splitOf(unit) !== undefined && counts.has(data.tool[row]!));
    return material<number, readonly number[]>({
      truth: new Map(asking.map(([unit, row]) => [unit, data.tool[row]!])),
      split: splitOf,
      sources: data.sources,
      measure: (truth, answer) => gain(answer, truth) / ideal(counts.get(truth)!),
      baseline: await learner(lab, set, 'the hardest'),
      method: await learner(lab, set, 'not above 0.95 of the positive'),
      controls: [await learner(lab, set, 'at random'), await learner(lab, set, 'at random', true)],
    });
  },
};

function gain(answer: readonly number[], truth: number): number {
  return answer.reduce((sum, label, rank) => sum + (label === truth ? 1 / Math.log2(rank + 2) : 0), 0);
}

function ideal(relevant: number): number {
  let sum = 0;
  for (let rank = 0; rank < Math.min(DEPTH, relevant); rank++) sum += 1 / Math.log2(rank + 2);
  return sum;
}
