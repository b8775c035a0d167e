import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Vectors } from '../../src/base/vectors.ts';
import { LinearMap, meanOf, unitRow } from '../../src/math/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';

/** What people chose one after the other, and the vectors of what there was to choose. */
export interface Histories {
  /** Rows of a user's items in the order of choice, the last one apart. */
  readonly users: ReadonlyMap<string, { readonly before: readonly number[]; readonly last: number }>;
  readonly items: Vectors;
  /** How many users chose each before any of their last choices. */
  readonly chosen: Float32Array;
  readonly sources: Readonly<Record<string, string>>;
}

/** Users of a smoke test. */
const QUICK = 60;
/** Words of an item that are embedded. */
const WORDS = 60;

/** Who first touched which page of tldr-pages, and when. @throws NeedsData. */
export function histories(lab: Lab): Promise<Histories> {
  return lab.once('histories', async () => {
    const folder = lab.folder('tldr_contributors');
    const [items, interactions] = await Promise.all(
      ['items.jsonl', 'interactions.tsv'].map((file) => readFile(join(folder, file), 'utf8')),
    );
    const linesOf = (text: string): string[] => text.trim().split('\n');
    const pages = linesOf(items!).map((line) => JSON.parse(line) as { _id: string; title: string; text: string });
    const rows = new Map(pages.map(({ _id }, row) => [_id, row]));
    const choices = new Map<string, { readonly row: number; readonly time: number }[]>();
    for (const line of linesOf(interactions!).slice(1)) {
      const [user, item, , time] = line.split('\t') as [string, string, string, string];
      const row = rows.get(item);
      const own = choices.get(user) ?? [];
      if (row !== undefined && !own.some((choice) => choice.row === row)) own.push({ row, time: Number(time) });
      choices.set(user, own);
    }
    const users = new Map(
      [...choices]
        .filter(([, own]) => own.length >= 5)
        .slice(0, lab.pick(QUICK, Number.POSITIVE_INFINITY))
        .map(([user, own]) => {
          const order = own.sort((a, b) => a.time - b.time || a.row - b.row).map(({ row }) => row);
          return [user, { before: order.slice(0, -1), last: order.at(-1)! }] as const;
        }),
    );
    const chosen = new Float32Array(pages.length);
    for (const { before } of users.values()) for (const row of before) chosen[row]!++;
    const texts = pages.map(({ title, text }) => `${title} ${text}`.split(/\s+/).slice(0, WORDS).join(' '));
    return {
      users,
      items: await vectorsOf(lab, texts, 'document'),
      chosen,
      sources: {
        'tldr_contributors/items.jsonl': hashOf(items!),
        'tldr_contributors/interactions.tsv': hashOf(interactions!),
      },
    };
  });
}

/** How like each item is to what somebody chose before. */
interface Likeness {
  /** Cosines to the item that was chosen nearest to it, to the second nearest, and so on. */
  readonly nearest: readonly Float32Array[];
  /** Cosines to the mean of all. */
  readonly mean: Float32Array;
  /** How many chose it, whoever asks. */
  readonly chosen: Float32Array;
}

/** How what was chosen before says what is chosen next. */
export interface HistorySide {
  readonly name: string;
  readonly configs: readonly Config[];
  /** A score of each item. */
  readonly score: (likeness: Likeness, config: Config) => Float32Array;
}

/** The mean of the cosines to the `k` nearest of what was chosen, or with less weight for each that is less near. */
export function nearestChosen(name: string, k: number): HistorySide {
  return {
    name,
    configs: (k === 1 ? [0] : [0, 1, 2, 4, 8]).map((power) => ({ power })),
    score: ({ nearest }, { power }) => {
      const near = nearest.slice(0, k);
      const share = (rank: number) => (rank + 1) ** -Number(power);
      return near[0]!.map((_, item) => near.reduce((sum, cosines, rank) => sum + share(rank) * cosines[item]!, 0));
    },
  };
}

/** The cosine to the mean of everything that was chosen: what `similar` of several passages goes by. */
export function summary(name: string): HistorySide {
  return { name, configs: [{}], score: ({ mean }) => mean };
}

/** The weighted sum of the cosines to the mean and to the nearest. */
export function summaryAndNearest(name: string): HistorySide {
  return {
    name,
    configs: [0.01, 0.02, 0.05, 0.15, 0.3].map((share) => ({ share })),
    score: ({ mean, nearest: [nearest] }, { share }) =>
      mean.map((value, item) => Number(share) * value + (1 - Number(share)) * nearest![item]!),
  };
}

/** What most chose. */
export function mostChosen(name: string): HistorySide {
  return { name, configs: [{}], score: ({ chosen }) => chosen };
}

/** Items that are looked at of each history: as many as any side asks for. */
const NEAREST = 4;

function likenessTo({ items, chosen }: Histories): (before: readonly number[]) => Likeness {
  const map = new LinearMap(items.data, items.dim);
  return (before) => {
    const own = items.pick(before);
    const mean = meanOf(own);
    unitRow(mean);
    const all = map.apply(Vectors.concat([own, new Vectors(mean, mean.length)]));
    const nearest = Array.from({ length: Math.min(NEAREST, before.length) }, () =>
      new Float32Array(items.count).fill(Number.NEGATIVE_INFINITY),
    );
    for (let i = 0; i < before.length; i++) {
      all.row(i).forEach((cosine, item) => {
        let next = cosine;
        for (const values of nearest) {
          const value = values[item]!;
          if (next <= value) continue;
          values[item] = next;
          next = value;
        }
      });
    }
    return { nearest, mean: all.row(before.length).slice(), chosen };
  };
}

/** What a claim about histories says. */
export interface HistoryClaim extends Said, Sides<HistorySide> {
  /** Most items that users of it chose before. Default: no limit. */
  readonly most?: number;
}

/** A claim about which of two items a user chose: the one that was chosen last, or any that was never chosen. Nothing in it is random. */
export function historyClaim({ most = Number.POSITIVE_INFINITY, ...claim }: HistoryClaim): ComparativeClaim {
  return comparison<HistorySide, HistorySide, number, Float32Array>(
    claim,
    'right choices of two',
    async (lab) => {
      const { users, items, chosen, sources } = await histories(lab);
      const of = await lab.once('likeness to histories', async () => {
        const likeness = likenessTo({ users, items, chosen, sources });
        const known = new Map<string, Likeness>();
        return (user: string): Likeness => {
          const found = known.get(user) ?? likeness(users.get(user)!.before);
          known.set(user, found);
          return found;
        };
      });
      const asked = [...users].filter(([, { before }]) => before.length <= most);
      return {
        material: {
          truth: new Map(asked.map(([user, { last }]) => [user, last])),
          sources,
          measure: (last, scores) => shareBelow(scores, last),
        },
        contestant: ({ name, configs, score }) => ({
          name,
          configs,
          ...(configs.length === 1 ? { untunable: true } : {}),
          fit: async (config) => ({
            answer: (user) => {
              const scores = score(of(user), config).slice();
              // Nothing is chosen twice.
              for (const row of users.get(user)!.before) scores[row] = Number.NaN;
              return scores;
            },
          }),
        }),
      };
    },
    [],
  );
}

/** Of the other items that may be chosen, how many score less; ties count half. */
function shareBelow(scores: Float32Array, last: number): number {
  let [below, others] = [0, 0];
  scores.forEach((score, item) => {
    if (item === last || Number.isNaN(score)) return;
    others++;
    if (score < scores[last]!) below++;
    else if (score === scores[last]!) below += 0.5;
  });
  return below / others;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
