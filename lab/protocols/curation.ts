import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { dot } from '../../src/math/index.ts';
import {
  type Consistency,
  type Curriculum,
  consistentPairs,
  curriculumTemperature,
  drawNegatives,
  exactTop,
} from '../../src/train/index.ts';
import { lexicalTop } from '../datasets/lexical.ts';
import { requestsOf } from '../datasets/requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { Split } from '../grading/types.ts';
import { Deck, type Draw, head } from './learning.ts';
import { type MiningRule, mined } from './mining.ts';
import { examplesOf, headLearner, type Pairs, rowsOf } from './pairs.ts';
import { pairDraw } from './recipes.ts';
import { siblingPairs, toolPairs } from './tools.ts';

/** Pairs of which some are wrong, on purpose. */
export interface Curated extends Pairs {
  readonly texts: NonNullable<Pairs['texts']>;
  /** Training queries whose pair is wrong. */
  readonly wrong: ReadonlySet<number>;
}

/** Requests of a tool at most; those that are trained on, and those that settings are chosen by. All others are for reporting. */
const [PER_TOOL, TRAIN, CHOOSE] = [30, 1000, 500];
/** Requests that say least of what is wanted: those nearest to the mean of all. */
const GENERIC = 20;
/** Tools that are nearest by words to the right one, of which one takes its place. */
const NEAR = 10;

/**
 * Requests and the tools that serve them, as they are, or with wrong pairs for training: half of these have another tool of similar words, half a request that says little. A linear map
 * of frozen vectors learns. @param share of wrong ones. @throws NeedsData.
 */
export function curated(lab: Lab, share: number): Promise<Curated> {
  return lab.once(`curated ${share}`, async () => {
    const all = await toolPairs(lab, { perTool: PER_TOOL });
    // In the same order.
    const requests = await requestsOf(lab, lab.pick(3, PER_TOOL));
    const [train, dev] = lab.pick([250, 60], [TRAIN, CHOOSE]) as [number, number];
    const splits = all.splits.map((_, row): Split => (row < train ? 'train' : row < train + dev ? 'dev' : 'test'));
    const data = { ...all, splits };
    const texts = { queries: [...requests.texts], documents: requests.toolTexts };
    const training = rowsOf(data, 'train');
    const generic = exactTop(data.queries.pick(training), meanOf(data.queries), GENERIC)[0]!;
    const random = new Random(43);
    const near = lexicalTop(texts.documents);
    const wrong = new Set<number>();
    const asked = [...data.queryIds.keys()];
    const seen = data.relevant.map((right, query): ReadonlySet<number> => {
      if (data.splits[query] !== 'train' || random.next() >= share) return right;
      wrong.add(query);
      if (random.next() < 0.5) {
        asked[query] = training[generic[random.below(generic.length)]!]!;
        return right;
      }
      const others = near(texts.documents[[...right][0]!]!, NEAR + 1).filter((row) => !right.has(row));
      return new Set([others[random.below(others.length)]!]);
    });
    const queries = data.queries.pick(asked);
    return {
      ...data,
      seen,
      wrong,
      queries,
      texts: { ...texts, queries: asked.map((query) => texts.queries[query]!) },
      learner: headLearner(queries, data.documents, head({ form: 'linear' })),
    };
  });
}

/** The mean, as one row. */
function meanOf(vectors: Vectors): Vectors {
  const mean = new Float32Array(vectors.dim);
  for (let row = 0; row < vectors.count; row++) {
    const own = vectors.row(row);
    for (let i = 0; i < mean.length; i++) mean[i]! += own[i]! / vectors.count;
  }
  return new Vectors(mean, vectors.dim);
}

/** Pairs without the wrong ones. */
export function cleaned(data: Curated): Curated {
  return withPairs(data, (query) => (data.wrong.has(query) ? [] : [...seenOf(data)[query]!]));
}

const seenOf = ({ relevant, seen = relevant }: Pairs) => seen;

function withPairs(data: Curated, documentsOf: (query: number) => readonly number[]): Curated {
  const { splits } = data;
  return {
    ...data,
    seen: seenOf(data).map((own, query) => (splits[query] === 'train' ? new Set(documentsOf(query)) : own)),
  };
}

/** Documents that training pairs have, and training queries. */
function trained(data: Pairs) {
  const examples = examplesOf(data);
  const pool = [...new Set(examples.map(({ document }) => document))];
  return { pool, queries: rowsOf(data, 'train'), places: new Map(pool.map((row, place) => [row, place])) };
}

/** What confirms a pair: vectors of the lab's encoder, or words (BM25), among the documents of training. */
export type Confirmed = (Consistency & { readonly by?: 'vectors' }) | { readonly rank: number; readonly by: 'words' };

const filtered = new WeakMap<object, Map<string, Curated>>();

/** The pairs that are confirmed. */
export function confirmed(data: Curated, by: Confirmed): Curated {
  const known = filtered.get(data) ?? new Map<string, Curated>();
  filtered.set(data, known);
  const key = JSON.stringify(by);
  const made = known.get(key) ?? confirm(data, by);
  known.set(key, made);
  return made;
}

