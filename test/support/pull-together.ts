import { nativeRuntime, type Trainable } from '../../src/encode/index.ts';
import {
  drawn,
  fit,
  mean,
  multiply,
  negate,
  ones,
  partOf,
  prefixed,
  sgd,
  sum,
  withParts,
} from '../../src/tensor/index.ts';

/** A few steps that pull queries and documents together. */
export interface Pull {
  readonly queries: readonly string[];
  readonly documents: readonly string[];
  readonly steps: number;
  readonly learningRate: number;
  /** Whether the objective has a parameter of its own. */
  readonly withTemperature?: boolean;
}

/** @returns losses, and names of parameters that changed. */
export async function pullTogether(encoder: Trainable, pull: Pull): Promise<{ losses: number[]; changed: string[] }> {
  const before = encoder.parameters.clone();
  const losses: number[] = [];
  await fit(
    withParts(encoder, ['q:', 'd:']),
    drawn(pull.steps, () => ({
      ...prefixed('q:', encoder.batch(pull.queries, 'query')),
      ...prefixed('d:', encoder.batch(pull.documents)),
    })),
    (forward, batch, scope) => {
      const similarity = mean(sum(multiply(forward(partOf('q:', batch)), forward(partOf('d:', batch))), 1));
      const factor = () => scope.at('objective').parameter('temperature', [], ones);
      return negate(pull.withTemperature === true ? multiply(similarity, factor()) : similarity);
    },
    {
      runtime: await nativeRuntime(),
      threads: 1,
      optimizer: sgd(),
      learningRate: pull.learningRate,
      schedule: 'constant',
      clip: Number.POSITIVE_INFINITY,
      // The mean of the steps so far is what is reported.
      onProgress: ({ step, loss }) => void losses.push(step * loss - losses.reduce((a, b) => a + b, 0)),
    },
  );
  const changed = before.names.filter((name) => {
    const [a, b] = [before.get(name).data, encoder.parameters.get(name).data];
    return a.some((value, i) => value !== b[i]);
  });
  return { losses, changed };
}
