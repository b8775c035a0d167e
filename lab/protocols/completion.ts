import type { Vectors } from '../../src/base/vectors.ts';
import { labelUtility, ngramModel, type ScoringModel } from '../../src/generate/index.ts';
import { dot } from '../../src/math/index.ts';
import { analyzerFor } from '../../src/text/index.ts';
import { cosines, multiPositiveNCE } from '../../src/train/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { type LexicalOptions, lexical } from '../datasets/lexical.ts';
import { type Completion, repositories } from '../datasets/repositories.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { Deck, fittingOnce, grid, head, type Learned, type Training, vectorItems } from './learning.ts';

/** Candidates of each place in a file: blocks of other files that share words with the lines before it. */
const CANDIDATES = 9;
/** What is chosen where nothing is wanted, as the paper words it. */
const STOP = 'no cross-file context needed';

/** Places in files with their candidates, and vectors of all. Rows of judged ones come after those of training. */
export interface Writing {
  readonly places: readonly Completion[];
  readonly trained: number;
  readonly blocks: readonly string[];
  /** Numbers of blocks by place, the best by BM25 first. */
  readonly candidates: readonly (readonly number[])[];
  readonly queries: Vectors;
  /** Of candidates, then of the stop. */
  readonly documents: Vectors;
  /** Row of a block among the documents. */
  readonly rows: ReadonlyMap<number, number>;
  readonly model: ScoringModel;
  readonly sources: Readonly<Record<string, string>>;
}

/** Words as they are, and the parts of names. */
const terms = (text: string): string[] => analyzerFor('en', { stem: false }).terms(text);

/** @throws NeedsData. */
export function writing(lab: Lab): Promise<Writing> {
  return lab.once('writing', async () => {
    const { blocks, train, judged, counted, sources } = await repositories(lab);
    const some = <T>(all: readonly T[]) => all.filter((_, i) => i % lab.pick(6, 1) === 0);
    const places = [...some(train), ...some(judged)];
    const candidates = places.map((place) => found(blocks, place, { k1: 1.2, b: 0.75 }));
    const used = [...new Set(candidates.flat())];
    return {
      places,
      trained: some(train).length,
      blocks,
      candidates,
      queries: await vectorsOf(
        lab,
        places.map(({ query }) => query),
        'query',
      ),
      documents: await vectorsOf(lab, [...used.map((block) => blocks[block]!), STOP], 'document'),
      rows: new Map(used.map((block, row) => [block, row])),
      model: ngramModel(counted),
      sources,
    };
  });
}

function found(blocks: readonly string[], { others, query }: Completion, options: LexicalOptions): number[] {
  const search = lexical(
    others.map((other) => blocks[other]!),
    { ...options, terms },
  );
  return Array.from(search(query, CANDIDATES).ids, (i) => others[i]!);
}

/** What chooses blocks for a place, by its number: the best first, fewer where it stops. */
export type BlockSide = (data: Writing, lab: Lab) => Contestant<Completion, readonly number[]>;

const rowsById = ({ places }: Writing) => new Map(places.map(({ id }, row) => [id, row]));

/** None at all. */
export const nothing: BlockSide = () => ({
  name: 'nothing',
  configs: [{}],
  untunable: true,
  fit: async () => ({ answer: () => [] }),
});

/** The best by BM25 over all blocks. */
export const byWords =
  (name: string, most: number): BlockSide =>
  (data) => {
    const rows = rowsById(data);
    return {
      name,
      configs: grid({ k1: [0.6, 1.2, 2, 4], b: [0.4, 0.75] }),
      fit: async (config) => ({
        answer: (unit) => found(data.blocks, data.places[rows.get(unit)!]!, config as LexicalOptions).slice(0, most),
      }),
    };
  };

/** Candidates by frozen vectors, alone or beside their places by BM25. */
export const byVectors =
  (name: string, most: number, shares: readonly number[]): BlockSide =>
  (data) => {
    const rows = rowsById(data);
    return {
      name,
      configs: shares.map((share) => ({ share })),
      ...(shares.length === 1 ? { untunable: true } : {}),
      fit: async ({ share }) => ({
        answer: (unit) => {
          const row = rows.get(unit)!;
          const query = data.queries.row(row);
          const score = (block: number, rank: number) =>
            Number(share) * dot(query, data.documents.row(data.rows.get(block)!)) - (1 - Number(share)) * 0.1 * rank;
          return ranked(data.candidates[row]!, data.candidates[row]!.map(score)).slice(0, most);
        },
      }),
    };
  };

function ranked(candidates: readonly number[], scores: readonly number[]): number[] {
  return [...candidates.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b).map((i) => candidates[i]!);
}

/** How a retriever learns what lowers the loss. */
export interface Taught {
  readonly name: string;
  /** Whether the first token and names count more, as in the paper. Default true. */
  readonly weighted?: boolean;
}

const RATES = grid({ learningRate: [1e-3, 3e-3, 1e-2], margin: [0, 0.05] });
const PLACES = 32;
/** Of cosines: the paper multiplies by 20. */
const TEMPERATURE = 0.05;

