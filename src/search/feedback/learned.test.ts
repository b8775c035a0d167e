import { beforeAll, describe, expect, it } from 'vitest';
import type { Query } from '../../content/index.ts';
import { type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { testEncoder } from '../../encode/index.ts';
import { dense } from '../dense.ts';
import { compilePipeline } from '../pipeline/compile.ts';
import { encode } from '../represent.ts';
import { searchCorpus } from '../searching.ts';
import { learnedFeedback, type QueryUpdate, queryUpdateShapes, updatedQuery } from './index.ts';

const DIM = 8;
const encoder = testEncoder({ dim: DIM });
const query: Query = { content: 'ferry', language: 'en' };
let corpus: MemoryCorpus;

beforeAll(async () => {
  const texts = ['ferry pier', 'pier gull', 'gull stone', 'stone lamp', 'lamp ferry'];
  corpus = await memoryCorpus(
    texts.map((text, i) => ({ id: String(i), text, language: 'en' })),
    [
      { name: 'words', kind: 'terms' },
      { name: 'meaning', kind: 'vector', encoder },
    ],
  );
});

/** It learned nothing but to go halfway to the mean. */
function update(besides: Partial<QueryUpdate> = {}): QueryUpdate {
  const shape = { form: 'attention', dim: DIM, width: 2 } as const;
  const parameters = new Map(
    [...queryUpdateShapes(shape)].map(([name, extents]) => [
      name,
      new Float32Array(extents.reduce((a, b) => a * b, 1)).fill(name === 'share' ? 1 : 0),
    ]),
  );
  return { ...shape, passages: 2, parameters, ...besides };
}

describe('feedback that was trained', () => {
  it('is asked by its name in pipelines, with the vectors of the first passages', async () => {
    const first = await dense(corpus)(query, { k: 2 });
    const field = corpus.fields.find(({ name }) => name === 'meaning')!;
    const asked = (await encode(field as never, query)).query as Float32Array;
    const ordinals = first.hits.map(({ passage }) => passage);
    const got = await corpus.get('meaning', Uint32Array.from(ordinals).sort());
    const wanted = updatedQuery(update(), asked, got as Float32Array[]);
    const refined = await learnedFeedback(update()).refine(query, first, corpus, {});
    expect(query.encoded).toBeUndefined();
    for (const [c, value] of (refined.encoded!.get('meaning') as Float32Array).entries())
      expect(value).toBeCloseTo(wanted[c]!, 6);

    const extensions = { feedbacks: [learnedFeedback(update(), { id: 'mine' })] };
    const pipeline = 'meaning > feedback(mine, depth=2)';
    const { retriever } = await compilePipeline(pipeline, { corpus, extensions });
    expect((await retriever(query, { k: 5 })).hits).toEqual((await dense(corpus)(refined, { k: 5 })).hits);
    const { trace } = await searchCorpus(corpus, 'ferry', { pipeline }, { extensions });
    expect(JSON.stringify(trace)).toMatch(/feedback mine.*cosine 0\.\d+ with the vector before/);
  });

  it('passes a query that found nothing, and refuses vectors of another encoder', async () => {
    const nothing = { hits: [], trace: { stage: 'none', tookMs: 0, examined: 0, returned: 0 } };
    expect(await learnedFeedback(update()).refine(query, nothing, corpus, {})).toBe(query);
    const first = await dense(corpus)(query, { k: 2 });
    const other = learnedFeedback(update({ encoder: 'minilm' }));
    await expect(other.refine(query, first, corpus, {})).rejects.toThrow(/trained on vectors of minilm/);
    await expect(learnedFeedback(update(), { field: 'words' }).refine(query, first, corpus, {})).rejects.toThrow();
    expect(() => learnedFeedback(update(), { passages: 0 })).toThrow(/whole number/);
  });
});
