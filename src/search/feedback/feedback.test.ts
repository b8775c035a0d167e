import { beforeAll, describe, expect, it } from 'vitest';
import type { Vectors } from '../../base/vectors.ts';
import type { Query, WeightedTerm } from '../../content/index.ts';
import { type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { testEncoder } from '../../encode/index.ts';
import { bm25 } from '../bm25.ts';
import { dense } from '../dense.ts';
import { compilePipeline } from '../pipeline/compile.ts';
import type { Ranking } from '../types.ts';
import { bo1, rm3, rocchio, tokenFeedback } from './index.ts';

const encoder = testEncoder({ dim: 32 });
let corpus: MemoryCorpus;
const query: Query = { content: 'ferry', language: 'en' };
let first: Ranking;

beforeAll(async () => {
  const filler = Array.from({ length: 40 }, (_, i) => ({
    id: `f${i}`,
    text: `common lamp${i} stone${i}`,
    language: 'en',
  }));
  corpus = await memoryCorpus(
    [
      { id: 'a', title: 'Ferry', text: 'ferry pier pier common', language: 'en' },
      { id: 'b', text: 'ferry pier gull common', language: 'en' },
      { id: 'c', text: 'pier gull gull common', language: 'en' },
      ...filler,
    ],
    [
      { name: 'words', kind: 'terms' },
      { name: 'titles', kind: 'terms', of: 'title' },
      { name: 'meaning', kind: 'vector', encoder },
      { name: 'tokens', kind: 'vectors', encoder },
    ],
    { settings: { detectLanguage: false } },
  );
  first = await bm25(corpus)(query, { k: 10 });
});

const nothing: Ranking = { hits: [], trace: { stage: 'none', tookMs: 0, examined: 0, returned: 0 } };
const termsIn = (refined: Query, field = 'words') =>
  new Map((refined.encoded!.get(field) as readonly WeightedTerm[]).map(({ term, weight }) => [term, weight]));

describe('feedback by words', () => {
  it('of the relevance model weighs terms as it is defined (RM3)', async () => {
    expect(first.hits).toHaveLength(2);
    const refined = await rm3({ passages: 2, terms: 3, original: 0.6 }).refine(query, first, corpus, {});
    expect(query.encoded).toBeUndefined();
    const [a, b] = first.hits.map(({ score }) => score / (first.hits[0]!.score + first.hits[1]!.score));
    // "common" is in every passage, and no word to add. "Ferry" of the title is one of the terms of a.
    const model = { ferri: (a! * 2) / 5 + b! / 4, pier: (a! * 2) / 5 + b! / 4, gull: b! / 4 };
    const sum = model.ferri + model.pier + model.gull;
    const weights = termsIn(refined);
    expect(weights.get('pier')).toBeCloseTo((0.4 * model.pier) / sum, 5);
    expect(weights.get('gull')).toBeCloseTo((0.4 * model.gull) / sum, 5);
    expect(weights.has('common')).toBe(false);
    expect([...weights.values()].reduce((total, weight) => total + weight, 0)).toBeCloseTo(total(query), 5);
    const { hits } = await bm25(corpus)(refined, { k: 10 });
    const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
    expect((await corpus.documents(owners)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('of Bose-Einstein statistics adds what several passages have, rare words first (Bo1)', async () => {
    const refined = await bo1({ passages: 2, original: 0.5 }).refine(query, first, corpus, {});
    const weights = termsIn(refined);
    // Only b has a gull.
    expect([...weights.keys()].filter((term) => !['ferri', 'ferry'].includes(term))).toEqual(['pier']);
    const value = (count: number, share: number) => count * Math.log2((1 + share) / share) + Math.log2(1 + share);
    const [pier, ferry] = [value(3, 3 / 43), value(3, 2 / 43)];
    expect(weights.get('pier')).toBeCloseTo((0.5 * total(query) * pier) / (pier + ferry), 5);
  });

  it('takes terms of the field that it is for, and none where that has none', async () => {
    const hits = await bm25(corpus, 'titles')(query, { k: 3 });
    const refined = await rm3({ field: 'titles' }).refine(query, hits, corpus, {});
    expect([...termsIn(refined, 'titles').keys()]).toContain('ferri');
    expect(refined.encoded!.has('words')).toBe(false);
    const untitled = { ...first, hits: first.hits.slice(1) };
    expect(await rm3({ field: 'titles' }).refine(query, untitled, corpus, {})).toBe(query);
  });

  it('takes passages alike where scores are no gains', async () => {
    const negative = { ...first, hits: first.hits.map((hit) => ({ ...hit, score: -hit.score })) };
    const even = { ...first, hits: first.hits.map((hit) => ({ ...hit, score: 1 })) };
    const [one, other] = await Promise.all([negative, even].map((ranking) => rm3().refine(query, ranking, corpus, {})));
    expect(one!.encoded).toEqual(other!.encoded);
  });
});

describe('feedback by vectors', () => {
  it('moves the query to the mean of the first, and keeps its length (Rocchio)', async () => {
    const ranking = await dense(corpus)(query, { k: 3 });
    const refined = await rocchio({ passages: 2, original: 0.75 }).refine(query, ranking, corpus, {});
    const asked = (await encoder.encode(['ferry'], { role: 'query' })).row(0);
    const passages = ranking.hits.slice(0, 2).map(({ passage }) => passage);
    const [x, y] = (await corpus.get('meaning', Uint32Array.from(passages).sort())) as Float32Array[];
    const moved = asked.map((value, i) => 0.75 * value + 0.25 * ((x![i]! + y![i]!) / 2));
    const by = Math.hypot(...asked) / Math.hypot(...moved);
    const now = refined.encoded!.get('meaning') as Float32Array;
    for (const [i, value] of now.entries()) expect(value).toBeCloseTo(moved[i]! * by, 5);
  });
});

describe('feedback by token vectors', () => {
  const added = async (options: Parameters<typeof tokenFeedback>[0]) => {
    const refined = await tokenFeedback({ passages: 2, ...options }).refine(query, first, corpus, {});
    return refined.encoded!.get('tokens') as Vectors;
  };
  const vectorOf = async (word: string) => (await encoder.encodeTokens([word])).item(0).row(0);
  const lengths = (vectors: Vectors) => Array.from({ length: vectors.count }, (_, i) => Math.hypot(...vectors.row(i)));

  it('adds the rarest of what the first passages have, by how rare it is (ColBERT-PRF)', async () => {
    const vectors = await added({ terms: 3, original: 0.6 });
    // The query's own word first, then what three, two and two of 43 passages have; what all have is not added.
    const weights = await Promise.all(
      ['gull', 'ferry', 'pier'].map(async (word) => {
        const own = await vectorOf(word);
        const at = Array.from({ length: vectors.count }, (_, i) => i).findLast(
          (i) =>
            vectors.row(i).reduce((sum, value, c) => sum + value * own[c]!, 0) > 0.99 * Math.hypot(...vectors.row(i)),
        );
        return lengths(vectors)[at!]!;
      }),
    );
    const rarity = [2, 2, 3].map((n) => Math.log(44 / (n + 1)));
    const sum = rarity.reduce((all, one) => all + one, 0);
    expect(vectors.count).toBe(4);
    for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo((0.4 * rarity[i]!) / sum, 2);
    expect(lengths(vectors).reduce((all, one) => all + one, 0)).toBeCloseTo(1, 2);
  });

  it('adds no more vectors than it is told, and leaves the query where that has all the weight', async () => {
    expect((await added({ terms: 1 })).count).toBe(2);
    expect((await added({ terms: 1, original: 0 })).count).toBe(1);
    expect(await tokenFeedback({ original: 1 }).refine(query, first, corpus, {})).toBe(query);
  });

  it('finds passages that share no word with the query', async () => {
    const { retriever } = await compilePipeline('tokens > prf(colbert, fb_docs=2, original=0.5)', { corpus });
    const { hits } = await retriever(query, { k: 3 });
    const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
    expect((await corpus.documents(owners)).map(({ id }) => id)).toContain('c');
  });
});

describe('feedback', () => {
  it.each([rm3(), bo1(), rocchio(), tokenFeedback()])(
    'over no hits passes the query as it is ($id)',
    async (feedback) => {
      expect(await feedback.refine(query, nothing, corpus, {})).toBe(query);
    },
  );

  it('refuses settings out of their range, and fields of another kind', async () => {
    expect(() => rm3({ passages: 0 })).toThrow('"passages" of the feedback is 0. Give a whole number, at least 1.');
    expect(() => bo1({ terms: 1.5 })).toThrow('"terms" of the feedback is 1.5');
    expect(() => rocchio({ original: 2 })).toThrow('"original" of the feedback is 2. Give a number from 0 to 1.');
    await expect(rm3({ field: 'meaning' }).refine(query, first, corpus, {})).rejects.toThrow(
      'Feedback by rm3 needs a field of terms, and "meaning" holds one vector for each passage. Name words or titles.',
    );
    await expect(rocchio({ field: 'words' }).refine(query, first, corpus, {})).rejects.toThrow('Name meaning.');
    await expect(tokenFeedback({ field: 'words' }).refine(query, first, corpus, {})).rejects.toThrow('Name tokens.');
  });
});

/** What the weights of the query's own terms sum to. */
function total(asked: Query): number {
  const field = corpus.fields[0]! as Extract<MemoryCorpus['fields'][number], { kind: 'terms' }>;
  return field.analysis.analyse(asked).terms.reduce((sum, { weight }) => sum + weight, 0);
}
