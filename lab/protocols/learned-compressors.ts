import { learned } from '../../src/answer/index.ts';
import { nativeRuntime } from '../../src/encode/runtime.ts';
import { holdsAnswer } from '../../src/eval/index.ts';
import { type JudgedSentences, learnSentences } from '../../src/train/index.ts';
import type { Config, Lab } from '../grading/index.ts';
import { type Compressible, compress, compressible, judged, oracle, type Truth } from './compression.ts';

/** What a compressor learns: weights of signals, or a correction of vectors. */
export type LearnedBy = 'signals' | 'vectors';

/** What was learned from the training units. */
export async function sentenceModel(
  data: Compressible,
  truth: ReadonlyMap<string, Truth>,
  by: LearnedBy,
  { learningRate, epochs }: Config,
  seed: number,
) {
  const questions: JudgedSentences[] = [];
  for (const [unit, right] of truth) questions.push(await judged(data.units.get(unit)!, right));
  return learnSentences(questions, {
    runtime: await nativeRuntime(),
    encoder: questions[0]!.scored.encoder,
    by,
    learningRate: Number(learningRate),
    epochs: Number(epochs),
    seed,
  });
}

/** Of HotpotQA's questions: how many answers are kept, of those that five passages hold. */
export async function keptOfHops(lab: Lab, by: 'oracle' | 'signals', seed: number): Promise<readonly number[]> {
  const data = await compressible(lab);
  const units = [...data.units].filter(([unit, { from }]) => from === 'hotpotqa_100' && !unit.endsWith('-'));
  const kept: number[] = [];
  for (const half of [0, 1]) {
    const tested = new Set(units.flatMap(([unit], i) => (i % 2 === half ? [unit] : [])));
    const training = [...data.truth].filter(
      ([unit]) =>
        (data.splits.get(unit) === 'train' || data.units.get(unit)!.from === 'hotpotqa_100') &&
        !tested.has(unit.replace(/-$/, '')),
    );
    const config = { learningRate: 1e-2, epochs: 20 };
    const compressor =
      by === 'oracle'
        ? undefined
        : learned(await sentenceModel(data, new Map(training), 'signals', config, seed), { least: 0 });
    for (const unit of tested) {
      const right = data.truth.get(unit)!;
      const { text } = await compress(data.units.get(unit)!, compressor ?? oracle(right));
      kept.push(holdsAnswer(text, right.answers) ? 1 : 0);
    }
  }
  return kept;
}
