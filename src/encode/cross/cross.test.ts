import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyBert } from '../../../test/support/tiny-bert.ts';
import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import {
  constantOf,
  drawn,
  fit as fitted,
  logSoftmax,
  mean,
  multiply,
  negate,
  type Runtime,
  reshape,
  run,
  sum,
} from '../../tensor/index.ts';
import { partsOf } from '../bert/folder.ts';
import { writeSafetensors } from '../bert/safetensors.ts';
import { toTensors } from '../bert/weights.ts';
import { nativeRuntime } from '../runtime.ts';
import { crossFolder } from './folder.ts';
import { openCross } from './open.ts';
import { type Pair, type TrainableCross, trainableCross } from './trainable.ts';
import { readCross, writeCross } from './weights.ts';

const QUERIES = ['key', 'rain'];
const PASSAGES = ['signing keys are replaced every ninety days', 'the forecast says it will be wet', 'key', ''];
const PAIRS: Pair[] = QUERIES.flatMap((query) => PASSAGES.map((passage): Pair => [query, passage]));
const OWN = constantOf(Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0), [2, 4]);
const FLOAT = { precision: 'float32', threads: 1 } as const;

let folder: string;
let base: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cross-'));
  await tinyBert(join(folder, 'tiny'), [...QUERIES, ...PASSAGES]);
  base = `bert:${join(folder, 'tiny')}`;
});
afterAll(() => rm(folder, { recursive: true }));

async function trainedScores({ forward, batch, parameters }: TrainableCross): Promise<number[]> {
  const runtime = await nativeRuntime();
  const { output } = await run(forward, batch(PAIRS), { parameters, runtime, threads: 1 });
  return [...(output!.data as Float32Array)];
}

async function servedScores(opening: ReturnType<typeof openCross>): Promise<number[]> {
  const cross = await opening;
  try {
    const scores: number[] = [];
    for (const query of QUERIES) scores.push(...(await cross.score(query, PASSAGES)));
    return scores;
  } finally {
    await cross.dispose();
  }
}

const difference = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

describe('a cross-encoder', () => {
  it('learns which passage belongs to a query, and is served and written as it then is', async () => {
    const cross = await trainableCross(base, { lora: { rank: 4, alpha: 8 }, seed: 1 });
    const untrained = await trainedScores(cross);
    const { loss } = await fitted(
      cross,
      drawn(30, () => cross.batch(PAIRS)),
      // The first passage is the first query's, the second the second's.
      (forward, batch) => {
        const lists = logSoftmax(reshape(forward(batch), [QUERIES.length, PASSAGES.length]));
        return negate(mean(sum(multiply(lists, OWN), 1)));
      },
      { runtime: await nativeRuntime(), threads: 1, learningRate: 1e-2 },
    );
    expect(loss).toBeLessThan(1);
    const scores = await trainedScores(cross);
    expect(difference(scores, untrained)).toBeGreaterThan(0.1);
    expect(difference(await servedScores(Promise.resolve(cross.serve('own', FLOAT))), scores)).toBeLessThan(1e-4);

    const written = writeCross(cross.learned({ by: 'a test' }));
    const read = readCross(written, 'own.bin');
    expect(read.made).toEqual({ by: 'a test' });
    expect(difference(await servedScores(openCross('own', read, FLOAT)), scores)).toBeLessThan(0.02);
    const again = await trainableCross(base, { start: read });
    expect(difference(await trainedScores(again), scores)).toBeLessThan(0.02);
    const bytes = await servedScores(openCross('own', read));
    expect(difference(bytes, scores)).toBeLessThan(0.3);
  });

  it('says nothing of what the signal came before, and refuses what it cannot read', async () => {
    const cross = await trainableCross(base);
    const controller = new AbortController();
    const native = await nativeRuntime();
    let runs = 0;
    // Two lengths of passages are two runs for each window of candidates: the signal comes in the second window.
    const runtime: Runtime = {
      ...native,
      createSession: async (model, how) => {
        const session = await native.createSession(model, how);
        return {
          ...session,
          dispose: () => session.dispose(),
          run: (...given) => {
            if (++runs === 3) controller.abort(new Error('late'));
            return session.run(...given);
          },
        };
      },
    };
    const served = cross.serve('own', { precision: 'float32', runtime });
    const passages = Array.from({ length: 100 }, (_, i) => PASSAGES[i % 2]!);
    const scores = await served.score('key', passages, { signal: controller.signal });
    expect(scores).toHaveLength(100);
    expect([...scores.subarray(0, 32)].some(Number.isNaN)).toBe(false);
    expect([...scores.subarray(64)].every(Number.isNaN)).toBe(true);
    await expect(served.score('key', passages, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    );
    await served.dispose();
    await expect(served.score('key', passages)).rejects.toThrow(/disposed of/);

    await expect(trainableCross('hash:16')).rejects.toThrow(IncompatibleError);
    await expect(trainableCross(base, { maxLength: 65 })).rejects.toThrow(InvalidArgumentError);
    await expect(trainableCross(base, { maxQuery: 0 })).rejects.toThrow(/query of 0 tokens/);
    const bytes = writeCross(cross.learned());
    for (const broken of [
      bytes.subarray(0, 12),
      bytes.subarray(0, -2),
      bytes.map((byte, i) => (i === 99 ? byte ^ 1 : byte)),
    ]) {
      expect(() => readCross(broken, 'own.bin')).toThrow(CorruptFileError);
    }
  });

  it('reads as much of a pair as fits, the query first', async () => {
    const cross = await trainableCross(base, { maxLength: 16, maxQuery: 6 });
    const long = 'key '.repeat(40);
    const { tokens, types } = cross.batch([[long, long]]);
    expect(tokens!.shape).toEqual([16]);
    // [CLS], six of the query, [SEP]; then the passage and its [SEP].
    expect([...(types!.data as Int32Array)]).toEqual([...new Array(8).fill(0), ...new Array(8).fill(1)]);
  });

  it('is opened from a folder in the layout of Hugging Face, and refused without a head for one score', async () => {
    const description = await tinyBert(join(folder, 'classifier'), [...QUERIES, ...PASSAGES]);
    const { parameters } = await partsOf(description);
    const { width } = description.shape;
    const random = (rows: number, columns: number) => ({
      data: Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(3 * i + rows)),
      shape: [rows, columns],
    });
    const zeros = (count: number) => ({ data: new Float32Array(count), shape: [count] });
    const write = async (labels: number) =>
      writeFile(
        description.weights,
        writeSafetensors(
          new Map([
            ...toTensors(parameters, description),
            ['pooler.dense.weight', random(width, width)],
            ['pooler.dense.bias', zeros(width)],
            ['classifier.weight', random(labels, width)],
            ['classifier.bias', zeros(labels)],
          ]),
        ),
      );
    await write(1);
    const opened = await crossFolder(description.folder, FLOAT);
    expect(opened.id).toBe(`cross:${description.folder}`);
    const scores = await servedScores(Promise.resolve(opened));
    // What a head that starts from these weights computes.
    const cross = await trainableCross(`bert:${description.folder}`);
    expect(difference(scores, await trainedScores(cross))).toBeLessThan(1e-4);
    expect(new Set(scores.map((score) => score.toFixed(4))).size).toBeGreaterThan(4);

    await write(2);
    await expect(crossFolder(description.folder)).rejects.toThrow(/no head that gives one score.*with one label/);
    await expect(crossFolder(join(folder, 'none'))).rejects.toThrow(/no folder/);
  });
});
