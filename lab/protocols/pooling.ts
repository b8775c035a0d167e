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
      const tokens = encoder.states(scope, batch);
      // Slices the grid, not the states: a slice of as many tokens as there happen to be has no gradient.
      if (pooling === 'first') return reshape(gather(tokens, slice(grid!, 1, 0, 1)), [texts, dim]);
      const states = gather(tokens, grid!);
      // 1 where there is a token, from a mask that is 0 there and -1e9 elsewhere.
      const present = add(reshape(scale(mask!, 1e-9), [texts, length]), 1);
      const own = scope.at('pool');
      if (pooling === 'latent') return latentAttentionPooling(own, states, present, { latents, hidden: 2 * dim });
      if (pooling === 'self') return selfAttentionPooling(own, states, present);
      return meanPooling(states, present);
    };
    return { ...model, forward: (scope, batch) => unitLength(forward(scope, batch)) };
  };
}
