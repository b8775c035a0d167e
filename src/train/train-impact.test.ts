import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { VectorSets, Vectors } from '../base/vectors.ts';
import type { Encoder, TokenEncoder, WordedText } from '../encode/index.ts';
import { impactEncoder, readImpactHead, writeImpactHead } from '../encode/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import { add, compareGradients, constantOf } from '../tensor/index.ts';
import { analyzerFor } from '../text/index.ts';
import { byTerm, ImpactTexts } from './impact-texts.ts';
import { type ImpactExample, impactLoss, trainImpact } from './train-impact.ts';

/** A token is a word; its vector says in the second component whether it is written in capital letters, and noise in the others. */
const WIDTH = 8;
const capitals: Encoder & TokenEncoder = {
  id: 'capitals',
  dim: WIDTH,
  window: { tokens: 100, count: async (text) => text.match(/\p{L}+/gu)?.length ?? 0 },
  encode: async (inputs) => Vectors.zeros(inputs.length, WIDTH),
  async encodeTokens(inputs) {
    const words = inputs.map((text) => text.match(/\p{L}+/gu) ?? []);
    const offsets = new Uint32Array(inputs.length + 1);
    for (const [i, own] of words.entries()) offsets[i + 1] = offsets[i]! + own.length;
    const rows = words.flat().map((word, i) => {
      const noise = new Random(i);
      const row = Float32Array.from({ length: WIDTH }, () => 0.1 * noise.normal());
      row[1] = word === word.toUpperCase() ? 0.9 : 0;
      return row;
    });
    return new VectorSets(Vectors.fromRows(rows, WIDTH), offsets);
  },
};
const worded = (text: string): WordedText => ({ text, words: analyzerFor('en').tokens(text) });
const vocabulary = Array.from({ length: 24 }, (_, i) => `w${String.fromCharCode(97 + i)}q`);

/** A text is relevant to the one word in it that is written in capital letters; other texts mention that word too, and more often. */
function drawn(random: Random, count: number): { texts: WordedText[]; examples: ImpactExample[] } {
  const main = Array.from({ length: count }, (_, i) => vocabulary[i % vocabulary.length]!);
  const texts = main.map((word) => {
    const others = random.shuffle(vocabulary.filter((other) => other !== word)).slice(0, 6);
    return worded(random.shuffle([word.toUpperCase(), ...others, ...others]).join(' '));
  });
  const examples = main.map((word, i): ImpactExample => {
    const { term } = worded(word).words[0]!;
    return {
      query: [{ term, weight: 3 }],
      positives: [i],
      negatives: texts.flatMap(({ words }, j) =>
        main[j] !== word && words.some((own) => own.term === term) ? [j] : [],
      ),
    };
  });
  return { texts, examples };
}

const first = (
  texts: ImpactTexts,
  { query, positives, negatives }: ImpactExample,
  head: Parameters<ImpactTexts['score']>[2],
) => {
  const score = (number: number) => texts.score(number, byTerm(query), head);
  return negatives.every((number) => score(number) < score(positives[0]!));
};

describe('the loss of matched impacts', () => {
  it('has the gradient that finite differences have, regularisation included', async () => {
    const random = new Random(3);
    const [rows, terms, most, texts, queries] = [9, 6, 2, 4, 2];
    const numbers = (length: number, below: number) => Int32Array.from({ length }, () => random.below(below));
    const floats = (length: number) => Float32Array.from({ length }, () => random.next());
    const owner = [0, 0, 1, 2, 2, 3];
    const fixed = {
      shares: constantOf(floats(terms), [terms]),
      owners: constantOf(
        Float32Array.from({ length: terms * texts }, (_, i) => (owner[Math.floor(i / texts)] === i % texts ? 1 : 0)),
        [terms, texts],
      ),
      asked: constantOf(floats(queries * terms), [queries, terms]),
      exclude: constantOf(Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0), [queries, texts]),
    };
    // Greatest factors are far apart, so that a small step does not change which they are.
    const factors = Float32Array.from(random.shuffle(Array.from({ length: rows }, (_, i) => 0.2 + 0.3 * i)));
    const pairs = await compareGradients(
      await nativeRuntime(),
      [
        { data: factors, shape: [rows] },
        { data: numbers(terms * most, rows), shape: [terms, most] },
        { data: numbers(terms, 4), shape: [terms] },
      ],
      (x, places, own) => {
        const batch = { ...fixed, places: places!, numbers: own! };
        const { loss, regularisation } = impactLoss(x!, batch, { temperature: 0.5, terms: 4 });
        return add(loss, regularisation);
      },
    );
    expect(pairs).toHaveLength(rows);
    for (const { analytic, numeric } of pairs) expect(analytic).toBeCloseTo(numeric, 2);
    expect(pairs.some(({ analytic }) => Math.abs(analytic) > 0.05)).toBe(true);
  });
});

describe('a head that is trained', () => {
  it('learns how the word is marked that a text is about, and says so of other texts', async () => {
    const random = new Random(11);
    const { texts, examples } = drawn(random, 96);
    const train = await ImpactTexts.read(capitals, texts);
    const runtime = await nativeRuntime();
    const seen: number[] = [];
    const { head, report } = await trainImpact(train, examples, {
      runtime,
      epochs: 12,
      learningRate: 0.05,
      batchSize: 8,
      seed: 2,
      validation: {
        measure: (now) => {
          seen.push(now.weights[1]!);
          return examples.filter((example) => first(train, example, now)).length / examples.length;
        },
        patience: 12,
      },
    });
    expect(report.steps).toBe(12 * 12);
    expect(seen[0]).toBe(0);
    expect(head.weights[1]!).toBeGreaterThan(0.3);
    const other = drawn(random, 48);
    const test = await ImpactTexts.read(capitals, other.texts);
    const right = (by: Pick<typeof head, 'weights' | 'bias'>) =>
      other.examples.filter((example) => first(test, example, by)).length / other.examples.length;
    expect(right({ weights: new Float32Array(WIDTH), bias: 1 })).toBeLessThan(0.2);
    expect(right(head)).toBeGreaterThan(0.9);
    // What is served weighs as what was trained, up to the bytes that vectors were kept in.
    const served = impactEncoder('own', capitals, readImpactHead(writeImpactHead(head), 'head'));
    const [weights] = await served.weigh([texts[0]!]);
    const impacts = train.impacts(0, head);
    train.texts[0]!.terms.forEach((term, i) => {
      const own = texts[0]!.words.flatMap((word, at) => (word.term === term ? [weights![at]!] : []));
      expect(Math.max(...own)).toBeCloseTo(impacts[i]!, 1);
    });
  }, 60_000);

  it('makes impacts small where they are of no use', async () => {
    const { texts, examples } = drawn(new Random(4), 48);
    const train = await ImpactTexts.read(capitals, texts);
    const runtime = await nativeRuntime();
    const sums: number[] = [];
    for (const flops of [0, 1]) {
      const { head } = await trainImpact(train, examples, {
        runtime,
        epochs: 10,
        learningRate: 0.05,
        batchSize: 8,
        flops,
      });
      sums.push(texts.reduce((sum, _, i) => sum + train.impacts(i, head).reduce((a, b) => a + b, 0), 0));
    }
    expect(sums[1]).toBeLessThan(0.8 * sums[0]!);
    await expect(trainImpact(train, examples, { runtime, batchSize: 64 })).rejects.toThrow('too few for steps of 64');
  }, 60_000);
});
