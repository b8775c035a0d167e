import { hashText } from '../../src/base/hash.ts';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import type { Encoder } from '../../src/encode/index.ts';
import { type MemoryCorpus, memoryCorpus, type Operator, type Suggestions } from '../../src/search/index.ts';
import { suggestValues } from '../../src/search/suggest.ts';
import { analyzerFor } from '../../src/text/index.ts';
import { vectorsOf } from '../datasets/embeddings.ts';
import { type LabelledRequests, labelledRequests } from '../datasets/labelled-requests.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Contestant } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { slotFeatures, slotTerms } from './slots.ts';

/** Labelled requests as a collection: they are found by words, by meaning, by `grams` (characters) and by `slots` (verb, object and target). */
interface Examples extends LabelledRequests {
  readonly texts: ReadonlyMap<string, string>;
  /** Labels that six examples of a pipeline vote for, found once for all claims. */
  readonly votes: (pipeline: string, text: string) => Promise<Suggestions>;
  /** Cosines of a request with what labels say of themselves. */
  readonly cosine: (text: string, label: string) => number;
  /** The share of these terms that stand in what a label says of itself, rare ones counting more. */
  readonly share: (terms: readonly string[], label: string) => number;
}

/** Examples that vote. */
const EXAMPLES = 6;
/** Components of vectors that features are hashed to. */
const HASHED = 4096;

/** @throws NeedsData. */
function examplesOf(lab: Lab): Promise<Examples> {
  return lab.once('labelled examples', async () => {
    const data = await labelledRequests(lab);
    const pool = data.pool.map(({ text }) => text);
    const asked = [...data.test, ...data.dev];
    const all = [...pool, ...asked.map(({ text }) => text)];
    const labels = [...data.descriptions.keys()];
    const said = await vectorsOf(lab, [...data.descriptions.values()], 'document');
    const vectors = await vectorsOf(lab, all, 'query');
    const rows = new Map(all.map((text, row) => [text, row]));
    const meaning: Encoder = {
      id: lab.encoder,
      dim: vectors.dim,
      encode: async (inputs) => vectors.pick(inputs.map((text) => rows.get(String(text))!)),
    };
    const corpus = await memoryCorpus(
      data.pool.map(({ id, text, label }) => ({ id, text, language: 'en', metadata: { label } })),
      [
        { name: 'words', kind: 'terms' },
        { name: 'meaning', kind: 'vector', encoder: meaning },
        { name: 'grams', kind: 'vector', encoder: hashedEncoder('grams', grams, pool) },
        { name: 'slots', kind: 'vector', encoder: hashedEncoder('slots', slotFeatures, pool) },
      ],
    );
    const numbers = new Map(labels.map((label, number) => [label, number]));
    const described = [...data.descriptions.values()].map((text) => new Set(analyzerFor('en').terms(text)));
    const weights = weightsOf(described);
    const found = new Map<string, Promise<Suggestions>>();
    return {
      ...data,
      votes: (pipeline, text) => {
        const key = `${pipeline} ${text}`;
        const known = found.get(key) ?? votesOf(corpus, pipeline, text);
        found.set(key, known);
        return known;
      },
      texts: new Map(asked.map(({ id, text }) => [id, text])),
      cosine: (text, label) => {
        const [a, b] = [vectors.row(rows.get(text)!), said.row(numbers.get(label)!)];
        return a.reduce((sum, value, c) => sum + value * b[c]!, 0);
      },
      share: (terms, label) => {
        const own = described[numbers.get(label)!]!;
        let [shared, total] = [0, 0];
        for (const term of new Set(terms)) {
          total += weights(term);
          if (own.has(term)) shared += weights(term);
        }
        return total === 0 ? 0 : shared / total;
      },
    };
  });
}

/** Three and four characters in a row, of words and across their ends. */
function grams(text: string): string[] {
  const plain = ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
  return [3, 4].flatMap((size) =>
    Array.from({ length: Math.max(0, plain.length - size + 1) }, (_, at) => plain.slice(at, at + size)),
  );
}

/** What a feature weighs that so many of the texts have: the logarithm of how rare it is. */
function weightsOf(texts: readonly ReadonlySet<string>[]): (feature: string) => number {
  const counts = new Map<string, number>();
  for (const features of texts) for (const one of features) counts.set(one, (counts.get(one) ?? 0) + 1);
  return (feature) => Math.log(1 + texts.length / (counts.get(feature) ?? 1));
}

