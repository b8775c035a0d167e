import { Random } from '../../src/base/random.ts';
import { denseShareOf } from '../../src/encode/index.ts';
import { mean } from '../../src/eval/index.ts';
import { greatest } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, ExactResult } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import {
  type CodeSearch,
  codePairs,
  codeSearch,
  combined,
  gain,
  REGIMES,
  type Regime,
  searchOf,
  USUAL,
} from './code-search.ts';
import { scorer } from './rankings.ts';

/** What a writer of a function is given beside the sentence that it is to do: a text. */
export interface ContextSide {
  readonly name: string;
  /** @param found the functions that hybrid search finds, best first. */
  context(data: CodeSearch, row: number, found: readonly number[]): string;
}

/** Functions of a context, and of a ranking. */
const [FIRST, DEPTH] = [5, 10];

const textOf = ({ texts }: CodeSearch, rows: readonly number[]): string =>
  rows.map((row) => texts.undocumented[row]!).join('\n');

/** The sentence and nothing else. */
export const sentenceAlone: ContextSide = { name: 'the sentence alone', context: () => '' };
/** The function itself. */
export const gold: ContextSide = { name: 'the function itself', context: (data, row) => textOf(data, [row]) };
/** The first that are found. */
export const retrieved: ContextSide = {
  name: 'five that are found',
  context: (data, _, found) => textOf(data, found.slice(0, FIRST)),
};
/** The first that are found, but for the function itself. */
export const neighbours: ContextSide = {
  name: 'five others that are found',
  context: (data, row, found) => textOf(data, found.filter((other) => other !== row).slice(0, FIRST)),
};
/** Any others. */
export const anyOthers: ContextSide = {
  name: 'five others at random',
  context: (data, row) => {
    const random = new Random(row);
    const others = Array.from({ length: FIRST }, () => random.below(data.functions.length - 1));
    return textOf(
      data,
      others.map((other) => (other < row ? other : other + 1)),
    );
  },
};

/** What a claim about contexts says. */
export interface ContextClaim extends Said, Sides<ContextSide> {}

/** A claim about the share of the names a function uses that stand in its sentence or the context; functions that use none are left out. */
export function contextClaim(claim: ContextClaim): ComparativeClaim {
  return comparison<ContextSide, ContextSide, readonly string[], string>(
    claim,
    'share of names',
    async (lab) => {
      const data = await codeSearch(lab);
      const { both: found } = await foundIn(data, 'undocumented', lab);
      const rows = new Map(data.functions.map(({ id }, row) => [id, row]));
      return {
        material: {
          truth: new Map(data.functions.filter(({ uses }) => uses.length > 0).map(({ id, uses }) => [id, uses])),
          split: (unit) => data.splits[rows.get(unit)!]!,
          sources: data.sources,
          measure: (uses, context) => {
            const there = new Set(context.match(/#?[\p{L}\p{N}_$]+/gu));
            return uses.filter((name) => there.has(name)).length / uses.length;
          },
        },
        contestant: ({ name, context }) => ({
          name,
          configs: [{}],
          untunable: true,
          fit: async () => ({
            answer: (unit) => {
              const row = rows.get(unit)!;
              return `${data.functions[row]!.sentence}\n${context(data, row, found[row]!)}`;
            },
          }),
        }),
      };
    },
    [],
  );
}

/** The first functions of every sentence, by each of the usual ways. */
interface Found {
  readonly words: readonly (readonly number[])[];
  /** Of its own package alone. */
  readonly own: readonly (readonly number[])[];
  readonly meaning: readonly (readonly number[])[];
  readonly both: readonly (readonly number[])[];
}

function foundIn(data: CodeSearch, regime: Regime, lab: Lab): Promise<Found> {
  return lab.once(`found ${regime}`, async () => {
    const pairs = await codePairs(lab, regime);
    const score = scorer(pairs, pairs.queries, pairs.documents);
    const share = denseShareOf({ id: lab.encoder });
    const found = { words: [], own: [], meaning: [], both: [] } as Record<keyof Found, number[][]>;
    for (const { id, sentence, package: own } of data.functions) {
      const cosines = score(id);
      const ids = Array.from(searchOf(data, regime, USUAL)(sentence, data.functions.length).ids);
      found.words.push(ids.slice(0, DEPTH));
      found.own.push(ids.filter((row) => data.functions[row]!.package === own).slice(0, DEPTH));
      found.meaning.push(Array.from(greatest(cosines, DEPTH)));
      found.both.push(Array.from(greatest(combined(data, regime, sentence, cosines, share), DEPTH)));
    }
    return found;
  });
}

/** Bounds of the share of a sentence's words that stand in the function. */
const OVERLAPS = [0, 0.25, 0.5, 0.75, 1] as const;

/** What words find where the documentation stands in the document, and a table of what each way finds in each regime; nothing is tuned. */
export async function wordsWithDocumentation(lab: Lab): Promise<Omit<ExactResult, 'atLeast'>> {
  const data = await codeSearch(lab);
  const ways = ['words', 'meaning', 'both', 'own'] as const;
  const head = ['words', 'meaning', 'both', 'words, own package alone'].join(' | ');
  const nDCG = (found: readonly (readonly number[])[], rows: readonly number[]) =>
    mean(rows.map((row) => gain(found[row]!, row)));
  const all = [...data.functions.keys()];
  const byRegime = new Map<Regime, Found>();
  for (const regime of REGIMES) byRegime.set(regime, await foundIn(data, regime, lab));
  const line = (cells: readonly string[], found: Found, rows: readonly number[]) =>
    `| ${[...cells, ...ways.map((way) => nDCG(found[way], rows).toFixed(3))].join(' | ')} |`;
  const bands = OVERLAPS.slice(1).map((to, i) => {
    const from = OVERLAPS[i]!;
    const rows = all.filter((row) => data.overlap[row]! <= to && (i === 0 || data.overlap[row]! > from));
    return line([`up to ${100 * to}%`, String(rows.length)], byRegime.get('undocumented')!, rows);
  });
  return {
    metric: 'nDCG@10 of words where the documentation stands in the document',
    value: nDCG(byRegime.get('documented')!.words, all),
    units: all.length,
    sources: data.sources,
    notes: [
      [
        `| ${all.length} functions | ${head} |`,
        '|---|---|---|---|---|',
        ...REGIMES.map((regime) => line([regime], byRegime.get(regime)!, all)),
      ].join('\n'),
      [
        `| undocumented: words of the sentence that stand in the function | sentences | ${head} |`,
        '|---|---|---|---|---|---|',
        ...bands,
      ].join('\n'),
    ],
  };
}
