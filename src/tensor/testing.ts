import type { Random } from '../base/random.ts';
import { gradients } from './gradients.ts';
import { Graph, type Tensor } from './graph.ts';
import { toOnnx } from './onnx.ts';
import type { Runtime, Value } from './session.ts';

/** Standard normal numbers, or whole numbers below a bound. */
export function randomValue(random: Random, shape: readonly number[], below?: number): Value {
  const size = shape.reduce((a, b) => a * b, 1);
  const data =
    below === undefined
      ? Float32Array.from({ length: size }, () => random.normal())
      : Int32Array.from({ length: size }, () => random.below(below));
  return { data, shape };
}

/** What {@link compareGradients} found for one element. */
export interface GradientPair {
  /** By the rules of the operators. */
  readonly analytic: number;
  /** `(f(x + h) - f(x - h)) / 2h`. */
  readonly numeric: number;
}

/**
 * The gradient of a scalar with respect to every element of every float input, by the rules and by central differences.
 * In float32 a step of 0.01 leaves errors of some 1e-4 of the value. For tests of objectives and operators of one's own.
 */
export async function compareGradients(
  runtime: Runtime,
  inputs: readonly Value[],
  build: (...tensors: Tensor[]) => Tensor,
  step = 0.01,
): Promise<GradientPair[]> {
  const graph = new Graph();
  const tensors = inputs.map(({ data, shape }, i) =>
    graph.input(`in${i}`, data instanceof Float32Array ? 'float32' : 'int32', shape),
  );
  const loss = build(...tensors);
  graph.output('loss', loss);
  const floats = tensors.flatMap((tensor, i) => (tensor.type === 'float32' ? [i] : []));
  gradients(
    loss,
    floats.map((i) => tensors[i]!),
  ).forEach((gradient, i) => {
    graph.output(`gradient${floats[i]}`, gradient);
  });
  const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
  const feeds = Object.fromEntries(inputs.map((input, i) => [`in${i}`, input]));
  const first = await session.run(feeds);
  const pairs: GradientPair[] = [];
  for (const i of floats) {
    const { data } = inputs[i]!;
    for (let at = 0; at < data.length; at++) {
      const value = data[at] as number;
      const losses: number[] = [];
      for (const sign of [1, -1]) {
        data[at] = value + sign * step;
        losses.push(Number((await session.run(feeds))['loss']!.data[0]));
      }
      data[at] = value;
      const analytic = Number(first[`gradient${i}`]!.data[at]);
      pairs.push({ analytic, numeric: (losses[0]! - losses[1]!) / (2 * step) });
    }
  }
  await session.dispose();
  return pairs;
}
