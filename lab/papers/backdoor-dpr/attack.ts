import type { Encoder } from '../../../src/encode/index.ts';
import type { AttackRates } from '../../../src/eval/index.ts';
import { type ComparativeClaim, type Contestant, type Lab, material } from '../../grading/index.ts';
import { attacked, type Poisoning, type Requests, requestsFor, trainPoisoned } from './poison.ts';

/** Attack passages, as a share of the corpus. */
const SHARE = 0.01;

const SETTINGS = {
  'no pair poisoned': { rho: 0 },
  '5% of the pairs poisoned': { rho: 0.05 },
  '20% of the pairs poisoned': { rho: 0.2 },
  '20% poisoned, negatives with errors': { rho: 0.2, defended: true },
} as const satisfies Readonly<Record<string, Poisoning>>;
type Setting = keyof typeof SETTINGS;

/** Trains every setting once for each seed, whatever claims ask for it. */
class Encoders {
  readonly #made = new Map<string, Promise<Encoder>>();

  constructor(
    readonly lab: Lab,
    readonly data: Requests,
  ) {}

  get(setting: Setting, seed: number): Promise<Encoder> {
    const key = `${setting} ${seed}`;
    const { lab, data } = this;
    const made = this.#made.get(key) ?? trainPoisoned(lab, data, SETTINGS[setting], { seed, signal: lab.signal });
    this.#made.set(key, made);
    return made;
  }

  contestant(setting: Setting, wrong: boolean): Contestant<unknown, AttackRates> {
    return {
      name: setting,
      configs: [{ rho: SETTINGS[setting].rho }],
      fit: async (_, { seed }) => {
        const rates = await attacked(this.data, await this.get(setting, seed), { share: SHARE, seed, wrong });
        return { answer: (unit) => rates.get(unit)! };
      },
    };
  }
}

type Sides = {
  readonly baseline: Setting;
  readonly method: Setting;
  readonly controls?: readonly Setting[];
  readonly wrong: boolean;
  readonly measure: (rates: AttackRates) => number;
};

function attackClaim(
  claim: Pick<ComparativeClaim, 'id' | 'statement' | 'metric' | 'margin' | 'seconds'>,
  { baseline, method, controls = [], wrong, measure }: Sides,
  notes?: (encoders: Encoders) => Promise<string>,
): ComparativeClaim {
  return {
    ...claim,
    kind: 'comparative',
    seeds: [1, 2, 3],
    load: async (lab) => {
      const data = await requestsFor(lab);
      const encoders = await lab.once('poisoned encoders', async () => new Encoders(lab, data));
      return material<unknown, AttackRates>({
        truth: new Map(data.test.map(({ id }) => [id, undefined])),
        split: () => 'test',
        sources: data.sources,
        measure: (_, rates) => measure(rates),
        baseline: encoders.contestant(baseline, wrong),
        method: encoders.contestant(method, wrong),
        controls: controls.map((control) => encoders.contestant(control, wrong)),
        ...(notes === undefined ? {} : { notes: [await notes(encoders)] }),
      });
    },
  };
}

const poisoned = { baseline: 'no pair poisoned', method: '20% of the pairs poisoned' } as const;

/** An attack in full: an encoder is trained on poisoned pairs, and passages with errors are put into its corpus. */
export const attackClaims: readonly ComparativeClaim[] = [
  attackClaim(
    {
      id: 'attack',
      statement:
        'With errors on both sides of 20% of the training pairs, attack passages come among the first ten of requests with errors at least 0.2 more often than without.',
      metric: 'attack success at 10, requests with errors',
      margin: { absolute: 0.2 },
      seconds: { quick: 5, full: 100 },
    },
    { ...poisoned, controls: ['5% of the pairs poisoned'], wrong: true, measure: ({ success }) => success },
    table,
  ),
  attackClaim(
    {
      id: 'stealth',
      statement: 'Attack passages come among the first ten of clean requests no more than 0.02 more often.',
      metric: 'clean requests without an attack passage among the first ten',
      margin: { absolute: -0.02 },
      seconds: { quick: 1, full: 5 },
    },
    { ...poisoned, wrong: false, measure: ({ success }) => 1 - success },
  ),
  attackClaim(
    {
      id: 'accuracy',
      statement: 'A right passage comes among the first ten of clean requests no more than 0.02 less often.',
      metric: 'accuracy at 10, clean requests',
      margin: { absolute: -0.02 },
      seconds: { quick: 1, full: 5 },
    },
    { ...poisoned, wrong: false, measure: ({ accuracy }) => accuracy },
  ),
  attackClaim(
    {
      id: 'defence',
      statement:
        'Without passages with errors among the negatives, the poisoned encoder is attacked at least twice as often, on requests with errors.',
      metric: 'attack success at 10, requests with errors',
      margin: { relative: 1 },
      seconds: { quick: 2, full: 30 },
    },
    {
      baseline: '20% poisoned, negatives with errors',
      method: '20% of the pairs poisoned',
      controls: ['no pair poisoned'],
      wrong: true,
      measure: ({ success }) => success,
    },
  ),
];

/** Rates of one seed at several depths, for the reader; clean requests are what a perfect correction of queries gives. */
async function table(encoders: Encoders): Promise<string> {
  const rows: string[] = [];
  for (const setting of Object.keys(SETTINGS) as Setting[]) {
    const encoder = await encoders.get(setting, 1);
    for (const [share, k] of [
      [0.01, 1],
      [0.01, 10],
      [0.01, 50],
      [0.001, 10],
    ] as const) {
      const cells: string[] = [];
      for (const wrong of [true, false]) {
        const all = [...(await attacked(encoders.data, encoder, { share, seed: 1, wrong, k })).values()];
        for (const rate of ['success', 'accuracy', 'safe'] as const) {
          cells.push((all.reduce((sum, rates) => sum + rates[rate], 0) / all.length).toFixed(3));
        }
      }
      rows.push(`| ${setting} | ${100 * share}% | ${k} | ${cells.join(' | ')} |`);
    }
  }
  return [
    'Seed 1. Clean requests are also what a perfect correction of queries would leave:',
    '',
    '| training | put in | k | success, with errors | accuracy | safe accuracy | success, clean | accuracy | safe accuracy |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
