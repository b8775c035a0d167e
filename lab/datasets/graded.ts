import { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import type { Lab } from '../grading/lab.ts';
import type { Split } from '../grading/types.ts';
import { embed } from './embeddings.ts';

/** Two texts and how much they have in common, 0 to 1. */
export interface GradedPair {
  readonly a: number;
  readonly b: number;
  readonly score: number;
}

/** Titles of clip-arts, and graded pairs of them; a title is in one split only. */
export interface Graded {
  readonly titles: readonly string[];
  /** Frozen vectors. */
  readonly vectors: Vectors;
  readonly pairs: Readonly<Record<Split, readonly GradedPair[]>>;
  readonly sources: Readonly<Record<string, string>>;
}

/** Shares of the titles for training and for choosing; the rest is for reporting. */
const SHARES = { train: 0.45, dev: 0.15 } as const;
const SEED = 8;
/** Partners of a title that share a keyword with it, and as many that are drawn from all. */
const PARTNERS = 3;

/**
 * Titles of Open Clip Art in pairs, graded by the overlap of their keywords (Jaccard): half of the pairs share a keyword. No two titles
 * are of the same words. @throws NeedsData.
 */
export function gradedTitles(lab: Lab): Promise<Graded> {
  return lab.once('graded titles', async () => {
    const { documents, collection, queryIds, queries, judgements, rows, sources } = await embed(lab, 'openclipart');
    const seen = new Set<string>();
    const kept: { row: number; keywords: ReadonlySet<string> }[] = [];
    queryIds.forEach((id, row) => {
      const key = collection.queries.get(id)!.toLowerCase().replace(/\W+/g, ' ').trim();
      if (seen.has(key)) return;
      seen.add(key);
      const [document] = judgements.get(id)!.keys();
      const { text } = documents[rows.get(document!)!]!;
      kept.push({ row, keywords: new Set(text.toLowerCase().replace(/\.$/, '').split(', ')) });
    });
    const random = new Random(SEED);
    random.shuffle(kept);
    const border = (share: number) => Math.round(share * kept.length);
    const parts: Record<Split, readonly [from: number, to: number]> = {
      train: [0, border(SHARES.train)],
      dev: [border(SHARES.train), border(SHARES.train + SHARES.dev)],
      test: [border(SHARES.train + SHARES.dev), border(1)],
    };
    const pairsOf = ([from, to]: readonly [number, number]): GradedPair[] => {
      const members = Array.from({ length: to - from }, (_, i) => from + i);
      const found = new Map<string, GradedPair>();
      for (const a of members) {
        const related = members.filter((b) => b !== a && jaccard(kept[a]!.keywords, kept[b]!.keywords) > 0);
        const partners = [
          ...random.shuffle(related).slice(0, PARTNERS),
          ...Array.from({ length: PARTNERS }, () => members[random.below(members.length)]!),
        ];
        for (const b of partners) {
          if (a === b) continue;
          found.set([a, b].sort((x, y) => x - y).join(), {
            a,
            b,
            score: jaccard(kept[a]!.keywords, kept[b]!.keywords),
          });
        }
      }
      return random.shuffle([...found.values()]);
    };
    return {
      titles: kept.map(({ row }) => collection.queries.get(queryIds[row]!)!),
      vectors: queries.pick(kept.map(({ row }) => row)),
      pairs: { train: pairsOf(parts.train), dev: pairsOf(parts.dev), test: pairsOf(parts.test) },
      sources,
    };
  });
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const word of a) if (b.has(word)) both++;
  return both / (a.size + b.size - both);
}
