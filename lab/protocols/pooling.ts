import {
  add,
  type FitModel,
  gather,
  latentAttentionPooling,
  meanPooling,
  reshape,
  type Scope,
  scale,
  selfAttentionPooling,
  slice,
  type Tensors,
  unitLength,
} from '../../src/tensor/index.ts';
import type { LastLayer, Start } from './learning.ts';

/** How states of tokens become one vector; `first`: that of the token at the head stands for all. */
export type TokenPooling = 'mean' | 'first' | 'self' | 'latent';

/** MiniLM, of which the last layer and a pooling of its states are trained. @param latents of the dictionary of latent attention. */
export function pooledBy({ encoder, start }: LastLayer, pooling: TokenPooling, latents = 32): Start {
  return async (seed): Promise<FitModel> => {
    const model = await start(seed);
    const { dim } = encoder;
    const forward = (scope: Scope, batch: Tensors) => {
      const { grid, mask } = batch;
      const [texts, length] = grid!.shape as [number, number];
      const states = gather(encoder.states(scope, batch), grid!);
      // 1 where there is a token, from a mask that is 0 there and -1e9 elsewhere.
      const present = add(reshape(scale(mask!, 1e-9), [texts, length]), 1);
      const own = scope.at('pool');
      if (pooling === 'latent') return latentAttentionPooling(own, states, present, { latents, hidden: 2 * dim });
      if (pooling === 'self') return selfAttentionPooling(own, states, present);
      return pooling === 'first' ? reshape(slice(states, 1, 0, 1), [texts, dim]) : meanPooling(states, present);
    };
    return { ...model, forward: (scope, batch) => unitLength(forward(scope, batch)) };
  };
}