/** Labels by loss, learned by a head over frozen vectors. @param stops whether what is ranked after the stop is left out. */
export const taught =
  (
    recipe: Taught,
    { name = recipe.name, most, stops }: { readonly name?: string; readonly most: number; readonly stops: boolean },
  ): BlockSide =>
  (data, lab) => {
    const rows = rowsById(data);
    const fit = fittingOnce(recipe, data, (config) => trainingOf(data, recipe, config, lab));
    const all = { queries: vectorItems(data.queries), documents: vectorItems(data.documents) };
    return {
      name,
      configs: RATES,
      fit: async (config, context) => {
        const learned: Learned = await fit(config, context);
        const [queries, documents] = [await learned.encode(all.queries), await learned.encode(all.documents)];
        return {
          answer: (unit) => {
            const row = rows.get(unit)!;
            const scoreOf = (document: number) => dot(queries.row(row), documents.row(document));
            const candidates = data.candidates[row]!;
            const scores = candidates.map((block) => scoreOf(data.rows.get(block)!));
            const stop = stops ? scoreOf(data.documents.count - 1) : Number.NEGATIVE_INFINITY;
            const kept = candidates.filter((_, i) => scores[i]! > stop);
            return ranked(
              kept,
              scores.filter((score) => score > stop),
            ).slice(0, most);
          },
          costs: { 's to train': learned.seconds },
        };
      },
    };
  };

/** What each place of training learns: rows of its candidates and of the stop, and the place of the best among them. */
interface Example {
  readonly row: number;
  readonly documents: readonly number[];
  readonly best: number;
}

const labelled = new WeakMap<Writing, Map<string, readonly Example[]>>();

/** Labels by loss, once for all rates. */
function examplesOf(data: Writing, weighted: boolean, margin: number): readonly Example[] {
  const known = labelled.get(data) ?? new Map<string, readonly Example[]>();
  labelled.set(data, known);
  const key = `${weighted} ${margin}`;
  const made = known.get(key);
  if (made !== undefined) return made;
  const stop = data.documents.count - 1;
  const examples = Array.from({ length: data.trained }, (_, row) => {
    const { context, target } = data.places[row]!;
    const texts = data.candidates[row]!.map((block) => data.blocks[block]!);
    const tokens = data.model.tokens(target);
    const weight = (i: number) => (!weighted ? 1 : i === 0 ? 5 : /\p{L}/u.test(tokens[i]!) ? 3 : 1);
    const { best } = labelUtility(context, target, texts, { model: data.model, weight, margin });
    const documents = data.candidates[row]!.map((block) => data.rows.get(block)!);
    while (documents.length < CANDIDATES) documents.push(stop);
    return { row, documents: [...documents, stop], best: best ?? CANDIDATES };
  });
  known.set(key, examples);
  return examples;
}

function trainingOf(data: Writing, { weighted = true }: Taught, { learningRate, margin }: Config, lab: Lab): Training {
  const stop = data.documents.count - 1;
  const examples = examplesOf(data, weighted, Number(margin));
  const list = CANDIDATES + 1;
  const [queries, documents] = [vectorItems(data.queries), vectorItems(data.documents)];
  let deck: Deck | undefined;
  return {
    start: head(),
    lists: ['queries', 'documents'],
    draw: (random) => {
      deck ??= new Deck(examples.length, random);
      const chosen = deck.next(Math.min(PLACES, examples.length)).map((i) => examples[i]!);
      const shape = [chosen.length, chosen.length * list];
      const [relevant, exclude] = [new Float32Array(shape[0]! * shape[1]!), new Float32Array(shape[0]! * shape[1]!)];
      exclude.fill(1);
      chosen.forEach(({ best, documents: own }, i) => {
        const from = i * shape[1]! + i * list;
        // Where there are fewer candidates, the stop stands once.
        own.forEach((document, j) => {
          exclude[from + j] = document === stop && j < CANDIDATES ? 1 : 0;
        });
        relevant[from + best] = 1;
      });
      return {
        lists: {
          queries: { of: queries, rows: chosen.map(({ row }) => row) },
          documents: { of: documents, rows: chosen.flatMap(({ documents: own }) => own) },
        },
        arrays: { relevant: { data: relevant, shape }, exclude: { data: exclude, shape } },
      };
    },
    loss: (encoded, { relevant, exclude }) =>
      multiPositiveNCE(
        cosines(encoded['queries']!, encoded['documents']!),
        relevant!,
        'conjunctive',
        TEMPERATURE,
        exclude,
      ),
    steps: lab.pick(4, 200),
    learningRate: Number(learningRate),
  };
}

/** What a claim about completions says. */
export interface CompletionClaim extends Said, Sides<BlockSide> {
  /**
   * `likelihood`: log-probability of what comes, in nats a token. `blocks left out`: of those that could be kept.
   */
  readonly metric: 'likelihood' | 'blocks left out';
}

/** A claim about packages that nothing was learned from, over three seeds. */
export function completionClaim({ metric, ...claim }: CompletionClaim): ComparativeClaim {
  return comparison<BlockSide, BlockSide, Completion, readonly number[]>(
    claim,
    metric === 'likelihood' ? 'nats a token' : metric,
    async (lab) => {
      const data = await writing(lab);
      const judged = data.places.slice(data.trained);
      const splits = new Map(judged.map(({ id }, i) => [id, i % 4 === 0 ? ('dev' as const) : ('test' as const)]));
      const measure = (place: Completion, blocks: readonly number[]): number => {
        if (metric !== 'likelihood') return CANDIDATES - blocks.length;
        const prompt = [...blocks.map((block) => data.blocks[block]!), place.context].join('\n');
        const scores = data.model.tokenScores(prompt, place.target);
        return scores.reduce((sum, score) => sum + score, 0) / scores.length;
      };
      return {
        material: {
          truth: new Map(judged.map((place) => [place.id, place])),
          split: (unit) => splits.get(unit),
          sources: data.sources,
          measure,
        },
        contestant: (side) => side(data, lab),
      };
    },
  );
}
