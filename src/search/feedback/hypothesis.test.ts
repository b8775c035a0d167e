import { beforeAll, describe, expect, it } from 'vitest';
import type { Query } from '../../content/index.ts';
import { fieldOf, type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { testEncoder } from '../../encode/index.ts';
import { dense } from '../dense.ts';
import { searchCorpus } from '../searching.ts';
import type { Ranking } from '../types.ts';
import {
  composeHypothesis,
  type HypothesisModel,
  hypothesisFeedback,
  KEYWORD_MATCH,
  queryUpdateShapes,
  readHypothesisModel,
  writeHypothesisModel,
} from './index.ts';
import { HYPOTHESIS_SIGNALS, sentenceCandidates } from './sentence-candidates.ts';

const DIM = 16;
const encoder = testEncoder({ dim: DIM });
const query: Query = { content: 'when does the ferry sail', language: 'en' };
let corpus: MemoryCorpus;
let first: Ranking;

beforeAll(async () => {
  corpus = await memoryCorpus(
    [
      {
        id: 'a',
        title: 'Notes from the old harbour',
        text: 'The lamp on the pier is green. The ferry does sail at nine in the morning. Yes, it does.',
        language: 'en',
      },
      { id: 'b', text: 'Gulls rest on the crane all day. Stones lie under the water of the bay.', language: 'en' },
    ],
    [
      { name: 'words', kind: 'terms' },
      { name: 'meaning', kind: 'vector', encoder },
    ],
  );
  first = await dense(corpus)(query, { k: 5 });
});

/** It learned nothing but to leave vectors as they are. */
function idle() {
  const shape = { form: 'attention', dim: DIM, width: 2 } as const;
  const zeros = [...queryUpdateShapes(shape)].map(
    ([name, extents]) => [name, new Float32Array(extents.reduce((a, b) => a * b, 1))] as const,
  );
  return { ...shape, passages: 1, parameters: new Map(zeros) };
}

describe('a hypothetical document', () => {
  it('has titles and sentences of the first passages as candidates, without those that say too little', async () => {
    const field = fieldOf(corpus, 'meaning', ['vector']);
    const { texts, vectors, signals } = (await sentenceCandidates(query, first.hits, corpus, field))!;
    expect([...texts].sort()).toEqual([
      'Gulls rest on the crane all day.',
      'Notes from the old harbour',
      'Stones lie under the water of the bay.',
      'The ferry does sail at nine in the morning.',
      'The lamp on the pier is green.',
    ]);
    expect(vectors.count).toBe(5);
    const signal = (name: (typeof HYPOTHESIS_SIGNALS)[number], i: number) =>
      signals[i * HYPOTHESIS_SIGNALS.length + HYPOTHESIS_SIGNALS.indexOf(name)]!;
    const greatest = (name: (typeof HYPOTHESIS_SIGNALS)[number]) =>
      texts.reduce((best, _, i) => (signal(name, i) > signal(name, best) ? i : best), 0);
    expect(texts[greatest('words')]).toMatch(/sail at nine/);
    expect(texts[greatest('title')]).toBe('Notes from the old harbour');
    for (const name of HYPOTHESIS_SIGNALS) {
      const sum = texts.reduce((total, _, i) => total + signal(name, i), 0);
      expect(sum, name).toBeCloseTo(0, 9);
    }
  });

  it('is composed by weights, and searched for by its mixture with the query', async () => {
    const model: HypothesisModel = { ...KEYWORD_MATCH, sentences: 1, original: 0 };
    const made = (await composeHypothesis(model, query, first, corpus))!;
    expect(made.sentences).toEqual(['The ferry does sail at nine in the morning.']);
    const own = (await encoder.encode(['The ferry does sail at nine in the morning.'])).row(0);
    for (const [c, value] of made.vector.entries()) expect(value).toBeCloseTo(own[c]!, 5);
    const turned = await composeHypothesis({ ...model, weights: { words: -1 } }, query, first, corpus);
    expect(turned!.sentences).not.toEqual(made.sentences);
    const asked = await composeHypothesis({ ...model, original: 1, update: idle() }, query, first, corpus);
    const before = (await encoder.encode([query.content], { role: 'query' })).row(0);
    for (const [c, value] of asked!.vector.entries()) expect(value).toBeCloseTo(before[c]!, 5);

    const extensions = { feedbacks: [hypothesisFeedback({ ...model, original: 0.5 })] };
    const pipeline = 'meaning > feedback(hypothesis)';
    const { hits, trace } = await searchCorpus(corpus, query.content, { pipeline }, { extensions });
    expect(hits[0]!.id).toBe('a');
    expect(JSON.stringify(trace)).toMatch(/feedback hypothesis.*cosine 0\.\d+ with the vector before/);
  });

  it('refuses impossible numbers and another encoder, and passes a query that found nothing', async () => {
    expect(() => hypothesisFeedback({ weights: { words: Number.NaN } })).toThrow(/Give finite weights of meaning/);
    expect(() => hypothesisFeedback({ weights: { tone: 1 } as never })).toThrow(/cannot be chosen by "tone"/);
    expect(() => hypothesisFeedback({ ...KEYWORD_MATCH, sentences: 0 })).toThrow(/whole number/);
    expect(() => hypothesisFeedback({ ...KEYWORD_MATCH, original: 2 })).toThrow(/from 0 to 1/);
    const other = hypothesisFeedback({ ...KEYWORD_MATCH, encoder: 'other' });
    await expect(other.refine(query, first, corpus, {})).rejects.toThrow(/learned with vectors of other/);
    const feedback = hypothesisFeedback(KEYWORD_MATCH);
    expect(await feedback.refine(query, { ...first, hits: [] }, corpus, {})).toBe(query);
  });

  it('is kept as a file', () => {
    const model = { ...KEYWORD_MATCH, sentences: 2, encoder: encoder.id, update: idle() };
    const bytes = writeHypothesisModel(model);
    expect(readHypothesisModel(bytes, 'a file')).toEqual(model);
    expect(readHypothesisModel(writeHypothesisModel(KEYWORD_MATCH), 'a file')).toEqual(KEYWORD_MATCH);
    bytes[bytes.length - 1]! ^= 1;
    expect(() => readHypothesisModel(bytes, 'a file')).toThrow(/checksum/);
    expect(() => readHypothesisModel(writeHypothesisModel({ weights: {}, original: 3 }), 'a file')).toThrow(/0 to 1/);
  });
});
