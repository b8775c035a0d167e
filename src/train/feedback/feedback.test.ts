import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { exactTop, unitRows } from '../../math/index.ts';
import { type QueryUpdateForm, readQueryUpdate, updatedQuery, writeQueryUpdate } from '../../search/feedback/index.ts';
import { type OnnxRuntimeModule, onnxRuntime, Parameters, run, toValue } from '../../tensor/index.ts';
import { feedbackSets, queryUpdateGraph, trainFeedback, trainHops } from './index.ts';
import { passageArrays, queryUpdateOf } from './network.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const how = { runtime, threads: 1 } as const;

function normals(count: number, dim: number, random: Random): Vectors {
  return unitRows(
    new Vectors(
      Float32Array.from({ length: count * dim }, () => random.normal()),
      dim,
    ),
  );
}

function sum(...parts: readonly (readonly [weight: number, vector: Float32Array])[]): Float32Array {
  return parts[0]![1].map((_, c) => parts.reduce((total, [weight, vector]) => total + weight * vector[c]!, 0));
}

describe('sets of feedback', () => {
  it('have different sizes, the largest first, and smaller ones are their beginnings', () => {
    const random = new Random(1);
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const sets = feedbackSets([5, 6, 7, 8, 9], { passages: 3, sets: 3 }, random);
      for (const [j, set] of sets.entries()) {
        seen.add(set.length);
        expect(new Set(set).size).toBe(set.length);
        expect(set.every((row) => row <= 7)).toBe(true);
        if (j > 0) expect(set).toEqual(sets[j - 1]!.slice(0, set.length));
        if (j > 0) expect(set.length).toBeLessThan(sets[j - 1]!.length);
      }
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
    expect(() => feedbackSets([1], { passages: 3, sets: 5 }, random)).toThrow(/at most one more than passages/);
  });
});

describe('a query update', () => {
  it.each(['attention', 'gate'] as QueryUpdateForm[])('serves what its graph computes (%s)', async (form) => {
    const random = new Random(3);
    const shape = { form, dim: 6, width: 4 };
    const [queries, documents] = [normals(4, 6, random), normals(8, 6, random)];
    const lists = form === 'gate' ? [[0], [1, 2], [3, 4, 5], [6]] : [[], [1, 2], [3, 4, 5], [6]];
    const parameters = new Parameters(7);
    const arrays = { queries: toValue(queries), ...passageArrays(documents, lists, 3) };
    const compute = () =>
      run((scope, x) => queryUpdateGraph(scope, shape, x['queries']!, x['passages']!, x['present']!), arrays, {
        ...how,
        parameters,
      });
    await compute();
    // Not as it starts, where most of it is nothing.
    for (const name of parameters.names) {
      const { data, shape: extents } = parameters.get(name);
      parameters.set(
        name,
        data.map((value) => value + 0.5 * random.normal()),
        extents,
      );
    }
    const { output } = await compute();
    const update = queryUpdateOf(shape, parameters, { passages: 3 });
    for (const [i, list] of lists.entries()) {
      const found = list.map((row) => documents.row(row));
      // Of any length: it keeps that of the query.
      const asked = queries.row(i).map((value) => 2 * value);
      const made = updatedQuery(update, asked, found);
      for (let c = 0; c < 6; c++) expect(made[c]! / 2).toBeCloseTo(Number(output!.data[i * 6 + c]), 4);
    }
    expect(() => updatedQuery(update, new Float32Array(5), [])).toThrow(/has 5 components, and .* trained on 6/);

    const saved = readQueryUpdate(writeQueryUpdate(update), 'a file');
    const [query, passages] = [queries.row(1), [documents.row(1), documents.row(2)]];
    expect(updatedQuery(saved, query, passages)).toEqual(updatedQuery(update, query, passages));
    const damaged = writeQueryUpdate(update);
    damaged[damaged.length - 2]! ^= 1;
    expect(() => readQueryUpdate(damaged, 'a file')).toThrow(/its checksum does not match/);
  });
});

/** Topics of eight documents, which queries point at vaguely, all of them off to one side. */
function topics(count: number, seed: number) {
  const random = new Random(seed);
  const dim = 16;
  const [centres, side] = [normals(30, dim, new Random(1)), normals(1, dim, new Random(2)).row(0)];
  const around = (vector: Float32Array, by: number) => sum([1, vector], [by, normals(1, dim, random).row(0)]);
  const documents = unitRows(Vectors.fromRows(Array.from({ length: 240 }, (_, i) => around(centres.row(i >> 3), 0.7))));
  const topic = Array.from({ length: count }, () => random.below(30));
  const asked = topic.map((t) => sum([1, around(centres.row(t), 1)], [0.8, side]));
  return {
    documents,
    queries: unitRows(Vectors.fromRows(asked)),
    positives: topic.map((t) => Array.from({ length: 8 }, (_, i) => 8 * t + i)),
  };
}