/** Vectors of a text's features, hashed: the cosine is that of weighted counts but for collisions. */
function hashedEncoder(id: string, features: (text: string) => string[], pool: readonly string[]): Encoder {
  const weights = weightsOf(pool.map((text) => new Set(features(text))));
  return {
    id,
    dim: HASHED,
    encode: async (inputs) => {
      const vectors = Vectors.zeros(inputs.length, HASHED);
      inputs.forEach((text, i) => {
        const row = vectors.row(i);
        const counts = new Map<string, number>();
        for (const one of features(String(text))) counts.set(one, (counts.get(one) ?? 0) + 1);
        for (const [feature, count] of counts) {
          const [high, low] = hashText(feature);
          row[low % HASHED]! += (high % 2 === 0 ? 1 : -1) * (1 + Math.log(count)) * weights(feature);
        }
        const length = Math.hypot(...row);
        if (length > 0) for (let c = 0; c < HASHED; c++) row[c]! /= length;
      });
      return vectors;
    },
  };
}

/** Passages at random, the same ones for a query every time. */
const random: Operator = {
  name: 'random',
  help: 'ranks passages at random',
  takes: 'ranking',
  parameters: {},
  make:
    (_, __, { corpus }) =>
    async ({ content }, { k }) => {
      const drawn = new Random(hashText(String(content))[1]).shuffle([...Array(corpus.passageCount).keys()]);
      const hits = drawn.slice(0, k).map((passage, i) => ({ passage, score: 1 / (i + 1) }));
      return { hits, trace: { stage: 'random', tookMs: 0, examined: hits.length, returned: hits.length } };
    },
};

function votesOf(corpus: MemoryCorpus, pipeline: string, text: string): Promise<Suggestions> {
  return suggestValues(
    corpus,
    text,
    { field: 'label', k: EXAMPLES, examples: EXAMPLES, pipeline, language: 'en' },
    { extensions: { operators: [random] }, relevance: async () => undefined },
  );
}

/** Where examples come from, and what is added to their votes. */
export interface SuggestionSide {
  readonly name: string;
  readonly pipelines: readonly string[];
  /** What of a request is looked for in what labels say of themselves: words of its slots, all words, or its meaning. Default: nothing is. */
  readonly bonus?: 'slots' | 'words' | 'meaning';
}

/** What the bonus counts beside a share of the votes. */
const BONUSES = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2];

/** What is measured of a request: whether its label is among the first, or among those of the examples at all. */
const RANKS = { 'SuccessRate@1': 1, 'SuccessRate@3': 3, coverage: EXAMPLES } as const;

/** A claim about labels that six examples vote for. */
export function suggestionClaim({
  metric,
  ...claim
}: Said & Sides<SuggestionSide> & { readonly metric: keyof typeof RANKS }): ComparativeClaim {
  return comparison<SuggestionSide, SuggestionSide, string, readonly string[]>(
    claim,
    metric,
    async (lab) => {
      const data = await examplesOf(lab);
      const { test, dev, pool, duplicates, sources, elsewhere } = data;
      const tested = test.filter(({ id }) => !elsewhere.has(id));
      const reported = new Set(tested.map(({ id }) => id));
      return {
        material: {
          truth: new Map([...tested, ...dev].map(({ id, label }) => [id, label])),
          split: (unit) => (reported.has(unit) ? 'test' : 'dev'),
          sources,
          measure: (truth, labels) => (labels.slice(0, RANKS[metric]).includes(truth) ? 1 : 0),
          notes: [`${pool.length} labelled requests; ${duplicates} more were left out, as they say nearly the same.`],
        },
        contestant: (side) => contestantOf(data, side),
      };
    },
    [],
  );
}

function contestantOf(
  data: Examples,
  { name, pipelines, bonus }: SuggestionSide,
): Contestant<string, readonly string[]> {
  const configs = pipelines.flatMap((pipeline): Config[] =>
    bonus === undefined ? [{ pipeline }] : BONUSES.map((weight) => ({ pipeline, weight })),
  );
  return {
    name,
    configs,
    ...(configs.length === 1 ? { untunable: true } : {}),
    fit: async ({ pipeline, weight = 0 }) => ({
      answer: async (unit) => {
        const text = data.texts.get(unit)!;
        const { suggestions } = await data.votes(String(pipeline), text);
        const terms = bonus === 'slots' ? slotTerms(text) : analyzerFor('en').terms(text);
        const extra = (label: string): number =>
          bonus === undefined ? 0 : bonus === 'meaning' ? data.cosine(text, label) : data.share(terms, label);
        return suggestions
          .map(({ value, score }) => ({ label: String(value), score: score + Number(weight) * extra(String(value)) }))
          .sort((a, b) => b.score - a.score)
          .map(({ label }) => label);
      },
    }),
  };
}
