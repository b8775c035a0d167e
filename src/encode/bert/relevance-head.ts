import { transpose } from '../../math/index.ts';
import { linear, normal, reshape, type Scope, type Tensor, tanh } from '../../tensor/index.ts';
import type { BertDescription } from './description.ts';
import { openSafetensors } from './safetensors.ts';
import { prefixOf } from './weights.ts';

interface NamedArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Names of the head's layers in Hugging Face's classifiers of pairs. */
const PLACES = [
  ['dense', 'pooler.dense'],
  ['score', 'classifier'],
] as const;

/** What a cross-encoder's head is made of, in the names of parameters. */
export const HEAD = 'head';

/**
 * The relevance of pairs, `[pairs]`, from the state of the token that stands before each, `[pairs, width]`: a linear layer with tanh and one to a
 * single number, which is BERT's head for classifying pairs (Devlin et al. 2018, section 3; Nogueira and Cho 2019, arXiv 1901.04085). Parameters
 * `head/{dense,score}/{weight,bias}`.
 */
export function relevanceHead(scope: Scope, first: Tensor): Tensor {
  const [pairs, width] = first.shape as [string, number];
  const at = scope.at(HEAD);
  const inner = tanh(linear(at.at('dense'), first, width, { initializer: normal(0.02) }));
  return reshape(linear(at.at('score'), inner, 1, { initializer: normal(0.02) }), [pairs]);
}

/** A head to start with: BERT's own first layer where the weights have one; the rest is random. */
export function headOf({ weights, shape }: Pick<BertDescription, 'weights' | 'shape'>): Map<string, NamedArray> {
  const file = openSafetensors(weights);
  try {
    const prefix = prefixOf(file);
    const found = new Map<string, NamedArray>();
    for (const [path, name] of PLACES) {
      const weight = [`${prefix}${name}.weight`, `${name}.weight`].find((one) => file.tensors.has(one));
      const bias = weight?.replace(/weight$/, 'bias');
      if (weight === undefined || bias === undefined || !file.tensors.has(bias)) continue;
      const [to, from] = [path === 'dense' ? shape.width : 1, shape.width];
      // Of several labels none is the relevance.
      if (file.tensors.get(weight)!.shape.join() !== [to, from].join()) continue;
      found.set(`${HEAD}/${path}/weight`, { data: transpose(file.read(weight, [to, from]), from), shape: [from, to] });
      found.set(`${HEAD}/${path}/bias`, { data: file.read(bias, [to]), shape: [to] });
    }
    return found;
  } finally {
    file.close();
  }
}