function recall(documents: Vectors, queries: Vectors, positives: readonly (readonly number[])[]): number {
  const found = exactTop(documents, queries, 8);
  const shares = positives.map((rows, i) => rows.filter((row) => found[i]!.includes(row)).length / rows.length);
  return shares.reduce((total, share) => total + share, 0) / shares.length;
}

describe('trained feedback', () => {
  it('finds more with passages than without, and more than its untrained self', async () => {
    const { documents, queries, positives } = topics(400, 5);
    const settings = { ...how, width: 16, pool: 128, learningRate: 3e-3, seed: 1 };
    const update = await trainFeedback(documents, queries.slice(0, 300), positives.slice(0, 300), settings);
    const start = await trainFeedback(documents, queries.slice(0, 300), positives.slice(0, 300), {
      ...settings,
      steps: 1,
    });
    const [held, truth] = [queries.slice(300, 400), positives.slice(300)];
    const found = exactTop(documents, held, 5);
    const by = (network: typeof update, most: number) =>
      recall(
        documents,
        Vectors.fromRows(
          Array.from({ length: held.count }, (_, i) =>
            updatedQuery(
              network,
              held.row(i),
              Array.from(found[i]!.subarray(0, most), (row) => documents.row(row)),
            ),
          ),
        ),
        truth,
      );
    const [none, one, five] = [0, 1, 5].map((most) => by(update, most));
    expect(none!).toBeGreaterThan(recall(documents, held, truth) + 0.02);
    expect(five!).toBeGreaterThan(none! + 0.02);
    expect(five!).toBeGreaterThan(one! - 0.01);
    expect(five!).toBeGreaterThan(by(start, 5) + 0.02);
  }, 120_000);

  it('says what is wrong with what it is given', async () => {
    const { documents, queries, positives } = topics(40, 5);
    await expect(trainFeedback(documents, queries, positives.slice(1), how)).rejects.toThrow(/39 queries, and 40/);
    await expect(trainFeedback(documents, queries, [[240], ...positives.slice(1)], how)).rejects.toThrow(
      /positives of query 0 name a document that is not there/,
    );
    await expect(trainFeedback(documents, queries, positives, { ...how, queries: 64 })).rejects.toThrow(/too few/);
    await expect(trainFeedback(documents, queries, positives, { ...how, passages: 0 })).rejects.toThrow(/no 2 sets/);
    const settings = { ...how, passages: 0, versions: 1, width: 4, steps: 2 };
    expect((await trainFeedback(documents, queries, positives, settings)).passages).toBe(1);
  });
});

describe('trained hops', () => {
  it('lead to the passage that answers what a first one leaves open', async () => {
    const random = new Random(9);
    const dim = 32;
    const [entities, relations] = [normals(60, dim, random), normals(6, dim, random)];
    // An entity that a passage leads to stands in it otherwise than one that it is about.
    const object = (entity: number) => entities.row(entity).map((_, c, all) => all[(c + dim / 2) % dim]!);
    const facts = Array.from({ length: 240 }, (_, i) => ({
      of: i >> 2,
      relation: random.below(3) + 3 * (i & 1),
      to: random.below(60),
    }));
    const passages = unitRows(
      Vectors.fromRows(
        facts.map(({ of, relation, to }) => sum([1, entities.row(of)], [1, relations.row(relation)], [1, object(to)])),
      ),
    );
    const chains: number[][] = [];
    const asked: Float32Array[] = [];
    for (const [first, { of, relation, to }] of facts.entries()) {
      for (const second of [4 * to, 4 * to + 1, 4 * to + 2, 4 * to + 3]) {
        chains.push([first, second]);
        asked.push(
          sum([1, entities.row(of)], [1, relations.row(relation)], [1, relations.row(facts[second]!.relation)]),
        );
      }
    }
    const questions = unitRows(Vectors.fromRows(asked));
    const order = random.shuffle([...chains.keys()]);
    const [train, test] = [order.slice(0, 800), order.slice(800)];
    const update = await trainHops(
      passages,
      questions.pick(train),
      train.map((i) => chains[i]!),
      { ...how, width: 64, learningRate: 3e-3 },
    );
    const share = (next: (i: number) => Float32Array) => {
      const found = exactTop(passages, unitRows(Vectors.fromRows(test.map(next))), 3);
      return test.filter((i, at) => found[at]!.includes(chains[i]![1]!)).length / test.length;
    };
    const first = (i: number) => passages.row(chains[i]![0]!);
    const learned = share((i) => updatedQuery(update, questions.row(i), [first(i)]));
    for (const weight of [-1, 0, 1]) {
      expect(learned).toBeGreaterThan(share((i) => sum([1, questions.row(i)], [weight, first(i)])) + 0.2);
    }
  }, 120_000);
});
