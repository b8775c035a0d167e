import { describe, expect, it } from 'vitest';
import { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { testEncoder } from '../../encode/testing.ts';
import { EncodingBatcher } from './batcher.ts';

/** An encoder that takes its time and notes what it was given. */
function slow(): Encoder & { readonly runs: { readonly texts: readonly string[]; readonly role: string }[] } {
  const inner = testEncoder({ dim: 16 });
  const runs: { texts: readonly string[]; role: string }[] = [];
  return {
    id: inner.id,
    dim: inner.dim,
    runs,
    async encode(texts, options) {
      runs.push({ texts: [...texts], role: options?.role ?? 'document' });
      await new Promise((next) => setTimeout(next, 5));
      if (texts.includes('bad')) throw new Error('bad text');
      return inner.encode(texts, options);
    },
  };
}

describe('gathering texts of several requests', () => {
  it('gives each request its own vectors, in few runs', async () => {
    const encoder = slow();
    const batcher = new EncodingBatcher(encoder, { batch: 8 });
    const texts = Array.from({ length: 20 }, (_, i) => `query number ${i}`);
    const answers = await Promise.all(texts.map((text) => batcher.encode([text], 'query')));
    const expected = await testEncoder({ dim: 16 }).encode(texts);
    answers.forEach((vectors, i) => {
      expect([...vectors.row(0)]).toEqual([...expected.row(i)]);
    });
    expect(encoder.runs.map((run) => run.texts.length)).toEqual([8, 8, 4]);
    expect(batcher.counts).toEqual({ runs: 3, texts: 20 });
  });

  it('encodes a long list in parts, and lets queries go before the rest of it', async () => {
    const encoder = slow();
    const batcher = new EncodingBatcher(encoder, { batch: 4 });
    const documents = batcher.encode(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'], 'document');
    await new Promise((next) => setTimeout(next, 2));
    const query = batcher.encode(['q'], 'query');
    expect(await Promise.race([documents.then(() => 'documents'), query.then(() => 'query')])).toBe('query');
    const expected = await testEncoder({ dim: 16 }).encode(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
    expect([...(await documents).data]).toEqual([...expected.data]);
    expect(encoder.runs.map(({ role }) => role)).toEqual(['document', 'query', 'document', 'document']);
  });

  it('remembers queries, hands out copies, and forgets the oldest', async () => {
    const encoder = slow();
    const batcher = new EncodingBatcher(encoder, { remembered: 2 });
    const first = await batcher.encode(['x'], 'query');
    first.data.fill(9);
    const again = await batcher.encode(['x'], 'query');
    expect([...again.data]).toEqual([...(await testEncoder({ dim: 16 }).encode(['x'])).data]);
    expect(encoder.runs).toHaveLength(1);
    for (const text of ['y', 'z', 'x']) await batcher.encode([text], 'query');
    expect(encoder.runs).toHaveLength(4);
  });

  it('fails only those whose run failed, and goes on', async () => {
    const batcher = new EncodingBatcher(slow(), { batch: 2 });
    const wrong = batcher.encode(['good', 'fine', 'bad', 'never'], 'document');
    await expect(wrong).rejects.toThrow('bad text');
    expect((await batcher.encode(['good'], 'query')).count).toBe(1);
    expect(await batcher.encode([], 'query')).toEqual(Vectors.zeros(0, 16));
  });

  it('takes out what nobody waits for any more', async () => {
    const encoder = slow();
    const batcher = new EncodingBatcher(encoder, { batch: 2 });
    const controller = new AbortController();
    const given = batcher.encode(['a', 'b', 'c', 'd', 'e', 'f'], 'document', controller.signal);
    const wanted = batcher.encode(['x'], 'document');
    await new Promise((next) => setTimeout(next, 3));
    controller.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
    expect((await wanted).count).toBe(1);
    expect(encoder.runs.flatMap(({ texts }) => texts)).toEqual(['a', 'b', 'x']);
  });

  it('closes after the run under way, and gives up the rest', async () => {
    const encoder = slow();
    const batcher = new EncodingBatcher(encoder, { batch: 2 });
    const given = batcher.encode(['a', 'b', 'c'], 'document');
    const rejected = expect(given).rejects.toThrow(/closed/);
    await new Promise((next) => setTimeout(next, 3));
    expect(encoder.runs).toHaveLength(1);
    await batcher.close();
    await rejected;
    await expect(batcher.encode(['d'], 'query')).rejects.toThrow(/closed/);
    expect(encoder.runs).toHaveLength(1);
  });
});
