import { Random } from '../../src/base/random.ts';
import { type MemoryCorpus, memoryCorpus, rankCorpus } from '../../src/search/index.ts';
import { analyzerFor } from '../../src/text/index.ts';
import { greatest, infoNCE } from '../../src/train/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { type DocumentedFunction, documentedFunctions } from '../datasets/functions.ts';
import { type LexicalSearch, lexical } from '../datasets/lexical.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { grid } from './learning.ts';
import { listValue } from './list-value.ts';
import { answering } from './pair-claims.ts';
import { headLearner, type Pairs } from './pairs.ts';
import { scorer } from './rankings.ts';
import { FROZEN, fitOf, type PairRecipe, pairRecipe } from './recipes.ts';

/** What of a function's documentation and names is left in the document that is searched. */
export const REGIMES = ['documented', 'undocumented', 'renamed'] as const;
export type Regime = (typeof REGIMES)[number];

/** Functions of packages, sought by the first sentence of their documentation. */
export interface CodeSearch {
  readonly functions: readonly DocumentedFunction[];
  /** Of each function. */
  readonly texts: Readonly<Record<Regime, readonly string[]>>;
  /** Of each function's sentence: those of packages that are trained on, and others. */
  readonly splits: readonly Split[];
  /** Share of the words of each sentence that stand in the undocumented function. */
  readonly overlap: readonly number[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Functions of a smoke test. */
const QUICK = 300;

/** Packages by size are trained on and judged in turn; of the sentences that are judged a third is for choosing. @throws NeedsData. */
export function codeSearch(lab: Lab): Promise<CodeSearch> {
  return lab.once('code search', async () => {
    const { functions: all, sources } = await documentedFunctions(lab);
    const functions = new Random(41).shuffle([...all]).slice(0, lab.pick(QUICK, Number.POSITIVE_INFINITY));
    const sizes = new Map<string, number>();
    for (const { package: name } of all) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    const order = [...sizes].sort((a, b) => b[1] - a[1]).map(([name]) => name);
    const trained = new Set(order.filter((_, place) => place % 2 === 0));
    return {
      functions,
      sources,
      texts: {
        documented: functions.map(({ comment, code }) => `${comment}\n${code}`),
        undocumented: functions.map(({ code }) => code),
        renamed: functions.map(({ renamed }) => renamed),
      },
      splits: functions.map(({ package: name }, i) => (trained.has(name) ? 'train' : i % 3 === 0 ? 'dev' : 'test')),
      overlap: functions.map(({ sentence, code }) => {
        const [said, there] = [new Set(stems(sentence)), new Set(stems(code))];
        return [...said].filter((word) => there.has(word)).length / Math.max(1, said.size);
      }),
    };
  });
}

/** Stems of English words, and of those that identifiers are made of. */
export const stems = (text: string): string[] => analyzerFor('en').terms(text);
/** Runs of three letters or digits. */
export const trigrams = (text: string): string[] => {
  const signs = text.toLowerCase().replace(/[^a-z0-9]+/g, ' ');
  return Array.from({ length: Math.max(0, signs.length - 2) }, (_, i) => signs.slice(i, i + 3));
};

/** Sentences and functions of a regime as pairs. @throws NeedsData. */
export function codePairs(lab: Lab, regime: Regime): Promise<Pairs> {
  return lab.once(`code pairs ${regime}`, async () => {
    const { functions, texts, splits, sources } = await codeSearch(lab);
    const sentences = functions.map(({ sentence }) => sentence);
    const queries = await vectorsOf(lab, sentences, 'query');
    const documents = await vectorsOf(lab, texts[regime], 'document');
    return {
      queryIds: functions.map(({ id }) => id),
      queries,
      documents,
      relevant: functions.map((_, row) => new Set([row])),
      splits,
      sources,
      learner: headLearner(queries, documents),
    };
  });
}

/** A head that learned from sentences and functions of other packages. */
export const LEARNED: PairRecipe = pairRecipe({
  name: 'learned on other packages',
  configs: grid({ learningRate: [3e-4, 1e-3, 3e-3] }),
  steps: 200,
  size: 64,
  loss: (scores, { exclude }) => infoNCE(scores, { temperature: 0.05, exclude }),
});

/** Numbers of the best functions, and what their value counts. */
interface Part {
  readonly found: readonly number[];
  readonly weight: number;
}
type Answer = readonly Part[];

/** What ranks functions for a sentence. */
export type CodeSide = (data: CodeSearch, lab: Lab) => Promise<Contestant<number, Answer>>;

const DEPTH = 10;
/** A b of 1 is all that there is. */
const WEIGHING = grid({ k1: [0.05, 0.1, 0.3, 0.6, 1.2, 2, 4, 8], b: [0.4, 0.75, 1] });

const searches = new WeakMap<CodeSearch, Map<string, LexicalSearch>>();

/** BM25 over a regime, made once for all that ask for it. */
export function searchOf(data: CodeSearch, regime: Regime, { k1, b }: Config, terms = stems): LexicalSearch {
  const made = searches.get(data) ?? new Map<string, LexicalSearch>();
  searches.set(data, made);
  const key = `${regime} ${k1} ${b} ${terms.name}`;
  const search = made.get(key) ?? lexical(data.texts[regime], { k1: Number(k1), b: Number(b), terms });
  made.set(key, search);
  return search;
}

const rowsById = ({ functions }: CodeSearch) => new Map(functions.map(({ id }, row) => [id, row]));

/** BM25. */
export function words(name: string, regime: Regime, terms = stems): CodeSide {
  return parts(name, [[regime, 1]], terms);
}

/** BM25 in several regimes, each of which counts so much: a bound that lies between them. */
export function parts(name: string, regimes: readonly (readonly [Regime, number])[], terms = stems): CodeSide {
  return async (data) => {
    const rows = rowsById(data);
    return {
      name,
      configs: WEIGHING,
      fit: async (config) => ({
        answer: (unit) => {
          const { sentence } = data.functions[rows.get(unit)!]!;
          return regimes.map(([regime, weight]) => ({
            weight,
            found: Array.from(searchOf(data, regime, config, terms)(sentence, DEPTH).ids),
          }));
        },
      }),
    };
  };
}

/** BM25 with feedback (RM3), as pipelines have it. */
export function feedback(name: string, regime: Regime): CodeSide {
  return async (data, lab) => {
    const corpus = await lab.once(`code corpus ${regime}`, () => corpusOf(data, regime));
    const rows = rowsById(data);
    return {
      name,
      configs: grid({ docs: [3, 5, 10], original: [0.5, 0.7, 0.9] }),
      fit: async ({ docs, original }) => ({
        answer: async (unit) => {
          const pipeline = `words > prf(rm3, fb_docs=${docs}, original=${original})`;
          const options = { pipeline, k: DEPTH, syntax: false, language: 'en' };
          const { ids } = await rankCorpus(corpus, data.functions[rows.get(unit)!]!.sentence, options);
          return [{ weight: 1, found: ids.map(Number) }];
        },
      }),
    };
  };
}

function corpusOf({ texts }: CodeSearch, regime: Regime): Promise<MemoryCorpus> {
  const documents = texts[regime].map((text, row) => ({ id: String(row), title: '', text, language: 'en' }));
  return memoryCorpus(documents, [{ name: 'words', kind: 'terms' }], { bm25: { k1: 1.2, b: 0.75 } });
}

/** Shares of the vectors in what ranks by both; 1 is vectors alone. */
const SHARES = [0.3, 0.5, 0.7, 0.9, 1];

/** By vectors of the lab's encoder, alone or beside BM25. @param recipe what they learned. Default: nothing. */
export function meaning(
  name: string,
  regime: Regime,
  { beside = false, recipe = FROZEN }: { readonly beside?: boolean; readonly recipe?: PairRecipe } = {},
): CodeSide {
  return async (data, lab) => {
    const pairs = await codePairs(lab, regime);
    const rows = rowsById(data);
    const shares = beside ? SHARES : [1];
    const configs = recipe.configs.flatMap((config) => shares.map((share) => ({ ...config, share })));
    return {
      name,
      configs,
      fit: async ({ share, ...config }, context) => {
        const cosines =
          recipe === FROZEN
            ? scorer(pairs, pairs.queries, pairs.documents)
            : (await answering(pairs, await fitOf(pairs, recipe, lab)(config, context))).answer;
        return {
          answer: async (unit) => {
            const scores = await cosines(unit);
            const { sentence } = data.functions[rows.get(unit)!]!;
            const both = beside ? combined(data, regime, sentence, scores, Number(share)) : scores;
            return [{ weight: 1, found: Array.from(greatest(both, DEPTH)) }];
          },
        };
      },
    };
  };
}

/** BM25 of what is tuned least often. */
export const USUAL = { k1: 1.2, b: 0.75 };

/** The sum of cosines and BM25's scores, both divided by their greatest. */
export function combined(
  data: CodeSearch,
  regime: Regime,
  sentence: string,
  cosines: Float32Array,
  share: number,
): Float32Array {
  const { ids, scores } = searchOf(data, regime, USUAL)(sentence, cosines.length);
  const most = Math.max(...cosines);
  const both = cosines.map((score) => (share * score) / most);
  for (let i = 0; i < ids.length; i++) both[ids[i]!]! += ((1 - share) * scores[i]!) / scores[0]!;
  return both;
}

/** What a claim about code search says. */
export interface CodeClaim extends Said, Sides<CodeSide> {
  /** Sentences that it is about, by the share of their words that stand in the function. Default: all. */
  readonly overlap?: (share: number) => boolean;
  /** Whether something in it learns. Default false. */
  readonly learns?: boolean;
}

/** A claim by nDCG@10 about which functions are found for sentences of packages that nothing was learned from. */
export function codeClaim({ overlap = () => true, learns = false, ...claim }: CodeClaim): ComparativeClaim {
  return comparison<CodeSide, CodeSide, number, Answer>(
    claim,
    'nDCG@10',
    async (lab) => {
      const data = await codeSearch(lab);
      const rows = rowsById(data);
      return {
        material: {
          truth: new Map([...rows].filter(([, row]) => overlap(data.overlap[row]!))),
          split: (unit) => data.splits[rows.get(unit)!]!,
          sources: data.sources,
          measure: (row, answer) => answer.reduce((sum, { weight, found }) => sum + weight * gain(found, row), 0),
        },
        contestant: (side) => side(data, lab),
      };
    },
    learns ? [1, 2, 3] : [],
  );
}

/** nDCG@10 where one function is relevant. */
export function gain(found: readonly number[], row: number): number {
  return listValue('ndcg@10', new Map([[String(row), 1]]), found.map(String));
}