function confirm(data: Curated, by: Confirmed): Curated {
  const { pool, queries, places } = trained(data);
  const own = queries.map((query) => Array.from(seenOf(data)[query]!, (row) => places.get(row)!));
  let kept: readonly (readonly number[])[];
  if (by.by === 'words') {
    const search = lexicalTop(pool.map((row) => data.texts.documents[row]!));
    kept = queries.map((query, i) => {
      const found = search(data.texts.queries[query]!, by.rank);
      return own[i]!.filter((place) => found.includes(place));
    });
  } else kept = consistentPairs(data.queries.pick(queries), data.documents.pick(pool), own, by);
  const byQuery = new Map(queries.map((query, i) => [query, kept[i]!]));
  return withPairs(data, (query) => byQuery.get(query)!.map((place) => pool[place]!));
}

/** What of the wrong pairs was removed, and what of the right ones lost. */
export function filterShares(data: Curated, by: Confirmed): { readonly removed: number; readonly lost: number } {
  const { queries } = trained(data);
  const left = seenOf(confirmed(data, by));
  const goneOf = (some: readonly number[]) => some.filter((query) => left[query]!.size === 0).length / some.length;
  return {
    removed: goneOf(queries.filter((query) => data.wrong.has(query))),
    lost: goneOf(queries.filter((query) => !data.wrong.has(query))),
  };
}

/** Pairs of a step. */
const SIZE = 64;
/** Candidates of a query, and negatives that are drawn of them. */
const [CANDIDATES, COUNT] = [50, 4];

/** Batches of pairs. */
export function curatedDraw(data: Curated): Draw {
  return pairDraw(data, { name: '', configs: [], steps: 0, size: SIZE, loss: (scores) => scores }, {});
}

/** Documents of training that may be negatives of each query, and their cosines by the lab's encoder. */
type Candidates = readonly { readonly rows: readonly number[]; readonly scores: readonly number[] }[];

/** Pairs with candidates for negatives, mined once: the nearest documents, or of these such as score no more than 0.95 of the positive. */
export interface Mined extends Pairs {
  readonly candidates: { readonly all: Candidates; readonly below: Candidates };
}

/** Requests that find others to the same tool; training is told half of them. @throws NeedsData. */
export async function hiddenAnswers(lab: Lab): Promise<Pairs> {
  const data = await siblingPairs(lab, 'curation', {
    perTool: lab.pick(4, 14),
    isFound: (row) => row % 2 === 0,
    splitOf: (row) => (row % 2 === 0 ? undefined : row % 8 < 5 ? 'train' : row % 8 === 5 ? 'dev' : 'test'),
    told: (count) => count >> 1,
  });
  return { ...data, learner: headLearner(data.queries, data.documents, head({ form: 'linear' })) };
}

/** Mines candidates among the documents of training. */
export async function withCandidates(data: Pairs): Promise<Mined> {
  const { pool, places } = trained(data);
  const within = (own: ReadonlySet<number>) => new Set([...own].flatMap((row) => places.get(row) ?? []));
  const documents = data.documents.pick(pool);
  const own = { ...data, documents, relevant: data.relevant.map(within), seen: seenOf(data).map(within) };
  const by = async (rule: MiningRule): Promise<Candidates> =>
    (await mined(own, rule, CANDIDATES)).map((found, query) => {
      const rows = found.map((place) => pool[place]!);
      return { rows, scores: rows.map((row) => dot(data.queries.row(query), data.documents.row(row))) };
    });
  return { ...data, candidates: { all: await by({}), below: await by({ keepBelow: { share: 0.95 } }) } };
}

/** Batches of pairs with negatives of each query, drawn anew every time. */
export function curriculumDraw(data: Mined, rule: keyof Mined['candidates'], curriculum: Curriculum): Draw {
  const all = data.candidates[rule];
  // The same pairs by either rule.
  const examples = examplesOf(data).filter(({ query }) => data.candidates.below[query]!.rows.length >= COUNT);
  const seen = seenOf(data);
  let deck: Deck | undefined;
  return (random, _, progress) => {
    deck ??= new Deck(examples.length, random);
    const chosen = deck.next(Math.min(SIZE, examples.length)).map((i) => examples[i]!);
    const temperature = curriculumTemperature(progress, curriculum);
    const hard = chosen.flatMap(({ query }) => {
      const { rows, scores } = all[query]!;
      return drawNegatives(scores, COUNT, temperature, random).map((place) => rows[place]!);
    });
    const rows = [...chosen.map(({ document }) => document), ...hard];
    const shape = [chosen.length, rows.length];
    const exclude = new Float32Array(chosen.length * rows.length);
    chosen.forEach(({ query, document }, i) => {
      rows.forEach((other, j) => {
        if (j !== i && (other === document || seen[query]!.has(other))) exclude[i * rows.length + j] = 1;
      });
    });
    return {
      lists: {
        queries: { of: data.learner.queries, rows: chosen.map(({ query }) => query) },
        documents: { of: data.learner.documents, rows },
      },
      arrays: { exclude: { data: exclude, shape } },
    };
  };
}
