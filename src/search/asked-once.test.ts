import { describe, expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { askedOnce } from './asked-once.ts';
import { bm25 } from './bm25.ts';
import type { Retriever } from './types.ts';

const words = ['gull', 'gull reed', 'gull reed ice', 'gull heron', 'reed'];
const documents = words.map((text, i) => ({ id: String(i), text, language: 'en' }));
const corpus = await memoryCorpus(documents, [{ name: 'words', kind: 'terms' }]);

/** A retriever that counts how often it is asked. */
function counting(retriever: Retriever) {
  const asked: number[] = [];
  const counted: Retriever = async (query, params) => {
    asked.push(params.k);
    return retriever(query, params);
  };
  return { asked, counted: Object.assign(counted, retriever) };
}

describe('a retriever that is asked once', () => {
  it('gives the head of what another asked for, also while that is under way', async () => {
    const { asked, counted } = counting(bm25(corpus));
    const once = askedOnce(counted);
    const query = { content: 'gull reed', language: 'en' };
    const [long, short] = await Promise.all([once(query, { k: 4 }), once(query, { k: 2 })]);
    expect(asked).toEqual([4]);
    expect(short.hits).toEqual(long.hits.slice(0, 2));
    expect(short.trace).toMatchObject({ stage: 'bm25', returned: 2, tookMs: 0 });
    await once(query, { k: 5 });
    expect(asked).toEqual([4, 5]);
  });

  it('asks again for another query, other passages, a limit that was not said, and after a failure', async () => {
    const { asked, counted } = counting(bm25(corpus));
    const once = askedOnce(counted);
    const query = { content: 'gull', language: 'en' };
    await once(query, { k: 3 });
    await once({ ...query }, { k: 3 });
    await once(query, { k: 3, limit: true });
    expect(asked).toHaveLength(3);
    expect((await once(query, { k: 3 })).limit).toBeGreaterThan(0);
    expect(asked).toHaveLength(3);
    let failing = true;
    const moody = askedOnce(async (...args) => {
      if (failing) throw new Error('not now');
      return bm25(corpus)(...args);
    });
    await expect(moody(query, { k: 3 })).rejects.toThrow('not now');
    failing = false;
    expect((await moody(query, { k: 1 })).hits).toHaveLength(1);
  });

  it('keeps what else the retriever says', async () => {
    const once = askedOnce(bm25(corpus));
    const query = { content: 'gull', language: 'en' };
    const [{ passage, score } = { passage: 0, score: 0 }] = (await once(query, { k: 1 })).hits;
    expect((await once.score!(query, Uint32Array.of(passage)))[0]).toBeCloseTo(score, 6);
  });
});
