import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { type MemoryCorpus, memoryCorpus } from '../../corpus/index.ts';
import { testEncoder } from '../../encode/index.ts';
import { bestSentences } from '../../search/feedback/hypothesis.ts';
import { type OnnxRuntimeModule, onnxRuntime } from '../../tensor/index.ts';
import { type HypothesisPairs, hypothesisPairs, learnHypotheses } from './index.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const how = { runtime, threads: 1 } as const;
const TOPICS = 12;

let corpus: MemoryCorpus;
let pairs: HypothesisPairs;
let examples: { readonly query: string; readonly relevant: string[] }[];

/** The last sentence of a document is about its topic, the first about anything; its title says nothing. */
beforeAll(async () => {
  const random = new Random(3);
  const word = (kind: string, count: number) => `${kind}${random.below(count)}`;
  const documents = Array.from({ length: TOPICS * 6 }, (_, i) => {
    const topic = Array.from({ length: 5 }, () => `topic${i % TOPICS}x${random.below(8)}`).join(' ');
    const noise = Array.from({ length: 6 }, () => word('noise', 300)).join(' ');
    return { id: String(i), text: `The ${noise} here. About ${topic} there.`, language: 'en' };
  });
  corpus = await memoryCorpus(documents, [
    { name: 'words', kind: 'terms' },
    { name: 'meaning', kind: 'vector', encoder: testEncoder({ dim: 64 }) },
  ]);
  examples = Array.from({ length: 3 * documents.length }, (_, i) => {
    const about = `topic${i % TOPICS}x`;
    const query = `about ${about}${random.below(8)} ${about}${random.below(8)} ${word('noise', 300)}`;
    return { query, relevant: [documents[i % documents.length]!.id] };
  });
  pairs = await hypothesisPairs(corpus, examples, { depth: 20, own: false });
});

describe('hypothetical documents', () => {
  it('are learned from sentences of other documents alone', async () => {
    expect(pairs.pairs.length).toBe(3 * TOPICS * 6);
    for (const [i, { candidates, positive, others }] of pairs.pairs.entries()) {
      const [own] = await corpus.passages([i % (TOPICS * 6)]);
      for (const text of candidates.texts) expect(own!.text).not.toContain(text);
      expect(others).not.toContain(positive);
      expect(others.length).toBe(20);
    }
    // Unless they may be, as when somebody asks.
    const seen = await hypothesisPairs(corpus, examples, { depth: 20 });
    const repeats = seen.pairs.filter(({ candidates }, i) =>
      candidates.texts.some((text) => !pairs.pairs[i]!.candidates.texts.includes(text)),
    );
    expect(repeats.length).toBeGreaterThan(0);
    expect(seen.pairs.map(({ others }) => others.length)).toEqual(pairs.pairs.map(({ others }) => others.length));
    const unknown = hypothesisPairs(corpus, [{ query: 'about', relevant: ['nowhere'] }]);
    await expect(unknown).rejects.toThrow(/None of 1 queries/);
  });

  it('choose the sentences that help to find a document, where any drawn ones teach nothing', async () => {
    const settings = { ...how, retriever: 'none', sentences: 1, start: { weights: {} } } as const;
    const best = await learnHypotheses(pairs, settings);
    const any = await learnHypotheses(pairs, { ...settings, select: 'any' });
    for (const name of ['meaning', 'words'] as const) {
      expect(best.weights[name]!).toBeGreaterThan(0.4);
      expect(Math.abs(any.weights[name]!)).toBeLessThan(0.3);
    }
    // Nothing has a title, so that nothing is learned about titles.
    expect(best.weights.title).toBe(0);
    const helpful = pairs.pairs.filter(({ candidates }) =>
      candidates.texts[bestSentences(candidates, best)[0]!]!.startsWith('About'),
    );
    expect(helpful.length).toBeGreaterThan(0.8 * pairs.pairs.length);
    expect(best.update).toBeUndefined();
    expect(await learnHypotheses(pairs, settings)).toEqual(best);
    const [once, again] = [best, await learnHypotheses(pairs, { ...settings, rounds: 3 })];
    expect(again.weights.meaning!).toBeGreaterThan(once.weights.meaning!);
  });

  it('get a correction of their mixtures with queries', async () => {
    const model = await learnHypotheses(pairs, { ...how, generator: false, steps: 5 });
    expect(model.weights).toEqual({ words: 1 });
    expect(model.update!.dim).toBe(64);
    expect(model).toMatchObject({ passages: 5, sentences: 3, original: 0.5, encoder: pairs.encoder });
    const plain = await learnHypotheses(pairs, { ...how, generator: false, retriever: 'queries', steps: 5 });
    expect(plain.update!.parameters.get('out')).not.toEqual(model.update!.parameters.get('out'));
  });

  it('need enough pairs, and something to choose from', async () => {
    const few = { ...pairs, pairs: pairs.pairs.slice(0, 31) };
    await expect(learnHypotheses(few, how)).rejects.toThrow(/31 pairs are too few/);
    await expect(learnHypotheses(pairs, { ...how, samples: 1 })).rejects.toThrow(/at least 2 samples/);
  });
});
